"""The source of a disk: where its XML says that its data is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.frozen import Record
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import VolumeInfo

FILE, BLOCK, DIR, VOLUME, NETWORK = "file", "block", "dir", "volume", "network"
ATTRIBUTE = {FILE: "file", BLOCK: "dev", DIR: "dir"}
"""Types of sources on the host, and the attribute with the path."""


class DiskSource(Record):
    """A source: a path of the host (FILE, BLOCK, DIR), a volume of a pool (VOLUME), or a network disk.

    `kind` is "" for a drive without a medium, and for other sources (NVMe, vhost-user).
    """

    kind: str = ""
    path: str = ""
    pool: str = ""
    volume: str = ""
    name: str = ""

    @classmethod
    def of(cls, disk: Element) -> DiskSource:
        """Return the source of a `<disk>`."""
        source = tree.child(disk, "source")
        return cls() if source is None else cls.read(source)

    @classmethod
    def read(cls, source: Element) -> DiskSource:
        """Return the source for a `<source>` element."""
        for kind, attribute in ATTRIBUTE.items():
            if source.get(attribute):
                return cls(kind, path=source.get(attribute, ""))
        if source.get("volume"):
            return cls(VOLUME, pool=source.get("pool", ""), volume=source.get("volume", ""))
        return cls(NETWORK, name=source.get("name", "")) if source.get("protocol") else cls()

    @property
    def location(self) -> str:
        """The path, or POOL/VOLUME; "" for network disks and empty drives."""
        return self.path or (f"{self.pool}/{self.volume}" if self.pool and self.volume else "")

    @property
    def medium(self) -> str:
        """The path, or the volume without its pool; "" for network disks and empty drives."""
        return self.path or self.volume

    def volume_on(self, host: HostView, *, fresh: bool = True) -> VolumeInfo | None:
        """The volume that it is on a host; None when the host knows none. `fresh` as in `host.storage.volume_at`."""
        if self.path:
            return host.storage.volume_at(self.path, fresh=fresh)
        return host.storage.volume(self.pool, self.volume) if self.pool and self.volume else None

    def path_on(self, host: HostView) -> str:
        """Return the path on the host (for a volume, as libvirt reports it); "" if there is none."""
        if self.kind != VOLUME:
            return self.path
        volume = self.volume_on(host)
        return volume.path if volume is not None else ""
