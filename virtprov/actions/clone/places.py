"""Where the disks of the original are, and where their copies go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.pools_and_volumes import inactive
from virtprov.guest.disks.new.volumes import FILE_POOLS, GIVEN_ONLY, ending
from virtprov.guest.disks.source import ATTRIBUTE, BLOCK, FILE, NETWORK, VOLUME, DiskSource
from virtprov.guest.disks.source_element import write_host_path
from virtprov.guest.edits import identity
from virtprov.support.errors import HostError, nearest
from virtprov.support.file_access.files import is_block_device
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.host.connection import Host
    from virtprov.host.facts.info import PoolInfo, VolumeInfo
    from virtprov.xml.tree import Element

RBD = "rbd"
FIXED = (*GIVEN_ONLY, "disk")
"""Types of pools in which no copy can be created: their volumes are there already, or are partitions."""


class Original(Record):
    """A disk of the original: its path on the host ("" if it cannot be copied), and its volume if it is in a pool.

    A disk in an rbd pool has the path RBDPOOL/IMAGE.
    """

    path: str
    volume: VolumeInfo | None

    @property
    def is_on_network(self) -> bool:
        """Whether the data is on a server that only its pool reaches."""
        return self.volume is not None and not self.path.startswith("/")


class Destination(Record):
    """Where a copy goes: its path as in `Original`, and the pool of that place, None without one.

    `option` is how the user has given it, for messages; the path itself if it is generated.
    """

    path: str
    pool: PoolInfo | None
    option: str
    onto_device: bool = False

    @property
    def is_given(self) -> bool:
        """Whether the user has given the path."""
        return self.option != self.path

    @property
    def takes_images(self) -> bool:
        """Whether an image of any format can be stored there; LVM and rbd hold raw data."""
        return self.pool is None or self.pool.type in FILE_POOLS or self.onto_device


def find_original(host: Host, disk: Element) -> Original:
    """Return where the data of a disk is."""
    source = DiskSource.of(disk)
    if source.kind == NETWORK:
        volume = _find_in_rbd_pool(host, disk, source.name)
        return Original(source.name if volume is not None else "", volume)
    if source.kind == VOLUME:
        volume = source.volume_on(host)
        is_reached = volume is not None and (volume.path.startswith("/") or _is_in_rbd_pool(host, volume))
        return Original(volume.path, volume) if volume is not None and is_reached else Original("", None)
    return Original(source.path, host.storage.volume_at(source.path) if source.path else None)


def _find_in_rbd_pool(host: Host, disk: Element, name: str) -> VolumeInfo | None:
    """Return the volume of a disk of Ceph, whose name is RBDPOOL/IMAGE; None if no pool of the host has it."""
    if path.get(disk, "./source/@protocol") != RBD or "/" not in name:
        return None
    folder, _, image = name.rpartition("/")
    for pool in host.storage.pools():
        if pool.type == RBD and pool.active and _rbd_name(pool) == folder:
            return host.storage.volume(pool.name, image)
    return None


def _is_in_rbd_pool(host: Host, volume: VolumeInfo) -> bool:
    pool = host.storage.pool(volume.pool)
    return pool is not None and pool.type == RBD


def _rbd_name(pool: PoolInfo) -> str:
    """Return the name of the pool within Ceph."""
    return path.text(tree.parse(pool.xml), "./source/name")


def find_pool(host: Host, name: str) -> PoolInfo:
    """Return a pool in which copies can be made; raises HostError for any other."""
    pool = host.storage.pool(name)
    if pool is None:
        raise HostError(
            f"storage pool '{name}' not found on {host.uri}",
            hint=nearest(name, host.storage.pool_names()) or "`virsh pool-list --all` lists the pools",
        )
    if pool.type in FIXED:
        raise HostError(
            f"no copy can be made in storage pool '{name}': its type is '{pool.type}'",
            hint="create the volume first, and give its path with --file or --copy DISK,path=",
        )
    if not pool.active:
        raise inactive(pool)
    return pool


class Names:
    """Generates paths for copies, at which nothing exists yet: `source` and `clone` are the names of the guests."""

    def __init__(self, host: Host, source: str, clone: str) -> None:
        self.host, self.source, self.clone = host, source, clone

    def generate(self, origin: Original, pool: PoolInfo | None, fmt: str, is_taken: Callable[[str], bool]) -> str:
        """Return a path beside the original's, or in the pool; with `fmt`, the name ends as images of it do."""
        if pool is None and origin.volume is not None and origin.is_on_network:
            pool = self.host.storage.pool(origin.volume.pool)
        base = os.path.basename(origin.path)
        takes_images = pool is None or pool.type in FILE_POOLS
        if not takes_images:
            base = _stem(base)
        elif fmt or (pool is not None and not os.path.splitext(base)[1]):
            base = _stem(base) + ending(fmt or "raw")
        folder = os.path.dirname(origin.path) if pool is None else _folder(pool)
        if pool is not None and pool.type == RBD:
            is_taken = self._taken_in(pool)
        return identity.clone_path(os.path.join(folder, base), self.source, self.clone, is_taken)

    def _taken_in(self, pool: PoolInfo) -> Callable[[str], bool]:
        return lambda where: self.host.storage.volume(pool.name, os.path.basename(where)) is not None


def _stem(name: str) -> str:
    """Return the name of a file without the ending of an image."""
    stem, mark = os.path.splitext(name)
    return stem if 0 < len(mark) <= len(".qcow2") + 2 else name


def _folder(pool: PoolInfo) -> str:
    return _rbd_name(pool) if pool.type == RBD else os.path.normpath(pool.path)


def find_destination(host: Host, where: str, pool: PoolInfo | None, option: str) -> Destination:
    """Return the destination at a path; `pool` is its pool if it is known already, `option` as in `Destination`."""
    onto_device = not host.is_remote and where.startswith("/") and is_block_device(where)
    return Destination(where, pool or host.storage.pool_at(os.path.dirname(where)), option or where, onto_device)


def point(host: Host, disk: Element, to: Destination) -> None:
    """Set the source of the clone's disk; a volume reference is kept if the pool is the same."""
    source = DiskSource.of(disk)
    pool = host.storage.pool(source.pool) if source.pool else None
    if source.kind == NETWORK and to.path.startswith("/"):
        path.switch(disk, "./source", False)
        write_host_path(disk, _kind_of(to) or FILE, to.path)
    elif source.kind == NETWORK:
        path.put(disk, "./source/@name", to.path)
    elif source.kind in ATTRIBUTE:
        kind = _kind_of(to) or source.kind
        if kind == source.kind or source.kind not in (FILE, BLOCK):
            path.put(disk, f"./source/@{ATTRIBUTE[source.kind]}", to.path)
        else:
            write_host_path(disk, kind, to.path)
    elif pool is not None and (_is_same(pool, to) or os.path.dirname(to.path) == os.path.normpath(pool.path or "/")):
        path.put(disk, "./source/@volume", os.path.basename(to.path))
    else:
        write_host_path(disk, _kind_of(to) or FILE, to.path)


def _is_same(pool: PoolInfo, to: Destination) -> bool:
    return to.pool is not None and to.pool.name == pool.name


def _kind_of(to: Destination) -> str:
    """Return the type that a disk at this place has; "" if it is not known."""
    if to.onto_device:
        return BLOCK
    if to.pool is None:
        return ""
    return FILE if to.pool.type in FILE_POOLS else BLOCK
