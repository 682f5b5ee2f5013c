"""The steps plans are made of: pools, volumes, seeds, guests. Each returns its own undo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtprov.guest.storage import NewPool, NewVolume
from virtprov.support.errors import HostError
from virtprov.support.record import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.plan import Undo, World
    from virtprov.host.entries import GuestInfo, PoolInfo, VolumeInfo


def pool_xml(name: str, target: str) -> str:
    """The document of a directory pool."""
    root = tree.element("pool", None, {"type": "dir"})
    tree.add(root, tree.element("name", name))
    path.put(root, "./target/path", target)
    return tree.to_text(root)


class MakePool(Record):
    """A directory pool, started, and started again with the host."""

    pool: NewPool

    @property
    def label(self) -> str:
        return f"Making the storage pool '{self.pool.name}'"

    def do(self, world: World) -> Undo | None:
        world.host.create_pool(pool_xml(self.pool.name, self.pool.target))
        return lambda: world.host.remove_pool(self.pool.name)


class MakeVolume(Record):
    """A new volume: in a pool, or in a directory that no pool covers (through a pool that goes again).

    One that is filled from a file of this machine begins as raw bytes: what the file holds tells its format.
    """

    volume: NewVolume

    @property
    def label(self) -> str:
        if self.volume.upload:
            return f"Uploading {os.path.basename(self.volume.upload)} to the volume {self.volume.name}"
        return f"Making the volume {self.volume.name}"

    def do(self, world: World) -> Undo | None:
        volume = self.volume
        with ExitStack() as pools:
            pool = volume.pool or _pool_over(world, os.path.dirname(volume.path), pools)
            if volume.upload:
                _upload(world, pool, volume)
                return lambda: self._remove(world)
            metadata = volume.format == "qcow2" and not volume.backing
            world.host.create_volume(pool, volume.xml(), metadata=metadata, progress=world.advance)
        return lambda: self._remove(world)

    def _remove(self, world: World) -> None:
        with ExitStack() as pools:
            pool = self.volume.pool or _pool_over(world, os.path.dirname(self.volume.path), pools)
            _delete(world, pool, self.volume.name)


def _upload(world: World, pool: str, volume: NewVolume) -> None:
    """Make the volume, fill it from its file, grow it; a failure or an interruption leaves nothing of it."""
    length = os.path.getsize(volume.upload)
    empty = NewVolume(pool, volume.name, volume.path, "raw", length, volume.allocation and length)
    world.host.create_volume(pool, empty.xml())
    try:
        world.host.upload_volume(pool, volume.name, volume.upload, sparse=not volume.allocation, progress=world.advance)
        world.host.refresh_pool(pool)  # by which the host learns the format
        filled = world.host.volume(pool, volume.name)
        if filled is not None and filled.capacity < volume.capacity:
            world.host.resize_volume(pool, volume.name, volume.capacity)
    except BaseException:
        _delete(world, pool, volume.name)
        raise


@contextmanager
def _passing_pool(world: World, directory: str) -> Iterator[str]:
    """A pool over a directory, for as long as the block runs; only libvirt can make volumes the host may read."""
    from virtprov.guest.names import new_uuid

    name = f"virtprov-{new_uuid()[:8]}"
    world.host.create_pool(pool_xml(name, directory), build=False, autostart=False)
    try:
        yield name
    finally:
        world.host.remove_pool(name)


def _delete(world: World, pool: str, name: str) -> None:
    world.host.delete_volume(pool, name)


class WriteSeed(Record):
    """A cloud-init seed as a volume: made, then filled. `data` is the ISO image."""

    pool: str
    name: str
    data: bytes

    @property
    def label(self) -> str:
        return f"Writing the cloud-init seed {self.name}"

    def do(self, world: World) -> Undo | None:
        import io

        volume = NewVolume(self.pool, self.name, "", "raw", len(self.data), len(self.data))
        world.host.create_volume(self.pool, volume.xml(mode="0600"))
        try:
            world.host.upload_volume(self.pool, self.name, io.BytesIO(self.data), progress=world.advance)
        except BaseException:
            _delete(world, self.pool, self.name)
            raise
        return lambda: _delete(world, self.pool, self.name)


class Define(Record):
    """The guest's definition on the host."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Defining the guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        ours = not _has_variables(world, self.xml)
        world.host.define_guest(self.xml)
        return lambda: world.host.undefine_guest(self.name, nvram=ours)


def _has_variables(world: World, xml: str) -> bool:
    """Whether the document names a file of UEFI variables that was there before the guest."""
    given = tree.find_text(tree.parse(xml), "os/nvram")
    if not given:
        return False
    return world.host.is_remote or os.path.exists(given) or world.host.volume_at(given) is not None


class Start(Record):
    """Starting a defined guest."""

    name: str

    @property
    def label(self) -> str:
        return f"Starting the guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        world.host.start_guest(self.name)
        return lambda: world.host.destroy_guest(self.name)


class Create(Record):
    """Running a guest from a document: transient unless it is defined."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Starting the guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        world.host.create_guest(self.xml)
        return lambda: world.host.destroy_guest(self.name)


class Redefine(Record):
    """Another definition for a guest that is there; undone by the one it had."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Changing the definition of '{self.name}'"

    def do(self, world: World) -> Undo | None:
        before = world.host.guest_xml(self.name, inactive=True, secure=True)
        world.host.define_guest(self.xml)
        if before is None:
            return None
        return lambda: _redefine(world, before)


def _redefine(world: World, xml: str) -> None:
    world.host.define_guest(xml)


class Autostart(Record):
    """The guest starts with its host."""

    name: str

    @property
    def label(self) -> str:
        return f"Letting '{self.name}' start with the host"

    def do(self, world: World) -> Undo | None:
        world.host.set_autostart(self.name, True)
        return None


class Replace(Record):
    """An existing guest of the same name goes: stopped and undefined, its disks stay.

    Undone by defining it again, which does not bring back its snapshots and firmware variables.
    """

    name: str

    @property
    def label(self) -> str:
        return f"Removing the guest '{self.name}' that is there"

    def do(self, world: World) -> Undo | None:
        info = world.host.guest(self.name)
        if info is None:
            return None
        before = world.host.guest_xml(self.name, inactive=True, secure=True)
        if info.active:
            world.host.destroy_guest(self.name)
        if info.persistent:
            try:
                world.host.undefine_guest(self.name)
            except BaseException:
                if info.active:
                    world.host.start_guest(self.name)
                raise
        return lambda: self._bring_back(world, before, info)

    def _bring_back(self, world: World, before: str, info: GuestInfo) -> None:
        if info.persistent:
            world.host.define_guest(before)
        if info.active:
            world.host.start_guest(self.name) if info.persistent else world.host.create_guest(before)
        world.warn(f"'{self.name}' is back as it was defined; its snapshots and firmware variables are not")


class CopyDisk(Record):
    """A full copy of a disk under another path.

    Made by the host within its pools; a file that no pool holds is copied through pools that go again.
    """

    source: VolumeInfo
    target: str
    reflink: bool = False
    sparse: bool = True

    @property
    def label(self) -> str:
        return f"Copying {self.source.name} to {os.path.basename(self.target)}"

    def do(self, world: World) -> Undo | None:
        directory, name = os.path.split(self.target)
        with ExitStack() as pools:
            target = _pool_over(world, directory, pools)
            origin = self.source.pool or _pool_over(world, os.path.dirname(self.source.path), pools)
            source = self.source if self.source.pool else world.host.volume(origin, self.source.name) or self.source
            xml = self._xml(source, name)
            world.host.clone_volume(
                target, xml, origin, source.name, reflink=self.reflink, progress=world.advance
            )
        return lambda: self._remove(world)

    def _xml(self, source: VolumeInfo, name: str) -> str:
        allocation = source.allocation if self.sparse else source.capacity
        backing = (source.backing_path, source.backing_format)
        return NewVolume("", name, self.target, source.format, source.capacity, allocation, *backing).xml()

    def _remove(self, world: World) -> None:
        directory, name = os.path.split(self.target)
        with ExitStack() as pools:
            _delete(world, _pool_over(world, directory, pools), name)


def _pool_over(world: World, directory: str, passing: ExitStack) -> str:
    """The pool whose directory this is, else one that goes when `passing` ends."""
    found = world.host.pool_at(directory)
    if found is None:
        return passing.enter_context(_passing_pool(world, directory))
    if not found.active:
        raise inactive(found)
    return found.name


def inactive(pool: PoolInfo) -> HostError:
    """What to say of a pool that should be used and is off."""
    return HostError(
        f"the storage pool '{pool.name}' over {pool.path} is not active",
        hint=f"start it with `virsh pool-start {pool.name}`",
    )
