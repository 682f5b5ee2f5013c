"""Headers of qcow2 images, as QEMU writes them (docs/interop/qcow2)."""

from __future__ import annotations

import struct
from pathlib import Path


def write_qcow2(path: Path, backing: str = "", data: str = "") -> str:
    """Write the header of an image of 1 MiB, with a backing and a data file unless these are ""; return its path."""
    name, other = backing.encode(), data.encode()
    more = (
        struct.pack(">II", 0x44415441, len(other)) + other.ljust(-len(other) % 8 + len(other), b"\0") if data else b""
    )
    more += bytes(8) if data else b""
    head = b"QFI\xfb" + struct.pack(">IQIIQ", 3, 104 + len(more) if name else 0, len(name), 16, 1 << 20)
    length = struct.pack(">I", 104) if data else bytes(4)
    path.write_bytes(head.ljust(100, b"\0") + length + more + name)
    return str(path)
