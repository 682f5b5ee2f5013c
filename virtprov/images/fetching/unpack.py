"""Unpack disk images: xz, gzip, bzip2, zstd, and the one disk in a tar. The data is not verified yet.

Everything is read and written in pieces. What takes too much memory to unpack, or becomes larger than any disk, is
refused.
"""

from __future__ import annotations

import os

from virtprov.images.image import BZIP2, GZIP, XZ, ZSTD
from virtprov.support.errors import FetchError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import FileIO
    from typing import Any, Protocol

    from virtprov.images.image import Packing

    class Decoder(Protocol):
        """What the decompressors of the standard library offer."""

        @property
        def eof(self) -> bool: ...
        @property
        def needs_input(self) -> bool: ...
        @property
        def unused_data(self) -> bytes: ...
        def decompress(self, data: bytes, max_length: int) -> bytes: ...


PIECE = 1 << 20
"""Bytes of an image that are in memory at a time."""
BLOCK = 1 << 16
"""Blocks of zeros of this size become holes."""
LARGEST = 128 << 30
"""Bytes of the largest image that is unpacked: those of distributions have up to 30 GiB, nearly all of it holes."""
MEMORY = 128 << 20
"""Bytes of memory that unpacking may take; `xz -9` needs half of it."""
OTHERS = 4 << 20
"""Bytes of the other files in a tar."""
_ZEROS = bytes(BLOCK)


class Damaged(FetchError):
    """The file is not what its name says, or is incomplete."""


def unpack(source: Iterator[bytes], packing: Packing, what: str) -> Iterator[bytes]:
    """Yield the disk image in a file that is read from `source`; `what` names the file in messages.

    Raises Damaged, CommandError if zstd is not installed.
    """
    data = decompress(source, packing.compression, what)
    return _disk_in_tar(data, what) if packing.is_tar else data


def decompress(source: Iterator[bytes], compression: str, what: str) -> Iterator[bytes]:
    """Yield the decompressed data; see `unpack`."""
    if compression == ZSTD:
        return _zstd(source, what)
    makers: dict[str, Callable[[], Decoder]] = {XZ: _new_xz, GZIP: _Gzip, BZIP2: _new_bzip2}
    return _members(source, makers[compression], compression, what) if compression else source


def _new_xz() -> Decoder:
    import lzma

    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)


def _new_bzip2() -> Decoder:
    import bz2

    return bz2.BZ2Decompressor()


class _Gzip:
    """Decodes one gzip member, as the decompressors of lzma and bz2 do."""

    def __init__(self) -> None:
        import zlib

        self._decoder = zlib.decompressobj(wbits=31)
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._is_full and not self._decoder.unconsumed_tail and not self._decoder.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        data_out = self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)
        self._is_full = len(data_out) == max_length
        return data_out


def _members(source: Iterator[bytes], make: Callable[[], Decoder], name: str, what: str) -> Iterator[bytes]:
    """Decode one compressed stream after another, each perhaps followed by zeros."""
    decoder: Decoder | None = None
    is_first = True
    for data in source:
        while data:
            if decoder is None:
                data = data if is_first else data.lstrip(b"\0")
                if not data:
                    break
                decoder, is_first = make(), False
            yield from _decoded(decoder, data, name, what)
            data, decoder = (decoder.unused_data, None) if decoder.eof else (b"", decoder)
    if decoder is not None or is_first:
        raise Damaged(f"'{what}' is incomplete: its {name} data ends too early", hint="download it again")


def _decoded(decoder: Decoder, data: bytes, name: str, what: str) -> Iterator[bytes]:
    import lzma
    import zlib

    while True:
        try:
            data_out = decoder.decompress(data, PIECE)
        except (lzma.LZMAError, zlib.error, OSError, EOFError) as error:
            if "memory" in str(error).lower():
                from virtprov.support.notation.units import show_size

                raise Damaged(
                    f"'{what}' needs more than {show_size(MEMORY)} of memory to be unpacked",
                    hint="unpack it yourself and give the path of the disk",
                ) from None
            raise Damaged(f"'{what}' is damaged, or is not {name} data", hint="check the URL, or try again") from None
        if data_out:
            yield data_out
        if decoder.eof or decoder.needs_input:
            return
        data = b""


def _zstd(source: Iterator[bytes], what: str) -> Iterator[bytes]:
    """Decode with the program zstd: Python has it from 3.14 on only."""
    from virtprov.support.errors import CommandError
    from virtprov.support.programs import filtered

    try:
        yield from filtered(["zstd", "-dcq", f"--memory={MEMORY >> 20}MB"], source, PIECE)
    except CommandError as error:
        if "is not installed" in error.message:
            raise
        raise Damaged(f"'{what}' cannot be unpacked by zstd", hint=error.hint) from None


# -- tar -----------------------------------------------------------------------------------------


class _Tape:
    """The bytes of an archive as the tarfile module reads them; what is read at a time, or in headers, is limited."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._rest = b""
        self.allowed = OTHERS + 2 * PIECE

    def read(self, size: int) -> bytes:
        while len(self._rest) < size:
            data = next(self._source, b"")
            if not data:
                break
            self._rest += data
        result, self._rest = self._rest[:size], self._rest[size:]
        self.allowed -= len(result)
        if self.allowed < 0:
            raise ValueError("headers or other files are too large")
        return result


def _disk_in_tar(source: Iterator[bytes], what: str) -> Iterator[bytes]:
    """Yield the one disk in an archive; small files beside it are skipped."""
    import tarfile

    tape: Any = _Tape(source)
    disk = ""
    try:
        archive = tarfile.open(fileobj=tape, mode="r|", bufsize=PIECE)  # noqa: SIM115  (nothing to close)
        while True:
            tape.allowed = OTHERS + 2 * PIECE
            member = archive.next()
            if member is None:
                break
            if not member.isreg() or (member.size <= OTHERS and not _is_disk(member.name)):
                continue
            if disk:
                raise Damaged(f"'{what}' has two disks: {disk} and {member.name}", hint="unpack it, give one of them")
            disk = member.name
            yield from _content(archive.extractfile(member), tape)
    except (tarfile.TarError, ValueError, OverflowError, LookupError, EOFError) as error:
        raise Damaged(f"'{what}' is a damaged tar archive: {error}", hint="check the URL, or try again") from None
    if not disk:
        raise Damaged(f"'{what}' contains no disk image", hint="check the URL")


def _is_disk(name: str) -> bool:
    return name.lower().endswith((".raw", ".img", ".qcow2"))


def _content(file: Any, tape: Any) -> Iterator[bytes]:
    while True:
        tape.allowed = 3 * PIECE
        data = file.read(PIECE)
        if not data:
            return
        yield data


# -- writing -------------------------------------------------------------------------------------


class SparseFile:
    """A file that is written from its beginning; blocks of zeros become holes. `what` names its origin in messages."""

    def __init__(self, handle: FileIO, what: str) -> None:
        self._handle, self._what = handle, what
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append data. Raises Damaged if the file becomes too large, OSError."""
        if self.size + len(data) > LARGEST:
            raise Damaged(
                f"'{self._what}' unpacks to more than {LARGEST >> 30} GiB",
                hint="unpack it yourself and give the path of the disk",
            )
        start = 0
        for at in range(0, len(data), BLOCK):
            if data[at : at + BLOCK] == (_ZEROS if len(data) - at >= BLOCK else bytes(len(data) - at)):
                self._put(data, start, at)
                start = at + BLOCK
        self._put(data, start, len(data))
        self.size += len(data)

    def _put(self, data: bytes, start: int, end: int) -> None:
        view = memoryview(data)[start:end]
        at = self.size + start
        while view:
            done = os.pwrite(self._handle.fileno(), view, at)
            view, at = view[done:], at + done

    def finish(self) -> None:
        """Set the size of the file, which may end with a hole, and flush it to the disk."""
        self._handle.truncate(self.size)
        os.fsync(self._handle.fileno())


def save(source: Iterable[bytes], path: str, what: str, heed: Callable[[bytes], object] = len) -> None:
    """Write the data to a new file (mode 0600), replacing one that is there; `heed` also gets the data.

    Raises Damaged, OSError.
    """
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(number, "wb", buffering=0) as handle:
        target = SparseFile(handle, what)
        for data in source:
            heed(data)
            target.write(data)
        target.finish()
