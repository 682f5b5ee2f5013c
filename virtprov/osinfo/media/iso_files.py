"""Read a few files of an ISO by name, if its label does not identify it; each folder or file is one small read.

Layout: ECMA-119 (ISO 9660) chapter 9 for folders, NM entries of Rock Ridge (IEEE P1282) for the original names.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtprov.osinfo.media.iso_header import IsoIds

    Read = Callable[[int, int], bytes]

_MOST_OF_A_FOLDER = 256 * 1024
_MOST_OF_A_FILE = 1024 * 1024
_SECTOR = 2048


class _Entry:
    """The position of a file or folder."""

    __slots__ = ("at", "is_folder", "size")

    def __init__(self, at: int, size: int, is_folder: bool) -> None:
        self.at, self.size, self.is_folder = at, size, is_folder


class IsoFiles:
    """Reads files of one ISO; folders that were read are remembered."""

    def __init__(self, read: Read, ids: IsoIds) -> None:
        """Prepare to read the ISO with these `ids` through `read(offset, size)`."""
        self._read = read
        self._block = ids.block
        self._root = _Entry(ids.root[0], ids.root[1], True)
        self._folders: dict[int, dict[str, _Entry]] = {}

    def fetch(self, name: str) -> bytes | None:
        """Return the content of a file, at most its first MiB; None if it does not exist.

        Raises the errors of `read`.
        """
        here = self._root
        for part in name.split("/"):
            found = self._listed(here).get(_plain(part)) if here.is_folder else None
            if not found:
                return None
            here = found
        return None if here.is_folder else self._read(here.at, min(here.size, _MOST_OF_A_FILE))

    def _listed(self, folder: _Entry) -> dict[str, _Entry]:
        if folder.at not in self._folders:
            data = self._read(folder.at, min(folder.size, _MOST_OF_A_FOLDER)) if folder.at else b""
            self._folders[folder.at] = dict(_records(data, self._block))
        return self._folders[folder.at]


def _records(data: bytes, block: int) -> Iterator[tuple[str, _Entry]]:
    """Yield the names and positions in a folder. A record never crosses a sector; the rest of a sector is zeros."""
    at = 0
    while at + 34 <= len(data):
        length = data[at]
        record = data[at : at + length]
        if length < 34:
            at = (at // _SECTOR + 1) * _SECTOR
            continue
        at += length
        width = record[32]
        raw = record[33 : 33 + width]
        if raw in (b"\0", b"\1"):  # the folder itself and its parent
            continue
        name = _rock_ridge(record[33 + width + (width + 1) % 2 :]) or raw.decode("ascii", "replace").partition(";")[0]
        start = int.from_bytes(record[2:6], "little") * block
        yield _plain(name), _Entry(start, int.from_bytes(record[10:14], "little"), bool(record[25] & 2))


def _rock_ridge(area: bytes) -> str:
    """Return the name in a record's system use area; "" for none."""
    name, at = b"", 0
    while at + 5 <= len(area) and area[at + 2] >= 4:
        if area[at : at + 2] == b"NM":
            name += area[at + 5 : at + area[at + 2]]
        at += area[at + 2]
    return name.decode("utf-8", "replace")


def _plain(name: str) -> str:
    """Return a name as ISO 9660 can store it: in one case, without a dot at its start or end."""
    bare = name.lower().removesuffix(".")
    return "_" + bare[1:] if bare.startswith(".") else bare
