"""What is told of a volume that is being made: what is written, not what is set aside or will be there one day."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from virtprov.host.transfer.copy_progress import Growth, written_up_to

MIB = 1 << 20


class Volume:
    """A volume whose room on the disk grows as told."""

    def __init__(self, path: str, *allocated: int) -> None:
        self.allocated, self._path = list(allocated), path

    def info(self) -> list[int]:
        return [0, 0, self.allocated.pop(0)]

    def path(self) -> str:
        return self._path


def growth(volume: Any, total: int, capacity: int, here: bool = True) -> Growth:
    return Growth(lambda: volume, total, capacity, here=here)


def test_room_that_grows_is_what_is_written() -> None:
    """For an image with tables the total is what the original takes, not its virtual size."""
    grows = growth(Volume("", 1 * MIB, 3 * MIB, 9 * MIB), 4 * MIB, 100 * MIB)
    assert [grows.step() for _ in range(3)] == [(MIB, 4 * MIB), (3 * MIB, 4 * MIB), (4 * MIB - 1, 4 * MIB)]
    assert growth(None, 4 * MIB, 4 * MIB).step() == (0, 4 * MIB)


def test_room_that_is_set_aside_at_once_is_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "new.img"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, 8 * MIB)
        file.write(b"x" * 2 * MIB)
        file.flush()
        os.fsync(file.fileno())
        told = growth(Volume(str(path), 8 * MIB, 8 * MIB), 8 * MIB, 8 * MIB)
        first = told.step()
        assert first in ((2 * MIB, 8 * MIB), (0, 0))  # (0, 0) where the file system cannot tell
        file.write(b"x" * 2 * MIB)
        file.flush()
        os.fsync(file.fileno())
        assert told.step() == ((4 * MIB, 8 * MIB) if first[0] else (0, 0))


def test_elsewhere_nobody_knows(tmp_path: Path) -> None:
    assert growth(Volume("/nowhere", 8 * MIB), 8 * MIB, 8 * MIB, here=False).step() == (0, 0)
    assert growth(Volume(str(tmp_path / "gone"), 8 * MIB), 8 * MIB, 8 * MIB).step() == (0, 0)
    assert written_up_to(str(tmp_path / "gone"), 0) == 0
