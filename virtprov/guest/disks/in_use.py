"""Whether another guest uses a disk, or stands on it with a backing file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.guest.checks import Others
from virtprov.guest.disks.chains import Chains
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


def disks_are_free(
    host: HostView, disks: list[Element], others: Others | None = None, *, itself: str = ""
) -> None:
    """Raise HostError when another guest, none called `itself`, has one of these disks, as its own or below it.

    Reads every guest: only for paths that were given. What nobody writes to, or all may, is in nobody's way.
    """
    given = [disk for disk in disks if tree.child(disk, "readonly") is None and tree.child(disk, "shareable") is None]
    wanted = {place: word for disk in given for place, word in places_of(host, disk).items()}
    if not wanted:
        return
    chains = Chains(host)
    wanted |= {chains.real(place): _escaped(chains.real(place)) for place in wanted}  # whatever links lead there
    deep = any(chains.exists(place) for place in wanted)  # what is not there yet has no images on top of it
    for text in (others or Others(host)).texts():
        if any(word in text for word in wanted.values()) or deep and _lead(chains, text, wanted):
            _refuse_shared(chains, Guest.parse(text), wanted, itself)


def written_below(host: HostView, images: list[str], others: Others | None = None) -> list[tuple[str, str]]:
    """The images below new disks that a guest writes to as its own disk, each with that guest's name.

    What stands on an image breaks once that is written to. Reads every guest: only for images that were given.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for image in images:
        source = tree.element("disk")
        path.put(source, "./source/@file", image)
        wanted |= {place: (word, image) for place, word in places_of(host, source).items()}
    found = []
    for text in (others or Others(host)).texts() if wanted else ():
        if any(word in text for word, _ in wanted.values()):
            guest = Guest.parse(text)
            own = {where for disk in guest.disks() if tree.child(disk, "readonly") is None for where in _own(disk)}
            found += [(image, guest.name) for place, (_, image) in wanted.items() if place in own]
    return list(dict.fromkeys(found))


def _own(disk: Element) -> Iterator[str]:
    """Where a disk's own source lies."""
    source = tree.child(disk, "source")
    if source is not None:
        yield source.get("file") or source.get("dev") or f"{source.get('pool')}/{source.get('volume')}"


def places_of(host: HostView, disk: Element) -> dict[str, str]:
    """The names of what a disk writes to -> what stands in the text of a guest that uses it by this name."""
    source = path.get(disk, "./source/@file") or path.get(disk, "./source/@dev")
    pool, name = path.get(disk, "./source/@pool"), path.get(disk, "./source/@volume")
    volume = None
    if source:
        volume = host.volume_at(source, fresh=False)
    elif pool and name:
        volume = host.volume(pool, name)
    found = {source: _escaped(source)} if source else {}
    if volume is not None:
        pool, name = volume.pool, volume.name
        found[volume.path] = _escaped(volume.path)
    if pool and name:
        found[f"{pool}/{name}"] = f"volume='{_escaped(name)}'"
    return found


def _escaped(text: str) -> str:
    """As libvirt writes it into documents."""
    for letter, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ("'", "apos"), ('"', "quot")):
        text = text.replace(letter, f"&{name};")
    return text


def _lead(chains: Chains, text: str, wanted: dict[str, str]) -> bool:
    """Whether an image in this guest's text stands on something that is wanted."""
    for disk in _DISK.findall(text):
        first = _first(chains.host, disk)
        if chains.real(first) in wanted:
            return True
        if not _PLAIN.search(disk) and any(place in wanted for place in chains.under(first)):
            return True
    return False


def _first(host: HostView, disk: str) -> str:
    """Where the data of a disk lies, by its text."""
    found = _SOURCE.search(disk)
    if found:
        return _plain(found[1] or found[2] or "")
    pool, name = _POOL.search(disk), _VOLUME.search(disk)
    volume = host.volume(_plain(pool[1]), _plain(name[1])) if pool and name else None
    return volume.path if volume is not None else ""


def _plain(text: str) -> str:
    from html import unescape

    return unescape(text) if "&" in text else text


def _used(chains: Chains, disk: Element) -> Iterator[str]:
    """Everything that a disk of another guest needs: its source, and the images that stands on."""
    fmt = path.get(disk, "./driver/@type") or ""
    for name, where in sources_of(disk):
        volume = chains.host.volume(*where.split("/", 1)) if name == "volume" else None
        yield where
        below = volume.path if volume is not None else where
        yield below
        yield chains.real(below)
        yield from chains.under(below, fmt)


def sources_of(disk: Element) -> Iterator[tuple[str, str]]:
    """Every <source> of a disk, also those that a running guest shows below it."""
    for source in disk.iter("source"):
        for name in ("file", "dev"):
            if source.get(name):
                yield name, source.get(name, "")
        if source.get("pool") and source.get("volume"):
            yield "volume", f"{source.get('pool')}/{source.get('volume')}"


def _refuse_shared(chains: Chains, other: Guest, wanted: dict[str, str], itself: str) -> None:
    if other.name == itself:
        return
    for disk in other.disks():
        used = next((place for place in _used(chains, disk) if place in wanted), None)
        if used is not None:
            raise HostError(
                f"the disk {used} is in use by the guest '{other.name}'",
                hint="use another disk, shareable=on if both may write, or --check path_in_use=off",
            )
