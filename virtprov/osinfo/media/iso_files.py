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


class IsoEntry:
    """Where a file or a folder lies: `at` and `size` in bytes."""

    __slots__ = ("at", "is_folder", "is_joliet", "name", "size")

    def __init__(self, at: int, size: int, is_folder: bool, name: str, is_joliet: bool) -> None:
        self.at, self.size, self.is_folder, self.name, self.is_joliet = at, size, is_folder, name, is_joliet


class IsoFiles:
    """Reads files of one ISO; folders that were read are kept.

    Names are those of Rock Ridge; without it the plain ones, and those of Joliet. Case does not matter.
    """

    def __init__(self, read: Read, ids: IsoIds) -> None:
        """Prepare to read the ISO with these `ids` through `read(offset, size)`."""
        self._read = read
        self._block = ids.block
        self._root = IsoEntry(*ids.root, True, "", False)
        self._joliet = IsoEntry(*ids.joliet, True, "", True)
        self._folders: dict[int, dict[str, IsoEntry]] = {}
        self._has_long_names = False

    def fetch(self, name: str) -> bytes | None:
        """The content of a file, its first MiB at most; None when it is not there. What `read` raises is passed on."""
        entry = self.find(name)
        return None if not entry or entry.is_folder else self._read(entry.at, min(entry.size, _MOST_OF_A_FILE))

    def find(self, name: str) -> IsoEntry | None:
        """A file or a folder by its path; None when it is not there."""
        entry = self._descend(self._root, name)
        return entry if entry or self._has_long_names or not self._joliet.at else self._descend(self._joliet, name)

    def names(self, folder: str) -> list[str]:
        """The names in a folder, sorted; none when it is not there."""
        result = self.find(folder)
        return sorted(entry.name for entry in self._listed(result).values()) if result and result.is_folder else []

    def _descend(self, here: IsoEntry | None, name: str) -> IsoEntry | None:
        for part in name.split("/"):
            if part not in ("", "."):
                here = self._listed(here).get(_plain(part)) if here and here.is_folder else None
        return here

    def _listed(self, folder: IsoEntry) -> dict[str, IsoEntry]:
        if folder.at not in self._folders:
            data = self._read(folder.at, min(folder.size, _MOST_OF_A_FOLDER)) if folder.at else b""
            self._folders[folder.at] = {_plain(entry.name): entry for entry in self._records(data, folder.is_joliet)}
        return self._folders[folder.at]

    def _records(self, data: bytes, is_joliet: bool) -> Iterator[IsoEntry]:
        """What is in a folder. A record never crosses a sector, what is left of one is zeros."""
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
            name = "" if is_joliet else _rock_ridge(record[33 + width + (width + 1) % 2 :])
            self._has_long_names |= bool(name)
            if not name:
                name = raw.decode("utf-16-be" if is_joliet else "ascii", "replace").partition(";")[0]
            start = int.from_bytes(record[2:6], "little") * self._block
            yield IsoEntry(start, int.from_bytes(record[10:14], "little"), bool(record[25] & 2), name, is_joliet)


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
