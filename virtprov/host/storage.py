"""Changing storage: pools and volumes, and the bytes in them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, BinaryIO

import libvirt

from virtprov.host.failures import Lost, NotThere, asking
from virtprov.host.info import PoolInfo, VolumeInfo
from virtprov.host.inventory import Inventory
from virtprov.host.retry import patiently
from virtprov.support.errors import HostError, InputError
from virtprov.support.regular import opened
from virtprov.xml import path
from virtprov.xml.tree import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]


def _tolerant(create: Callable[[str, int], Any], xml: str, flags: int) -> Any:
    """Preallocate where the pool can; where it cannot, the volume is made all the same."""
    try:
        return create(xml, flags)
    except libvirt.libvirtError as error:
        if not flags or "flags" not in str(error):
            raise
    return create(xml, 0)


class Storage(Inventory):
    """The calls that change pools and volumes. Each raises HostError, NotThere for what is not there."""

    # -- pools ------------------------------------------------------------------------------------------

    def create_pool(self, xml: str, *, build: bool = True, autostart: bool = True) -> PoolInfo:
        """Define a pool, make its directory (`build`), start it. A failure on the way leaves no pool behind.

        A directory that was made stays: it may not have been ours. Raises Taken when there is a pool of that name
        or over that directory.
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
        """Have the host look again at what a pool holds."""
        pool = self._pool(name)
        with asking(f"refresh the pool '{name}'"):
            patiently(lambda: pool.refresh(0))

    def remove_pool(self, name: str) -> None:
        """Stop a pool and forget it; what it holds stays where it is."""
        self._off = None
        pool = self._pool(name)
        with asking(f"remove the pool '{name}'"):
            persistent = pool.isPersistent()
            if pool.isActive():
                patiently(pool.destroy)
            if persistent:
                patiently(pool.undefine)

    # -- secrets ----------------------------------------------------------------------------------------

    def create_secret(self, xml: str, value: bytes) -> None:
        """Keep a secret that the document describes; a failure leaves none. Raises HostError."""
        with asking("keep the password as a secret"):
            secret = self._conn.secretDefineXML(xml, 0)
            try:
                secret.setValue(value, 0)
            except BaseException:
                secret.undefine()
                raise

    def has_secret(self, uuid: str) -> bool:
        """Whether the host keeps a secret of that UUID. Raises HostError."""
        look = self._conn.secretLookupByUUIDString
        return self._lookup(f"look for the secret {uuid}", look, uuid) is not None

    def remove_secret(self, uuid: str) -> None:
        """Forget a secret. Raises HostError."""
        with asking(f"remove the secret {uuid}"):
            self._conn.secretLookupByUUIDString(uuid).undefine()

    @staticmethod
    def _forget_pool(pool: Any) -> None:
        """Undo a definition; the failure that led here is the one to tell."""
        for call in (pool.destroy, pool.undefine):
            try:
                call()
            except libvirt.libvirtError:
                continue

    # -- volumes ----------------------------------------------------------------------------------------

    def create_volume(
        self, pool: str, xml: str, *, metadata: bool = False, progress: Progress | None = None
    ) -> VolumeInfo:
        """Make the volume that the document describes; `metadata` preallocates the tables of a qcow2.

        `progress(done, total)` gets the bytes that the host has written (total 0: nobody knows how many there
        will be). Interrupted, the new volume is deleted again. Raises Taken when there is one of that name: it
        is not touched.
        """
        flags = libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA if metadata else 0
        place = self._pool(pool)
        return self._made(pool, xml, "create", lambda: _tolerant(place.createXML, xml, flags), progress)

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
        """Make the volume that the document describes and copy the contents of another into it, on the host.

        `reflink` shares the blocks of a raw volume on a file system that can (Btrfs, XFS); else as create_volume.
        """
        flags = libvirt.VIR_STORAGE_VOL_CREATE_REFLINK if reflink else 0
        origin, place = self._volume(source_pool, source), self._pool(pool)
        what = f"copy the volume '{source}' to"
        return self._made(pool, xml, what, lambda: place.createXMLFrom(xml, origin, flags), progress)

    def _made(self, pool: str, xml: str, verb: str, call: Callable[[], Any], progress: Progress | None) -> VolumeInfo:
        from virtprov.host.copy_progress import Growth
        from virtprov.host.info import volume_info
        from virtprov.host.streams import watched

        wanted = volume_info(xml, pool)
        what = f"{verb} the volume '{wanted.name}' in the pool '{pool}'"

        growth = Growth(
            lambda: self._being_made(pool, wanted.name), wanted.allocation, wanted.capacity, here=not self.is_remote
        )

        def tick() -> None:
            if progress:
                progress(*growth.step())

        with asking(what):
            volume = watched(lambda: patiently(call), lambda volume: volume.delete(0), tick)
        if progress:
            amount = wanted.allocation or wanted.capacity or 1
            progress(amount, amount)
        return self._volume_info(volume, pool)

    def _being_made(self, pool: str, name: str) -> Any | None:
        """A volume that is being made; None while the host does not have it."""
        try:
            return self._conn.storagePoolLookupByName(pool).storageVolLookupByName(name)
        except libvirt.libvirtError:
            return None

    def delete_volume(self, pool: str, name: str) -> bool:
        """Delete a volume and its contents; False when it was gone already."""
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
        """Give a volume another capacity, in bytes; growing keeps what is in it, shrinking is refused."""
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
        progress: Progress | None = None,
    ) -> None:
        """Write a local file, or an open one from where it stands, over the volume's contents.

        `progress(done, total)` in bytes, total 0 when it is not known. `sparse` keeps the holes of a real file
        (refused by hosts before libvirt 3.4). Raises InputError when the file cannot be read.
        """
        from virtprov.host import streams

        volume = self._volume(pool, name)
        with _opened(source) as (file, total), asking(f"upload to the volume '{name}' of the pool '{pool}'"):
            stream = self._conn.newStream(0)
            flags = libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM if sparse else 0
            volume.upload(stream, 0, total, flags)
            pour = streams.send_sparse if sparse else streams.send
            streams.finished(stream, lambda: pour(stream, file, total, progress))

    def volume_head(self, pool: str, name: str, length: int) -> bytes | None:
        """The first bytes of a volume's contents, as they are now; None where the host does not hand them out."""
        from io import BytesIO

        from virtprov.host import streams

        volume = self._find_volume(pool, name)
        if volume is None:
            return None
        head = BytesIO()
        try:
            with asking(f"read the volume '{name}' of the pool '{pool}'"):
                stream = self._conn.newStream(0)
                volume.download(stream, 0, length, 0)
                streams.finished(stream, lambda: streams.receive(stream, head))
        except Lost:
            raise
        except HostError:
            return None
        return head.getvalue()

    def download_volume(self, pool: str, name: str, sink: BinaryIO) -> None:
        """Write the volume's contents to an open file."""
        from virtprov.host import streams

        volume = self._volume(pool, name)
        with asking(f"download the volume '{name}' of the pool '{pool}'"):
            stream = self._conn.newStream(0)
            volume.download(stream, 0, 0, 0)
            streams.finished(stream, lambda: streams.receive(stream, sink))


@contextmanager
def _opened(source: str | os.PathLike[str] | BinaryIO) -> Iterator[tuple[BinaryIO, int]]:
    """The file to read and the bytes that are left in it, 0 when it cannot say (a pipe)."""
    if not isinstance(source, str | os.PathLike):
        yield source, _left(source)
        return
    try:
        handle = opened(os.fspath(source))
    except OSError as problem:
        raise InputError(f"'{os.fspath(source)}' cannot be read: {problem.strerror}") from None
    with open(handle, "rb") as file:
        yield file, _left(file)


def _left(file: BinaryIO) -> int:
    if not file.seekable():
        return 0
    here = file.tell()
    end = file.seek(0, os.SEEK_END)
    file.seek(here)
    return end - here
