"""Turn the user's `--disk` into a source in the XML and the volumes that must be created."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from virtprov.guest.disks import driver_paths, network_disk, source_element
from virtprov.guest.disks.existing import DetectedImage, Lookup
from virtprov.guest.disks.new.new_volumes import NO_FILES, NewVolumes
from virtprov.guest.disks.new.volumes import (
    FILE_POOLS,
    Making,
    NewPool,
    NewVolume,
)
from virtprov.guest.disks.source import ATTRIBUTE, DIR, DiskSource
from virtprov.guest.disks.spec import DiskSpec
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path as places
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import PoolInfo, VolumeInfo


_ENDINGS = ("qcow2", "vmdk", "vdi", "qed")
"""Names of formats that are used as the ending of a file name."""


class DiskResolver:
    """Resolves the disks of one guest on one host. Changes nothing.

    `advised_gib` is the disk size recommended by the operating system's profile (None: no recommendation). Without
    `check_space`, a new sparse disk may be larger than the free space. With `pool_create`, a pool is created for a
    directory without one if a disk is created there; with `pool_existing` also for the directory of an existing file.
    With `warn_of_use`, the user is warned of disks that this machine uses itself. Without `must_exist`, a path where
    nothing is found is written as it is. `peek(directory)` makes the files of a remote directory without a pool known
    to the host while its block runs (None: such files cannot be used).
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
        pool_existing: bool = False,
        warn_of_use: bool = False,
        must_exist: bool = True,
        peek: Callable[[str], AbstractContextManager[object]] | None = None,
    ) -> None:
        self.host = host
        self._must_exist = must_exist
        self.qemu = qemu
        self._peek = peek
        self._warn_of_use = warn_of_use
        self._pool_existing = pool_existing
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
        """Messages about the disks."""
        return self._new.notes

    @property
    def warnings(self) -> list[str]:
        """Warnings about the disks."""
        return self._lookup.warnings

    @property
    def detected_images(self) -> tuple[DetectedImage, ...]:
        """The images whose format was detected."""
        return tuple(self._lookup.told)

    @property
    def generated_names(self) -> set[str]:
        """New disks with generated names, by path and as POOL/VOLUME."""
        return self._new.chosen

    def resolve(self, disk: Element, spec: DiskSpec, *, new: bool = True) -> Making:
        """Write source, type and driver into the disk; return what must be created.

        A disk that is not `new` may get another type of source. Raises UsageError for invalid or contradictory values,
        HostError if the host does not have what is named.
        """
        spec = spec._replace(
            driver_format=spec.driver_format or places.text(disk, "./driver/@type"),
            driver_name=places.text(disk, "./driver/@name") if new else "",
            type=spec.type or (disk.get("type", "") if new else ""),
        )
        if spec.vol:
            volume = self._volume(spec.vol)
            return self._existing_volume(disk, volume, spec) if volume else self._refer_unseen(disk, spec.vol, spec)
        given_pool = places.get(disk, "./source/@pool")
        if given_pool is not None:
            return self._by_reference(disk, given_pool, places.text(disk, "./source/@volume"), spec)
        written = DiskSource.of(disk)
        path = spec.path or (written.path if not spec.pool and written.kind != DIR else "")
        if path:
            return self._by_path(disk, path, spec)
        if spec.size is not None or spec.pool or spec.backing_store or spec.upload or spec.base is not None:
            return self._use_new(disk, spec, *self._new.in_pool(disk, spec))
        source_element.settle_without_path(self.host, disk, spec, qemu=self.qemu)
        return Making()

    # -- what is there already --------------------------------------------------------------------

    def _volume(self, words: str) -> VolumeInfo | None:
        """Return the volume POOL/NAME; None if it need not exist and does not."""
        try:
            return self._lookup.volume(words)
        except (HostError, UsageError):
            if self._must_exist:
                raise
            return None

    def _existing_volume(self, disk: Element, volume: VolumeInfo, spec: DiskSpec) -> Making:
        _refuse_password(spec)
        if volume.type == "network":
            self._network_volume(disk, self._lookup.pool(volume.pool), volume.name, volume.path, spec)
            self._describe(disk, "network", self._lookup.format_of(volume.path, volume), spec)
            return Making()
        known = ATTRIBUTE
        kind = spec.type if spec.type in known else volume.type if volume.type in known else "file"
        fmt = "raw" if kind == "block" else self._lookup.format_of(volume.path, volume)
        self._write(disk, kind, volume.path, volume.pool, volume.name, spec)
        self._look_below(disk, volume.path, fmt, spec)
        self._tell_format(volume.path, fmt, spec)
        self._describe(disk, kind, fmt, spec)
        return Making()

    def _write(self, disk: Element, kind: str, path: str, pool: str, volume: str, spec: DiskSpec) -> None:
        """Write the source as requested with `as=`; raises UsageError if there is no pool to refer to."""
        if spec.source_as != "volume":
            source_element.write_host_path(disk, kind, path)
            return
        if not pool:
            raise UsageError(
                f"--disk as=volume: {path} is not in any storage pool", hint="omit as=, or create a pool for its folder"
            )
        source_element.refer(disk, pool, volume)

    def _network_volume(self, disk: Element, pool: PoolInfo, name: str, path: str, spec: DiskSpec) -> None:
        """Write a volume of a network pool: with its address if libvirt cannot resolve the reference."""
        if pool.type in network_disk.POOLS and (spec.source_as != "volume" or pool.type != "iscsi-direct"):
            if spec.source_as == "volume":
                raise UsageError(
                    f"--disk as=volume: guests cannot refer to volumes of {pool.type} pools such as '{pool.name}'",
                    hint="omit as=: the address of the volume is then written to the XML",
                )
            network_disk.write_volume(disk, tree.parse(pool.xml, f"the pool '{pool.name}'"), name, path)
        else:
            source_element.refer(disk, pool.name, name)

    def _by_reference(self, disk: Element, pool: str, name: str, spec: DiskSpec) -> Making:
        if not name:
            raise UsageError(f"--disk source.pool={pool}: no volume given", hint="add source.volume=NAME")
        volume = self._volume(f"{pool}/{name}")
        if volume is None:
            return self._refer_unseen(disk, f"{pool}/{name}", spec)
        if spec.source_as == "path":
            return self._existing_volume(disk, volume, spec)
        disk.set("type", "volume")
        fmt = self._lookup.format_of(volume.path, volume) if volume.type == "file" else "raw"
        self._look_below(disk, volume.path, fmt, spec)
        self._describe(disk, volume.type, fmt, spec)
        return Making()

    def _by_path(self, disk: Element, given: str, spec: DiskSpec) -> Making:
        if network_disk.is_address(given):
            return self._network_address(disk, given, spec)
        given = _read_path(given)
        foreign = driver_paths.is_foreign(self.host, given)
        path = given if self.host.is_remote or foreign else os.path.abspath(os.path.expanduser(given))
        volume = self.host.storage.volume_at(path)
        if volume is not None:
            return self._existing_volume(disk, volume, spec)
        if foreign and self.host.driver in driver_paths.WINDOWS and spec.size is None:  # nobody can look there
            source_element.write_host_path(disk, "file", path)
            return Making()
        making = self._behind_pools(disk, path, spec) if self.host.is_remote and not foreign else None
        if making is not None:
            return making
        here = "" if self.host.is_remote else source_element.kind_here(path)
        if here:
            return self._existing_here(disk, path, here, spec)
        if not self._must_exist and spec.size is None and not spec.backing_store and not spec.upload:
            return self._write_unseen(disk, path, spec)
        return self._use_new(disk, spec, *self._new.at_path(disk, path, spec))

    def _network_address(self, disk: Element, address: str, spec: DiskSpec) -> Making:
        """Use a disk on the network, which is given by its address."""
        network_disk.write_address(disk, address)
        self.notes.extend(filter(None, [network_disk.left_out(address)]))
        self._describe(disk, "network", "", spec)
        return Making()

    def _existing_here(self, disk: Element, path: str, here: str, spec: DiskSpec) -> Making:
        """Use an existing file, device or directory of this machine; `here` says which of them it is."""
        _refuse_password(spec)
        kind = spec.type if spec.type in ATTRIBUTE else here
        self._write(disk, kind, path, "", "", spec)
        fmt = self._format_here(disk, path) if here == "file" else "raw" if here == "block" else ""
        self._look_below(disk, path, fmt, spec)
        self._tell_format(path, fmt, spec)
        self._describe(disk, kind, fmt, spec)
        return Making(self._new.pools_over(path) if self._pool_existing and here == "file" else ())

    def _write_unseen(self, disk: Element, path: str, spec: DiskSpec) -> Making:
        """Write a path that exists elsewhere, or later; only its name tells the format."""
        kind = spec.type if spec.type in ATTRIBUTE else "block" if path.startswith("/dev/") else "file"
        self._write(disk, kind, path, "", "", spec)
        self._describe(disk, kind, _format_by_name(disk, path, kind, spec), spec)
        return Making()

    def _refer_unseen(self, disk: Element, words: str, spec: DiskSpec) -> Making:
        """Write the volume POOL/NAME that exists elsewhere, or later; raises UsageError if its path is wanted."""
        if spec.source_as == "path":
            raise UsageError(f"--disk as=path: the path of the volume '{words}' is not known", hint="omit as=path")
        pool, _, name = words.partition("/")
        source_element.refer(disk, pool, name)
        self._describe(disk, "volume", _format_by_name(disk, name, "file", spec), spec)
        return Making()

    def _behind_pools(self, disk: Element, path: str, spec: DiskSpec) -> Making | None:
        """Use a file of a remote directory without a pool; None if there is none. The host keeps no pool for it."""
        directory = os.path.dirname(path)
        if self._peek is None or not path.startswith("/") or path.startswith(NO_FILES):
            return None
        if self.host.storage.pool_at(directory) is not None:
            return None
        try:
            with self._peek(directory):
                volume = self.host.storage.volume_at(path)
                return self._existing_volume(disk, volume._replace(pool=""), spec) if volume is not None else None
        except HostError:  # no such directory, or none that libvirt may read
            return None

    def _look_below(self, disk: Element, path: str, fmt: str, spec: DiskSpec) -> None:
        """Check the chain below an image; CDs have none, but the format of an image in a drive is detected as well."""
        if disk.get("device") in ("cdrom", "floppy"):
            if fmt and not spec.driver_format:
                self._lookup.told.append(DetectedImage(path, fmt, "driver.type"))
            return
        if self._warn_of_use and tree.child(disk, "readonly") is None:
            from virtprov.guest.disks.checks.host_use import warning

            self.warnings.extend(filter(None, [warning(self.host, path, f"--disk {path}")]))
        if spec.driver_format or fmt:
            self._lookup.check_chain(path, spec.driver_format, fmt, f"--disk {path}", "driver.type")

    def _tell_format(self, path: str, fmt: str, spec: DiskSpec) -> None:
        """Hint at the right sub-option for an existing disk: as in virt-install, `format=` is for new disks."""
        if fmt and spec.format not in ("", fmt) and not spec.driver_format:
            self.notes.append(
                f"{path} already exists in {fmt} format; use driver.type={spec.format} to open it in another format"
            )

    def _format_here(self, disk: Element, path: str) -> str:
        """Return the format of a local file; CDs are raw, so it need not be given."""
        seen = self._lookup.format_of(path, None)
        return "" if seen == "raw" and disk.get("device") in ("cdrom", "floppy") else seen

    # -- what must be made ------------------------------------------------------------------------

    def _use_new(self, disk: Element, spec: DiskSpec, pools: tuple[NewPool, ...], volume: NewVolume) -> Making:
        pool = self.host.storage.pool(volume.pool) if volume.pool and not pools else None
        if pool is not None and pool.type in network_disk.POOLS:
            self._network_volume(disk, pool, volume.name, "", spec)
            kind = "network"
        else:
            kind = "file" if pool is None or pool.type in FILE_POOLS else "block"
            self._write(disk, kind, volume.path, volume.pool, volume.name, spec)
        self._describe(disk, kind, volume.format or "raw", spec, new=volume.allocation == 0)
        return Making(pools, (volume,))

    def _describe(self, disk: Element, kind: str, fmt: str, spec: DiskSpec, *, new: bool = False) -> None:
        source_element.describe(self.host, disk, kind, fmt, spec, qemu=self.qemu, new=new)


def _format_by_name(disk: Element, name: str, kind: str, spec: DiskSpec) -> str:
    """Return the format that the user gives or the name ends with, otherwise raw; "" for drives, which need none."""
    ending = name.rpartition(".")[2].lower()
    is_drive = disk.get("device", "disk") in ("cdrom", "floppy")
    return spec.format or (ending if ending in _ENDINGS and kind == "file" else "" if is_drive else "raw")


def _read_path(given: str) -> str:
    """Return the path in a file:// URL, or `given` itself. Raises UsageError for other URLs."""
    if given.startswith("file://"):
        from urllib.parse import unquote

        return unquote(given.removeprefix("file://"))
    if "://" in given:
        network_disk.refuse_unknown(given)
    return given


def _refuse_password(spec: DiskSpec) -> None:
    """Raise UsageError for a password of an existing disk."""
    if spec.password_file:
        raise UsageError(
            "--disk encryption.password_file: the disk exists, so its secret must exist too",
            hint="give the secret with source.encryption.format=luks,source.encryption.secret.uuid=UUID",
        )


# -- disks that are there ------------------------------------------------------------------------


def change_source(storage: DiskResolver, disk: Element, spec: DiskSpec) -> list[Making]:
    """Change the source of an existing disk; an empty path ejects the medium."""
    if spec.path == "":
        source = tree.child(disk, "source")
        if source is not None:
            tree.remove(source)
        return []
    if spec.path and not storage.host.is_remote and _is_character_device(spec.path):
        _keep_kind(disk, spec.path)
        return []
    if spec.names_source:
        making = storage.resolve(disk, spec, new=False)
        if spec.size is not None and not making.volumes:
            storage.warnings.append(
                "--disk size= is only used to create a disk: `virsh vol-resize`, or `virsh blockresize` for a running "
                "guest, changes the size of an existing one"
            )
        return [making]
    storage.warnings.extend(f"--disk {sentence}" for sentence in _list_unused(spec))
    return []


def _list_unused(spec: DiskSpec) -> list[str]:
    """Return sentences about sub-options that only apply to disks that are created."""
    unused = []
    if spec.backing_store:
        unused.append("backing_store= is only used to create a disk, so it is ignored")
    if spec.format:
        unused.append("format= is only used to create a disk, so it is ignored: driver.type= changes the guest's disk")
    return unused


def _is_character_device(path: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False


def _keep_kind(disk: Element, path: str) -> None:
    """Keep the type of the disk for paths such as /dev/zero, which are neither file nor block device."""
    places.put(disk, f"./source/@{ATTRIBUTE.get(disk.get('type', ''), 'file')}", path)
