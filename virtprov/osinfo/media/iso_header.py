"""Read the volume descriptors of an ISO in one small read, without its files.

Layout: ECMA-119 (ISO 9660) chapter 8; the El Torito specification for the boot record.
"""

from __future__ import annotations

from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SECTOR = 2048
FIRST = 16 * SECTOR
READ = 6 * SECTOR
"""One primary, a boot record, a supplementary descriptor or two and the end: more is hardly ever found."""
RUN_OUT = 150 * SECTOR
"""Empty bytes at the end of an ISO that some programs count but do not write."""
_UCS2 = (b"%/@", b"%/C", b"%/E")
"""The escape sequences of the Joliet specification."""


class IsoIds(NamedTuple):
    """The contents of the primary volume descriptor; texts have no padding."""

    volume_id: str
    system_id: str = ""
    publisher_id: str = ""
    application_id: str = ""
    size: int = 0
    """Bytes of the volume; the file may be longer."""
    bootable: bool = False
    """Whether there is an El Torito boot record."""
    created: str = ""
    """`YYYYMMDD`, or "" when the descriptor does not tell."""
    block: int = SECTOR
    root: tuple[int, int] = (0, 0)
    """Where the root folder begins, and its length, in bytes."""
    joliet: tuple[int, int] = (0, 0)
    """The same for the names of the Joliet extension; (0, 0) without it."""


def read_iso(read: Callable[[int, int], bytes]) -> IsoIds | None:
    """Return the ids of the ISO behind `read(offset, size)`; None if it is not an ISO.

    `read` may return less at the end of the file; its errors are passed on.
    """
    data = read(FIRST, READ)
    primary = joliet = b""
    bootable = False
    for at in range(0, len(data) - SECTOR + 1, SECTOR):
        sector = data[at : at + SECTOR]
        if sector[1:6] != b"CD001" or sector[0] == 255:
            break
        if sector[0] == 1 and not primary:
            primary = sector
        elif sector[0] == 2 and sector[88:91] in _UCS2:
            joliet = sector
        elif sector[0] == 0 and sector[7:].startswith(b"EL TORITO SPECIFICATION"):
            bootable = True
    if not primary:
        return None
    blocks = int.from_bytes(primary[80:84], "little")
    block = int.from_bytes(primary[128:130], "little") or SECTOR
    created = primary[813:821].decode("ascii", "replace")
    return IsoIds(
        _text(primary[40:72]),
        _text(primary[8:40]),
        _text(primary[318:446]),
        _text(primary[574:702]),
        blocks * block,
        bootable,
        created if created.isdigit() and created != "00000000" else "",
        block,
        _root(primary, block),
        _root(joliet, block) if joliet else (0, 0),
    )


def _root(descriptor: bytes, block: int) -> tuple[int, int]:
    """Where the root folder of a descriptor begins, and its length."""
    return int.from_bytes(descriptor[158:162], "little") * block, int.from_bytes(descriptor[166:170], "little")


def _text(raw: bytes) -> str:
    """Return the text of a field: ASCII by the standard, but UTF-8 and Latin-1 occur as well."""
    bare = raw.rstrip(b" \0")
    try:
        return bare.decode("utf-8")
    except UnicodeDecodeError:
        return bare.decode("latin-1")
