"""The connection that every part of a host asks."""

from __future__ import annotations

from typing import Any

import libvirt

from virtprov.host.uri import Uri, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.host.recording import Recording


class Link:
    """An open connection: libvirt's own, where it leads, and the recording that answers in its place, if any."""

    def __init__(self, conn: Any, uri: str, recording: Recording | None = None) -> None:
        self.conn = conn
        self.target: Uri = parse(uri)
        self.recording = recording

    @property
    def uri(self) -> str:
        """What the host calls itself, e.g. "qemu:///system"; a recorded host answers the recorded URI."""
        return self.target.text

    @property
    def is_alive(self) -> bool:
        """Whether the connection still works, as far as libvirt has noticed."""
        try:
            return bool(self.conn.isAlive())
        except libvirt.libvirtError:
            return False


class Part:
    """A part of a host: it knows the connection, not the host, so that a host that is dropped is let go at once."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def _conn(self) -> Any:
        return self._link.conn
