"""Look up existing pools, volumes and formats once for all disks of a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.chains import Chains, warning
from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.support.frozen import Record
from virtprov.support.text import shell_word

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import PoolInfo, VolumeInfo


class DetectedImage(Record):
    """An image whose format was detected: its path, and the sub-option that would give another format, "" for none."""

    path: str
    format: str
    words: str


class Lookup:
    """Looks things up on one host; errors list what exists."""

    __slots__ = ("chains", "host", "told", "warnings")

    def __init__(self, host: HostView) -> None:
        self.host = host
        self.chains = Chains(host)
        self.warnings: list[str] = []
        self.told: list[DetectedImage] = []

    def volume(self, words: str) -> VolumeInfo:
        """Return the volume POOL/NAME; raises HostError if it does not exist, UsageError without a host."""
        pool, _, name = words.partition("/")
        self.pool(pool)
        volume = self.host.storage.volume(pool, name)
        if volume is None:
            raise HostError(
                f"pool '{pool}' has no volume '{name}'", hint=f"`virsh vol-list {shell_word(pool)}` lists its volumes"
            )
        return volume

    def pool(self, name: str) -> PoolInfo:
        """Return the pool with this name, which must be active; raises HostError, or UsageError without a host."""
        pool = self.host.storage.pool(name)
        if pool is None:
            _refuse_without_host(self.host, name)
            known = self.host.storage.pool_names()
            raise HostError(
                f"the host has no storage pool '{name}'",
                hint=nearest(name, known) or ("known pools: " + ", ".join(known) if known else "it has no pools"),
            )
        return running(pool)

    def pool_over(self, directory: str) -> PoolInfo | None:
        """Return the pool of a directory, which must be active; None if there is none."""
        found = self.host.storage.pool_at(directory)
        return None if found is None else running(found)

    def check_chain(self, path: str, said: str, fmt: str, option: str, words: str) -> None:
        """Check the chain below an image: raises UsageError for a loop, warns of files in unexpected places.

        `said` is the format given by the user with the sub-option `words` ("" if not given), `fmt` the detected one.
        """
        if (said or fmt) == "raw":
            return
        if not said:
            self.told.append(DetectedImage(path, fmt, words))
        fmt = said or fmt
        self.chains.check_end(path, option, fmt)
        sentence = warning(option, self.chains, path, fmt)
        if sentence and sentence not in self.warnings:
            self.warnings.append(sentence)

    def format_of(self, path: str, volume: VolumeInfo | None) -> str:
        """Return the format of an image from its first bytes, read here or through the host, otherwise from its pool.

        The pool's information is from its last refresh, the bytes are current.
        """
        from virtprov.support.file_access.image_header import HEAD, TOLD, probe, probe_bytes

        seen = None if self.host.is_remote else probe(path)
        if seen is None and volume is not None and not self.host.is_recorded and volume.type == "file":
            head = self.host.storage.volume_head(volume.pool, volume.name, HEAD)
            seen = probe_bytes(head) if head is not None else None
        known = volume.format if volume is not None else ""
        if seen is not None and (seen.format != "raw" or known in TOLD):
            return seen.format
        return "raw" if known in ("", "unknown", "iso", "none") else known


def _refuse_without_host(host: HostView, pool: str) -> None:
    """Raise UsageError if there is only a document, and nothing that could have the pool."""
    if host.is_offline:
        raise UsageError(
            f"--disk: storage pool '{pool}' can only be looked up on a host",
            hint="give --connect URI; or --check path_exists=off for a volume that is there",
        )


def running(pool: PoolInfo) -> PoolInfo:
    """Return the pool itself; raises HostError if it is not active."""
    if not pool.active:
        hint = f"start it with `virsh pool-start {shell_word(pool.name)}`"
        raise HostError(f"storage pool '{pool.name}' is not active", hint=hint)
    return pool
