"""`connect`: open a connection to a host by its URI."""

from __future__ import annotations

import os
from typing import Any

import libvirt

from virtprov.host.base import Link
from virtprov.host.capability_source import CapabilitySource
from virtprov.host.daemon.opening import open_connection, silence
from virtprov.host.failures import NotSupported, asking
from virtprov.host.inventory.domains import Domains
from virtprov.host.inventory.guests import Guests
from virtprov.host.inventory.networks import Networks
from virtprov.host.inventory.node_devices import NodeDevices
from virtprov.host.inventory.secrets import Secrets
from virtprov.host.inventory.storage import Storage
from virtprov.host.running.running_guests import Running
from virtprov.host.uri import recorded_folder
from virtprov.support.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from virtprov.host.daemon.opening import Ask
    from virtprov.host.recording import Recording


NEW_ENOUGH = 999_000_000
"""The version of a recorded host without one: newer than any version that the code asks for."""


class Host:
    """A host, made by `connect`: the connection, and what is on the host in parts, each a class of its own."""

    def __init__(
        self,
        conn: Any,
        uri: str,
        recording: Recording | None = None,
        *,
        has_events: bool = False,
        reopen: Callable[[], Any] | None = None,
    ) -> None:
        """`has_events`: whether `conn` can deliver events; else `reopen` opens another connection for them."""
        self._link = link = Link(conn, uri, recording)
        domains = Domains(link)
        self.guests = Guests(link, domains)
        self.running = Running(link, domains, has_events=has_events, reopen=reopen or (lambda: conn))
        self.storage = Storage(link)
        self.secrets = Secrets(link)
        self.networks = Networks(link)
        self.devices = NodeDevices(link)
        self.capabilities = CapabilitySource(link)

    @property
    def uri(self) -> str:
        """The URI as the host reports it, e.g. "qemu:///system"; for a recorded host the recorded URI."""
        return self._link.uri

    @property
    def driver(self) -> str:
        """The driver in the URI: "qemu", "xen", "lxc", "vz", "bhyve", "test", "esx" ..."""
        return self._link.target.driver

    @property
    def is_remote(self) -> bool:
        """Whether the URI is that of another machine, which does not have the files of this one."""
        return self._link.target.is_remote

    @property
    def machine(self) -> str:
        """The name or address of the other machine in the URI; "" for a host on this one."""
        return self._link.target.host if self.is_remote else ""

    @property
    def ssh_jump(self) -> str:
        """How ssh's `-J` names the other machine; "" if it is not reached by ssh, or not without settings."""
        return self._link.target.ssh_jump

    @property
    def is_session(self) -> bool:
        """Whether guests belong to one user (qemu:///session) instead of the system."""
        return self._link.target.is_session

    is_offline = False
    """Whether there is only a document, see `guest.offline.Offline`."""

    @property
    def is_recorded(self) -> bool:
        """Whether the host is a recording: it answers questions, but its guests do not run."""
        return self._link.recording is not None

    @property
    def is_alive(self) -> bool:
        """Whether the connection still works, as far as libvirt knows."""
        return self._link.is_alive

    def libvirt_version(self) -> int:
        """The libvirt version of the host, as major * 1,000,000 + minor * 1,000 + release. Raises HostError."""
        if self._link.recording:
            return self._link.recording.libvirt_version or NEW_ENOUGH
        with asking("ask the host for its libvirt version"):
            return int(self._link.conn.getLibVersion())

    def hypervisor_version(self) -> int | None:
        """The version of the hypervisor (QEMU ...) in the same form; None if the driver does not report it."""
        if self._link.recording:
            return self._link.recording.hypervisor_version or NEW_ENOUGH
        try:
            with asking("ask the host for its hypervisor's version"):
                return int(self._link.conn.getVersion()) or None
        except NotSupported:
            return None

    def close(self) -> None:
        """Close the connection; the host cannot be used afterwards."""
        self.running.close()
        with asking(f"close the connection to {self.uri}"):
            self._link.conn.close()

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except HostError:
            if error is None:
                raise


def connect(uri: str | None = None, *, events: bool = False, ask: Ask | None = None, read_only: bool = False) -> Host:
    """Connect to the host at `uri`.

    None or "" selects libvirt's default: $LIBVIRT_DEFAULT_URI, then `uri_default` in its client configuration, then
    libvirt's own choice (qemu:///system for root, qemu:///session for other users if QEMU is available, otherwise xen,
    lxc ...). `recorded:///DIR` opens a recorded host. With `events`, the connection can deliver events of a remote host
    without a second one; use it if the run will wait for a guest. `ask(prompt, secret)` is called if the host requires
    a user name or password; None as its result gives up. A `read_only` connection is open to more
    users, and cannot change the host.

    Raises HostError for an unknown driver, a host that does not answer or refuses access, and an invalid URI.
    """
    libvirt.registerErrorHandler(silence, None)
    uri = uri or os.environ.get("LIBVIRT_DEFAULT_URI") or None
    folder = recorded_folder(uri) if uri else None
    if folder is not None:
        from virtprov.host.recording import open_inventory, read_recording

        recording = read_recording(folder)
        return Host(open_inventory(recording), recording.uri, recording, has_events=True)
    conn = open_connection(uri, ask, read_only=read_only)
    return Host(conn, str(conn.getURI()), has_events=True, reopen=lambda: open_connection(uri, ask))
