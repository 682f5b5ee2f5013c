"""Steps that create pools and volumes, fill volumes, and copy them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.pools_and_volumes import Pool, Volume, pool_over, pool_xml
from virtprov.guest.disks.claimed_format import is_told_otherwise, unlike
from virtprov.guest.disks.new.volumes import FILE_POOLS, NewPool, NewVolume
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from typing import BinaryIO

    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.actions.run.trail import Entry
    from virtprov.host.facts.info import VolumeInfo


POOL_SECONDS = 10.0
"""How many seconds to wait for the start of a pool that another run has defined."""


class MakePool(Record):
    """Create a directory pool, start it, and enable its autostart."""

    pool: NewPool

    @property
    def label(self) -> str:
        return f"Creating storage pool '{self.pool.name}'"

    def do(self, context: RunContext) -> Undo | None:
        from virtprov.guest.names import new_uuid
        from virtprov.host.failures import Taken

        pool = Pool(self.pool.name, new_uuid(), self.pool.target)
        try:
            with context.making(pool) as entry:
                context.host.storage.create_pool(pool_xml(pool.name, pool.path, pool.uuid))
                entry.note_created(pool._replace(volumes=len(context.host.storage.volume_names(pool.name))))
        except Taken:
            if not self._is_there(context):
                raise
            return None
        return context.undo(entry)

    def _is_there(self, context: RunContext) -> bool:
        """Return whether someone else has just created the same pool; wait if it is about to be started."""
        import time

        end = time.monotonic() + POOL_SECONDS
        while True:
            pool = context.host.storage.pool(self.pool.name)
            if pool is None or os.path.normpath(pool.path) != os.path.normpath(self.pool.target):
                return False
            if pool.active or time.monotonic() > end:
                return pool.active
            context.gate.check()
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

    def do(self, context: RunContext) -> Undo | None:
        if self.volume.encryption is None:
            return self._make(context)
        from virtprov.actions.steps.secrets import keep_password, undo_all

        with keep_password(context, self.volume) as undos:
            return undo_all(self._make(context), *undos)

    def _make(self, context: RunContext) -> Undo | None:
        wanted = self.volume
        with ExitStack() as pools:
            pool = wanted.pool or _pool_over(context, os.path.dirname(wanted.path), pools)
            volume = Volume(wanted.name, wanted.pool, wanted.path)
            with context.making(volume) as entry:
                if wanted.upload:
                    _upload(context, pool, wanted, entry, volume)
                    return context.undo(entry)
                metadata = wanted.format == "qcow2" and not wanted.backing
                info = context.host.storage.create_volume(
                    pool, wanted.xml(), metadata=metadata, progress=context.advance_call
                )
                entry.note_created(volume.as_made(context.host, info))
        return context.undo(entry)


def _upload(context: RunContext, pool: str, request: NewVolume, entry: Entry, volume: Volume) -> None:
    """Create the volume, upload its file, enlarge it; a failure or an interrupt leaves nothing behind."""
    name, length = request.name, os.path.getsize(request.upload)
    empty = NewVolume(pool, name, request.path, "raw", length, request.allocation and length)
    entry.note_created(volume.as_made(context.host, context.host.storage.create_volume(pool, empty.xml())))
    with filling(context, entry, pool, name):
        sparse = not request.allocation
        context.host.storage.upload_volume(pool, name, request.upload, sparse=sparse, progress=context.advance)
        context.host.storage.refresh_pool(pool)  # by which the host learns the format
        filled = context.host.storage.volume(pool, name)
        if filled is not None and filled.capacity < request.capacity:
            context.host.storage.resize_volume(pool, name, request.capacity)


@contextmanager
def filling(context: RunContext, entry: Entry, pool: str, name: str) -> Iterator[None]:
    """Fill a new volume in this block; if that fails, delete the volume."""
    try:
        yield
    except BaseException:
        with entry.cleaning_up():
            context.host.storage.delete_volume(pool, name)
        raise


def write_private_volume(context: RunContext, volume: Volume, wanted: NewVolume, source: str | BinaryIO) -> Undo | None:
    """Create a volume that only its owner can read, and upload its contents; returns its undo.

    A recorded host has volumes, but not their data.
    """
    storage = context.host.storage
    with context.making(volume) as entry:
        created = storage.create_volume(wanted.pool, wanted.xml(mode="0600"))
        entry.note_created(volume.as_made(context.host, created))
        if not context.host.is_recorded:
            with filling(context, entry, wanted.pool, wanted.name):
                storage.upload_volume(wanted.pool, wanted.name, source, progress=context.advance)
    return context.undo(entry)


class CopyDisk(Record):
    """Copy a disk completely to another path.

    The host copies within its pools; a file outside of all pools is copied through temporary pools. `declared` is the
    format in which its guest uses the disk: if the pool sees another one, the bytes are copied as they are. The copy
    has the same format, or `format`. `pool` is the pool of a target that is not in a directory, such as one of Ceph.
    """

    source: VolumeInfo
    target: str
    reflink: bool = False
    sparse: bool = True
    declared: str = ""
    format: str = ""
    pool: str = ""

    @property
    def label(self) -> str:
        also = f" as {self.format}" if self.format else ""
        return f"Copying {self.source.name} to {os.path.basename(self.target)}{also}"

    def do(self, context: RunContext) -> Undo | None:
        directory, name = os.path.split(self.target)
        with ExitStack() as pools:
            target = self.pool or _pool_over(context, directory, pools)
            origin = self.source.pool or _pool_over(context, os.path.dirname(self.source.path), pools)
            source = context.host.storage.volume(origin, self.source.name) or self.source
            if is_told_otherwise(self.declared, source):
                return self._pour(context, source._replace(pool=origin), target)
            volume = Volume(name, self.pool, "" if self.pool else self.target)
            with context.making(volume) as entry:
                info = self._clone(context, target, self._xml(source, name), origin)
                entry.note_created(volume.as_made(context.host, info))
                with filling(context, entry, target, name):
                    context.guard(True)
        return context.undo(entry)

    def _pour(self, context: RunContext, source: VolumeInfo, pool: str) -> Undo | None:
        """Copy the bytes as they are; raises HostError if the host does not say how many there are."""
        place = context.host.storage.pool(pool)
        if not source.physical or self.format or place is None or place.type not in FILE_POOLS:
            raise unlike(source.path, self.declared, source.format)
        return PourDisk(source, self.target, source.physical).do(context)

    def _clone(self, context: RunContext, pool: str, xml: str, origin: str) -> VolumeInfo:
        """Let the host copy; in full if it should share blocks and cannot."""
        from virtprov.host.failures import Lost, Taken
        from virtprov.support.errors import HostError

        clone, name = context.host.storage.clone_volume, self.source.name
        if self.reflink:
            try:
                return clone(pool, xml, origin, name, reflink=True, progress=context.advance_copy_call)
            except (Lost, Taken):
                raise
            except HostError as problem:
                context.warn(f"{self.target} is a full copy of {self.source.path}: {problem.message}")
        return clone(pool, xml, origin, name, progress=context.advance_copy_call)

    def _xml(self, source: VolumeInfo, name: str) -> str:
        allocation = source.allocation if self.sparse else source.capacity
        fmt = self.format or source.format
        backing = ("", "") if self.format else (source.backing_path, source.backing_format)
        return NewVolume("", name, self.target, fmt, source.capacity, allocation, *backing).xml()


class PourDisk(Record):
    """Copy the `size` bytes of a volume as they are, without looking at a format, through this machine.

    Holes are not sent.
    """

    source: VolumeInfo
    target: str
    size: int

    @property
    def label(self) -> str:
        return f"Copying {self.source.name} to {os.path.basename(self.target)}"

    def do(self, context: RunContext) -> Undo | None:
        directory, name = os.path.split(self.target)
        with ExitStack() as pools:
            pool = _pool_over(context, directory, pools)
            volume = Volume(name, path=self.target)
            empty = NewVolume(pool, name, self.target, "raw", self.size, 0)
            with context.making(volume) as entry:
                entry.note_created(volume.as_made(context.host, context.host.storage.create_volume(pool, empty.xml())))
                with filling(context, entry, pool, name):
                    context.host.storage.pour_volume(
                        (self.source.pool, self.source.name), (pool, name), progress=context.advance_copy
                    )
                    context.guard(True)
        return context.undo(entry)


@contextmanager
def pool_in(context: RunContext, volume: NewVolume) -> Iterator[str]:
    """Yield the pool for a new volume: its own, or a temporary one for its directory."""
    with ExitStack() as pools:
        yield volume.pool or _pool_over(context, os.path.dirname(volume.path), pools)


def _pool_over(context: RunContext, directory: str, passing: ExitStack) -> str:
    """Return the pool of this directory, or a temporary one that is removed when `passing` ends."""
    return pool_over(context.host, directory, passing, context.making)
