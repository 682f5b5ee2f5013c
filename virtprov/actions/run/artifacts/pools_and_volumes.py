"""Pools, volumes and secrets that a run creates, and temporary pools for directories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import BytesIO
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import (
    GONE,
    OTHERS,
    OURS,
    Artifact,
    Evidence,
    InUse,
    Standing,
    judge,
    mark_of,
)
from virtprov.actions.run.trail import Entry, note_alone
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.support.errors import HostError
from virtprov.support.text import shell_word
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import PoolInfo, VolumeInfo

Note = Callable[[Artifact], AbstractContextManager[Entry]]
"""Records what is created in a block: `RunContext.making`."""


class Pool(Artifact):
    """A new pool for the directory `path`; `volumes` is the number of volumes that already existed there."""

    kind = "pool"
    name: str
    uuid: str = ""
    path: str = ""
    volumes: int = 0
    passing: bool = False

    def describe(self) -> str:
        return f"storage pool '{self.name}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        pool = host.storage.pool(self.name)
        if pool is None:
            return Standing(GONE)
        return Standing(OURS) if pool.uuid == self.uuid else Standing(OTHERS, "another pool now has this name")

    def take_down(self, host: Host) -> None:
        if not self.passing and self._holds_more(host):  # of a passing pool only the name is ours
            raise InUse("it contains volumes of others")
        host.storage.remove_pool(self.name)

    def use(self, host: Host) -> None:
        """Let the host use this temporary pool for its directory, instead of another one, until it is removed."""
        pool = host.storage.pool(self.name)
        if pool is not None and pool.uuid == self.uuid:
            host.storage.adopt_pool(self.name)

    def _holds_more(self, host: Host) -> bool:
        """Return whether the pool contains more than it did at the beginning."""
        pool = host.storage.pool(self.name)
        if pool is None or not pool.active:
            return False
        try:
            host.storage.refresh_pool(self.name)
        except HostError:  # something is being made in it
            return True
        return len(host.storage.volume_names(self.name)) > self.volumes


class Volume(Artifact):
    """A new volume: in a pool, or, if `pool` is "", in the directory of `path`.

    `key` is libvirt's key, `mark` distinguishes its file from others of the same name.
    """

    kind = "volume"
    name: str
    pool: str = ""
    path: str = ""
    key: str = ""
    mark: str = ""
    passing: bool = False

    def describe(self) -> str:
        return f"volume {self.name} in pool '{self.pool}'" if self.pool else f"volume {self.path}"

    def as_made(self, host: Host, volume: VolumeInfo) -> Volume:
        """Return a copy with what the host reports about the new volume."""
        mark = "" if host.is_remote else mark_of(volume.path)
        return self._replace(name=volume.name, path=volume.path, key=volume.key, mark=mark)

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        volume = self.find(host)
        if volume is None:
            return Standing(GONE)
        user = evidence.user_of(volume.path)
        if user:
            return Standing(OTHERS, user)
        if evidence.made and self.key and volume.key != self.key:
            return Standing(OTHERS, "another volume now has this name")
        return judge(self.mark, "" if host.is_remote else mark_of(volume.path), evidence)

    def is_there(self, host: Host) -> bool:
        if not self.pool:
            return self.find(host) is not None
        return host.storage.volume(self.pool, self.name) is not None

    def find(self, host: Host) -> VolumeInfo | None:
        """Return the volume on the host; None if it does not exist. Raises HostError for an inactive pool."""
        directory, name = os.path.split(self.path)
        if not self.pool and not host.is_remote and os.path.isdir(directory) and not os.path.lexists(self.path):
            return None
        with ExitStack() as pools:
            known = host.storage.pool(self.pool) if self.pool else None
            if known is not None and not known.active:
                raise inactive(known)
            if known is None and not directory:
                return None
            pool = known.name if known is not None else pool_over(host, directory, pools)
            volume = host.storage.volume(pool, self.name or name)
            if volume is None:
                host.storage.refresh_pool(pool)
                volume = host.storage.volume(pool, self.name or name)
        return volume

    def take_down(self, host: Host) -> None:
        with ExitStack() as pools:
            host.storage.delete_volume(self.pool or pool_over(host, os.path.dirname(self.path), pools), self.name)


class Secret(Artifact):
    """A secret of the host with the password of the volume at the path `name`."""

    kind = "secret"
    name: str
    uuid: str = ""

    def describe(self) -> str:
        return f"secret of {self.name}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        return Standing(OURS if host.secrets.exists(self.uuid) else GONE)

    def take_down(self, host: Host) -> None:
        host.secrets.remove(self.uuid)


class DeletedSeed(Artifact):
    """A seed that the run has deleted; `data` is its content in base64."""

    kind = "deleted"
    name: str
    pool: str = ""
    data: str = ""

    @classmethod
    def of(cls, pool: str, name: str, content: bytes) -> DeletedSeed:
        """Return the artifact of a seed with this content."""
        from base64 import b64encode

        return cls(name, pool, b64encode(content).decode())

    def describe(self) -> str:
        return f"deletion of seed {self.name} in pool '{self.pool}'"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        """Return GONE if the seed exists again; OURS if it is missing, or empty because its upload was interrupted."""
        if host.storage.volume(self.pool, self.name) is None:
            return Standing(OURS)
        now = self._content(host)
        if now == self._data():
            return Standing(GONE)
        return Standing(OTHERS, "another volume now has this name") if any(now) else Standing(OURS)

    def take_down(self, host: Host) -> None:
        """Write the volume again."""
        data = self._data()
        if host.storage.volume(self.pool, self.name) is None:
            wanted = NewVolume(self.pool, self.name, "", "raw", len(data), len(data))
            host.storage.create_volume(self.pool, wanted.xml(mode="0600"))
        host.storage.upload_volume(self.pool, self.name, BytesIO(data))

    def _data(self) -> bytes:
        from base64 import b64decode

        return b64decode(self.data)

    def _content(self, host: Host) -> bytes:
        copied = BytesIO()
        host.storage.download_volume(self.pool, self.name, copied)
        return copied.getvalue()


# -- pools over directories ----------------------------------------------------------------------


@contextmanager
def passing_pool(host: Host, directory: str, note: Note | None = None, *, build: bool = False) -> Iterator[str]:
    """Create a pool for a directory while the block runs: only libvirt can create volumes with the right owner.

    `note` records the pool; without it, the pool has a recovery log of its own. With `build`, a missing directory is
    created; it stays.
    """
    from virtprov.guest.names import new_uuid

    uuid = new_uuid()
    pool = Pool(f"virtprov-{uuid[:8]}", uuid, directory, passing=True)
    with note(pool) if note is not None else note_alone(host, pool) as entry:
        host.storage.create_pool(pool_xml(pool.name, directory, uuid), build=build, autostart=False)
        try:
            yield pool.name
        finally:
            with entry.cleaning_up():
                host.storage.remove_pool(pool.name)
        entry.note_removed()


def pool_over(host: Host, directory: str, passing: ExitStack, note: Note | None = None) -> str:
    """Return the name of the pool of this directory, or of a temporary one, removed when `passing` ends.

    Raises HostError if its pool is not active.
    """
    pool = host.storage.pool_at(directory)
    if pool is None:
        return passing.enter_context(passing_pool(host, directory, note))
    if not pool.active:
        raise inactive(pool)
    return pool.name


def pool_xml(name: str, target: str, uuid: str = "") -> str:
    """Return the XML of a directory pool."""
    root = tree.element("pool", None, {"type": "dir"})
    tree.add(root, tree.element("name", name))
    if uuid:
        tree.add(root, tree.element("uuid", uuid))
    places.put(root, "./target/path", target)
    return tree.to_text(root)


def inactive(pool: PoolInfo) -> HostError:
    """Return the error for an inactive pool."""
    return HostError(
        f"storage pool '{pool.name}' for {pool.path} is not active",
        hint=f"start it with `virsh pool-start {shell_word(pool.name)}`",
    )
