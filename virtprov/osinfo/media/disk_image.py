"""Detect the system in a disk image by its file name, if it is that of a known cloud image.

The names of cloud images contain build dates that change daily, so build numbers are ignored:
`debian-12-generic-amd64-20240702-1796.qcow2` and `debian-12-generic-amd64.qcow2` are the same image.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.osinfo.pack import flag, pack_rows, rows, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from virtprov.osinfo.media.systems import SystemTable

Row = tuple[str, ...]


class ImageHit(NamedTuple):
    """The cloud image of a profile that matches a file name."""

    os: str
    arch: str
    variants: tuple[str, ...]
    cloud_init: bool


def pack_images(systems: Iterable[tuple[str, Iterable[Row]]]) -> str:
    """Return the table for `ImageTable`: short ids with rows of images, as read by `profile_tables.Image`."""
    return pack_rows([
        (image_key(row[2]), os_name, row[0], row[4], row[3])
        for os_name, table in systems
        for row in table
        if row[2].startswith("http") and row[1] != "containerdisk"
    ])  # fmt: skip


def image_key(path: str) -> str:
    """Return the last part of a path or address, without what changes from build to build."""
    name = path.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
    name = re.sub(r"\.(xz|gz|bz2|zst|zip)$", "", name)
    name = re.sub(r"(qcow2|img|raw|vmdk|vhdx?)$", "", name).rstrip(".")
    name = re.sub(r"([-_.]\d+\.\d+)?[-_.](latest|current|daily|20\d{6}([-._]\d+)*)(?=[-_.]|$)", "", name)
    return re.sub(r"-(\d+)-\d+\.\d+(?=[-_.]|$)", r"-\1", name)


class ImageTable:
    """All cloud images of all profiles; `load` returns the packed table when it is first used."""

    def __init__(self, load: Callable[[], str]) -> None:
        self._load = load
        self._known: dict[str, list[str]] | None = None

    def match(self, path: str, systems: SystemTable) -> ImageHit | None:
        """Return the cloud image with this name; None if none matches, or images of several systems.

        Ubuntu's images are named by version or by code name; `systems` maps one to the other.
        """
        if self._known is None:
            self._known = {}
            for row in rows(self._load()):
                before = self._known.setdefault(row[0], row)
                if before[1] != row[1]:
                    self._known[row[0]] = ["", "", "", "", ""]
        key = image_key(path)
        record = self._known.get(key) or self._known.get(_with_codename(key, systems))
        if not record or not record[1]:
            return None
        return ImageHit(record[1], record[2], words(record[3]), flag(record[4]))


def _with_codename(key: str, systems: SystemTable) -> str:
    named = re.match(r"ubuntu-(\d+\.\d+)-", key)
    record = systems.by_version("ubuntu", named[1]) if named else None
    return f"{record[0].codename}-{key[named.end() :]}" if named and record and record[1] else key
