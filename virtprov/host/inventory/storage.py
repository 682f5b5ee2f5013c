"""Storage: pools and volumes, looked up by name or path and changed, and the bytes in them.

Nothing is listed where a name will do.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, BinaryIO

import libvirt

from virtprov.host.base import Link, Part
from virtprov.host.daemon.retry import PASSING, patiently
from virtprov.host.facts.info import PoolInfo, VolumeInfo, pool_info, volume_info
from virtprov.host.failures import Lost, NotSupported, NotThere, asking
from virtprov.host.inventory.lookup import list_all, look_up, names_of, similar_names, unless_missing
from virtprov.support.errors import HostError, InputError
from virtprov.support.file_access.regular import open_regular
from virtprov.xml import path
from virtprov.xml.tree import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]


def _tolerant(create: Callable[[str, int], Any], xml: str, flags: int) -> Any:
    """Preallocate if the pool supports it; otherwise create the volume without."""
    try:
        return create(xml, flags)
    except libvirt.libvirtError as error:
        if not flags or "flags" not in str(error):
            raise
    return create(xml, 0)


class Storage(Part):
    """The pools and volumes of a host. Each change raises HostError, NotThere for what is not there."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._refreshed: set[str] = set()
        self._off: dict[str, Any] | None = None
        self._own_pools: set[str] = set()

    # -- pools ------------------------------------------------------------------------------------------

    def pool(self, name: str) -> PoolInfo | None:
        """The storage pool of that name; None also when the driver has no storage."""
        pool_object = self._find_pool(name)
        return None if pool_object is None else self._pool_info(pool_object)

    def pool_at(self, directory: str) -> PoolInfo | None:
        """Return the pool with this target directory, active or not; None if there is none."""
        pool = self._find_pool_at(directory)
        return None if pool is None else self._pool_info(pool)

    def pool_names(self) -> tuple[str, ...]:
        """The names of all pools, sorted."""
        return names_of("list the pools", self._conn.listAllStoragePools)

    def pools(self) -> Iterator[PoolInfo]:
        """Every pool; one call for each."""
        for pool in list_all("list the pools", self._conn.listAllStoragePools):
            yield self._pool_info(pool)

    def _pool_info(self, pool: Any) -> PoolInfo:
        with asking(f"read the pool '{pool.name()}'"):
            info = pool_info(str(pool.XMLDesc(0)), bool(pool.isActive()))
        return self._link.recording.with_recorded_sizes(info) if self._link.recording else info

    def _find_pool(self, name: str) -> Any | None:
        return look_up(f"look for the pool '{name}'", self._conn.storagePoolLookupByName, name)

    def _pool(self, name: str) -> Any:
        pool = self._find_pool(name)
        if pool is None:
            raise NotThere(f"{self._link.uri} has no pool '{name}'", hint=similar_names(name, self.pool_names))
        return pool

    def _find_pool_at(self, directory: str) -> Any | None:
        """Return the pool of a directory, except for temporary pools of other commands."""
        pool = self._look_for_pool_at(directory)
        return None if pool is None or self._passes(str(pool.name())) else pool

    def _passes(self, pool: str) -> bool:
        """Return whether the pool is a temporary one of another command; see PASSING."""
        return pool.startswith(PASSING) and pool not in self._own_pools

    def _look_for_pool_at(self, directory: str) -> Any | None:
        """Find a pool with libvirt's own look-up for active pools; inactive pools are searched once."""
        directory_path = os.path.normpath(directory)
        rest = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE
        try:
            with asking(f"look for a pool at '{directory}'"):
                return self._conn.storagePoolLookupByTargetPath(directory_path)
        except NotSupported:
            rest = 0
        except NotThere:
            pass
        if self._off is None:
            pools = list_all("list the pools", lambda: self._conn.listAllStoragePools(rest))
            paths = [(os.path.normpath(path), pool) for pool in pools if (path := self._pool_info(pool).path)]
            self._off = dict(reversed(paths))
        return self._off.get(directory_path)

    def create_pool(self, xml: str, *, build: bool = True, autostart: bool = True) -> PoolInfo:
        """Define a pool, create its directory (`build`), start it. A failure leaves no pool behind.

        A new directory is kept: someone else may have created it. Raises Taken if a pool with this name or directory
        exists.
        """
        self._off = None
        name = path.text(parse(xml, "the pool's document"), "./name")
        self._own_pools.add(name)
        with asking(f"define the pool '{name}'"):
            pool = patiently(lambda: self._conn.storagePoolDefineXML(xml, 0))
        try:
            with asking(f"start the pool '{name}'"):
                if build:
                    pool.build(0)
                pool.create(0)
                if autostart:
                    pool.setAutostart(1)
        except BaseException:
            self._forget_pool(pool)
            raise
        return self._pool_info(pool)

    def refresh_pool(self, name: str) -> None:
        """Refresh the host's list of the volumes in a pool."""
        pool = self._pool(name)
        with asking(f"refresh the pool '{name}'"):
            patiently(lambda: pool.refresh(0))

    def remove_pool(self, name: str) -> None:
        """Stop and undefine a pool; its volumes are kept."""
        self._off = None
        pool = self._pool(name)
        with asking(f"remove the pool '{name}'"):
            persistent = pool.isPersistent()
            if pool.isActive():
                patiently(pool.destroy)
            if persistent:
                patiently(pool.undefine)

    def adopt_pool(self, name: str) -> None:
        """Use a temporary pool that an interrupted command has left, and start it if it is not active."""
        self._own_pools.add(name)
        pool = self._pool(name)
        with asking(f"start the pool '{name}'"):
            if not pool.isActive():
                patiently(lambda: pool.create(0))

    @staticmethod
    def _forget_pool(pool: Any) -> None:
        """Undo a definition; its own failure is ignored in favour of the first one."""
        for call in (pool.destroy, pool.undefine):
            try:
                call()
            except libvirt.libvirtError:
                continue

    # -- volumes ----------------------------------------------------------------------------------------

    def volume(self, pool: str, name: str) -> VolumeInfo | None:
        """The volume `name` of the pool `pool`; None when either is missing, or the pool is off."""
        result = self._find_volume(pool, name)
        return None if result is None else self._volume_info(result, pool)

    def volume_at(self, path: str, *, fresh: bool = True) -> VolumeInfo | None:
        """Return the volume with this path on the host.

        To find new files as well, the pool of the path's directory, and only that one, is refreshed, at most once in
        the life of this object (see refresh_pool). With `fresh` False, nothing is refreshed.
        """
        what, look = f"look for a volume at '{path}'", self._conn.storageVolLookupByPath
        volume = look_up(what, look, path)
        if volume is None and fresh:
            pool = self._find_pool_at(os.path.dirname(path)) if os.path.isabs(path) else None
            if pool is None or not self._refresh_once(pool):
                return None
            volume = look_up(what, look, path)
        if volume is None:
            return None
        try:
            with asking(f"find the pool of '{path}'"):
                name = str(volume.storagePoolLookupByVolume().name())
                return None if self._passes(name) else self._volume_info(volume, name)
        except NotThere:
            return None

    def backing_of(self, path: str) -> str:
        """Return the path of the backing file of the volume at a path, as its pool reports it; "" without either."""
        volume = look_up(f"look for a volume at '{path}'", self._conn.storageVolLookupByPath, path)
        text = unless_missing(f"read the volume at '{path}'", volume.XMLDesc, 0) if volume is not None else None
        if text is None or "<backingStore" not in text:
            return ""
        return volume_info(str(text), "").backing_path

    def volume_names(self, pool: str) -> tuple[str, ...]:
        """The names of the volumes of a pool, sorted; none while it is off. Raises NotThere: no such pool."""
        pool_object = self._pool(pool)
        with asking(f"list the volumes of the pool '{pool}'"):
            return tuple(sorted(pool_object.listVolumes())) if pool_object.isActive() else ()

    def volumes(self, pool: str, *, parts: tuple[str, ...] = ()) -> Iterator[VolumeInfo]:
        """Every volume of a pool, one call for each; none while it is off. Raises NotThere: no such pool.

        With `parts`, only volumes whose XML has one of these elements: to parse all takes longer than to ask for them.
        """
        pool_object = self._pool(pool)
        with asking(f"list the volumes of the pool '{pool}'"):
            listed = pool_object.listAllVolumes(0) if pool_object.isActive() else []
        for volume in listed:
            text = unless_missing(f"read the volume '{volume.name()}'", volume.XMLDesc, 0)
            if text is not None and (not parts or any(f"<{part}" in text for part in parts)):
                yield volume_info(str(text), pool)

    def _volume_info(self, volume: Any, pool: str) -> VolumeInfo:
        with asking(f"read the volume '{volume.name()}'"):
            return volume_info(str(volume.XMLDesc(0)), pool)

    def _find_volume(self, pool: str, name: str) -> Any | None:
        pool_object = self._find_pool(pool)
        if pool_object is None:
            return None
        with asking(f"read the pool '{pool}'"):
            if not pool_object.isActive():
                return None
        return look_up(f"look for the volume '{name}'", pool_object.storageVolLookupByName, name)

    def _volume(self, pool: str, name: str) -> Any:
        self._pool(pool)
        volume = self._find_volume(pool, name)
        if volume is None:
            known = similar_names(name, lambda: self.volume_names(pool))
            raise NotThere(f"pool '{pool}' has no volume '{name}'", hint=known)
        return volume

    def _refresh_once(self, pool: Any) -> bool:
        name = str(pool.name())
        try:
            with asking(f"refresh the pool '{name}'"):
                if name in self._refreshed or not pool.isActive():
                    return False
                self._refreshed.add(name)
                patiently(lambda: pool.refresh(0))
        except NotThere:  # it went meanwhile
            return False
        return True

    def create_volume(
        self, pool: str, xml: str, *, metadata: bool = False, progress: Progress | None = None
    ) -> VolumeInfo:
        """Create the volume described by the XML; `metadata` preallocates the tables of a qcow2.

        `progress(done, total)` gets the bytes that the host has written (total 0: unknown). If interrupted, the new
        volume is deleted. Raises Taken if a volume with this name exists, which is not changed.
        """
        flags = libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA if metadata else 0
        place = self._pool(pool)
        return self._create(pool, xml, "create", lambda: _tolerant(place.createXML, xml, flags), progress)

    def clone_volume(
        self,
        pool: str,
        xml: str,
        source_pool: str,
        source: str,
        *,
        reflink: bool = False,
        progress: Progress | None = None,
    ) -> VolumeInfo:
        """Create the volume described by the XML and copy the contents of another one into it, on the host.

        `reflink` shares the blocks of a raw volume if the file system can (Btrfs, XFS); otherwise like create_volume.
        """
        flags = libvirt.VIR_STORAGE_VOL_CREATE_REFLINK if reflink else 0
        origin, place = self._volume(source_pool, source), self._pool(pool)
        what = f"copy the volume '{source}' to"
        return self._create(pool, xml, what, lambda: place.createXMLFrom(xml, origin, flags), progress)

    def _create(self, pool: str, xml: str, verb: str, call: Callable[[], Any], progress: Progress | None) -> VolumeInfo:
        from virtprov.host.transfer.copy_progress import Growth
        from virtprov.host.transfer.streams import watch_call

        planned = volume_info(xml, pool)
        what = f"{verb} the volume '{planned.name}' in the pool '{pool}'"

        growth = Growth(
            lambda: self._being_made(pool, planned.name),
            planned.allocation,
            planned.capacity,
            here=not self._link.target.is_remote,
        )

        def tick() -> None:
            if progress:
                progress(*growth.step())

        with asking(what):
            volume = watch_call(lambda: patiently(call), lambda volume: volume.delete(0), tick)
        if progress:
            amount = planned.allocation or planned.capacity or 1
            progress(amount, amount)
        return self._volume_info(volume, pool)

    def _being_made(self, pool: str, name: str) -> Any | None:
        """Return a volume that is being created; None if the host does not have it yet."""
        try:
            return self._conn.storagePoolLookupByName(pool).storageVolLookupByName(name)
        except libvirt.libvirtError:
            return None

    def delete_volume(self, pool: str, name: str) -> bool:
        """Delete a volume and its contents; False if it does not exist."""
        volume = self._find_volume(pool, name)
        if volume is None:
            return False
        try:
            with asking(f"delete the volume '{name}' of the pool '{pool}'"):
                patiently(lambda: volume.delete(0))
        except NotThere:
            return False
        return True

    def resize_volume(self, pool: str, name: str, capacity: int) -> None:
        """Set the capacity of a volume in bytes; its contents are kept, and shrinking is refused."""
        volume = self._volume(pool, name)
        with asking(f"resize the volume '{name}' of the pool '{pool}'"):
            volume.resize(capacity, 0)

    # -- contents ---------------------------------------------------------------------------------------

    def upload_volume(
        self,
        pool: str,
        name: str,
        source: str | os.PathLike[str] | BinaryIO,
        *,
        sparse: bool = False,
        start: int = 0,
        progress: Progress | None = None,
    ) -> None:
        """Write a local file, or an open one from its current position, to the volume.

        `progress(done, total)` is in bytes, total is 0 if unknown. `sparse` keeps the holes of a regular file (refused
        by hosts before libvirt 3.4). The first `start` bytes of the volume and of the file at a path are left out.
        Raises InputError if the file cannot be read.
        """
        from virtprov.host.transfer import streams

        volume = self._volume(pool, name)
        with (
            _open_source(source, start) as (file, total),
            asking(f"upload to the volume '{name}' of the pool '{pool}'"),
        ):
            stream = self._conn.newStream(0)
            flags = libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM if sparse else 0
            volume.upload(stream, start, total, flags)
            pour = streams.send_sparse if sparse else streams.send
            streams.finish_stream(stream, lambda: pour(stream, file, total, progress))

    def pour_volume(
        self, source: tuple[str, str], target: tuple[str, str], *, progress: Progress | None = None
    ) -> None:
        """Write the bytes of one volume to another one, through this machine; both are a pool and a name.

        Holes are kept. `progress(done, total)` is in bytes, without holes.
        """
        from virtprov.host.transfer import streams

        origin, copy = self._volume(*source), self._volume(*target)
        need = int(origin.info()[2])
        with asking(f"copy the volume '{source[1]}' to the volume '{target[1]}' of the pool '{target[0]}'"):
            reading, writing = self._conn.newStream(0), self._conn.newStream(0)
            origin.download(reading, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
            streams.finish_stream(
                reading, lambda: self._pour(copy, reading, writing, lambda done: progress and progress(done, need))
            )

    @staticmethod
    def _pour(copy: Any, reading: Any, writing: Any, tell: Callable[[int], object]) -> None:
        from virtprov.host.transfer import streams

        copy.upload(writing, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
        streams.finish_stream(writing, lambda: streams.pour(reading, writing, tell))

    def volume_head(self, pool: str, name: str, length: int) -> bytes | None:
        """Return the first bytes of a volume; None if the host does not provide them."""
        from io import BytesIO

        from virtprov.host.transfer import streams

        volume = self._find_volume(pool, name)
        if volume is None:
            return None
        head = BytesIO()
        try:
            with asking(f"read the volume '{name}' of the pool '{pool}'"):
                stream = self._conn.newStream(0)
                volume.download(stream, 0, length, 0)
                streams.finish_stream(stream, lambda: streams.receive(stream, head))
        except Lost:
            raise
        except HostError:
            return None
        return head.getvalue()

    def download_volume(self, pool: str, name: str, sink: BinaryIO) -> None:
        """Write the volume's contents to an open file."""
        from virtprov.host.transfer import streams

        volume = self._volume(pool, name)
        with asking(f"download the volume '{name}' of the pool '{pool}'"):
            stream = self._conn.newStream(0)
            volume.download(stream, 0, 0, 0)
            streams.finish_stream(stream, lambda: streams.receive(stream, sink))


@contextmanager
def _open_source(source: str | os.PathLike[str] | BinaryIO, start: int) -> Iterator[tuple[BinaryIO, int]]:
    """Return the file to read and its remaining bytes, 0 if unknown (a pipe); one at a path begins at `start`."""
    if not isinstance(source, str | os.PathLike):
        yield source, _remaining_bytes(source)
        return
    try:
        handle = open_regular(os.fspath(source))
    except OSError as problem:
        raise InputError(f"'{os.fspath(source)}' cannot be read: {problem.strerror}") from None
    with open(handle, "rb") as file:
        if start:
            file.seek(start)
        yield file, _remaining_bytes(file)


def _remaining_bytes(file: BinaryIO) -> int:
    if not file.seekable():
        return 0
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end - here
