"""Media laid by hand, a few bytes each."""

from __future__ import annotations

from pathlib import Path

SECTOR = 2048


def descriptor(kind: int, text: bytes = b"") -> bytes:
    """One volume descriptor: its type, the mark of ISO 9660, and what stands at byte 7."""
    return (bytes([kind]) + b"CD001\1" + text).ljust(SECTOR, b"\0")


def primary(
    volume: str, system: str = "", publisher: str = "", application: str = "", size: int = 0, created: str = "",
    kind: int = 1,
) -> bytes:  # fmt: skip
    """A primary volume descriptor; `size` in bytes."""
    sector = bytearray(descriptor(kind))
    for at, width, text in ((8, 32, system), (40, 32, volume), (318, 128, publisher), (574, 128, application)):
        sector[at : at + width] = text.encode().ljust(width)
    blocks = size // SECTOR
    sector[80:88] = blocks.to_bytes(4, "little") + blocks.to_bytes(4, "big")
    sector[128:132] = SECTOR.to_bytes(2, "little") + SECTOR.to_bytes(2, "big")
    sector[813:830] = (created.ljust(16, "0")[:16] if created else "0" * 16).encode() + b"\0"
    return bytes(sector)


def iso(
    volume: str, system: str = "", publisher: str = "", application: str = "", size: int = 0, created: str = "",
    boot: bool = False,
) -> bytes:  # fmt: skip
    """The start of an ISO, up to the end of its descriptors."""
    record = descriptor(0, b"EL TORITO SPECIFICATION") if boot else b""
    head = primary(volume, system, publisher, application, size, created)
    return bytes(16 * SECTOR) + head + record + descriptor(255)


def write_tree(folder: Path, **files: str) -> Path:
    """A folder with files; `__` in a name is a slash, a leading `dot_` a dot."""
    for name, text in files.items():
        path = folder / name.replace("dot_", ".").replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
