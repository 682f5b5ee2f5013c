"""How much of a volume the host has really written: not what it has set aside for it, nor what it will hold one day."""

from __future__ import annotations

import errno
import os
from typing import Any

import libvirt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Growth:
    """Looks again and again at a volume that is being made; `find` gives it, None while it is not there yet.

    `total` are the bytes that will be written, `capacity` the volume's size. Where all room was set aside at once,
    the file itself tells how far it is written, if it is `here`; else nobody knows, and `step` says a total of 0.
    """

    def __init__(self, find: Callable[[], Any | None], total: int, capacity: int, *, here: bool) -> None:
        self._find, self.total, self._capacity, self._here = find, total, capacity, here
        self._full_at_once = False
        self._seen = 0
        self._at = 0

    def step(self) -> tuple[int, int]:
        """Bytes that are written, and bytes to write (0: not known); never all of them before the end."""
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
    """Where the data of a file that is written from its beginning ends, looked for from `start` on; 0: not to be seen.

    Room that is set aside and not written yet counts as a hole (lseek(2), SEEK_HOLE).
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
