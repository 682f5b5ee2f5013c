"""The steps plans are made of: pools, volumes, seeds, guests. Each returns its own undo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run import artifact, teardown
from virtprov.actions.run.artifact import Thing, mark_of
from virtprov.actions.run.teardown import inactive as inactive
from virtprov.actions.run.teardown import pool_xml
from virtprov.guest.disks.volumes import NewPool, NewVolume
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Undo, World
    from virtprov.actions.run.trail import Entry
    from virtprov.host.info import VolumeInfo


POOL_SECONDS = 10.0
"""How long to wait until a pool is started that another run has defined."""


class MakePool(Record):
    """A directory pool, started, and started again with the host."""

    pool: NewPool

    @property
    def label(self) -> str:
        return f"Making the storage pool '{self.pool.name}'"

    def do(self, world: World) -> Undo | None:
        from virtprov.guest.names import new_uuid
        from virtprov.host.failures import Taken

        name, target, uuid = self.pool.name, self.pool.target, new_uuid()
        try:
            with world.making(Thing(artifact.POOL, name, uuid, path=target)) as entry:
                world.host.create_pool(pool_xml(name, target, uuid))
                entry.thing = entry.thing._replace(number=len(world.host.volume_names(name)))
        except Taken:
            if not self._is_there(world):
                raise
            return None
        return world.undo(entry)

    def _is_there(self, world: World) -> bool:
        """Whether somebody else has made the same pool just now; one that is about to start is waited for."""
        import time

        end = time.monotonic() + POOL_SECONDS
        while True:
            found = world.host.pool(self.pool.name)
            if found is None or os.path.normpath(found.path) != os.path.normpath(self.pool.target):
                return False
            if found.active or time.monotonic() > end:
                return found.active
            world.gate.check()
            time.sleep(0.05)


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
        if self.volume.encryption is None:
            return self._make(world)
        from virtprov.actions.steps.secrets import all_of, kept

        with kept(world, self.volume) as undos:
            return all_of(self._make(world), *undos)

    def _make(self, world: World) -> Undo | None:
        volume = self.volume
        with ExitStack() as pools:
            pool = volume.pool or _pool_over(world, os.path.dirname(volume.path), pools)
            with world.making(Thing(artifact.VOLUME, volume.name, pool=volume.pool, path=volume.path)) as entry:
                if volume.upload:
                    _upload(world, pool, volume, entry)
                    return world.undo(entry)
                metadata = volume.format == "qcow2" and not volume.backing
                made = world.host.create_volume(pool, volume.xml(), metadata=metadata, progress=world.advance_call)
                _know(world, entry, made)
        return world.undo(entry)


def _upload(world: World, pool: str, volume: NewVolume, entry: Entry) -> None:
    """Make the volume, fill it from its file, grow it; a failure or an interruption leaves nothing of it."""
    length = os.path.getsize(volume.upload)
    empty = NewVolume(pool, volume.name, volume.path, "raw", length, volume.allocation and length)
    _know(world, entry, world.host.create_volume(pool, empty.xml()))
    with _deleted_unless_done(world, entry, pool):
        world.host.upload_volume(pool, volume.name, volume.upload, sparse=not volume.allocation, progress=world.advance)
        world.host.refresh_pool(pool)  # by which the host learns the format
        filled = world.host.volume(pool, volume.name)
        if filled is not None and filled.capacity < volume.capacity:
            world.host.resize_volume(pool, volume.name, volume.capacity)


def _know(world: World, entry: Entry, made: VolumeInfo) -> None:
    """Note what a new volume is known by."""
    mark = "" if world.host.is_remote else mark_of(made.path)
    entry.thing = entry.thing._replace(name=made.name, path=made.path, key=made.key, mark=mark)
    entry.made()


@contextmanager
def _deleted_unless_done(world: World, entry: Entry, pool: str) -> Iterator[None]:
    """A block that fills a new volume: when it fails, the volume goes."""
    entry.stays = True
    try:
        yield
    except BaseException:
        world.host.delete_volume(pool, entry.thing.name)
        entry.stays = False
        raise
    entry.stays = False


class WriteSeed(Record):
    """A cloud-init seed as a volume: made, then filled. `data` is the ISO image; a `passing` one goes after use."""

    pool: str
    name: str
    data: bytes
    passing: bool = False

    @property
    def label(self) -> str:
        return f"Writing the cloud-init seed {self.name}"

    def do(self, world: World) -> Undo | None:
        import io

        volume = NewVolume(self.pool, self.name, "", "raw", len(self.data), len(self.data))
        with world.making(Thing(artifact.VOLUME, self.name, pool=self.pool, passing=self.passing)) as entry:
            _know(world, entry, world.host.create_volume(self.pool, volume.xml(mode="0600")))
            with _deleted_unless_done(world, entry, self.pool):
                world.host.upload_volume(self.pool, self.name, io.BytesIO(self.data), progress=world.advance)
        return world.undo(entry)




















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
            with world.making(Thing(artifact.VOLUME, name, path=self.target)) as entry:
                made = world.host.clone_volume(
                    target, xml, origin, source.name, reflink=self.reflink, progress=world.advance_call
                )
                _know(world, entry, made)
        return world.undo(entry)

    def _xml(self, source: VolumeInfo, name: str) -> str:
        allocation = source.allocation if self.sparse else source.capacity
        backing = (source.backing_path, source.backing_format)
        return NewVolume("", name, self.target, source.format, source.capacity, allocation, *backing).xml()


def _pool_over(world: World, directory: str, passing: ExitStack) -> str:
    """The pool whose directory this is, else one that goes when `passing` ends."""
    return teardown.pool_over(world.host, directory, passing, world.making)
