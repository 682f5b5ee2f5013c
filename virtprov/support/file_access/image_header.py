"""What a disk image file is, told by its first bytes."""

from __future__ import annotations

import os

from virtprov.support.file_access.regular import reading
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

HEAD = 1024
"""Bytes at the start of an image that tell its format."""

_MAGICS = (
    (0, b"QFI\xfb", "qcow2"),
    (0, b"KDMV", "vmdk"),
    (0, b"COWD", "vmdk"),
    (0, b"# Disk DescriptorFile", "vmdk"),
    (0, b"vhdxfile", "vhdx"),
    (0, b"conectix", "vpc"),
    (0, b"QED\0", "qed"),
    (0, b"WithoutFreeSpace", "parallels"),
    (0, b"WithouFreSpacExt", "parallels"),
    (64, b"\x7f\x10\xda\xbe", "vdi"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"PK\x03\x04", "zip"),
    (512, b"EFI PART", "raw"),
    (510, b"\x55\xaa", "raw"),
)
"""Where a format shows itself, and by what, as QEMU's drivers and the formats' own papers give it."""

TOLD = ("qcow2", "qcow", "vmdk", "vdi", "vhdx", "vpc", "qed", "parallels")
"""The formats that `probe` knows; for any other it says raw."""
PACKED = ("xz", "gzip", "bzip2", "zstd", "zip")
"""Formats that are no disk image before they are unpacked."""
_BACKING_FORMAT, _DATA_FILE = 0xE2792ACA, 0x44415441
"""Header extensions of qcow2 that name other files (QEMU's docs/interop/qcow2)."""


class Image(Record):
    """Format of an image, its virtual size in bytes (None when the header does not tell), its backing file.

    `backing_format` is "" where the image does not say it. `data` are files beside it that hold its data.
    """

    format: str
    size: int | None
    backing: str = ""
    backing_format: str = ""
    data: tuple[str, ...] = ()


def format_of(head: bytes) -> str:
    """The format of a file with these first bytes, `raw` by its partition table, one of PACKED; "" for what is none."""
    kind = next((name for at, magic, name in _MAGICS if head[at:].startswith(magic)), "")
    return "qcow" if kind == "qcow2" and head[4:8] == b"\0\0\0\1" else kind


def probe(path: str) -> Image | None:
    """Read the header of an image; None when the file cannot be read here.

    qcow2: version, backing file and size stand in the first 104 bytes (QEMU's docs/interop/qcow2). Whatever is not
    known is raw.
    """
    try:
        with reading(path) as stream:
            head = stream.read(HEAD)
            return _image(head, stream, stream.seek(0, os.SEEK_END))  # the size of block devices as well
    except OSError:
        return None


def probe_bytes(head: bytes) -> Image:
    """What `probe` says, from the first bytes alone: a backing file's name that lies behind them is left out."""
    from io import BytesIO

    return _image(head, BytesIO(head), None)


def _image(head: bytes, stream: BinaryIO, size: int | None) -> Image:
    format = format_of(head)
    if format in ("qcow2", "qcow"):
        return _qcow2(format, head, stream)
    if format not in TOLD:
        return Image("raw", size)
    named = {"vmdk": _vmdk_names, "qed": _qed_names}.get(format, _no_names)(head)
    return Image(format, _virtual_size(head, format), *named)


def _qcow2(format: str, head: bytes, stream: BinaryIO) -> Image:
    version, names = _number(head, 4, 4), dict[int, str]()
    if format == "qcow2":
        names = dict(_extensions(head, _number(head, 100, 4) if version >= 3 else 72))
    backing, data = _backing(head, stream), names.get(_DATA_FILE, "")
    backing_format = names.get(_BACKING_FORMAT, "") if backing else ""
    return Image(format, _number(head, 24, 8), backing, backing_format, (data,) if data else ())


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _backing(head: bytes, stream: BinaryIO) -> str:
    """The name of the file that a qcow2 image builds upon; "" for none."""
    at, length = int.from_bytes(head[8:16], "big"), int.from_bytes(head[16:20], "big")
    if not at or not 0 < length < 1024:
        return ""
    stream.seek(at)
    return stream.read(length).decode(errors="replace")


def _virtual_size(head: bytes, format: str) -> int | None:
    """The size in bytes that an image of another format has for a guest; None when its header does not tell."""
    if format == "vmdk" and head[:4] == b"KDMV":
        return int.from_bytes(head[12:20], "little") * 512 or None
    if format == "vdi":
        return int.from_bytes(head[368:376], "little")
    if format == "vpc":
        return int.from_bytes(head[48:56], "big")
    return int.from_bytes(head[48:56], "little") if format == "qed" else None


def _extensions(head: bytes, at: int) -> Iterator[tuple[int, str]]:
    """The texts in a qcow2's header extensions, by their types; each begins at a multiple of eight bytes."""
    while 72 <= at <= len(head) - 8:
        kind, length = _number(head, at, 4), _number(head, at + 4, 4)
        if kind == 0:
            return
        yield kind, head[at + 8 : at + 8 + length].decode(errors="replace")
        at += 8 + (length + 7) // 8 * 8


def _no_names(head: bytes) -> tuple[str, str, tuple[str, ...]]:
    return "", "", ()


def _qed_names(head: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Offset and length of the backing file's name follow the size (QEMU's docs/interop/qed_spec)."""
    at, length = int.from_bytes(head[56:60], "little"), int.from_bytes(head[60:64], "little")
    stands = at and head[16:17] and head[16] & 1
    return head[at : at + length].decode(errors="replace") if stands else "", "", ()


def _vmdk_names(head: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Parent and extents of a VMDK whose descriptor is a text of its own (VMware's Virtual Disk Format 5.0)."""
    import re

    if not head.startswith(b"# Disk DescriptorFile"):
        return "", "", ()
    text = head.decode(errors="replace")
    parent = re.search(r'^parentFileNameHint="([^"]*)"', text, re.M)
    extents = re.findall(r'^(?:RW|RDONLY|NOACCESS) \d+ \w+ "([^"]*)"', text, re.M)
    return parent[1] if parent else "", "", tuple(extents)
