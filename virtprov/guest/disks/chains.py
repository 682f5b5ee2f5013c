"""Chains of disk images: follow backing files and external data files, and detect loops."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.support.file_access.image_header import Image

DEEPEST = 200
"""The maximum length of a chain; libvirt has the same limit."""


class Below(Record):
    """A file that an image needs: its path ("" if it is not a file of the host), its format ("" if not given).

    `said` is the name stored in the image, `data` tells whether it contains the image's own data.
    """

    path: str
    format: str
    said: str
    data: bool = False


class Chains:
    """The chains below images, each read once: from the files on this machine, otherwise from their pools.

    Raw images have no backing file, whatever their bytes claim: a guest can write anything into them.
    """

    def __init__(self, host: HostView) -> None:
        self.host = host
        self._here = not (host.is_remote or host.is_recorded)
        self._below: dict[tuple[str, str], tuple[Below, ...]] = {}

    def exists(self, place: str) -> bool:
        """Return whether a path, or a volume POOL/NAME, exists."""
        pool, _, name = place.partition("/")
        if pool and name and self.host.storage.volume(pool, name) is not None:
            return True
        if self._here and place.startswith("/") and os.path.lexists(place):
            return True
        return self.host.storage.volume_at(place, fresh=False) is not None

    def real(self, place: str) -> str:
        """Return the path without symbolic links if it is on this machine, otherwise the path itself."""
        return os.path.realpath(place) if self._here and place.startswith("/") else place

    def under(self, place: str, fmt: str = "") -> Iterator[str]:
        """Return the files that the image at a path needs, the nearest first; `fmt` is its format if known."""
        for below in self.all_below(place, fmt):
            if below.path:
                yield below.path

    def data_of(self, place: str, fmt: str = "") -> Iterator[str]:
        """Return the files with the data of the image at a path, if it is not in the image itself."""
        return (below.path for below in self._next(place, fmt) if below.data and below.path)

    def all_below(self, place: str, fmt: str = "") -> Iterator[Below]:
        """Return the same including what is not a file of the host; each once, so that it ends for loops, too."""
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
        """Raise UsageError if the chain below the image at `place` is a loop.

        `option` is what the user wrote. Programs that open such an image hang.
        """
        way = [place]
        while (after := next((each for each in self._next(place, fmt) if not each.data), None)) and after.path:
            place, fmt = after.path, after.format
            way.append(place)
            if self.real(place) in [self.real(each) for each in way[:-1]]:
                raise UsageError(
                    f"{option}: its backing files form a loop: {' -> '.join(way)}",
                    hint="set the right backing file with `qemu-img rebase -u -b BACKING IMAGE`",
                )
            if len(way) > DEEPEST:
                raise UsageError(
                    f"{option}: the chain of backing images is longer than {DEEPEST}",
                    hint="flatten it with `qemu-img convert`",
                )

    def _next(self, place: str, fmt: str) -> tuple[Below, ...]:
        if fmt == "raw":
            return ()
        if (place, fmt) not in self._below:
            self._below[place, fmt] = self._look(place)
        return self._below[place, fmt]

    def _look(self, place: str) -> tuple[Below, ...]:
        if self._here and os.path.isfile(place):
            from virtprov.support.file_access.image_header import probe

            seen = probe(place)
            if seen is not None:
                return tuple(_list_named(place, seen))
        backing = self.host.storage.backing_of(place)
        return tuple(_resolve(place, backing, "", data=False)) if backing else ()


def _list_named(place: str, image: Image) -> Iterator[Below]:
    if image.backing:
        yield from _resolve(place, image.backing, image.backing_format, data=False)
    for name in image.data:
        yield from _resolve(place, name, "", data=True)


def _resolve(place: str, said: str, fmt: str, *, data: bool) -> Iterator[Below]:
    """Return the files for a name stored in an image: a path relative to the image's folder, or QEMU's JSON."""
    if said.startswith("json:"):
        names = tuple(_names_in(said.removeprefix("json:")))
        for name in names or ("",):
            yield Below(_path_beside(place, name) if name else "", "", said, data)
        return
    name = said.removeprefix("file://") if said.startswith("file://") else said.removeprefix("file:")
    plain = "://" not in name and not name.startswith(("nbd:", "rbd:", "fat:", "blkdebug:"))
    yield Below(_path_beside(place, name) if plain else "", fmt, said, data)


def _path_beside(place: str, name: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(place), name))


def _names_in(text: str) -> Iterator[str]:
    """Return every file name in QEMU's JSON for a disk, nested or with dotted keys (`file.filename`)."""
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
    """Return the parts of the chain below `place` that are in no folder with images.

    These are URLs and JSON, and files that are neither next to the image that refers to them nor in a pool.
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
    """Return a warning with the chain of an image if a part of it is in an unexpected place; otherwise ""."""
    found = strange(chains, place, fmt)
    if not found:
        return ""
    names = " -> ".join([place, *dict.fromkeys(below.said for below in chains.all_below(place, fmt))])
    listed = ", ".join(dict.fromkeys(below.path or below.said for below in found))
    return (
        f"{option}: the image refers to {listed}, outside its own folder and all storage pools ({names}); the "
        "guest can read that file, so only use the image if you trust it"
    )
