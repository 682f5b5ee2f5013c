"""ISO 9660 images, read and written: the one place that uses pycdlib.

Written images carry Rock Ridge and Joliet names, and the same files give the same bytes: every date in them
is `DATE`, so that an image can be named after its content and compared.
"""

from __future__ import annotations

import io

from virtprov.support.errors import MediaError
from virtprov.support.text import first_free

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType
    from typing import BinaryIO

SECTOR = 2048
# the date in every image we write, 2020-01-01 00:00 UTC, in the two forms of ECMA-119 (9.1.5 and 8.4.26.1)
DATE = bytes((120, 1, 1, 0, 0, 0, 0))
LONG_DATE = b"2020010100000000\x00"


def build_iso(files: Mapping[str, bytes], label: str) -> bytes:
    """Return the bytes of the image that `write_iso` writes."""
    import pycdlib

    image, out = pycdlib.PyCdlib(), io.BytesIO()
    with _translated(f"cannot create image '{label}'"):
        image.new(interchange_level=3, vol_ident=label, joliet=3, rock_ridge="1.09")
        names = _Names()
        for folder in sorted({above for path in files for above in _folders(path)}):
            iso_path, leaf = names.place(folder, folder=True), folder.rsplit("/", 1)[-1]
            image.add_directory(iso_path, rr_name=leaf, joliet_path=f"/{folder}", file_mode=0o040555)
        for path, content in sorted(files.items()):
            place, leaf = names.place(path), path.rsplit("/", 1)[-1]
            source = io.BytesIO(content)
            image.add_fp(source, len(content), place, rr_name=leaf, joliet_path=f"/{path}", file_mode=0o100444)
        image.write_fp(out)
        image.close()
    return bytes(_Dates(bytearray(out.getvalue())).freeze())


def is_ours(image: bytes) -> bool:
    """Say whether an image is one that `write_iso` or `build_iso` wrote: pycdlib's name, and the date they all have."""
    head = image[16 * SECTOR : 17 * SECTOR]
    return head[1:6] == b"CD001" and head[574:].startswith(b"PyCdlib") and head[813:830] == LONG_DATE


def read_files(source: str | BinaryIO, names: Iterable[str]) -> dict[str, bytes]:
    """Return the content of those of `names` that the image holds; see `Reader` for the errors."""
    with Reader(source) as reader:
        held = set(reader.names())
        return {name: reader.read(name) for name in names if name in held}


def list_files(source: str | BinaryIO) -> list[str]:
    """Return the paths of all files in the image, sorted; see `Reader` for the errors."""
    with Reader(source) as reader:
        return reader.names()


class Reader:
    """An image opened for reading, with its best names: Rock Ridge, else Joliet, else UDF, else plain.

    `source` is a path or a file open for reading in binary. Plain ISO names come in lower case and without
    their version. Raises MediaError when it is missing or not an ISO image.
    """

    def __init__(self, source: str | BinaryIO) -> None:
        import pycdlib

        self.what = f"'{source}'" if isinstance(source, str) else "the image"
        self._image = pycdlib.PyCdlib()
        self._paths: dict[str, str] = {}
        with _translated(f"{self.what} is not a readable ISO image"):
            if isinstance(source, str):
                self._image.open(source)
            else:
                self._image.open_fp(source)
        self._kind = self._best()

    def _best(self) -> str:
        for kind, has in (
            ("rr_path", self._image.has_rock_ridge),
            ("joliet_path", self._image.has_joliet),
            ("udf_path", self._image.has_udf),
        ):
            if has():
                return kind
        return "iso_path"

    @property
    def label(self) -> str:
        """The volume's name."""
        name: bytes = self._image.pvd.volume_identifier
        return name.decode("utf-8", "replace").rstrip(" \0")

    def names(self) -> list[str]:
        """Return the paths of all files, without a leading slash, sorted."""
        if not self._paths:
            with _translated(f"{self.what} cannot be read"):
                for folder, _, leaves in self._image.walk(**{self._kind: "/"}):
                    for leaf in leaves:
                        path = f"{folder.rstrip('/')}/{leaf}"
                        self._paths[self._shown(path)] = path
        return sorted(self._paths)

    def _shown(self, path: str) -> str:
        plain = path.lstrip("/")
        if self._kind == "iso_path":
            plain = plain.rsplit(";", 1)[0].rstrip(".").lower()
        return plain

    def extract(self, name: str, target: BinaryIO) -> None:
        """Copy the file `name` into `target`; MediaError when the image does not hold it."""
        self.names()
        path = self._paths.get(name.lstrip("/"))
        if path is None:
            from virtprov.support.errors import nearest

            raise MediaError(f"{self.what} has no file '{name}'", hint=nearest(name, self._paths))
        with _translated(f"cannot read '{name}' from {self.what}"):
            self._image.get_file_from_iso_fp(target, **{self._kind: path})

    def read(self, name: str) -> bytes:
        """Return the content of the file `name`; MediaError when the image does not hold it."""
        target = io.BytesIO()
        self.extract(name, target)
        return target.getvalue()

    def close(self) -> None:
        """Let go of the image."""
        with _translated(f"cannot close {self.what}"):
            self._image.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


class _translated:
    """Turn what pycdlib and the system raise inside the block into a MediaError that begins with `words`."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import struct

        from pycdlib.pycdlibexception import PyCdlibException

        if isinstance(error, OSError):
            reason = (error.strerror or str(error)).lower()
        elif isinstance(error, (PyCdlibException, struct.error, IndexError, ValueError)):
            reason = str(error)[:1].lower() + str(error)[1:]
        else:
            return
        raise MediaError(f"{self.words}: {reason}" if reason else self.words) from None


def _folders(path: str) -> Iterator[str]:
    """Yield the directories above `path`: "a" and "a/b" for "a/b/c"."""
    parts = path.split("/")
    if not all(parts):
        raise ValueError(f"'{path}' is not a valid path inside an image")
    for end in range(1, len(parts)):
        yield "/".join(parts[:end])


class _Names:
    """Plain ISO 9660 names for paths: upper case, the letters that are allowed, no two alike."""

    def __init__(self) -> None:
        self._places = {"": ""}
        self._taken: set[str] = set()

    def place(self, path: str, *, folder: bool = False) -> str:
        """Return the plain place for `path`, whose folders must have been placed before."""
        above, _, leaf = path.rpartition("/")
        stem, dot, ending = leaf.upper().rpartition(".")
        if not dot or folder:
            stem, ending = leaf.upper(), ""
        stem, ending = _plain(stem)[:24] or "_", _plain(ending)[:5]
        tail = "" if folder else f".{ending};1"
        start = f"{self._places[above]}/{stem}"
        name = first_free(self._taken.__contains__, lambda mark: start + mark + tail, sep="_")
        self._taken.add(name)
        self._places[path] = name
        return name


def _plain(text: str) -> str:
    """Return `text` with everything but A-Z, 0-9 and _ made into _."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text)


class _Dates:
    """Sets every date of an image to the same one: volume descriptors, directory records, Rock Ridge.

    Layout from ECMA-119 (volume descriptors in 8.4, directory records in 9.1) and from the System Use and
    Rock Ridge protocols (entries TF and CE).
    """

    def __init__(self, image: bytearray) -> None:
        self.image = image

    def freeze(self) -> bytearray:
        """Do it and return the image."""
        place = 16 * SECTOR
        while self.image[place] != 255:
            if self.image[place] in (1, 2):
                self._descriptor(place)
            place += SECTOR
        return self.image

    def _number(self, place: int) -> int:
        return int.from_bytes(self.image[place : place + 4], "little")

    def _descriptor(self, place: int) -> None:
        for start in (813, 830, 864):  # made, changed, effective
            self.image[place + start : place + start + 17] = LONG_DATE
        root = place + 156
        self.image[root + 18 : root + 25] = DATE
        waiting, seen = [(self._number(root + 2), self._number(root + 10))], set()
        while waiting:
            block, size = waiting.pop()
            if block not in seen:
                seen.add(block)
                waiting += self._directory(block * SECTOR, size)

    def _directory(self, start: int, size: int) -> list[tuple[int, int]]:
        """Treat the records of one directory and return where the directories in it are."""
        inner, place = [], start
        while place < start + size:
            length = self.image[place]
            if not length:  # a record never crosses a sector: the rest of this one is empty
                place += SECTOR - place % SECTOR
                continue
            self.image[place + 18 : place + 25] = DATE
            name = self.image[place + 32]
            extra = place + 33 + name + (name + 1) % 2
            self._system_use(extra, place + length)
            if self.image[place + 25] & 2 and name > 0:
                inner.append((self._number(place + 2), self._number(place + 10)))
            place += length
        return inner

    def _system_use(self, place: int, end: int) -> None:
        while place + 4 <= end and self.image[place + 2] >= 4:
            entry, length = bytes(self.image[place : place + 2]), self.image[place + 2]
            if entry == b"TF" and not self.image[place + 4] & 0x80:
                count = (length - 5) // 7
                self.image[place + 5 : place + 5 + 7 * count] = DATE * count
            if entry == b"CE":
                rest = self._number(place + 4) * SECTOR + self._number(place + 12)
                self._system_use(rest, rest + self._number(place + 20))
            place += length
