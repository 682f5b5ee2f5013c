"""Where capabilities come from: libvirt's answer, or the recording of a host; each asked for once."""

from __future__ import annotations

from functools import cached_property

import libvirt

from virtprov.host.base import Link, Part
from virtprov.host.failures import asking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.host.facts.capabilities import Capabilities
    from virtprov.host.facts.domcaps import DomainCapabilities


class CapabilitySource(Part):
    """What a host can do, and what a guest on it may be made of."""

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._of_guests: dict[tuple[str | None, ...], DomainCapabilities | None] = {}

    @cached_property
    def _of_host(self) -> Capabilities:
        text = self._link.recording.capabilities() if self._link.recording else None
        if text is None:
            with asking(f"read the capabilities of {self._link.uri}"):
                text = str(self._conn.getCapabilities())
        from virtprov.host.facts.capabilities import Capabilities

        return Capabilities(text, f"the capabilities of {self._link.uri}")

    def of_host(self) -> Capabilities:
        """The host's capabilities; read once. Raises HostError."""
        return self._of_host

    def of_guest(
        self,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
        emulator: str | None = None,
    ) -> DomainCapabilities | None:
        """Return what guests of this kind can use; None for an argument means the driver's default.

        The result is None if the driver has no such call (test, LXC, VZ ...) or refuses the combination, for instance
        because the emulator is not installed. Read once for each combination. Raises HostError if the connection is
        lost.
        """
        from virtprov.host.facts.domcaps import DomainCapabilities

        question = (arch, machine, virt_type, emulator)
        if question not in self._of_guests:
            text = self._ask(arch, machine, virt_type, emulator)
            what = f"the domain capabilities of {self._link.uri}"
            self._of_guests[question] = DomainCapabilities(text, what) if text else None
        return self._of_guests[question]

    def _ask(self, arch: str | None, machine: str | None, virt_type: str | None, emulator: str | None) -> str | None:
        if self._link.recording:
            arch = arch or self.of_host().host_arch
            if machine:
                machine = self.of_host().canonical_machine(arch, machine)
            return self._link.recording.domain_capabilities(arch, machine, virt_type, emulator)
        try:
            return str(self._conn.getDomainCapabilities(emulator, arch, machine, virt_type, 0))
        except libvirt.libvirtError:
            if self._link.is_alive:
                return None
            with asking(f"read the domain capabilities of {self._link.uri}"):
                raise
