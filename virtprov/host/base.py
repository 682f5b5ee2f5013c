"""An open connection: what host it is, and what libvirt says of itself."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import libvirt

from virtprov.host.failures import NotSupported, asking
from virtprov.host.uri import Uri, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.host.capabilities import Capabilities
    from virtprov.host.domcaps import DomainCapabilities
    from virtprov.host.events import EventSource
    from virtprov.host.recording import Recording

NEW_ENOUGH = 999_000_000
"""The version of a recorded host that does not say: newer than any that somebody asks for."""


class Link:
    """The connection itself; everything else a host offers is built on it."""

    def __init__(
        self,
        conn: Any,
        uri: str,
        recording: Recording | None = None,
        *,
        has_events: bool = False,
        reopen: Callable[[], Any] | None = None,
    ) -> None:
        self._conn = conn
        self._reopen = reopen or (lambda: conn)
        self._events: EventSource | None = None
        self._recording = recording
        self._has_events = has_events
        self._target: Uri = parse(uri)
        self._domain_capabilities: dict[tuple[str | None, ...], DomainCapabilities | None] = {}
        self._refreshed: set[str] = set()
        self._off: dict[str, Any] | None = None
        self._own_pools: set[str] = set()

    @property
    def uri(self) -> str:
        """What the host calls itself, e.g. "qemu:///system"; a recorded host answers the recorded URI."""
        return self._target.text

    @property
    def driver(self) -> str:
        """The driver in the URI: "qemu", "xen", "lxc", "vz", "bhyve", "test", "esx" ..."""
        return self._target.driver

    @property
    def is_remote(self) -> bool:
        """Whether the URI leads to another machine, where files of this one cannot be expected."""
        return self._target.is_remote

    @property
    def is_session(self) -> bool:
        """Whether guests belong to one user (qemu:///session) instead of the system."""
        return self._target.is_session

    @property
    def is_recorded(self) -> bool:
        """Whether the host is a recording: it answers, but nothing on it really runs."""
        return self._recording is not None

    @property
    def is_alive(self) -> bool:
        """Whether the connection still works, as far as libvirt has noticed."""
        try:
            return bool(self._conn.isAlive())
        except libvirt.libvirtError:
            return False

    def libvirt_version(self) -> int:
        """The libvirt on the host, as major * 1,000,000 + minor * 1,000 + release. Raises HostError."""
        if self._recording:
            return self._recording.libvirt_version or NEW_ENOUGH
        with asking("ask the host for its libvirt version"):
            return int(self._conn.getLibVersion())

    def hypervisor_version(self) -> int | None:
        """The hypervisor (QEMU ...) on the host, in the same form; None when the driver does not say."""
        if self._recording:
            return self._recording.hypervisor_version or NEW_ENOUGH
        try:
            with asking("ask the host for its hypervisor's version"):
                return int(self._conn.getVersion()) or None
        except NotSupported:
            return None

    @cached_property
    def _capabilities(self) -> Capabilities:
        text = self._recording.capabilities() if self._recording else None
        if text is None:
            with asking(f"read the capabilities of {self.uri}"):
                text = str(self._conn.getCapabilities())
        from virtprov.host.capabilities import Capabilities

        return Capabilities(text, f"the capabilities of {self.uri}")

    def capabilities(self) -> Capabilities:
        """What the host is and which guests it runs; asked for once. Raises HostError."""
        return self._capabilities

    def domain_capabilities(
        self,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
        emulator: str | None = None,
    ) -> DomainCapabilities | None:
        """What a guest of that kind may be made of; None for any part: the driver's default.

        None is the answer when the driver has no such call (test, LXC, VZ ...) or refuses the combination, for
        instance because the emulator is not on the host. Asked for once per combination.
        Raises HostError when the connection broke.
        """
        from virtprov.host.domcaps import DomainCapabilities

        question = (arch, machine, virt_type, emulator)
        if question not in self._domain_capabilities:
            text = self._ask_domain_capabilities(arch, machine, virt_type, emulator)
            what = f"the domain capabilities of {self.uri}"
            self._domain_capabilities[question] = DomainCapabilities(text, what) if text else None
        return self._domain_capabilities[question]

    def _ask_domain_capabilities(
        self, arch: str | None, machine: str | None, virt_type: str | None, emulator: str | None
    ) -> str | None:
        if self._recording:
            arch = arch or self.capabilities().host_arch
            if machine:
                machine = self.capabilities().canonical_machine(arch, machine)
            return self._recording.domain_capabilities(arch, machine, virt_type, emulator)
        try:
            return str(self._conn.getDomainCapabilities(emulator, arch, machine, virt_type, 0))
        except libvirt.libvirtError:
            if self.is_alive:
                return None
            with asking(f"read the domain capabilities of {self.uri}"):
                raise

    def default_bridge(self) -> str | None:
        """The host's bridge that carries its default route; None when there is none, or the host is remote."""
        if self._recording:
            return self._recording.default_bridge
        if self.is_remote:
            return None
        from virtprov.host.bridge import default_bridge

        return default_bridge()

    def close(self) -> None:
        """Let the connection go; the host answers nothing afterwards."""
        if self._events:
            self._events.close()
        with asking(f"close the connection to {self.uri}"):
            self._conn.close()
