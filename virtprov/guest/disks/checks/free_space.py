"""Check whether there is enough free space for a new disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError
from virtprov.support.notation.units import show_gib

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import PoolInfo


class Room:
    """Compares new disks with the free space of their pools, and remembers the space already planned.

    Without `check_space`, a sparse disk may be larger than the free space: a message is added to `notes`.
    """

    def __init__(self, host: HostView, notes: list[str], *, check_space: bool) -> None:
        self.host = host
        self.notes = notes
        self.check_space = check_space
        self._promised: dict[str, int] = {}

    def check(self, pool: PoolInfo | None, size: int, whole: bool, path: str) -> None:
        """Raise HostError if a disk of `size` bytes at `path` does not fit, or may not fit when it grows.

        `whole` means that all its space is allocated at once.
        """
        free = pool.available if pool is not None else self._free_here(os.path.dirname(path))
        if free is None:
            return
        name = f"pool '{pool.name}'" if pool is not None else os.path.dirname(path)
        free = max(0, free - self._promised.get(name, 0))
        if size <= free:
            if whole:
                self._promised[name] = self._promised.get(name, 0) + size
            return
        need, have = show_gib(size), show_gib(free)
        if whole:
            raise HostError(
                f"a disk of {need} does not fit into {name}, which has {have} of free space",
                hint="give a smaller size=, or another pool=",
            )
        if self.check_space:
            raise HostError(
                f"a disk of {need} can grow larger than {name}, which has {have} of free space",
                hint="give a smaller size=, another pool=, or --check disk_size=off",
            )
        self.notes.append(f"The disk of {need} can grow larger than {name}, which has {have} of free space")

    def _free_here(self, directory: str) -> int | None:
        """Return the free bytes in a directory of this machine that may not exist yet; None for another machine."""
        if self.host.is_remote or self.host.is_recorded or self.host.driver == "test":
            return None
        from virtprov.support.file_access.files import free_bytes

        return free_bytes(directory)
