"""Is there room for a new disk?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError
from virtprov.support.units import show_gib

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.info import PoolInfo


class Room:
    """Compares new disks with the free space they go to; remembers what the ones before will take at once.

    Without `check_space` a disk may be larger than the room there is, as long as it begins small: `notes` says so.
    """

    def __init__(self, host: HostView, notes: list[str], *, check_space: bool) -> None:
        self.host = host
        self.notes = notes
        self.check_space = check_space
        self._promised: dict[str, int] = {}

    def check(self, pool: PoolInfo | None, size: int, whole: bool, path: str) -> None:
        """Raise HostError when a disk of `size` bytes at `path` does not fit, or may not fit one day.

        `whole` says that it takes all its room at once.
        """
        free = pool.available if pool is not None else self._free_here(os.path.dirname(path))
        if free is None:
            return
        name = f"the pool '{pool.name}'" if pool is not None else os.path.dirname(path)
        free = max(0, free - self._promised.get(name, 0))
        if size <= free:
            if whole:
                self._promised[name] = self._promised.get(name, 0) + size
            return
        need, have = show_gib(size), show_gib(free)
        if whole:
            raise HostError(
                f"a disk of {need} does not fit into {name}, which has {have} free",
                hint="give a smaller size=, or another pool=",
            )
        if self.check_space:
            raise HostError(
                f"a disk of {need} can outgrow {name}, which has {have} free",
                hint="give a smaller size=, another pool=, or --check disk_size=off",
            )
        self.notes.append(f"The disk of {need} can outgrow {name}, which has {have} free")

    def _free_here(self, directory: str) -> int | None:
        """Bytes free in a directory of this machine, or where it will be made; None where it is another machine's."""
        if self.host.is_remote or self.host.is_recorded or self.host.driver == "test":
            return None
        while True:
            try:
                found = os.statvfs(directory)
            except FileNotFoundError:
                if directory in ("", "/"):
                    return None
                directory = os.path.dirname(directory)
                continue
            except OSError:
                return None
            return found.f_bavail * found.f_frsize
