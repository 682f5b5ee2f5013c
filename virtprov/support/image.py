"""What a disk image file is, told by its first bytes."""

from __future__ import annotations

import os

from virtprov.support.frozen import Record
from virtprov.support.regular import reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_QCOW2 = b"QFI\xfb"
_HEAD = 1024
TOLD = ("qcow2", "qcow", "vmdk", "vdi", "vhdx", "vpc", "qed", "parallels")
"""The formats that `probe` knows; for any other it says raw."""


class Image(Record):
    """Format of an image, its virtual size in bytes (None when the header does not tell), its backing file."""

    format: str
    size: int | None
    backing: str = ""


def probe(path: str) -> Image | None:
    """Read the header of an image; None when the file cannot be read here.

    qcow2: version, backing file and size stand in the first 104 bytes (QEMU's docs/interop/qcow2).
    Other magics are those QEMU's own drivers look for. Whatever is not known is raw.
    """
    try:
        with reading(path) as stream:
            head = stream.read(_HEAD)
            if head[:4] == _QCOW2:
                return _qcow2(stream, head)
            size = os.fstat(stream.fileno()).st_size
    except OSError:
        return None
    return _other(head, size)


def probe_bytes(head: bytes) -> Image:
    """What `probe` says, from the first bytes alone: a backing file's name that lies behind them is left out."""
    if head[:4] == _QCOW2:
        from io import BytesIO

        return _qcow2(BytesIO(head), head)
    return _other(head, None)


def _qcow2(stream: BinaryIO, head: bytes) -> Image:
    at, length = int.from_bytes(head[8:16], "big"), int.from_bytes(head[16:20], "big")
    backing = ""
    if at and length and length < 1024:
        if at + length <= len(head):
            backing = head[at : at + length].decode(errors="replace")
        else:
            stream.seek(at)
            backing = stream.read(length).decode(errors="replace")
    version = int.from_bytes(head[4:8], "big")
    return Image("qcow2" if version >= 2 else "qcow", int.from_bytes(head[24:32], "big"), backing)


def _other(head: bytes, size: int | None) -> Image:
    if head[:4] in (b"KDMV", b"COWD") or head.startswith(b"# Disk DescriptorFile"):
        sectors = int.from_bytes(head[12:20], "little") if head[:4] == b"KDMV" else None
        return Image("vmdk", sectors * 512 if sectors else None)
    if head[64:68] == b"\x7f\x10\xda\xbe":
        return Image("vdi", int.from_bytes(head[368:376], "little"))
    if head.startswith(b"vhdxfile"):
        return Image("vhdx", None)
    if head.startswith(b"conectix"):
        return Image("vpc", int.from_bytes(head[48:56], "big"))
    if head[:4] == b"QED\x00":
        return Image("qed", int.from_bytes(head[48:56], "little"))
    if head.startswith((b"WithoutFreeSpace", b"WithouFreSpacExt")):
        return Image("parallels", None)
    return Image("raw", size)
