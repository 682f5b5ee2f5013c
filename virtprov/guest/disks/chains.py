"""What disk images stand on: their backing files and external data, one after the other, and whether that ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.support.image import Image

DEEPEST = 200
"""Images in one chain: libvirt itself gives up after as many (its limit for backing chains)."""


class Below(Record):
    """One file that an image needs: its path ("" for what is no file of the host), its format ("" if not said).

    `said` is the name as the image has it, `data` whether it holds the image's own data.
    """

    path: str
    format: str
    said: str
    data: bool = False


class Chains:
    """What images stand on, each looked at once: by their own first bytes where they are here, else by their pools.

    Raw images stand on nothing, whatever their bytes claim: a guest can write anything into them.
    """

    def __init__(self, host: HostView) -> None:
        self.host = host
        self._here = not (host.is_remote or host.is_recorded)
        self._below: dict[tuple[str, str], tuple[Below, ...]] = {}

    def exists(self, place: str) -> bool:
        """Whether there is anything at a path, or a volume POOL/NAME."""
        if not place.startswith("/"):
            return self.host.storage.volume(*place.split("/", 1)) is not None
        return self._here and os.path.lexists(place) or self.host.storage.volume_at(place, fresh=False) is not None

    def real(self, place: str) -> str:
        """The path behind all links, where that can be seen; else the path itself."""
        return os.path.realpath(place) if self._here and place.startswith("/") else place

    def under(self, place: str, fmt: str = "") -> Iterator[str]:
        """The files that the image at a path needs, the nearest first; `fmt` is its format where that is known."""
        for below in self.all_below(place, fmt):
            if below.path:
                yield below.path

    def all_below(self, place: str, fmt: str = "") -> Iterator[Below]:
        """The same with what is no file of the host; each once, so that a chain that loops ends."""
        seen = {place}
        waiting = [(place, fmt)]
        while waiting and len(seen) < DEEPEST:
            for below in self._next(*waiting.pop(0)):
                if below.path in seen:
                    continue
                yield below
                if below.path:
                    seen.add(below.path)
                    if not below.data:
                        waiting.append((below.path, below.format))

    def check_end(self, place: str, option: str, fmt: str = "") -> None:
        """Raise UsageError when the images below the one at `place` come back to one of themselves.

        `option` is what the user wrote. Programs that open such an image never come to an end.
        """
        way = [place]
        while (after := next((each for each in self._next(place, fmt) if not each.data), None)) and after.path:
            place, fmt = after.path, after.format
            way.append(place)
            if self.real(place) in [self.real(each) for each in way[:-1]]:
                raise UsageError(
                    f"{option}: its backing files form a loop: {' -> '.join(way)}",
                    hint="name the right backing file with `qemu-img rebase -u -b BACKING IMAGE`",
                )
            if len(way) > DEEPEST:
                raise UsageError(
                    f"{option}: more than {DEEPEST} images stand on each other", hint="flatten it: `qemu-img convert`"
                )

    def _next(self, place: str, fmt: str) -> tuple[Below, ...]:
        if fmt == "raw":
            return ()
        if (place, fmt) not in self._below:
            self._below[place, fmt] = self._look(place)
        return self._below[place, fmt]

    def _look(self, place: str) -> tuple[Below, ...]:
        if self._here and os.path.isfile(place):
            from virtprov.support.image import probe

            seen = probe(place)
            if seen is not None:
                return tuple(_named(place, seen))
        backing = self.host.storage.backing_of(place)
        return tuple(_resolved(place, backing, "", data=False)) if backing else ()


def _named(place: str, image: Image) -> Iterator[Below]:
    if image.backing:
        yield from _resolved(place, image.backing, image.backing_format, data=False)
    for name in image.data:
        yield from _resolved(place, name, "", data=True)


def _resolved(place: str, said: str, fmt: str, *, data: bool) -> Iterator[Below]:
    """The files that a name in an image means: a path, from the image's own folder on, or QEMU's JSON."""
    if said.startswith("json:"):
        names = tuple(_names_in(said.removeprefix("json:")))
        for name in names or ("",):
            yield Below(_beside(place, name) if name else "", "", said, data)
        return
    name = said.removeprefix("file://") if said.startswith("file://") else said.removeprefix("file:")
    plain = "://" not in name and not name.startswith(("nbd:", "rbd:", "fat:", "blkdebug:"))
    yield Below(_beside(place, name) if plain else "", fmt, said, data)


def _beside(place: str, name: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(place), name))


def _names_in(text: str) -> Iterator[str]:
    """Every file name in QEMU's JSON for a disk, nested or written with dots (`file.filename`)."""
    import json

    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            for key, value in part.items():
                if isinstance(value, str) and key.rpartition(".")[2] == "filename":
                    yield value
                elif isinstance(value, dict | list):
                    waiting.append(value)


# -- what the user should know --------------------------------------------------------------------


def strange(chains: Chains, place: str, fmt: str = "") -> list[Below]:
    """What the image at `place` stands on that lies in no folder of images.

    That is: addresses and JSON, and files that are neither beside the image that names them nor in a pool.
    """
    own = os.path.dirname(os.path.realpath(place) if place.startswith("/") else place)
    found = []
    for below in chains.all_below(place, fmt):
        folder = os.path.dirname(below.path)
        beside = folder == own or folder == os.path.dirname(place) or folder.startswith(own.rstrip("/") + "/")
        if below.said.startswith("json:") or not below.path or not (beside or chains.host.storage.pool_at(folder)):
            found.append(below)
    return found


def warning(option: str, chains: Chains, place: str, fmt: str = "") -> str:
    """A sentence that names the chain below an image when part of it lies where no images are expected; else ""."""
    found = strange(chains, place, fmt)
    if not found:
        return ""
    names = " -> ".join([place, *dict.fromkeys(below.said for below in chains.all_below(place, fmt))])
    listed = ", ".join(dict.fromkeys(below.path or below.said for below in found))
    return (
        f"{option}: the image reads {listed}, which is outside of its folder and of every storage pool ({names});"
        " the guest will see what is there, so use it only if you trust the image"
    )
