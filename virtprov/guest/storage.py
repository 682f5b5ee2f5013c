"""Disks: what the user wrote -> a source in the XML, and the volumes that must be made for it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from virtprov.guest import netdisk
from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.support.record import Record
from virtprov.xml import path as places
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.view import HostView
    from virtprov.host.entries import PoolInfo, VolumeInfo

GIB = 1024**3
DEFAULT_POOL = "default"
IMAGES = "/var/lib/libvirt/images"
FILE_POOLS = ("dir", "fs", "netfs", "gluster", "vstorage")


class Wish(Record):
    """What the verbs of `--disk` say. `size` in GiB; "" and None where nothing was said.

    `driver_format` is what `driver.type=` says, `type` the kind of source the user insists on.
    """

    path: str | None = None
    size: float | None = None
    pool: str = ""
    vol: str = ""
    sparse: bool | None = None
    format: str = ""
    backing_store: str = ""
    backing_format: str = ""
    driver_format: str = ""
    type: str = ""


class NewPool(Record):
    """A directory pool to be made."""

    name: str
    target: str


class NewVolume(Record):
    """A volume to be made: in `pool`, or with pool "" in the directory of `path`. Bytes throughout."""

    pool: str
    name: str
    path: str
    format: str
    capacity: int
    allocation: int
    backing: str = ""
    backing_format: str = ""

    def xml(self, mode: str = "") -> str:
        """The volume's document; `mode` are the file's permissions in octal."""
        root = tree.element("volume")
        for name, text in (("name", self.name), ("capacity", self.capacity), ("allocation", self.allocation)):
            tree.add(root, tree.element(name, str(text)))
        if self.format:
            places.put(root, "./target/format/@type", self.format)
        if mode:
            places.put(root, "./target/permissions/mode", mode)
        if self.format == "qcow2":
            places.put(root, "./target/compat", "1.1")
            places.ensure(root, "./target/features/lazy_refcounts")
        if self.backing:
            places.put(root, "./backingStore/path", self.backing)
            if self.backing_format:
                places.put(root, "./backingStore/format/@type", self.backing_format)
        return tree.to_text(root)


class Making(Record):
    """What one disk needs before the guest can be defined."""

    pools: tuple[NewPool, ...] = ()
    volumes: tuple[NewVolume, ...] = ()


def images_directory(host: HostView) -> str:
    """Where libvirt keeps images on this host when nobody says."""
    if host.is_session:
        base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
        return f"{base}/libvirt/images"
    return IMAGES


class Storage:
    """Resolves the disks of one guest on one host. Looks, never writes.

    `advised_gib` is the disk size the operating system's profile recommends (None: it does not say). Without
    `check_space` a new disk may be larger than the room there is, as long as it begins small.
    """

    def __init__(
        self,
        host: HostView,
        guest_name: str,
        *,
        qemu: bool,
        advised_gib: float | None = None,
        check_space: bool = True,
    ) -> None:
        self.host = host
        self.guest_name = guest_name
        self.qemu = qemu
        self.advised_gib = advised_gib
        self.check_space = check_space
        self.notes: list[str] = []
        self._taken: set[str] = set()

    # -- the one way in ---------------------------------------------------------------------------

    def resolve(self, disk: Element, wish: Wish) -> Making:
        """Write source, type and driver into the disk; say what must be made.

        Raises UsageError for wishes that contradict each other or name nothing, HostError when the host
        does not have what is named.
        """
        if wish.vol:
            return self._existing_volume(disk, self._volume(wish.vol), wish)
        given_pool = places.get(disk, "./source/@pool")
        if given_pool is not None:
            return self._by_reference(disk, given_pool, places.get(disk, "./source/@volume") or "", wish)
        path = wish.path or ("" if wish.pool else _spelled_path(disk))
        if path:
            return self._by_path(disk, path, wish)
        if wish.size is not None or wish.pool or wish.backing_store:
            return self._new_in_pool(disk, wish)
        self._sourceless(disk, wish)
        return Making()

    # -- what is there already --------------------------------------------------------------------

    def _volume(self, words: str) -> VolumeInfo:
        pool, slash, name = words.partition("/")
        if not slash or not pool or not name:
            raise UsageError(f"--disk vol={words}: this names no volume", hint="write vol=POOL/VOLUME")
        self._pool(pool)
        volume = self.host.volume(pool, name)
        if volume is None:
            raise HostError(
                f"the pool '{pool}' has no volume '{name}'", hint=f"`virsh vol-list {pool}` lists what it has"
            )
        return volume

    def _pool(self, name: str) -> PoolInfo:
        pool = self.host.pool(name)
        if pool is None:
            known = self.host.pool_names()
            raise HostError(
                f"the host has no storage pool '{name}'",
                hint=nearest(name, known) or ("known pools: " + ", ".join(known) if known else "it has no pool at all"),
            )
        return self._running(pool)

    @staticmethod
    def _running(pool: PoolInfo) -> PoolInfo:
        if not pool.active:
            hint = f"start it with `virsh pool-start {pool.name}`"
            raise HostError(f"the storage pool '{pool.name}' is not active", hint=hint)
        return pool

    def _pool_over(self, directory: str) -> PoolInfo | None:
        """The pool of a directory, which must run; None when there is none."""
        found = self.host.pool_at(directory)
        return None if found is None else self._running(found)

    def _existing_volume(self, disk: Element, volume: VolumeInfo, wish: Wish) -> Making:
        if volume.type == "network":
            self._network_volume(disk, self._pool(volume.pool), volume.name, volume.path)
            self._driver(disk, "network", self._format_of(volume.path, volume), wish)
            return Making()
        kind = wish.type if wish.type in _ATTRIBUTE else volume.type if volume.type in _ATTRIBUTE else "file"
        self._place(disk, kind, volume.path)
        self._driver(disk, kind, "raw" if kind == "block" else self._format_of(volume.path, volume), wish)
        return Making()

    def _network_volume(self, disk: Element, pool: PoolInfo, name: str, path: str) -> None:
        """A volume of a pool on the network: spelled out where libvirt would not find it by the pool's name."""
        if pool.type in netdisk.POOLS:
            netdisk.write_volume(disk, tree.parse(pool.xml, f"the pool '{pool.name}'"), name, path)
        else:
            disk.set("type", "volume")
            self._source(disk, pool=pool.name, volume=name)

    def _by_reference(self, disk: Element, pool: str, name: str, wish: Wish) -> Making:
        volume = self._volume(f"{pool}/{name}")
        disk.set("type", "volume")
        self._driver(disk, volume.type, volume.format if volume.type == "file" else "raw", wish)
        return Making()

    def _by_path(self, disk: Element, given: str, wish: Wish) -> Making:
        if netdisk.is_address(given):
            netdisk.write_address(disk, given)
            self._driver(disk, "network", "", wish)
            return Making()
        if given.startswith("file://"):
            from urllib.parse import unquote

            given = unquote(given.removeprefix("file://"))
        path = given if self.host.is_remote else os.path.abspath(os.path.expanduser(given))
        volume = self.host.volume_at(path)
        if volume is not None:
            return self._existing_volume(disk, volume, wish)
        here = "" if self.host.is_remote else _kind_here(path)
        if here:
            kind = wish.type if wish.type in _ATTRIBUTE else here
            self._place(disk, kind, path)
            fmt = {"block": "raw", "dir": ""}.get(here) if here != "file" else self._format_here(disk, path)
            self._driver(disk, kind, fmt or "", wish)
            return Making()
        return self._new_at_path(disk, path, wish)

    def _format_here(self, disk: Element, path: str) -> str:
        """The format of a local file; a CD's need not be said, it is raw."""
        seen = self._format_of(path, None)
        return "" if seen == "raw" and disk.get("device") in ("cdrom", "floppy") else seen

    def _format_of(self, path: str, volume: VolumeInfo | None) -> str:
        """From the image's first bytes where it can be read here, else what the pool says."""
        if not self.host.is_remote:
            from virtprov.support.image import probe

            seen = probe(path)
            if seen is not None and (volume is None or seen.format != "raw"):
                return seen.format
        known = volume.format if volume is not None else ""
        return "raw" if known in ("", "unknown", "iso", "none") else known

    # -- what must be made ------------------------------------------------------------------------

    def _new_at_path(self, disk: Element, path: str, wish: Wish) -> Making:
        device = disk.get("device", "disk")
        asked = wish.size is not None or wish.backing_store  # a mistyped path must not become an empty disk
        size = self._size(wish) if asked else None
        if size is None or device in ("cdrom", "floppy"):
            raise UsageError(
                f"--disk {path}: there is no such file or volume",
                hint="check the path, or give size=GIB to make a new disk there"
                if device not in ("cdrom", "floppy")
                else "check the path",
            )
        directory, name = os.path.split(path)
        pool = self._pool_over(directory)
        if pool is None and self.host.is_remote:
            raise HostError(
                f"--disk {path}: no storage pool of the remote host holds this directory",
                hint=f"make one there: `virsh pool-define-as NAME dir --target {directory}`",
            )
        if pool is None and path.startswith(_NO_FILES):
            raise UsageError(f"--disk {path}: files are not made in {directory}", hint="check the path")
        if pool is None and not os.path.isdir(directory):
            raise UsageError(f"--disk {path}: the directory {directory} does not exist", hint="make it first")
        fmt = wish.format or wish.driver_format or self._default_format(pool)
        volume = self._new(pool, name, path, fmt, size, wish)
        return self._use_new(disk, volume, wish, ())

    def _new_in_pool(self, disk: Element, wish: Wish) -> Making:
        size = self._size(wish)
        if size is None:
            raise UsageError("--disk: the size of the new disk is not given", hint="add size=GIB, for example size=20")
        name = wish.pool or DEFAULT_POOL
        pools: tuple[NewPool, ...] = ()
        pool = None
        if wish.pool or self.host.pool(name) is not None:
            pool = self._pool(name)
            target = pool.path
        else:
            pool, target, pools = self._default_pool()
        fmt = wish.format or wish.driver_format or self._default_format(pool)
        file_name = self._free_volume(pool, target, fmt)
        volume = self._new(pool, file_name, f"{target}/{file_name}", fmt, size, wish)
        if pools:
            volume = volume._replace(pool=pools[0].name)
        return self._use_new(disk, volume, wish, pools)

    def _default_pool(self) -> tuple[PoolInfo | None, str, tuple[NewPool, ...]]:
        """The pool of the usual images directory, or the plan to make it under the name `default`."""
        directory = images_directory(self.host)
        pool = self._pool_over(directory)
        if pool is not None:
            return pool, pool.path, ()
        return None, directory, (NewPool(DEFAULT_POOL, directory),)

    def _size(self, wish: Wish) -> int | None:
        """The new disk's size in bytes: as given, as the backing image, or as the profile recommends."""
        if wish.size is not None:
            return int(wish.size * GIB)
        if wish.backing_store:
            return self._backing(wish)[1]
        if self.advised_gib is not None:
            self.notes.append(f"Using {self.advised_gib:g} GiB for the new disk, as its operating system recommends")
            return int(self.advised_gib * GIB)
        return None

    def _backing(self, wish: Wish) -> tuple[str, int | None, str]:
        """Path, virtual size and format of the backing image; raises UsageError when it is not there."""
        from virtprov.support.image import probe

        path = wish.backing_store
        if not self.host.is_remote:
            path = os.path.abspath(os.path.expanduser(path))
            seen = probe(path)
            if seen is not None:
                return path, seen.size, wish.backing_format or seen.format
        volume = self.host.volume_at(path)
        if volume is None and self.host.is_recorded and wish.size is not None:
            return path, None, wish.backing_format  # only the host itself can see its files
        if volume is None:
            raise UsageError(
                f"--disk backing_store={wish.backing_store}: there is no such image", hint="check the path"
            )
        return path, volume.capacity, wish.backing_format or self._format_of(path, volume)

    def _default_format(self, pool: PoolInfo | None) -> str:
        if pool is not None and pool.type not in FILE_POOLS:
            return ""
        return "raw" if self.host.driver in ("bhyve", "xen") else "qcow2"

    def _free_volume(self, pool: PoolInfo | None, target: str, fmt: str) -> str:
        ending = "" if pool is not None and pool.type not in FILE_POOLS else f".{'img' if fmt == 'raw' else fmt}"
        number = 0
        while True:
            name = f"{self.guest_name}{f'-{number}' if number else ''}{ending}"
            path = f"{target}/{name}"
            known = self.host.volume(pool.name, name) if pool is not None else None
            there = bool(target) and self._file_is_there(path)
            if known is None and path not in self._taken and not there:
                return name
            number += 1

    def _file_is_there(self, path: str) -> bool:
        if self.host.is_remote or self.host.is_recorded or self.host.driver not in ("qemu", "lxc"):
            return False
        return os.path.lexists(path)

    def _new(self, pool: PoolInfo | None, name: str, path: str, fmt: str, size: int, wish: Wish) -> NewVolume:
        whole = wish.sparse is False
        if pool is not None and pool.type == "logical" and not whole:
            if wish.sparse:
                self.notes.append(f"The logical pool '{pool.name}' has no sparse volumes: the disk is made in full")
            whole = True
        self._check_space(pool, size, whole, path)
        backing, backing_format = "", ""
        if wish.backing_store:
            backing, _, backing_format = self._backing(wish)
            if fmt not in ("qcow2", "qed", "vmdk"):
                raise UsageError(
                    f"--disk backing_store={backing}: a {fmt or 'raw'} disk cannot stand on another image",
                    hint="add format=qcow2",
                )
        self._taken.add(path)
        return NewVolume(
            pool.name if pool is not None else "", name, path, fmt, size, size if whole else 0, backing, backing_format
        )

    def _check_space(self, pool: PoolInfo | None, size: int, whole: bool, path: str) -> None:
        free = pool.available if pool is not None else self._free_here(os.path.dirname(path))
        if free is None or size <= free:
            return
        need, have = f"{size / GIB:,.15g}", f"{free / GIB:,.1f}"
        where = f"the pool '{pool.name}'" if pool is not None else os.path.dirname(path)
        if whole:
            raise HostError(
                f"a disk of {need} GiB does not fit into {where}, which has {have} GiB free",
                hint="give a smaller size=, or another pool=",
            )
        if self.check_space:
            raise HostError(
                f"a disk of {need} GiB can outgrow {where}, which has {have} GiB free",
                hint="give a smaller size=, another pool=, or --check disk_size=off",
            )
        self.notes.append(f"The disk of {need} GiB can outgrow {where}, which has {have} GiB free")

    def _free_here(self, directory: str) -> int | None:
        """Bytes free in a directory of this machine; None where it is another machine's, or not there yet."""
        if self.host.is_remote or self.host.is_recorded or self.host.driver == "test":
            return None
        try:
            found = os.statvfs(directory)
        except OSError:
            return None
        return found.f_bavail * found.f_frsize

    def _use_new(self, disk: Element, volume: NewVolume, wish: Wish, pools: tuple[NewPool, ...]) -> Making:
        pool = self.host.pool(volume.pool) if volume.pool and not pools else None
        if pool is not None and pool.type in netdisk.POOLS:
            self._network_volume(disk, pool, volume.name, "")
            kind = "network"
        else:
            kind = "file" if pool is None or pool.type in FILE_POOLS else "block"
            self._place(disk, kind, volume.path)
        self._driver(disk, kind, volume.format or "raw", wish, new=volume.allocation == 0)
        return Making(pools, (volume,))

    # -- writing into the disk --------------------------------------------------------------------

    def _sourceless(self, disk: Element, wish: Wish) -> None:
        """A drive without a medium, or a disk whose source was given in full."""
        source = tree.child(disk, "source")
        if source is None:
            if disk.get("device", "disk") == "disk" and wish.path is None and not disk.get("type"):
                raise UsageError(
                    "--disk: neither a path nor a size is given",
                    hint="for example --disk size=20, --disk /path/image.qcow2, or --disk none",
                )
            if not disk.get("type"):
                disk.set("type", "file" if disk.get("device") in ("cdrom", "floppy") else "block")
            if disk.get("device", "disk") not in ("cdrom", "floppy"):
                self._driver(disk, disk.get("type", "file"), "", wish)
            return
        if not disk.get("type"):
            disk.set("type", _type_of(source))
        if disk.get("type") not in ("nvme", "vhostuser"):  # no driver of QEMU's block layer stands in between
            self._driver(disk, disk.get("type", "file"), "", wish)

    def _place(self, disk: Element, kind: str, path: str) -> None:
        """The source as a file, a block device or a directory of the host."""
        disk.set("type", kind)
        self._source(disk, **{_ATTRIBUTE[kind]: path})

    def _source(self, disk: Element, **attrs: str) -> None:
        source = places.ensure(disk, "./source")
        for name in ("file", "dev", "dir", "pool", "volume"):
            source.attrib.pop(name, None)
        for name, value in attrs.items():
            source.set(name, value)

    def _driver(self, disk: Element, kind: str, fmt: str, wish: Wish, *, new: bool = False) -> None:
        """Driver name and format; discard for new sparse disks; direct input and output for block devices.

        `fmt` is what the disk has or will have: for a disk that is there, `format=` says nothing.
        """
        said = wish.driver_format
        if self.host.driver == "xen":
            places.put(disk, "./driver/@name", "phy" if kind == "block" else "qemu")
            if kind != "block" and (said or fmt):
                places.put(disk, "./driver/@type", said or fmt)
            return
        if not self.qemu:
            if wish.driver_format:
                places.put(disk, "./driver/@type", wish.driver_format)
            return
        if places.get(disk, "./driver/@name") is None:
            places.put(disk, "./driver/@name", "qemu")
        if places.get(disk, "./driver/@type") is None and (said or fmt):
            places.put(disk, "./driver/@type", said or fmt)
        if disk.get("device", "disk") != "disk":
            return
        if kind == "block":
            self._default(disk, "cache", "none")
            self._default(disk, "io", "native")
        if (new or kind == "block") and fmt:
            self._default(disk, "discard", "unmap")

    def _default(self, disk: Element, name: str, value: str) -> None:
        where = f"./driver/@{name}"
        if places.get(disk, where) is None and not (name == "io" and places.get(disk, "./driver/@cache") != "none"):
            places.put(disk, where, value)


_NO_FILES = ("/dev/", "/sys/", "/proc/")
"""Where a new file would be gone with the next boot, or is none."""

_ATTRIBUTE = {"file": "file", "block": "dev", "dir": "dir"}


def _spelled_path(disk: Element) -> str:
    """The path that `source.file=` or `source.dev=` gives."""
    return places.get(disk, "./source/@file") or places.get(disk, "./source/@dev") or ""


def _kind_here(path: str) -> str:
    """What stands at a local path: `file`, `block`, `dir`; "" when nothing does."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return ""
    if stat.S_ISBLK(mode):
        return "block"
    return "dir" if stat.S_ISDIR(mode) else "file"


def _type_of(source: Element) -> str:
    for attribute, kind in (("file", "file"), ("dev", "block"), ("dir", "dir"), ("protocol", "network")):
        if attribute in source.attrib:
            return kind
    return "volume" if "volume" in source.attrib else "file"
