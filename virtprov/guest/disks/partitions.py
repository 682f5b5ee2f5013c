"""Volumes of a pool over a whole disk are its partitions: their names follow from the disk's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Container

    from virtprov.guest.host_view import HostView
    from virtprov.host.info import PoolInfo

MOST = 128
"""Partitions that a GPT has room for, as parted makes it."""


def next_name(host: HostView, pool: PoolInfo, taken: Container[str]) -> str:
    """The name of the partition that is made next: the lowest free number behind the disk's name.

    A `p` comes in between where the disk's name ends in a digit (Linux: /dev/loop0p1, /dev/sda1). `taken` are
    paths that are planned already. Raises HostError when the pool names no disk, or the disk is full.
    """
    device = path.text(tree.parse(pool.xml, f"the pool '{pool.name}'"), "./source/device/@path")
    base = os.path.basename(os.path.realpath(device) if not (host.is_remote or host.is_recorded) else device)
    if not base:
        raise HostError(f"the storage pool '{pool.name}' names no disk", hint=f"see `virsh pool-dumpxml {pool.name}`")
    base += "p" if base[-1].isdigit() else ""
    for number in range(1, MOST + 1):
        name = f"{base}{number}"
        if f"{pool.path}/{name}" not in taken and host.storage.volume(pool.name, name) is None:
            return name
    raise HostError(f"the disk of the pool '{pool.name}' has no room for another partition", hint="use another pool=")


def check_name(host: HostView, pool: PoolInfo, name: str, taken: Container[str]) -> None:
    """Raise UsageError when the partition that is made next in the pool has another name."""
    comes = next_name(host, pool, taken)
    if name != comes:
        raise UsageError(
            f"--disk {pool.path}/{name}: the next partition that the pool '{pool.name}' makes is {comes}",
            hint=f"give pool={pool.name} with size= instead of a path",
        )
