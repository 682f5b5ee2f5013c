"""Measure how much of a volume the host has actually written, as opposed to allocated space and final size."""

from __future__ import annotations

import errno
import os
from typing import Any

import libvirt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Growth:
    """Checks repeatedly how far a new volume is written; `find` returns the volume, None if it does not exist yet.

    `total` is the number of bytes that will be written, `capacity` the volume's size. If the space was allocated in
    advance, the file itself shows how far it is written, if it is `here`; otherwise this is unknown, and `step` returns
    a total of 0.
    """

    def __init__(self, find: Callable[[], Any | None], total: int, capacity: int, *, here: bool) -> None:
        self._find, self.total, self._capacity, self._here = find, total, capacity, here
        self._full_at_once = False
        self._seen = 0
        self._at = 0

    def step(self) -> tuple[int, int]:
        """Return the bytes written, and the bytes to write (0: unknown); they are never equal before the end."""
        try:
            volume = self._find()
            if volume is None:
                return 0, self.total
            allocated = int(volume.info()[2])
        except libvirt.libvirtError:  # the host does not say for the moment
            return 0, self.total
        if not self._seen and self.total and allocated >= self.total:
            self._full_at_once = True
        self._seen += 1
        if not self._full_at_once:
            return (min(allocated, self.total - 1), self.total) if self.total else (allocated, 0)
        self._at = written_up_to(str(volume.path()), self._at) if self._here else 0
        if not 0 < self._at < self._capacity:
            return 0, 0
        return self._at, self._capacity


def written_up_to(path: str, start: int) -> int:
    """Return where the data of a file written from its beginning ends, searching from `start`; 0 if unknown.

    Allocated space that is not written yet counts as a hole (lseek(2), SEEK_HOLE).
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return os.lseek(handle, start, os.SEEK_HOLE)
    except OSError as problem:
        return start if problem.errno == errno.ENXIO else 0
    finally:
        os.close(handle)
