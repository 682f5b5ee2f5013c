"""Whether all copies of a clone fit where they go, before a byte is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError
from virtprov.support.notation.units import show_size

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import PoolInfo


class Space:
    """Adds up the copies: by file system on this machine, by pool on any other."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._needed: dict[str, int] = {}
        self._copies: dict[str, int] = {}

    def take(self, what: str, need: int, directory: str, pool: PoolInfo | None) -> None:
        """Count one more copy of `need` bytes; raises HostError if it does not fit beside the others.

        `what` is what is copied. Nothing is known about a directory of another machine without a pool.
        """
        here = self._look_here(directory)
        if here is not None:
            key, free = here
        elif pool is not None and pool.active:
            key, free = f"pool {pool.name}", pool.available
        else:
            return
        self._needed[key] = self._needed.get(key, 0) + need
        self._copies[key] = self._copies.get(key, 0) + 1
        if self._needed[key] <= free:
            return
        several = self._copies[key] > 1
        subject = f"{self._copies[key]} copies, the last of {what}, need" if several else f"the copy of {what} needs"
        where = f"pool '{pool.name}'" if pool is not None else f"the file system of {directory}"
        raise HostError(
            f"{subject} {show_size(self._needed[key])}, but {where} has only {show_size(free)} of free space",
            hint="free some space, choose another place with --file PATH or --pool NAME, share the blocks with "
            "--reflink on XFS or Btrfs, or use --check disk_size=off",
        )

    def _look_here(self, directory: str) -> tuple[str, int] | None:
        """Return a file system of this machine and its free bytes; None for a directory that is not here."""
        if self.host.is_remote or self.host.is_recorded:
            return None
        try:
            facts, number = os.statvfs(directory), os.stat(directory).st_dev
        except OSError:
            return None
        return f"file system {number}", facts.f_bavail * facts.f_frsize
