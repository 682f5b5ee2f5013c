"""Check what a downloaded file is, after it was verified: its checksum does not make its header safe.

QEMU would open any file that a qcow2 image names as its backing file or its external data file.
"""

from __future__ import annotations

from virtprov.images.image import BZIP2, GZIP, QCOW2, RAW, XZ, ZSTD
from virtprov.support.errors import MediaError
from virtprov.support.frozen import Record

_SECTOR = 512
_DATA_FILE = 1 << 2
_KNOWN = 0b11111
"""The incompatible features of qcow2 that QEMU knows, beginning with bit 0: dirty, corrupt, external data file,
compression type, extended L2 entries (QEMU's docs/interop/qcow2)."""
_LARGEST = 64 << 40
"""Bytes of the largest disk: 64 TiB."""
CONVERT = "convert it: `qemu-img convert -O qcow2 IMAGE NEW`, and give the path of the new one"


class Disk(Record):
    """What a disk image is: its format (QCOW2 or RAW), and its size for a guest in bytes."""

    format: str
    size: int


def check_disk(path: str, what: str, expected: str = "") -> Disk:
    """Return what the file at `path` is; `what` names it in messages.

    `expected` is QCOW2 if its name or its profile says so; then no other file is taken for a raw disk. Only its first
    bytes are read. Raises OSError, and MediaError unless it is a complete disk image that needs no other file.
    """
    import os

    from virtprov.support.file_access.image_header import HEAD, PACKED, format_of

    with open(path, "rb") as file:
        head = file.read(HEAD)
        length = file.seek(0, os.SEEK_END)
    kind = format_of(head)
    if kind == QCOW2:
        return _check_qcow2(head, what)
    if not length:
        raise MediaError(f"'{what}' is empty", hint="check the URL")
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise MediaError(f"'{what}' is a web page and not a disk image", hint="check the URL")
    if kind in PACKED:
        unread = kind not in (GZIP, XZ, ZSTD, BZIP2)
        why = "which cannot be unpacked here" if unread else "but its name has another ending"
        raise MediaError(f"'{what}' is packed with {kind}, {why}", hint="unpack it yourself, and give the path")
    if kind not in ("", RAW):
        raise MediaError(f"'{what}' has the format {kind}; only qcow2 and raw images can be used", hint=CONVERT)
    if expected == QCOW2:
        raise MediaError(f"'{what}' is not a qcow2 image", hint="check the URL, or that its name ends with .raw")
    return Disk(RAW, -(-length // _SECTOR) * _SECTOR)


def _check_qcow2(head: bytes, what: str) -> Disk:
    """Check a qcow2 header; its fields are those of QEMU's docs/interop/qcow2."""
    version, size = _number(head, 4, 4), _number(head, 24, 8)
    if version not in (2, 3) or len(head) < 104:
        raise MediaError(f"'{what}' is a qcow2 image of version {version}, which is unknown", hint=CONVERT)
    features = _number(head, 72, 8) if version == 3 else 0
    if _number(head, 8, 8):
        raise MediaError(
            f"'{what}' has a backing file: it is not complete, and could read any file of the host", hint=CONVERT
        )
    if features & _DATA_FILE:
        raise MediaError(
            f"'{what}' has an external data file: it is not complete, and could read any file of the host", hint=CONVERT
        )
    if features & ~_KNOWN:
        raise MediaError(f"'{what}' has features that are unknown (bits {features & ~_KNOWN:#x})", hint=CONVERT)
    if _number(head, 32, 4):
        raise MediaError(f"'{what}' is encrypted, so it cannot be used for new guests", hint="decrypt it first")
    if not _SECTOR <= size <= _LARGEST:
        raise MediaError(f"'{what}' has an impossible disk size of {size} bytes", hint="check the URL")
    return Disk(QCOW2, size)


def _number(data: bytes, at: int, length: int) -> int:
    return int.from_bytes(data[at : at + length], "big")
