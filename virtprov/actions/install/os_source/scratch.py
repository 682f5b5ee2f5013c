"""Where on the host files are put that only the first boot of a guest needs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.guest.disks.checks.reachable import barriers_to
from virtprov.guest.disks.new.volumes import DEFAULT_POOL, FILE_POOLS
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.support.text import first_free

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import PoolInfo

BOOT = "/var/lib/libvirt/boot"
"""libvirt's directory for kernels that are to be booted once; QEMU's confinement allows it (AppArmor, SELinux)."""


class Place(Record):
    """A file on the host: in the pool `pool`, or if that is "", in a directory without a pool."""

    pool: str
    path: str

    @property
    def name(self) -> str:
        """Return the name of the file, and of its volume."""
        return os.path.basename(self.path)


def is_visible(host: HostView, path: str) -> bool:
    """Return whether the guests of this host can open a file of this machine, now or once it is there."""
    if host.is_recorded:
        return True
    return not host.is_remote and not barriers_to(host, [path])


def choose_place(host: HostView, guest: str, name: str, taken: frozenset[str] = frozenset()) -> Place:
    """Return where to put the file `name` for a guest; `taken` are the paths of its other files.

    The host's BOOT directory is used, otherwise its `default` pool. Raises HostError if it has neither.
    """
    pool = None if host.is_session else host.storage.pool_at(BOOT)
    if host.is_session or (pool is not None and not pool.active):
        pool = _find_default_pool(host)
    directory = pool.path if pool is not None else BOOT
    where = pool.name if pool is not None else ""

    def is_taken(file: str) -> bool:
        if f"{directory}/{file}" in taken:
            return True
        if where:
            return host.storage.volume(where, file) is not None
        return not host.is_remote and os.path.lexists(f"{directory}/{file}")

    return Place(where, f"{directory}/{first_free(is_taken, lambda mark: f'{guest}{mark}-{name}')}")


def _find_default_pool(host: HostView) -> PoolInfo:
    pool = host.storage.pool(DEFAULT_POOL)
    if pool is None or not pool.active or pool.type not in FILE_POOLS:
        raise HostError(
            f"the host cannot read files of this machine, and has no active storage pool '{DEFAULT_POOL}' to put them",
            hint=f"create one, for example with `virsh pool-define-as {DEFAULT_POOL} dir --target DIRECTORY`, and "
            f"start it with `virsh pool-start {DEFAULT_POOL}`",
        )
    return pool
