"""Disks: what the user wrote -> a source in the XML, and the volumes that must be made for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.guest.disks import network_disk, source_element
from virtprov.guest.disks.existing import Lookup, Told
from virtprov.guest.disks.new_volumes import NewVolumes
from virtprov.guest.disks.volumes import (
    DEFAULT_POOL,
    FILE_POOLS,
    GIB,
    IMAGES,
    Making,
    NewPool,
    NewVolume,
    Wish,
    images_directory,
)
from virtprov.support.errors import UsageError
from virtprov.xml import path as places
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.info import PoolInfo, VolumeInfo

__all__ = (
    "DEFAULT_POOL",
    "FILE_POOLS",
    "GIB",
    "IMAGES",
    "Making",
    "NewPool",
    "NewVolume",
    "Storage",
    "Wish",
    "images_directory",
)


class Storage:
    """Resolves the disks of one guest on one host. Looks, never writes.

    `advised_gib` is the disk size the operating system's profile recommends (None: it does not say). Without
    `check_space` a new disk may be larger than the room there is, as long as it begins small. With `pool_create`
    a directory that no pool covers gets one when a disk is to be made in it. With `warn_of_use` the user is warned
    of disks that this machine uses itself.
    """

    def __init__(
        self,
        host: HostView,
        guest_name: str,
        *,
        qemu: bool,
        advised_gib: float | None = None,
        check_space: bool = True,
        pool_create: bool = False,
        warn_of_use: bool = False,
    ) -> None:
        self.host = host
        self.qemu = qemu
        self._warn_of_use = warn_of_use
        self._lookup = Lookup(host)
        self._new = NewVolumes(
            host,
            self._lookup,
            guest_name,
            advised_gib=advised_gib,
            check_space=check_space,
            pool_create=pool_create,
        )

    @property
    def notes(self) -> list[str]:
        """What the user should know of the disks."""
        return self._new.notes

    @property
    def warnings(self) -> list[str]:
        """What the user should beware of."""
        return self._lookup.warnings

    @property
    def told(self) -> tuple[Told, ...]:
        """The images whose format nobody gave."""
        return tuple(self._lookup.told)

    @property
    def chosen(self) -> set[str]:
        """New disks whose names were chosen because nothing has them, by path and as POOL/VOLUME."""
        return self._new.chosen

    def resolve(self, disk: Element, wish: Wish) -> Making:
        """Write source, type and driver into the disk; say what must be made.

        Raises UsageError for wishes that contradict each other or name nothing, HostError when the host
        does not have what is named.
        """
        if wish.vol:
            return self._existing_volume(disk, self._lookup.volume(wish.vol), wish)
        given_pool = places.get(disk, "./source/@pool")
        if given_pool is not None:
            return self._by_reference(disk, given_pool, places.get(disk, "./source/@volume") or "", wish)
        path = wish.path or ("" if wish.pool else source_element.spelled_path(disk))
        if path:
            return self._by_path(disk, path, wish)
        if wish.size is not None or wish.pool or wish.backing_store or wish.upload:
            return self._use_new(disk, wish, *self._new.in_pool(disk, wish))
        source_element.settle_without_path(self.host, disk, wish, qemu=self.qemu)
        return Making()

    # -- what is there already --------------------------------------------------------------------

    def _existing_volume(self, disk: Element, volume: VolumeInfo, wish: Wish) -> Making:
        _refuse_password(wish)
        if volume.type == "network":
            self._network_volume(disk, self._lookup.pool(volume.pool), volume.name, volume.path, wish)
            self._describe(disk, "network", self._lookup.format_of(volume.path, volume), wish)
            return Making()
        known = source_element.ATTRIBUTE
        kind = wish.type if wish.type in known else volume.type if volume.type in known else "file"
        fmt = "raw" if kind == "block" else self._lookup.format_of(volume.path, volume)
        self._write(disk, kind, volume.path, volume.pool, volume.name, wish)
        self._look_below(disk, volume.path, fmt, wish)
        self._tell_format(volume.path, fmt, wish)
        self._describe(disk, kind, fmt, wish)
        return Making()

    def _write(self, disk: Element, kind: str, path: str, pool: str, volume: str, wish: Wish) -> None:
        """The source as `as=` wants it; raises UsageError when there is no pool to refer to."""
        if wish.named != "volume":
            source_element.place(disk, kind, path)
            return
        if not pool:
            raise UsageError(
                f"--disk as=volume: {path} is in no storage pool", hint="leave out as=, or make a pool over its folder"
            )
        source_element.refer(disk, pool, volume)

    def _network_volume(self, disk: Element, pool: PoolInfo, name: str, path: str, wish: Wish) -> None:
        """A volume of a pool on the network: spelled out where libvirt would not find it by the pool's name."""
        if pool.type in network_disk.POOLS and (wish.named != "volume" or pool.type != "iscsi-direct"):
            if wish.named == "volume":
                raise UsageError(
                    f"--disk as=volume: guests cannot refer to volumes of {pool.type} pools such as '{pool.name}'",
                    hint="leave out as=: the volume's address is written into the guest",
                )
            network_disk.write_volume(disk, tree.parse(pool.xml, f"the pool '{pool.name}'"), name, path)
        else:
            source_element.refer(disk, pool.name, name)

    def _by_reference(self, disk: Element, pool: str, name: str, wish: Wish) -> Making:
        volume = self._lookup.volume(f"{pool}/{name}")
        if wish.named == "path":
            return self._existing_volume(disk, volume, wish)
        disk.set("type", "volume")
        fmt = self._lookup.format_of(volume.path, volume) if volume.type == "file" else "raw"
        self._look_below(disk, volume.path, fmt, wish)
        self._describe(disk, volume.type, fmt, wish)
        return Making()

    def _by_path(self, disk: Element, given: str, wish: Wish) -> Making:
        if network_disk.is_address(given):
            network_disk.write_address(disk, given)
            self.notes.extend(filter(None, [network_disk.left_out(given)]))
            self._describe(disk, "network", "", wish)
            return Making()
        if given.startswith("file://"):
            from urllib.parse import unquote

            given = unquote(given.removeprefix("file://"))
        elif "://" in given:
            network_disk.refuse_unknown(given)
        path = given if self.host.is_remote else os.path.abspath(os.path.expanduser(given))
        volume = self.host.volume_at(path)
        if volume is not None:
            return self._existing_volume(disk, volume, wish)
        here = "" if self.host.is_remote else source_element.kind_here(path)
        if here:
            _refuse_password(wish)
            kind = wish.type if wish.type in source_element.ATTRIBUTE else here
            self._write(disk, kind, path, "", "", wish)
            fmt = {"block": "raw", "dir": ""}.get(here) if here != "file" else self._format_here(disk, path)
            self._look_below(disk, path, fmt or "", wish)
            self._tell_format(path, fmt or "", wish)
            self._describe(disk, kind, fmt or "", wish)
            return Making()
        return self._use_new(disk, wish, *self._new.at_path(disk, path, wish))

    def _look_below(self, disk: Element, path: str, fmt: str, wish: Wish) -> None:
        """Look at what an image stands on; CDs stand on nothing."""
        if disk.get("device") in ("cdrom", "floppy"):
            return
        if self._warn_of_use and tree.child(disk, "readonly") is None:
            from virtprov.guest.disks.host_use import warning

            self.warnings.extend(filter(None, [warning(self.host, path, f"--disk {path}")]))
        if wish.driver_format or fmt:
            self._lookup.check_chain(path, wish.driver_format, fmt, f"--disk {path}", "driver.type")

    def _tell_format(self, path: str, fmt: str, wish: Wish) -> None:
        """As in virt-install, `format=` is for new disks; a user who means it for this one learns the right word."""
        if fmt and wish.format not in ("", fmt) and not wish.driver_format:
            self.notes.append(f"{path} is there, in the format {fmt}: driver.type={wish.format} opens it as another")

    def _format_here(self, disk: Element, path: str) -> str:
        """The format of a local file; a CD's need not be said, it is raw."""
        seen = self._lookup.format_of(path, None)
        return "" if seen == "raw" and disk.get("device") in ("cdrom", "floppy") else seen

    # -- what must be made ------------------------------------------------------------------------

    def _use_new(self, disk: Element, wish: Wish, pools: tuple[NewPool, ...], volume: NewVolume) -> Making:
        pool = self.host.pool(volume.pool) if volume.pool and not pools else None
        if pool is not None and pool.type in network_disk.POOLS:
            self._network_volume(disk, pool, volume.name, "", wish)
            kind = "network"
        else:
            kind = "file" if pool is None or pool.type in FILE_POOLS else "block"
            self._write(disk, kind, volume.path, volume.pool, volume.name, wish)
        self._describe(disk, kind, volume.format or "raw", wish, new=volume.allocation == 0)
        return Making(pools, (volume,))

    def _describe(self, disk: Element, kind: str, fmt: str, wish: Wish, *, new: bool = False) -> None:
        source_element.describe(self.host, disk, kind, fmt, wish, qemu=self.qemu, new=new)


def _refuse_password(wish: Wish) -> None:
    """A disk that is there has its password already."""
    if wish.password_file:
        raise UsageError(
            "--disk encryption.password_file: the disk exists, so its secret must exist as well",
            hint="name the secret with source.encryption.format=luks,source.encryption.secret.uuid=UUID",
        )
