"""Files that are added to an initrd."""

from __future__ import annotations

from virtprov.places.place import InjectedFile
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import BinaryIO

_LIMIT = 64 * 1024 * 1024
"""Bytes of one file; the kernel unpacks it into memory."""


def read_files(paths: Iterable[str]) -> tuple[InjectedFile, ...]:
    """Return the files at `paths`, to be added under their own names.

    Raises InputError if one cannot be read, UsageError if two have the same name.
    """
    import os.path

    from virtprov.support.file_access.files import read_bytes

    files: dict[str, InjectedFile] = {}
    for path in paths:
        name = os.path.basename(path)
        if name in files:
            raise UsageError(
                f"--initrd-inject {path}: a file '{name}' is already added", hint="all files go into the same directory"
            )
        here = os.path.expanduser(path)
        content = read_bytes(here, limit=_LIMIT, what="file to inject")
        files[name] = InjectedFile(name, content, os.stat(here).st_mode & 0o777)
    return tuple(files.values())


def build_archive(files: Iterable[InjectedFile]) -> bytes:
    """Return a cpio archive with these files.

    Its format is newc: a header of 110 characters, the name and the content, each filled up to a multiple of four bytes
    (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
    """
    parts = [_record(file.name, file.content, 0o100000 | file.mode, number) for number, file in enumerate(files, 1)]
    return b"".join([*parts, _record("TRAILER!!!", b"", 0, 0)])


def append_files(initrd: BinaryIO, files: Iterable[InjectedFile]) -> None:
    """Append an archive with these files to an initrd, which may be compressed in any way.

    The kernel unpacks one archive after the other; later files replace earlier ones. An archive that is not compressed
    begins at a multiple of four bytes. Zeros between archives are skipped; four of them end one that is compressed with
    LZ4.
    """
    size = initrd.seek(0, 2)
    initrd.write(bytes(4 + -size % 4))
    initrd.write(build_archive(files))


def _record(name: str, content: bytes, mode: int, inode: int) -> bytes:
    raw = name.encode("utf-8", "surrogateescape") + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(raw), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
