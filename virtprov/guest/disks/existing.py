"""Pools, volumes and formats that are there: looked up once for the disks of a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.chains import Chains, warning
from virtprov.support.errors import HostError, nearest
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.info import PoolInfo, VolumeInfo


class Told(Record):
    """An image whose format its own bytes tell, not the user: its path, and the words that would say another one."""

    path: str
    format: str
    words: str


class Lookup:
    """Asks one host; what is missing is said with what there is."""

    __slots__ = ("chains", "host", "told", "warnings")

    def __init__(self, host: HostView) -> None:
        self.host = host
        self.chains = Chains(host)
        self.warnings: list[str] = []
        self.told: list[Told] = []

    def volume(self, words: str) -> VolumeInfo:
        """The volume POOL/NAME; raises HostError when it is not there."""
        pool, _, name = words.partition("/")
        self.pool(pool)
        volume = self.host.storage.volume(pool, name)
        if volume is None:
            raise HostError(
                f"the pool '{pool}' has no volume '{name}'", hint=f"`virsh vol-list {pool}` lists what it has"
            )
        return volume

    def pool(self, name: str) -> PoolInfo:
        """The pool of that name, which must run; raises HostError."""
        pool = self.host.storage.pool(name)
        if pool is None:
            known = self.host.storage.pool_names()
            raise HostError(
                f"the host has no storage pool '{name}'",
                hint=nearest(name, known) or ("known pools: " + ", ".join(known) if known else "it has no pool at all"),
            )
        return running(pool)

    def pool_over(self, directory: str) -> PoolInfo | None:
        """The pool of a directory, which must run; None when there is none."""
        found = self.host.storage.pool_at(directory)
        return None if found is None else running(found)

    def check_chain(self, path: str, said: str, fmt: str, option: str, words: str) -> None:
        """Look at what the image at a path stands on: raises UsageError for a loop, warns of files from elsewhere.

        `said` is the format as the user gave it with `words` ("": not at all), `fmt` the one that the image tells.
        """
        if (said or fmt) == "raw":
            return
        if not said:
            self.told.append(Told(path, fmt, words))
        fmt = said or fmt
        self.chains.check_end(path, option, fmt)
        sentence = warning(option, self.chains, path, fmt)
        if sentence and sentence not in self.warnings:
            self.warnings.append(sentence)

    def format_of(self, path: str, volume: VolumeInfo | None) -> str:
        """An image's format by its first bytes, read here or through the host, else what its pool says.

        The pool has looked when it was refreshed; the bytes are of now. What they do not tell is left to it.
        """
        from virtprov.support.image import HEAD, TOLD, probe, probe_bytes

        seen = None if self.host.is_remote else probe(path)
        if seen is None and volume is not None and not self.host.is_recorded and volume.type == "file":
            head = self.host.storage.volume_head(volume.pool, volume.name, HEAD)
            seen = probe_bytes(head) if head is not None else None
        known = volume.format if volume is not None else ""
        if seen is not None and (seen.format != "raw" or known in TOLD):
            return seen.format
        return "raw" if known in ("", "unknown", "iso", "none") else known


def running(pool: PoolInfo) -> PoolInfo:
    """The pool itself; raises HostError when it is off."""
    if not pool.active:
        hint = f"start it with `virsh pool-start {pool.name}`"
        raise HostError(f"the storage pool '{pool.name}' is not active", hint=hint)
    return pool
