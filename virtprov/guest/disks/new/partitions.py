"""Pools of type disk: volumes are partitions, so their names are derived from the disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError, UsageError
from virtprov.support.text import shell_word
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Container

    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import PoolInfo

MOST = 128
"""The number of partitions in a GPT created by parted."""


def next_name(host: HostView, pool: PoolInfo, taken: Container[str]) -> str:
    """Return the name of the next partition: the disk's name with the lowest free number.

    A `p` is inserted if the disk's name ends in a digit (Linux: /dev/loop0p1, /dev/sda1). `taken` are paths already
    planned. Raises HostError if the pool has no disk, or the disk is full.
    """
    device = path.text(tree.parse(pool.xml, f"the pool '{pool.name}'"), "./source/device/@path")
    base = os.path.basename(os.path.realpath(device) if not (host.is_remote or host.is_recorded) else device)
    if not base:
        raise HostError(
            f"storage pool '{pool.name}' has no disk", hint=f"see `virsh pool-dumpxml {shell_word(pool.name)}`"
        )
    base += "p" if base[-1].isdigit() else ""
    for number in range(1, MOST + 1):
        name = f"{base}{number}"
        if f"{pool.path}/{name}" not in taken and host.storage.volume(pool.name, name) is None:
            return name
    raise HostError(f"the disk of pool '{pool.name}' has no space for another partition", hint="use another pool=")


def check_name(host: HostView, pool: PoolInfo, name: str, taken: Container[str]) -> None:
    """Raise UsageError if the next partition in the pool has another name."""
    comes = next_name(host, pool, taken)
    if name != comes:
        raise UsageError(
            f"--disk {pool.path}/{name}: the next partition created in pool '{pool.name}' will be {comes}",
            hint=f"give pool={pool.name} with size= instead of a path",
        )
