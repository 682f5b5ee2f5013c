"""Where the data of a disk lies, as its element says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.frozen import Record
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.info import VolumeInfo

FILE, BLOCK, DIR, VOLUME, NETWORK = "file", "block", "dir", "volume", "network"
ATTRIBUTE = {FILE: "file", BLOCK: "dev", DIR: "dir"}
"""Kinds of sources on the host, and the attribute that holds the path."""


class DiskSource(Record):
    """One source: a path of the host (FILE, BLOCK, DIR), a volume of a pool (VOLUME), or a name on the network.

    `kind` is "" for a drive without a medium, and for what lies elsewhere (NVMe, vhost-user).
    """

    kind: str = ""
    path: str = ""
    pool: str = ""
    volume: str = ""
    name: str = ""

    @classmethod
    def of(cls, disk: Element) -> DiskSource:
        """The source of a `<disk>`."""
        source = tree.child(disk, "source")
        return cls() if source is None else cls.read(source)

    @classmethod
    def read(cls, source: Element) -> DiskSource:
        """The source that a `<source>` is."""
        for kind, attribute in ATTRIBUTE.items():
            if source.get(attribute):
                return cls(kind, path=source.get(attribute, ""))
        if source.get("volume"):
            return cls(VOLUME, pool=source.get("pool", ""), volume=source.get("volume", ""))
        return cls(NETWORK, name=source.get("name", "")) if source.get("protocol") else cls()

    @property
    def spelled(self) -> str:
        """The path, or POOL/VOLUME; "" for what is on the network or nowhere."""
        return self.path or (f"{self.pool}/{self.volume}" if self.pool and self.volume else "")

    @property
    def medium(self) -> str:
        """The path, or the volume without its pool; "" for what is on the network or nowhere."""
        return self.path or self.volume

    def volume_on(self, host: HostView, *, fresh: bool = True) -> VolumeInfo | None:
        """The volume that it is on a host; None when the host knows none. `fresh` as in `host.storage.volume_at`."""
        if self.path:
            return host.storage.volume_at(self.path, fresh=fresh)
        return host.storage.volume(self.pool, self.volume) if self.pool and self.volume else None

    def path_on(self, host: HostView) -> str:
        """The path at which the host has it (libvirt's own word for a volume); "" for what has none there."""
        if self.kind != VOLUME:
            return self.path
        volume = self.volume_on(host)
        return volume.path if volume is not None else ""
