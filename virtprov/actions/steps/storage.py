"""Steps that create pools and volumes, fill volumes, and copy them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.pools_and_volumes import Pool, Volume, pool_over, pool_xml
from virtprov.guest.disks.claimed_format import is_told_otherwise, unlike
from virtprov.guest.disks.volumes import NewPool, NewVolume
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.actions.run.trail import Entry
    from virtprov.host.info import VolumeInfo


POOL_SECONDS = 10.0
"""How many seconds to wait for the start of a pool that another run has defined."""


class MakePool(Record):
    """Create a directory pool, start it, and enable its autostart."""

    pool: NewPool

    @property
    def label(self) -> str:
        return f"Creating storage pool '{self.pool.name}'"

    def do(self, world: RunContext) -> Undo | None:
        from virtprov.guest.names import new_uuid
        from virtprov.host.failures import Taken

        pool = Pool(self.pool.name, new_uuid(), self.pool.target)
        try:
            with world.making(pool) as entry:
                world.host.storage.create_pool(pool_xml(pool.name, pool.path, pool.uuid))
                entry.note_created(pool._replace(volumes=len(world.host.storage.volume_names(pool.name))))
        except Taken:
            if not self._is_there(world):
                raise
            return None
        return world.undo(entry)

    def _is_there(self, world: RunContext) -> bool:
        """Return whether someone else has just created the same pool; wait if it is about to be started."""
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
    """Create a volume: in a pool, or in a directory without one (through a temporary pool).

    A volume that is filled from a file of this machine starts as raw data; the content of the file decides its format.
    """

    volume: NewVolume

    @property
    def label(self) -> str:
        if self.volume.upload:
            return f"Uploading {os.path.basename(self.volume.upload)} to volume {self.volume.name}"
        return f"Creating volume {self.volume.name}"

    def do(self, world: RunContext) -> Undo | None:
        if self.volume.encryption is None:
            return self._make(world)
        from virtprov.actions.steps.secrets import keep_password, undo_all

        with keep_password(world, self.volume) as undos:
            return undo_all(self._make(world), *undos)

    def _make(self, world: RunContext) -> Undo | None:
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
                entry.note_created(volume.as_made(world.host, info))
        return world.undo(entry)


def _upload(world: RunContext, pool: str, request: NewVolume, entry: Entry, volume: Volume) -> None:
    """Create the volume, upload its file, enlarge it; a failure or an interrupt leaves nothing behind."""
    name, length = request.name, os.path.getsize(request.upload)
    empty = NewVolume(pool, name, request.path, "raw", length, request.allocation and length)
    entry.note_created(volume.as_made(world.host, world.host.storage.create_volume(pool, empty.xml())))
    with filling(world, entry, pool, name):
        sparse = not request.allocation
        world.host.storage.upload_volume(pool, name, request.upload, sparse=sparse, progress=world.advance)
        world.host.storage.refresh_pool(pool)  # by which the host learns the format
        filled = world.host.storage.volume(pool, name)
        if filled is not None and filled.capacity < request.capacity:
            world.host.storage.resize_volume(pool, name, request.capacity)


@contextmanager
def filling(world: RunContext, entry: Entry, pool: str, name: str) -> Iterator[None]:
    """Fill a new volume in this block; if that fails, delete the volume."""
    try:
        yield
    except BaseException:
        with entry.cleaning_up():
            world.host.storage.delete_volume(pool, name)
        raise


class CopyDisk(Record):
    """Copy a disk completely to another path.

    The host copies within its pools; a file outside of all pools is copied through temporary pools. `declared` is the
    format in which its guest uses the disk: if the pool sees another one, nothing is copied.
    """

    source: VolumeInfo
    target: str
    reflink: bool = False
    sparse: bool = True
    declared: str = ""

    @property
    def label(self) -> str:
        return f"Copying {self.source.name} to {os.path.basename(self.target)}"

    def do(self, world: RunContext) -> Undo | None:
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
                entry.note_created(volume.as_made(world.host, info))
        return world.undo(entry)

    def _xml(self, source: VolumeInfo, name: str) -> str:
        allocation = source.allocation if self.sparse else source.capacity
        backing = (source.backing_path, source.backing_format)
        return NewVolume("", name, self.target, source.format, source.capacity, allocation, *backing).xml()


def _pool_over(world: RunContext, directory: str, passing: ExitStack) -> str:
    """Return the pool of this directory, or a temporary one that is removed when `passing` ends."""
    return pool_over(world.host, directory, passing, world.making)
