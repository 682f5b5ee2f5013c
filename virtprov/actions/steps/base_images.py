"""Steps that bring a cloud image to a host, once, and create disks on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.run.artifacts.base_images import HEAD, Base, ImageFiles, new_part
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.steps.find_base import await_base
from virtprov.actions.steps.storage import filling, pool_in
from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.guest.disks.new.new_volumes import too_small
from virtprov.guest.disks.new.volumes import FILE_POOLS, NewVolume
from virtprov.host.failures import Taken
from virtprov.images import cache
from virtprov.support.errors import FetchError, HostError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.actions.run.trail import Entry
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import VolumeInfo
    from virtprov.images.fetching.fetch import Fetched
    from virtprov.images.image import ResolvedImage

    Again = Callable[[], ResolvedImage]

PATIENCE = 12 * 3600.0
"""Seconds to wait for another command that brings the same image."""
MODE = "0444"
_TRIES = 3
"""How often a base is put into its pool, if others put it there and remove it at the same time."""
_SECTOR = 512


class Obtained:
    """The base that a step has found or made, for the steps after it."""

    def __init__(self) -> None:
        self.volume: VolumeInfo | None = None


class ObtainBase(Record):
    """See that the base of an image is in its pool: it is there, or it is fetched, verified and put there.

    The base stays whatever happens to the guest: the next guest needs it. `again` looks the image up anew, for the case
    that the server has replaced it meanwhile.
    """

    image: ResolvedImage
    tag: str
    base: BaseVolume
    obtained: Obtained
    again: Callable[[], ResolvedImage]
    shows_itself = True

    @property
    def label(self) -> str:
        if self.base.capacity is not None:
            return f"Using the cached image {self.base.name}"
        from virtprov.support.notation.units import show_size

        size = f" ({show_size(self.image.size)})" if self.image.size else ""
        return f"Fetching the image {self.image.file_name or self.image.label}{size}"

    def do(self, context: RunContext) -> Undo | None:
        self.obtained.volume = self._obtain(context, self.image, self.tag, self.base, self.again)
        return None

    def _obtain(
        self, context: RunContext, image: ResolvedImage, tag: str, base: BaseVolume, again: Again | None
    ) -> VolumeInfo:
        from virtprov.support.user_files import lock

        cache.hold(tag)
        found = await_base(context, base)
        if found is not None:
            return found
        what = f"fetching {image.label}"
        with lock.take(
            f"image\n{tag}", what, context.say, context.gate.check, who="virtprov-install", patience=PATIENCE
        ):
            found = await_base(context, base)
            if found is not None:
                return found
            try:
                fetched = _fetch(context, image, tag)
            except FetchError:
                newer = _newer(context, image, again)
                if newer is None:
                    raise
                context.say(f"{image.file_name} has been replaced on the server; trying {newer.file_name}")
            else:
                cache.write_note(tag, image)
                return _place(context, fetched, tag, base)
        newer_tag = cache.tag_of(newer)
        name = cache.base_name(newer, newer_tag)
        other = base._replace(name=name, path=f"{os.path.dirname(base.path)}/{name}")
        return self._obtain(context, newer, newer_tag, other, None)


def _newer(context: RunContext, image: ResolvedImage, again: Again | None) -> ResolvedImage | None:
    """Return the image that has replaced one on the server; None if there is none.

    A mirror can replace an image and its checksum at different moments.
    """
    if again is None or image.path or image.digest is None:
        return None
    try:
        with context.gate.open():
            newer = again()
    except FetchError:
        return None
    if newer.digest == image.digest and newer.url == image.url:
        return None
    return newer


def _fetch(context: RunContext, image: ResolvedImage, tag: str) -> Fetched:
    """Download, verify and unpack an image; an interrupted download is kept for the next run."""
    from virtprov.images.fetching.disk_check import check_disk
    from virtprov.images.fetching.fetch import DISK, Fetched, fetch

    folder = cache.hold(tag)
    kept = os.path.join(folder, DISK)
    files = ImageFiles(tag, had=os.path.isfile(kept))
    with context.making(files) as entry:
        if files.had:
            return Fetched(kept, check_disk(kept, image.shown, image.disk_format), os.path.getsize(kept))
        verb = "Reading" if image.path else "Downloading"
        with context.gate.open(), context.progress.task(f"{verb} {image.file_name or image.label}") as task:

            def report(done: int, total: int) -> None:
                task.update(done, total)
                context.trail.beat()

            try:
                fetched = fetch(image, folder, report)
            except (FetchError, KeyboardInterrupt):
                _tell_of_part(context, tag, folder)
                raise
        entry.note_created()
    return fetched


def _tell_of_part(context: RunContext, tag: str, folder: str) -> None:
    """Tell the user that an interrupted download can continue."""
    if any(entry.name.endswith(".part") for entry in cache.files_of(tag)):
        context.say(f"what was downloaded is kept in {folder}; the same command continues the download")


# -- into the pool -------------------------------------------------------------------------------


def _place(context: RunContext, fetched: Fetched, tag: str, base: BaseVolume) -> VolumeInfo:
    """Put a verified image into the pool, unless another machine or another user has just done so."""
    for _ in range(_TRIES):
        try:
            return _put(context, fetched, tag, base)
        except Taken:
            with suppress(HostError):  # something is being created in it
                context.host.storage.refresh_pool(base.pool)
            found = await_base(context, base)
            if found is not None:
                return found
        if not os.path.exists(fetched.path):
            break
    return _require(None, base)


def _put(context: RunContext, fetched: Fetched, tag: str, base: BaseVolume) -> VolumeInfo:
    """Move the image into the pool if this machine can, otherwise upload it. Raises Taken if its base is there."""
    host = context.host
    is_here = _is_own_directory(host, base)
    artifact = Base(base.name, base.pool, base.path, tag=tag)
    if is_here:
        artifact = artifact._replace(part=new_part(base.path), mark=mark_of(fetched.path))
    with context.making(artifact) as entry:
        volume = _move(context, fetched, base, artifact.part) if is_here else None
        if volume is None:
            volume = _upload(context, fetched, base, entry, artifact)
        entry.note_created(artifact.as_made(host, volume))
    return volume


def _is_own_directory(host: Host, base: BaseVolume) -> bool:
    """Return whether the pool is a directory of this machine in which this user's files are as good as libvirt's."""
    directory = os.path.dirname(base.path)
    if host.is_remote or host.is_recorded or host.driver != "qemu" or not os.path.isdir(directory):
        return False
    return os.access(directory, os.W_OK | os.X_OK) and (host.is_session or os.geteuid() == 0)


def _move(context: RunContext, fetched: Fetched, base: BaseVolume, part: str) -> VolumeInfo | None:
    """Give the file its place in the pool at once; None if libvirt's directory is another one of the same name."""
    is_moved = False
    try:
        is_moved = _rename(fetched.path, part)
        if not is_moved:
            _copy_here(context, fetched.path, part, base)
        os.chmod(part, int(MODE, 8))
        _name(part, base)
    except BaseException as error:
        with suppress(OSError):
            if is_moved:
                os.rename(part, fetched.path)
            else:
                os.unlink(part)
        if isinstance(error, OSError):
            said = (error.strerror or str(error)).lower()
            raise HostError(f"cannot put the image into {base.path}: {said}") from None
        raise
    context.host.storage.refresh_pool(base.pool)
    volume = context.host.storage.volume(base.pool, base.name)
    if is_moved and volume is None:
        os.rename(base.path, fetched.path)
    elif not is_moved:
        os.unlink(base.path if volume is None else fetched.path)
    return volume


def _name(part: str, base: BaseVolume) -> None:
    """Give a complete file the name of the base. Raises Taken if there is one, which guests may use; OSError."""
    try:
        os.link(part, base.path)
    except FileExistsError:
        raise Taken(f"the base image {base.name} exists in pool '{base.pool}'") from None
    except OSError:  # a file system without links
        os.rename(part, base.path)
        return
    os.unlink(part)


def _rename(source: str, target: str) -> bool:
    """Rename a file; return False if its new directory is on another file system."""
    import errno

    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    return True


def _copy_here(context: RunContext, source: str, part: str, base: BaseVolume) -> None:
    from virtprov.support.file_access.copy import copy_image

    with context.progress.task(f"Copying {base.name} to pool '{base.pool}'") as task:
        context.tell = task.update
        copy_image(source, part, progress=context.advance)


def _upload(context: RunContext, fetched: Fetched, base: BaseVolume, entry: Entry, artifact: Base) -> VolumeInfo:
    """Upload the file; its first bytes come last, so that a base that can be read is complete.

    A user's libvirt on another machine cannot write files that are read-only.
    """
    host, storage = context.host, context.host.storage
    mode = "0644" if host.is_session else MODE
    empty = NewVolume(base.pool, base.name, base.path, "raw", fetched.length, 0)
    with context.progress.task(f"Uploading {base.name} to pool '{base.pool}'") as task:
        context.tell = task.update
        entry.note_created(artifact.as_made(host, storage.create_volume(base.pool, empty.xml(mode=mode))))
        with filling(context, entry, base.pool, base.name):
            with open(fetched.path, "rb") as file:
                head = file.read(HEAD)
            if fetched.length > HEAD:
                storage.upload_volume(
                    base.pool, base.name, fetched.path, sparse=True, start=HEAD, progress=context.advance
                )
            storage.upload_volume(base.pool, base.name, BytesIO(head))
            storage.refresh_pool(base.pool)
    return _require(storage.volume(base.pool, base.name), base)


def _require(volume: VolumeInfo | None, base: BaseVolume) -> VolumeInfo:
    if volume is None:
        raise HostError(f"the image {base.name} disappeared from pool '{base.pool}'", hint="run the command again")
    return volume


# -- the disk ------------------------------------------------------------------------------------


class MakeImageDisk(Record):
    """Create a disk on the base that an earlier step has obtained: an overlay, or a full copy."""

    volume: NewVolume
    obtained: Obtained
    option: str

    @property
    def label(self) -> str:
        what = "a copy of the image" if self.volume.base is not None and self.volume.base.copies else "on the image"
        return f"Creating volume {self.volume.name}, {what}"

    def do(self, context: RunContext) -> Undo | None:
        base = self.obtained.volume
        assert base is not None and self.volume.base is not None
        needs = -(-base.capacity // _SECTOR) * _SECTOR
        if self.option and self.volume.capacity < needs:
            raise too_small(self.option, needs)
        wanted = self.volume._replace(capacity=max(self.volume.capacity, needs))
        with pool_in(context, wanted) as pool:
            volume = Volume(wanted.name, wanted.pool, wanted.path)
            with context.making(volume) as entry:
                make = _copy if self.volume.base.copies else _lay_over
                info = make(context, pool, wanted, base)
                entry.note_created(volume.as_made(context.host, info))
        return context.undo(entry)


def _lay_over(context: RunContext, pool: str, wanted: NewVolume, base: VolumeInfo) -> VolumeInfo:
    overlay = wanted._replace(backing=base.path, backing_format=base.format or "raw")
    return context.host.storage.create_volume(pool, overlay.xml(), progress=context.advance_call)


def _copy(context: RunContext, pool: str, wanted: NewVolume, base: VolumeInfo) -> VolumeInfo:
    storage = context.host.storage
    known = storage.pool(pool)
    is_whole = bool(wanted.allocation) or (known is not None and known.type not in FILE_POOLS)
    copy = wanted._replace(allocation=wanted.capacity if is_whole else 0)
    info = storage.clone_volume(pool, copy.xml(), base.pool, base.name, progress=context.advance_call)
    if info.capacity >= wanted.capacity:
        return info
    try:
        storage.resize_volume(pool, wanted.name, wanted.capacity)
    except BaseException:
        storage.delete_volume(pool, wanted.name)
        raise
    return storage.volume(pool, wanted.name) or info
