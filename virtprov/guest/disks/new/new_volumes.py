"""New disks: their size, format, name and pool, and whether there is enough space."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.guest.disks import driver_paths
from virtprov.guest.disks.checks.free_space import Room
from virtprov.guest.disks.existing import DetectedImage
from virtprov.guest.disks.new.volumes import (
    DEFAULT_POOL,
    FILE_POOLS,
    FORMATS,
    GIVEN_ONLY,
    Encryption,
    NewPool,
    NewVolume,
    ending,
    images_directory,
)
from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.names import new_uuid
from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.support.notation.units import GIB, show_gib
from virtprov.support.text import first_free
from virtprov.xml import path as places
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.disks.base_volume import BaseVolume
    from virtprov.guest.disks.existing import Lookup
    from virtprov.guest.disks.new.uploads import Sent
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import PoolInfo

NO_FILES = ("/dev/", "/sys/", "/proc/")
"""Directories whose files are lost at the next boot, or are not regular files."""
_ON_OTHERS = ("qcow2", "qed", "vmdk")
"""Formats that support backing images."""


class NewVolumes:
    """Plans the new volumes of a guest's disks, considering those already planned. Changes nothing.

    `notes` collects messages for the user, `chosen` the generated paths and POOL/VOLUME names. With `pool_create`, a
    pool is created for a directory without one.
    """

    def __init__(
        self,
        host: HostView,
        lookup: Lookup,
        guest_name: str,
        *,
        advised_gib: float | None,
        check_space: bool,
        pool_create: bool,
    ) -> None:
        self.host = host
        self.lookup = lookup
        self.guest_name = guest_name
        self.advised_gib = advised_gib
        self.pool_create = pool_create
        self.notes: list[str] = []
        self.chosen: set[str] = set()
        self.room = Room(host, self.notes, check_space=check_space)
        self._taken: set[str] = set()
        self._pools: dict[str, NewPool] = {}

    # -- where ------------------------------------------------------------------------------------

    def at_path(self, disk: Element, path: str, spec: DiskSpec) -> tuple[tuple[NewPool, ...], NewVolume]:
        """Plan a volume at a path that does not exist, and the pool for it if needed.

        Raises UsageError if a disk cannot be created there, or no new disk is requested; HostError if a remote path is
        in no pool.
        """
        place = driver_paths.in_datastore(self.host, path)
        directory, name = place or os.path.split(path)
        is_drive = disk.get("device", "disk") in ("cdrom", "floppy")
        # a mistyped path must not become an empty disk: a new one has a size
        wants_new = not is_drive and (spec.size is not None or bool(spec.backing_store))
        if wants_new:
            driver_paths.refuse_new(self.host, f"--disk {path}")
        pool = self._pool_of(directory, place is not None) if wants_new or self.host.is_remote else None
        if self.host.is_remote and place is None:
            self._refuse_unseen(path, pool, wants_new)
        size = self._size(spec) if wants_new else None
        if size is None:
            raise UsageError(
                f"--disk {path}: file or volume not found",
                hint=("check the path" if is_drive else "check the path, or give size=GIB to create a new disk there")
                + _elsewhere(self.host, "give"),
            )
        self._check_place(path, pool)
        new_pool = self._pool_for(directory) if pool is None and self.pool_create else None
        fmt = spec.format or spec.driver_format or self._default_format(pool)
        volume = self._new(disk, pool, name, path, fmt, size, spec)
        return ((new_pool,), volume._replace(pool=new_pool.name)) if new_pool is not None else ((), volume)

    def _pool_of(self, directory: str, is_datastore: bool) -> PoolInfo | None:
        """Return the pool of a directory, None without one; of a datastore, which must exist."""
        return self.lookup.pool(directory) if is_datastore else self.lookup.pool_over(directory)

    def _refuse_unseen(self, path: str, pool: PoolInfo | None, wants_new: bool) -> None:
        """Raise UsageError or HostError for a remote path that is not in any pool."""
        there = _instead(self.host, path)
        if there and not wants_new:
            raise UsageError(f"--disk {path}: file or volume not found on the remote host", hint=there)
        if not path.startswith("/"):
            form = driver_paths.form(self.host)
            raise UsageError(f"--disk {path}: a path on this host must have the form {form}", hint="give the full path")
        if pool is None and (not wants_new or path.startswith(NO_FILES)):
            raise _unseen(path, os.path.dirname(path))

    def _check_place(self, path: str, pool: PoolInfo | None) -> None:
        """Raise UsageError or HostError for a path at which no disk can be created."""
        directory, name = os.path.split(path)
        if pool is None and path.startswith(NO_FILES):
            raise UsageError(f"--disk {path}: files cannot be created in {directory}", hint="check the path")
        if pool is None and not self.host.is_remote and not os.path.isdir(directory):
            hint = f"create it first{_elsewhere(self.host, 'omit size= and give')}"
            raise UsageError(f"--disk {path}: the directory {directory} does not exist", hint=hint)
        _check_kind(pool)
        if pool is not None and pool.type == "disk":
            from virtprov.guest.disks.new import partitions

            partitions.check_name(self.host, pool, name, self._taken)

    def in_pool(self, disk: Element, spec: DiskSpec) -> tuple[tuple[NewPool, ...], NewVolume]:
        """Plan a volume in the given pool, or in `default`, which is created if missing.

        Raises UsageError without a size, HostError for a pool that cannot hold it.
        """
        sent = _sent(spec)
        size = sent.size if sent else self._size(spec)
        if size is None:
            raise UsageError("--disk: no size given for the new disk", hint="add size=GIB, for example size=20")
        driver_paths.refuse_new(self.host, "--disk")
        name = spec.pool or self._default_name()
        pools: tuple[NewPool, ...] = ()
        pool: PoolInfo | None
        if name != DEFAULT_POOL or self.host.storage.pool(name) is not None:
            pool = self.lookup.pool(name)
            target = pool.path
        else:
            pool, target, pools = self._default_pool()
        fmt = sent.format if sent else spec.format or spec.driver_format or self._default_format(pool)
        _check_kind(pool)
        file_name = self._free_volume(pool, target, fmt)
        where = f"[{name}] {file_name}" if self.host.driver in driver_paths.VMWARE else f"{target}/{file_name}"
        volume = self._new(disk, pool, file_name, where, fmt, size, spec)
        self.chosen |= {volume.path, f"{pools[0].name if pools else volume.pool}/{volume.name}"}
        if sent:
            volume = volume._replace(upload=sent.path)
            if not self.host.is_remote:
                self.lookup.told.append(DetectedImage(sent.path, sent.format, ""))
        return pools, volume._replace(pool=pools[0].name) if pools else volume

    def _default_name(self) -> str:
        return driver_paths.default_datastore(self.host) if self.host.driver in driver_paths.VMWARE else DEFAULT_POOL

    def _default_pool(self) -> tuple[PoolInfo | None, str, tuple[NewPool, ...]]:
        """Return the pool of the default images directory, or the plan to create it with the name `default`."""
        directory = images_directory(self.host)
        pool = self.lookup.pool_over(directory)
        if pool is not None:
            return pool, pool.path, ()
        return None, directory, (NewPool(DEFAULT_POOL, directory),)

    def pools_over(self, path: str) -> tuple[NewPool, ...]:
        """Return the plan for a pool over the directory of an existing file; () if it has one."""
        directory = os.path.dirname(path)
        if path.startswith(NO_FILES) or self.host.storage.pool_at(directory) is not None:
            return ()
        return (self._pool_for(directory),)

    def _pool_for(self, directory: str) -> NewPool:
        """Return a new pool for a directory, named after it."""
        if directory not in self._pools:
            used = {pool.name for pool in self._pools.values()}
            self._pools[directory] = pool_named_after(self.host, directory, used)
        return self._pools[directory]

    # -- what -------------------------------------------------------------------------------------

    def _size(self, spec: DiskSpec) -> int | None:
        """Return the new disk's size in bytes: as given, as the backing image, or as the profile recommends."""
        if spec.base is not None:
            return _size_over(spec, spec.base)
        if spec.size is not None:
            return int(spec.size * GIB)
        if spec.backing_store:
            return self._backing(spec)[1]
        if self.advised_gib is not None:
            size = int(self.advised_gib * GIB)
            self.notes.append(f"Using {show_gib(size)} for the new disk, as recommended for its operating system")
            return size
        return None

    def _backing(self, spec: DiskSpec) -> tuple[str, int | None, str]:
        """Return path, virtual size and format of the backing image; raises UsageError if it does not exist."""
        from virtprov.support.file_access.image_header import probe

        path = spec.backing_store
        if spec.backing_format not in ("", *FORMATS):
            raise UsageError(
                f"--disk backing_format={spec.backing_format}: libvirt does not know this image format",
                hint=nearest(spec.backing_format, FORMATS)
                or "omit it: the format is detected from the first bytes of the image",
            )
        if not self.host.is_remote:
            path = os.path.abspath(os.path.expanduser(path))
            seen = probe(path)
            if seen is not None:
                fmt = self._backing_format(spec, path, seen.format)
                return path, os.path.getsize(path) if fmt == "raw" != seen.format else seen.size, fmt
        volume = self.host.storage.volume_at(path)
        if volume is None and self.host.is_recorded and spec.size is not None:
            return path, None, spec.backing_format  # only the host itself can see its files
        if volume is None:
            is_special = not self.host.is_remote and os.path.exists(path) and not os.path.isdir(path)
            why = "not a regular file" if is_special else "image not found"
            raise UsageError(
                f"--disk backing_store={spec.backing_store}: {why}",
                hint=_instead(self.host, path) or "check the path",
            )
        return path, volume.capacity, self._backing_format(spec, path, self.lookup.format_of(path, volume))

    def _backing_format(self, spec: DiskSpec, path: str, fmt: str) -> str:
        """Return the format of the backing image (`fmt` if detected), after checking its own chain."""
        option = f"--disk backing_store={spec.backing_store}"
        self.lookup.check_chain(path, spec.backing_format, fmt, option, "backing_format")
        return spec.backing_format or fmt

    def _default_format(self, pool: PoolInfo | None) -> str:
        if pool is not None and pool.type not in FILE_POOLS:
            return ""
        return driver_paths.FORMATS.get(self.host.driver, "raw" if self.host.driver in ("bhyve", "xen") else "qcow2")

    def _free_volume(self, pool: PoolInfo | None, target: str, fmt: str) -> str:
        if pool is not None and pool.type == "disk":
            from virtprov.guest.disks.new import partitions

            return partitions.next_name(self.host, pool, self._taken)
        tail = "" if pool is not None and pool.type not in FILE_POOLS else ending(fmt)

        def is_taken(name: str) -> bool:
            path = f"{target}/{name}"
            if path in self._taken or pool is not None and self.host.storage.volume(pool.name, name) is not None:
                return True
            return bool(target) and self._file_is_there(path)

        folder = f"{self.guest_name}/" if self.host.driver in driver_paths.VMWARE else ""  # which ESX requires
        return first_free(is_taken, lambda mark: folder + self.guest_name + mark + tail)

    def _file_is_there(self, path: str) -> bool:
        if self.host.is_remote or self.host.is_recorded or self.host.driver not in ("qemu", "lxc"):
            return False
        return os.path.lexists(path)

    def _new(
        self, disk: Element, pool: PoolInfo | None, name: str, path: str, fmt: str, size: int, spec: DiskSpec
    ) -> NewVolume:
        whole = spec.sparse is False
        if pool is not None and pool.type == "logical" and not whole:
            if spec.sparse:
                self.notes.append(
                    f"The logical pool '{pool.name}' has no sparse volumes: the full size of the disk is allocated"
                )
            whole = True
        if (pool is None or pool.type in FILE_POOLS) and fmt not in FORMATS:
            raise UsageError(
                f"--disk format={fmt}: libvirt cannot create images in this format",
                hint=nearest(fmt, FORMATS) or "use for example qcow2 or raw",
            )
        _check_format(pool, spec.format)
        encryption = _encryption(disk, fmt, spec)
        if encryption is not None:
            _write_encryption(disk, encryption)
        if fmt == "luks":
            fmt = "raw"  # libvirt's name for it: raw data, encrypted
        self.room.check(pool, size, whole, path)
        backing, backing_format = "", ""
        if spec.backing_store:
            backing, below, backing_format = self._backing(spec)
            if fmt not in _ON_OTHERS:
                raise UsageError(
                    f"--disk backing_store={backing}: a {fmt or 'raw'} disk cannot have a backing image",
                    hint="add format=qcow2",
                )
            _check_size(spec, size, below)
        if spec.base is not None:
            _check_over(pool, fmt, encryption, spec)
        self._taken.add(path)
        allocation = size if whole else 0
        in_pool = pool.name if pool is not None else ""
        return NewVolume(
            in_pool, name, path, fmt, size, allocation, backing, backing_format, encryption, base=spec.base
        )


def pool_named_after(host: HostView, directory: str, used: set[str]) -> NewPool:
    """Return a new pool for a directory, named after it; the names in `used` are those of other new pools."""
    base = os.path.basename(directory) or "root"
    name = first_free(lambda name: name in used or host.storage.pool(name) is not None, lambda mark: base + mark)
    return NewPool(name, directory)


def _size_over(spec: DiskSpec, base: BaseVolume) -> int:
    """Return the size of a disk with a cloud image; 0 for that of the image, if it is not known yet."""
    if spec.size is None:
        return max(base.capacity or 0, base.advised)
    size = int(spec.size * GIB)
    if base.capacity is not None and size < base.capacity:
        raise too_small(f"--disk size={spec.size:g}", base.capacity)
    return size


def too_small(option: str, capacity: int) -> UsageError:
    """Return the error for a disk that is smaller than its cloud image."""
    return UsageError(
        f"{option}: the image has {show_gib(capacity)} and cannot be shrunk",
        hint=f"give at least size={-(-capacity * 100 // GIB) / 100:g}, or omit size=",
    )


def _check_over(pool: PoolInfo | None, fmt: str, encryption: Encryption | None, spec: DiskSpec) -> None:
    """Raise UsageError for a disk that cannot get a cloud image in the requested way."""
    assert spec.base is not None
    if encryption is not None:
        raise UsageError("--image: an encrypted disk cannot get an image", hint="omit the encryption")
    if spec.base.copies:
        return
    if spec.sparse is False:
        raise UsageError(
            "--disk sparse=no: an overlay on an image cannot be allocated in full",
            hint="add copy=yes to --image for a full copy",
        )
    if pool is not None and pool.type not in FILE_POOLS:
        raise UsageError(
            f"--disk pool={pool.name}: a pool of type {pool.type} cannot have an overlay on an image",
            hint="add copy=yes to --image for a full copy",
        )
    if fmt != "qcow2":
        raise UsageError(
            f"--disk format={fmt}: an overlay on an image must be qcow2", hint="add copy=yes to --image for a full copy"
        )


def _check_size(spec: DiskSpec, size: int, below: int | None) -> None:
    """Raise UsageError for a disk that is smaller than its backing image."""
    if below is not None and size < below:
        raise UsageError(
            f"--disk backing_store={spec.backing_store},size={size / GIB:g}: the image has {below / GIB:.3g} GiB "
            "and cannot be shrunk",
            hint=f"give at least size={-(-below * 100 // GIB) / 100:g}, or omit size=",
        )


def _sent(spec: DiskSpec) -> Sent | None:
    """Return the local image to upload to the volume, None without one; raises UsageError if it cannot be used."""
    if not spec.upload:
        return None
    from virtprov.guest.disks.new.uploads import check_words, look

    sent = look(spec.upload, spec.size)
    check_words(sent, spec)
    return sent


def _instead(host: HostView, path: str) -> str:
    """Return a hint to upload a local file that the remote host does not have; "" if there is no such file."""
    if not host.is_remote:
        return ""
    from virtprov.guest.disks.new.uploads import instead

    return instead(host, path)


def _elsewhere(host: HostView, how: str) -> str:
    """Return the end of a hint for a document that may be meant for another host; "" if there is a host to ask."""
    return f"; if it is on another host, {how} --check path_exists=off" if host.is_offline else ""


def _check_format(pool: PoolInfo | None, fmt: str) -> None:
    """Raise UsageError for an image format in a pool whose volumes are raw devices."""
    if pool is not None and pool.type not in FILE_POOLS and fmt not in ("", "raw", "luks"):
        raise UsageError(
            f"--disk format={fmt}: storage pool '{pool.name}' of type {pool.type} has no image formats",
            hint="omit format=: its volumes are devices with raw data",
        )


def _check_kind(pool: PoolInfo | None) -> None:
    """Raise HostError for a pool in which libvirt cannot create volumes."""
    if pool is not None and pool.type in GIVEN_ONLY:
        raise HostError(
            f"libvirt cannot create volumes in storage pool '{pool.name}' of type {pool.type}",
            hint=f"create the volume on the storage server, then give vol={pool.name}/VOLUME",
        )


def _unseen(path: str, directory: str) -> HostError:
    """Return the error for a remote path that is not in any pool, and that libvirt cannot find otherwise."""
    over = f"`virsh pool-create-as NAME dir --target {directory}`"
    if path.startswith(NO_FILES):
        over = "a pool of type disk, logical, iscsi or scsi gives access to block devices (`virsh pool-create-as`)"
    return HostError(
        f"--disk {path}: this directory is not in any storage pool of the remote host, so it cannot be accessed",
        hint=f"check the path, or create a pool for it: {over}; if a guest is created, a temporary pool is used",
    )


_FORM = "source.encryption.format=luks,source.encryption.secret.uuid=UUID or encryption.password_file=FILE"


def _encryption(disk: Element, fmt: str, spec: DiskSpec) -> Encryption | None:
    """Return the encryption of the new volume, from the disk's XML and the spec; None for none.

    Raises UsageError if the secret is missing, or the format does not support encryption.
    """
    here = {name: places.get(disk, f"./source/encryption/{place}") or "" for name, place in _ENCRYPTION.items()}
    kind = here["format"] or ("luks" if fmt == "luks" or spec.password_file else "")
    if not kind:
        return None
    if fmt not in ("", "raw", "luks", "qcow2"):
        raise UsageError(f"--disk format={fmt}: images in this format cannot be encrypted", hint="use raw or qcow2")
    if not (here["uuid"] or here["usage"] or spec.password_file):
        raise UsageError("--disk: no secret given for the encrypted disk", hint=f"add {_FORM}")
    if spec.password_file and here["usage"]:
        raise UsageError(
            "--disk encryption.password_file: the new secret is identified by its UUID, not by usage=",
            hint="omit source.encryption.secret.usage",
        )
    if spec.password_file:
        _check_readable(spec.password_file)
    uuid = here["uuid"] or (new_uuid() if spec.password_file else "")
    return Encryption(kind, uuid, here["usage"], here["engine"], spec.password_file)


_ENCRYPTION = {"format": "@format", "uuid": "secret/@uuid", "usage": "secret/@usage", "engine": "@engine"}
"""The paths of the encryption settings in the disk's XML."""


def _write_encryption(disk: Element, encryption: Encryption) -> None:
    """Complete the encryption settings in the disk's XML."""
    place = "./source/encryption"
    places.put(disk, f"{place}/@format", encryption.format)
    places.put(disk, f"{place}/secret/@type", places.get(disk, f"{place}/secret/@type") or "passphrase")
    if encryption.uuid:
        places.put(disk, f"{place}/secret/@uuid", encryption.uuid)


def _check_readable(path: str) -> None:
    if not os.access(path, os.R_OK) or os.path.isdir(path):
        raise UsageError(
            f"--disk encryption.password_file={path}: the file cannot be read",
            hint="write the password to a file of its own, without a line break",
        )
    if os.path.isfile(path):  # what is no plain file, such as <(pass show disk), can be read only once
        with open(path, "rb") as stream:
            if not stream.read(4096).strip(b"\r\n"):
                raise UsageError(
                    f"--disk encryption.password_file={path}: the file does not contain a password",
                    hint="write the password on the first line of the file",
                )
