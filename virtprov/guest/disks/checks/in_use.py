"""Find out whether another guest uses a disk, directly or as a backing file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.guest.checks import Others
from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.source import FILE, VOLUME, DiskSource
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView

_POOL, _VOLUME = re.compile(r"<source [^>]*pool='([^']*)'"), re.compile(r"<source [^>]*volume='([^']*)'")
_DISK = re.compile(r"<disk .*?</disk>", re.S)
_SOURCE = re.compile(r"<source (?:[^>]* )?(?:file|dev)=(?:'([^']*)'|\"([^\"]*)\")")
_PLAIN = re.compile(r"<driver [^>]*type=.raw.")


def disks_are_free(host: HostView, disks: list[Element], others: Others | None = None, *, itself: str = "") -> None:
    """Raise HostError if another guest, not called `itself`, uses one of these disks, directly or as backing file.

    Reads every guest, so only use it for given paths. Read-only and shareable disks are ignored.
    """
    given = [disk for disk in disks if tree.child(disk, "readonly") is None and tree.child(disk, "shareable") is None]
    wanted = {place: word for disk in given for place, word in places_of(host, DiskSource.of(disk)).items()}
    if not wanted:
        return
    chains = Chains(host)
    wanted |= {chains.real(place): _escape(chains.real(place)) for place in wanted}  # whatever links lead there
    deep = any(chains.exists(place) for place in wanted)  # what is not there yet has no images on top of it
    for text in (others or Others(host)).texts():
        if any(word in text for word in wanted.values()) or deep and _lead(chains, text, wanted):
            _refuse_shared(chains, Guest.parse(text), wanted, itself)


def written_below(host: HostView, images: list[str], others: Others | None = None) -> list[tuple[str, str]]:
    """Return the backing images of new disks that a guest writes to, each with that guest's name.

    A new disk is damaged when its backing image changes. Reads every guest, so only use it for given images.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for image in images:
        wanted |= {place: (word, image) for place, word in places_of(host, DiskSource(FILE, image)).items()}
    found = []
    for text in (others or Others(host)).texts() if wanted else ():
        if any(word in text for word, _ in wanted.values()):
            guest = Guest.parse(text)
            own = {DiskSource.of(disk).location for disk in guest.disks() if tree.child(disk, "readonly") is None}
            found += [(image, guest.name) for place, (_, image) in wanted.items() if place in own]
    return list(dict.fromkeys(found))


def places_of(host: HostView, source: DiskSource) -> dict[str, str]:
    """Map the names of what a disk writes to -> the text in the XML of a guest that uses this name."""
    volume = source.volume_on(host, fresh=False)
    places = {source.path: _escape(source.path)} if source.path else {}
    if volume is not None:
        places[volume.path] = _escape(volume.path)
        source = DiskSource(VOLUME, pool=volume.pool, volume=volume.name)
    if source.kind == VOLUME and source.pool:
        places[source.location] = f"volume='{_escape(source.volume)}'"
    return places


def _escape(text: str) -> str:
    """Return the text escaped as libvirt writes it in XML."""
    for letter, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ("'", "apos"), ('"', "quot")):
        text = text.replace(letter, f"&{name};")
    return text


def is_named(chains: Chains, text: str, places: dict[str, str]) -> bool:
    """Return whether a guest's XML names one of the places (see `places_of`), or a link that leads there."""
    if any(word in text for word in places.values()):
        return True
    return any(chains.real(_plain(found[1] or found[2] or "")) in places for found in _SOURCE.finditer(text))


def _lead(chains: Chains, text: str, wanted: dict[str, str]) -> bool:
    """Return whether an image in this guest's XML is based on one of the wanted files."""
    for disk in _DISK.findall(text):
        first = _first(chains.host, disk)
        if chains.real(first) in wanted:
            return True
        if not _PLAIN.search(disk) and any(
            place in wanted or chains.real(place) in wanted for place in chains.under(first)
        ):
            return True
    return False


def _first(host: HostView, disk: str) -> str:
    """Return the source of a disk from its text; parsing takes 34 us for each disk of the host, this takes 1."""
    match = _SOURCE.search(disk)
    if match:
        return _plain(match[1] or match[2] or "")
    pool, name = _POOL.search(disk), _VOLUME.search(disk)
    volume = host.storage.volume(_plain(pool[1]), _plain(name[1])) if pool and name else None
    return volume.path if volume is not None else ""


def _plain(text: str) -> str:
    from html import unescape

    return unescape(text) if "&" in text else text


def _list_used(chains: Chains, disk: Element) -> Iterator[str]:
    """Return everything that a disk of another guest needs: its sources, and their backing files."""
    fmt = path.text(disk, "./driver/@type")
    for source in sources_of(disk):
        if source.location:
            yield source.location
            below = source.path_on(chains.host) or source.location
            yield below
            yield chains.real(below)
            for place in chains.under(below, fmt):
                yield place
                yield chains.real(place)


def sources_of(disk: Element) -> Iterator[DiskSource]:
    """Return every source of a disk: the XML of a running guest includes those of backing images."""
    return (DiskSource.read(node) for node in disk.iter("source"))


def _refuse_shared(chains: Chains, other: Guest, wanted: dict[str, str], itself: str) -> None:
    if other.name == itself:
        return
    for disk in other.disks():
        used = next((place for place in _list_used(chains, disk) if place in wanted), None)
        if used is not None:
            raise HostError(
                f"disk {used} is in use by guest '{other.name}'",
                hint="use another disk, shareable=on if both guests may write, or --check path_in_use=off",
            )
