"""Whether another guest uses a disk, or stands on it with a backing file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.guest.checks import Others
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


def disks_are_free(host: HostView, disks: list[Element], others: Others | None = None) -> None:
    """Raise HostError when another guest has one of these disks, as its own or below it.

    Reads every guest: only for paths that were given. What nobody writes to, or all may, is in nobody's way.
    """
    given = [disk for disk in disks if tree.child(disk, "readonly") is None and tree.child(disk, "shareable") is None]
    wanted = {place: word for disk in given for place, word in _places(host, disk).items()}
    if not wanted:
        return
    chains = _Chains(host)
    deep = any(chains.exists(place) for place in wanted)  # what is not there yet has no images on top of it
    for text in (others or Others(host)).texts():
        if any(word in text for word in wanted.values()) or deep and chains.lead(text, wanted):
            _refuse_shared(chains, Guest.parse(text), wanted)


def written_below(host: HostView, images: list[str], others: Others | None = None) -> list[tuple[str, str]]:
    """The images below new disks that a guest writes to as its own disk, each with that guest's name.

    What stands on an image breaks once that is written to. Reads every guest: only for images that were given.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for image in images:
        source = tree.element("disk")
        path.put(source, "./source/@file", image)
        wanted |= {place: (word, image) for place, word in _places(host, source).items()}
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


def _places(host: HostView, disk: Element) -> dict[str, str]:
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


class _Chains:
    """What images stand on, each looked at once: by their own first bytes where they are here, else by their pools."""

    def __init__(self, host: HostView) -> None:
        self.host = host
        self._here = not (host.is_remote or host.is_recorded)
        self._below: dict[str, str] = {}

    def exists(self, place: str) -> bool:
        """Whether there is anything at a path, or a volume POOL/NAME."""
        if not place.startswith("/"):
            return self.host.volume(*place.split("/", 1)) is not None
        return self._here and os.path.lexists(place) or self.host.volume_at(place, fresh=False) is not None

    def lead(self, text: str, wanted: dict[str, str]) -> bool:
        """Whether an image in this guest's text stands on something that is wanted."""
        for disk in _DISK.findall(text):
            if not _PLAIN.search(disk) and any(place in wanted for place in self.under(self._first(disk))):
                return True
        return False

    def _first(self, disk: str) -> str:
        """Where the data of a disk lies, by its text."""
        found = _SOURCE.search(disk)
        if found:
            return _plain(found[1] or found[2] or "")
        pool, name = _POOL.search(disk), _VOLUME.search(disk)
        volume = self.host.volume(_plain(pool[1]), _plain(name[1])) if pool and name else None
        return volume.path if volume is not None else ""

    def under(self, place: str) -> Iterator[str]:
        """The images that the one at a path stands on, the nearest first."""
        seen = {place}
        while (place := self._next(place)) and place not in seen:
            yield place
            seen.add(place)

    def _next(self, place: str) -> str:
        if place not in self._below:
            self._below[place] = self._look(place)
        return self._below[place]

    def _look(self, place: str) -> str:
        if self._here and os.path.isfile(place):
            from virtprov.support.image import probe

            seen = probe(place)
            if seen is not None and not seen.backing.startswith("json:"):
                return os.path.normpath(os.path.join(os.path.dirname(place), seen.backing)) if seen.backing else ""
        return self.host.backing_of(place)


def _plain(text: str) -> str:
    from html import unescape

    return unescape(text) if "&" in text else text


def _used(chains: _Chains, disk: Element) -> Iterator[str]:
    """Everything that a disk of another guest needs: its source, and the images that stands on."""
    for name, where in _sources(disk):
        volume = chains.host.volume(*where.split("/", 1)) if name == "volume" else None
        yield where
        below = volume.path if volume is not None else where
        yield below
        yield from chains.under(below)


def _sources(disk: Element) -> Iterator[tuple[str, str]]:
    """Every <source> of a disk, also those that a running guest shows below it."""
    for source in disk.iter("source"):
        for name in ("file", "dev"):
            if source.get(name):
                yield name, source.get(name, "")
        if source.get("pool") and source.get("volume"):
            yield "volume", f"{source.get('pool')}/{source.get('volume')}"


def _refuse_shared(chains: _Chains, other: Guest, wanted: dict[str, str]) -> None:
    for disk in other.disks():
        used = next((place for place in _used(chains, disk) if place in wanted), None)
        if used is not None:
            raise HostError(
                f"the disk {used} is in use by the guest '{other.name}'",
                hint="use another disk, shareable=on if both may write, or --check path_in_use=off",
            )
