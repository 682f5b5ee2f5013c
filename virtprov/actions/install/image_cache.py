"""The cached images of a host: what there is, who uses it, and what can be removed."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.path_users import PathUsers
from virtprov.guest.disks.new.volumes import FILE_POOLS
from virtprov.images import cache
from virtprov.support.errors import HostError, ProvError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtprov.host.connection import Host
    from virtprov.host.facts.info import VolumeInfo

BASE, DOWNLOAD = "base", "download"
BUSY = "another command is using it"


class Cached(Record):
    """A cached image: a base in a pool of the host, or files that were downloaded to this machine.

    kind      BASE or DOWNLOAD
    name      the name of the volume, or of the image of a download as far as it is known
    tag       the tag of the image
    pool, path  where it is; a download has no pool
    size      bytes that it takes on the disk
    capacity  the size of its disk in bytes; 0 for downloads
    user      who uses it, such as "used by guest 'web'"; "" for nobody
    note      what is noted about it on this machine
    """

    kind: str
    name: str
    tag: str
    pool: str
    path: str
    size: int
    capacity: int
    user: str
    note: cache.Note

    def as_json(self) -> dict[str, object]:
        """Return the JSON output for it."""
        facts: dict[str, object] = {key: value for key, value in self._asdict().items() if key not in ("tag", "note")}
        return {**facts, "label": self.note.label, "source": self.note.source, "checksum": self.note.checksum}


class Pruned(Record):
    """What was done with a cached image: whether it was removed, and why not."""

    image: Cached
    removed: bool
    why: str = ""


def find_cached(host: Host, is_busy: Callable[[str], bool] = cache.is_held) -> list[Cached]:
    """Return all bases in the active pools of a host, and all downloads of this machine.

    `is_busy` tells for a tag whether another command uses the image. Raises HostError.
    """
    bases = list(_list_bases(host))
    cached = list(_describe(host, bases, is_busy)) if bases else []
    for tag in cache.tags():
        if any(True for _ in cache.files_of(tag)):
            note, user = cache.read_note(tag), BUSY if is_busy(tag) else ""
            size, path = cache.size_of(tag), cache.folder_of(tag)
            cached.append(Cached(DOWNLOAD, note.label or tag, tag, "", path, size, 0, user, note))
    return cached


def _list_bases(host: Host) -> Iterator[tuple[str, VolumeInfo]]:
    """Yield all bases in active pools, each with its tag, also those that libvirt has not seen yet."""
    for pool in host.storage.pools():
        if not pool.active or pool.type not in FILE_POOLS:
            continue
        try:
            host.storage.refresh_pool(pool.name)
        except HostError:  # a volume is being created in it, or it has just been removed
            if host.storage.pool(pool.name) is None:
                continue
        for name in host.storage.volume_names(pool.name):
            match = re.fullmatch(cache.BASE_NAME, name)
            volume = host.storage.volume(pool.name, name) if match else None
            if match and volume is not None:
                yield match["tag"], volume


def _describe(host: Host, bases: list[tuple[str, VolumeInfo]], is_busy: Callable[[str], bool]) -> Iterator[Cached]:
    """Yield the bases with their users: guests, volumes in any active pool, other commands."""
    users = PathUsers(host, frozenset(), frozenset(), all_pools=True)
    for tag, volume in sorted(bases, key=lambda base: (base[1].pool, base[1].name)):
        found = users.find(volume.path)
        user = found.describe() if found is not None else BUSY if is_busy(tag) else ""
        yield Cached(
            BASE, volume.name, tag, volume.pool, volume.path, volume.allocation, volume.capacity, user,
            cache.read_note(tag),
        )  # fmt: skip


def prune(host: Host) -> list[Pruned]:
    """Remove what no guest, no volume and no other command uses; return what was done with each cached image.

    What is in pools that are not active, or on other hosts, is not touched. No command begins to use an image that is
    being removed. Raises HostError.
    """
    with ExitStack() as claims:
        tags = {tag for tag, _ in _list_bases(host)} | set(cache.tags())
        free = {tag: claims.enter_context(cache.claim(tag)) for tag in sorted(tags)}
        cached = find_cached(host, lambda tag: not free.get(tag, False))
        done = [_remove(host, image) for image in cached]
        kept = {result.image.tag for result in done if not result.removed}
        for tag in sorted(tags):
            if tag not in kept:
                cache.remove(tag)
            elif free[tag]:
                cache.remove_if_empty(tag)
    return done


def _remove(host: Host, image: Cached) -> Pruned:
    if image.user:
        return Pruned(image, False, image.user)
    try:
        if image.kind == BASE:
            host.storage.delete_volume(image.pool, image.name)
        else:
            cache.remove(image.tag)
    except ProvError as problem:
        if not host.is_alive:
            raise
        return Pruned(image, False, problem.message)
    return Pruned(image, True)
