"""Headers of qcow2 images, as QEMU writes them (docs/interop/qcow2)."""

from __future__ import annotations

import struct
from pathlib import Path


def write_qcow2(path: Path, backing: str = "") -> str:
    """Write the header of an image of 1 MiB with a backing file, "" for none; return its path."""
    name = backing.encode()
    head = b"QFI\xfb" + struct.pack(">IQIIQ", 3, 104 if name else 0, len(name), 16, 1 << 20)
    path.write_bytes(head.ljust(104, b"\0") + name)
    return str(path)
