"""Steps that make pools and volumes, fill volumes, and copy them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run.artifact_storage import Pool, Volume, pool_over, pool_xml
from virtprov.guest.disks.claimed_format import is_told_otherwise, unlike
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

        pool = Pool(self.pool.name, new_uuid(), self.pool.target)
        try:
            with world.making(pool) as entry:
                world.host.storage.create_pool(pool_xml(pool.name, pool.path, pool.uuid))
                entry.note_made(pool._replace(volumes=len(world.host.storage.volume_names(pool.name))))
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
            pool = world.host.storage.pool(self.pool.name)
            if pool is None or os.path.normpath(pool.path) != os.path.normpath(self.pool.target):
                return False
            if pool.active or time.monotonic() > end:
                return pool.active
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
        from virtprov.actions.steps.secrets import keep_password, undo_all

        with keep_password(world, self.volume) as undos:
            return undo_all(self._make(world), *undos)

    def _make(self, world: World) -> Undo | None:
        wanted = self.volume
        with ExitStack() as pools:
            pool = wanted.pool or _pool_over(world, os.path.dirname(wanted.path), pools)
            volume = Volume(wanted.name, wanted.pool, wanted.path)
            with world.making(volume) as entry:
                if wanted.upload:
                    _upload(world, pool, wanted, entry, volume)
                    return world.undo(entry)
                metadata = wanted.format == "qcow2" and not wanted.backing
                info = world.host.storage.create_volume(
                    pool, wanted.xml(), metadata=metadata, progress=world.advance_call
                )
                entry.note_made(volume.as_made(world.host, info))
        return world.undo(entry)


def _upload(world: World, pool: str, wanted: NewVolume, entry: Entry, volume: Volume) -> None:
    """Make the volume, fill it from its file, grow it; a failure or an interruption leaves nothing of it."""
    name, length = wanted.name, os.path.getsize(wanted.upload)
    empty = NewVolume(pool, name, wanted.path, "raw", length, wanted.allocation and length)
    entry.note_made(volume.as_made(world.host, world.host.storage.create_volume(pool, empty.xml())))
    with filling(world, entry, pool, name):
        sparse = not wanted.allocation
        world.host.storage.upload_volume(pool, name, wanted.upload, sparse=sparse, progress=world.advance)
        world.host.storage.refresh_pool(pool)  # by which the host learns the format
        filled = world.host.storage.volume(pool, name)
        if filled is not None and filled.capacity < wanted.capacity:
            world.host.storage.resize_volume(pool, name, wanted.capacity)


@contextmanager
def filling(world: World, entry: Entry, pool: str, name: str) -> Iterator[None]:
    """A block that fills a new volume: when it fails, the volume goes."""
    try:
        yield
    except BaseException:
        with entry.cleaning_up():
            world.host.storage.delete_volume(pool, name)
        raise


class CopyDisk(Record):
    """A full copy of a disk under another path.

    Made by the host within its pools; a file that no pool holds is copied through pools that go again. `declared` is
    the format in which its guest uses it: where the pool sees another one, nothing is copied.
    """

    source: VolumeInfo
    target: str
    reflink: bool = False
    sparse: bool = True
    declared: str = ""

    @property
    def label(self) -> str:
        return f"Copying {self.source.name} to {os.path.basename(self.target)}"

    def do(self, world: World) -> Undo | None:
        directory, name = os.path.split(self.target)
        with ExitStack() as pools:
            target = _pool_over(world, directory, pools)
            origin = self.source.pool or _pool_over(world, os.path.dirname(self.source.path), pools)
            source = world.host.storage.volume(origin, self.source.name) or self.source
            if is_told_otherwise(self.declared, source):
                raise unlike(source.path, self.declared, source.format)
            xml = self._xml(source, name)
            volume = Volume(name, path=self.target)
            with world.making(volume) as entry:
                info = world.host.storage.clone_volume(
                    target, xml, origin, source.name, reflink=self.reflink, progress=world.advance_call
                )
                entry.note_made(volume.as_made(world.host, info))
        return world.undo(entry)

    def _xml(self, source: VolumeInfo, name: str) -> str:
        allocation = source.allocation if self.sparse else source.capacity
        backing = (source.backing_path, source.backing_format)
        return NewVolume("", name, self.target, source.format, source.capacity, allocation, *backing).xml()


def _pool_over(world: World, directory: str, passing: ExitStack) -> str:
    """The pool whose directory this is, else one that goes when `passing` ends."""
    return pool_over(world.host, directory, passing, world.making)
