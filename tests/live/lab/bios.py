"""GRUB for BIOS machines, put into a disk image without a block device: what grub-install does to a disk."""

from __future__ import annotations

import struct
from pathlib import Path

SECTOR = 512
# In boot.img: the sector to load next (64 bits), and a jump that would ignore the drive the BIOS names.
KERNEL_SECTOR_AT = 0x5C
DRIVE_CHECK_AT = 0x66
NOP_NOP = b"\x90\x90"
# The master boot record beyond GRUB's code: disk id and partition table, which stay as they are.
CODE_PARTS = ((0x00, 0x03), (0x5A, 0x1B8))
# In core.img: the list of blocks that holds the rest of it, read to this segment.
BLOCK_LIST_AT = 500
LOAD_SEGMENT = 0x820


def embed(disk: Path, boot_image: bytes, core_image: bytes, *, sector: int, room: int) -> None:
    """Write `boot_image` into the boot record of `disk`, and `core_image` at `sector` (`room` sectors big)."""
    sectors = -(-len(core_image) // SECTOR)
    if sectors > room:
        raise ValueError(f"GRUB's core needs {sectors} sectors, the partition has {room}")
    boot, core = bytearray(boot_image), bytearray(core_image)
    struct.pack_into("<Q", boot, KERNEL_SECTOR_AT, sector)
    boot[DRIVE_CHECK_AT : DRIVE_CHECK_AT + 2] = NOP_NOP
    struct.pack_into("<QHH", core, BLOCK_LIST_AT, sector + 1, sectors - 1, LOAD_SEGMENT)
    with disk.open("r+b") as file:
        record = bytearray(file.read(SECTOR))
        for start, end in CODE_PARTS:
            record[start:end] = boot[start:end]
        file.seek(0)
        file.write(record)
        file.seek(sector * SECTOR)
        file.write(core)
