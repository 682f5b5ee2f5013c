"""What a disk image file is, told by its first bytes."""

from __future__ import annotations

import os

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_QCOW2 = b"QFI\xfb"
_HEAD = 1024
TOLD = ("qcow2", "qcow", "vmdk", "vdi", "vhdx", "vpc", "qed", "parallels")
"""The formats that `probe` knows; for any other it says raw."""
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


def probe(path: str) -> Image | None:
    """Read the header of an image; None when the file cannot be read here.

    qcow2: version, backing file and size stand in the first 104 bytes (QEMU's docs/interop/qcow2).
    Other magics are those QEMU's own drivers look for. Whatever is not known is raw.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(_HEAD)
            if head[:4] == _QCOW2:
                return _qcow2(stream, head)
            size = stream.seek(0, os.SEEK_END)  # of block devices as well
    except OSError:
        return None
    return _other(head, size)


def probe_bytes(head: bytes) -> Image:
    """What `probe` says, from the first bytes alone: a backing file's name that lies behind them is left out."""
    if head[:4] == _QCOW2:
        from io import BytesIO

        return _qcow2(BytesIO(head), head)
    return _other(head, None)


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")


def _qcow2(stream: BinaryIO, head: bytes) -> Image:
    at, length = _number(head, 8, 8), _number(head, 16, 4)
    backing = ""
    if at and length and length < 1024:
        if at + length <= len(head):
            backing = head[at : at + length].decode(errors="replace")
        else:
            stream.seek(at)
            backing = stream.read(length).decode(errors="replace")
    version = _number(head, 4, 4)
    names = dict(_extensions(head, _number(head, 100, 4) if version >= 3 else 72)) if version >= 2 else {}
    data = names.get(_DATA_FILE, "")
    return Image(
        "qcow2" if version >= 2 else "qcow",
        _number(head, 24, 8),
        backing,
        names.get(_BACKING_FORMAT, "") if backing else "",
        (data,) if data else (),
    )


def _extensions(head: bytes, at: int) -> Iterator[tuple[int, str]]:
    """The texts in a qcow2's header extensions, by their types; each begins at a multiple of eight bytes."""
    while 72 <= at <= len(head) - 8:
        kind, length = _number(head, at, 4), _number(head, at + 4, 4)
        if kind == 0:
            return
        yield kind, head[at + 8 : at + 8 + length].decode(errors="replace")
        at += 8 + (length + 7) // 8 * 8


def _other(head: bytes, size: int | None) -> Image:
    if head[:4] in (b"KDMV", b"COWD") or head.startswith(b"# Disk DescriptorFile"):
        sectors = int.from_bytes(head[12:20], "little") if head[:4] == b"KDMV" else None
        return Image("vmdk", sectors * 512 if sectors else None, *_descriptor(head))
    if head[64:68] == b"\x7f\x10\xda\xbe":
        return Image("vdi", int.from_bytes(head[368:376], "little"))
    if head.startswith(b"vhdxfile"):
        return Image("vhdx", None)
    if head.startswith(b"conectix"):
        return Image("vpc", int.from_bytes(head[48:56], "big"))
    if head[:4] == b"QED\x00":
        return _qed(head)
    if head.startswith((b"WithoutFreeSpace", b"WithouFreSpacExt")):
        return Image("parallels", None)
    return Image("raw", size)


def _qed(head: bytes) -> Image:
    """Offset and length of the backing file's name follow the size (QEMU's docs/interop/qed_spec)."""
    at, length = int.from_bytes(head[56:60], "little"), int.from_bytes(head[60:64], "little")
    backing = head[at : at + length].decode(errors="replace") if head[16] & 1 and at else ""
    return Image("qed", int.from_bytes(head[48:56], "little"), backing)


def _descriptor(head: bytes) -> tuple[str, str, tuple[str, ...]]:
    """Parent and extents of a VMDK whose descriptor is a text of its own (VMware's Virtual Disk Format 5.0)."""
    import re

    if not head.startswith(b"# Disk DescriptorFile"):
        return "", "", ()
    text = head.decode(errors="replace")
    parent = re.search(r'^parentFileNameHint="([^"]*)"', text, re.M)
    extents = re.findall(r'^(?:RW|RDONLY|NOACCESS) \d+ \w+ "([^"]*)"', text, re.M)
    return parent[1] if parent else "", "", tuple(extents)
