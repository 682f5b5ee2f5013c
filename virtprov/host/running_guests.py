"""A guest while it runs: its addresses, its agent, and waiting for what happens to it."""

from __future__ import annotations

import libvirt

from virtprov.host.calls import on
from virtprov.host.definitions import Definitions
from virtprov.host.failures import asking
from virtprov.host.info import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.host.console import ConsoleReader
    from virtprov.host.events import EventSource, Watch

SOURCES = ("lease", "agent", "arp")
"""Where addresses come from: the DHCP server of a virtual network, the guest's agent, the host's ARP table."""

AGENT_SECONDS = 5
"""How long the agent of a guest has to answer."""

_FAMILIES = {0: "ipv4", 1: "ipv6"}


class Running(Definitions):
    """Questions to running guests. Each raises HostError, NotThere when there is no such guest."""

    def interface_addresses(self, key: str, source: str = "lease") -> tuple[Address, ...]:
        """The guest's addresses as one of SOURCES knows them; () while it knows none.

        Raises AgentSilent (source "agent", and the agent does not answer), NotNow (the guest is off).
        """
        number = getattr(libvirt, f"VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_{source.upper()}")
        domain = self._domain(key)
        with asking(f"read the addresses of the guest '{key}'"):
            found = domain.interfaceAddresses(number, 0)
        return tuple(
            Address(
                name,
                facts.get("hwaddr") or "",
                _FAMILIES.get(address["type"], "ipv4"),
                address["addr"],
                int(address["prefix"]),
            )
            for name, facts in found.items()
            for address in facts.get("addrs") or ()
        )

    def agent(self, key: str, command: str) -> str:
        """Hand a JSON command to the guest's QEMU agent and return its JSON answer.

        Raises AgentSilent when nobody answers within AGENT_SECONDS, NotSupported where the driver has no
        agent, NotNow when the guest is off.
        """
        import libvirt_qemu

        domain = self._domain(key)
        with asking(f"talk to the agent of the guest '{key}'"):
            return str(on(domain, libvirt_qemu.qemuAgentCommand, domain, command, AGENT_SECONDS, 0))

    def console(self, key: str) -> ConsoleReader:
        """Read along on the guest's first console, for `with host.console("web") as console: ...`."""
        from virtprov.host.console import ConsoleReader

        domain = self._domain(key)
        return ConsoleReader(self._conn, domain, key)

    def watch(self, key: str) -> Watch:
        """Begin to collect what happens to a guest, for `with host.watch("web") as watch: ...`.

        Begin before the call whose effect is waited for, so that nothing is missed.
        """
        from virtprov.host.events import Watch

        source, domain = self._event_source(), self._domain(key)
        with asking(f"watch the guest '{key}'"):
            if source.conn is not self._conn:
                domain = source.conn.lookupByUUIDString(domain.UUIDString())
            return Watch(source, domain, str(domain.name()))

    def _event_source(self) -> EventSource:
        """This connection when it can deliver events, else a second one to the same host; made once."""
        from virtprov.host.events import SOURCE_LOCK, EventSource, start_loop

        with SOURCE_LOCK:
            if self._events is None:
                start_loop()
                conn = self._conn if self._has_events else self._reopen()
                self._events = EventSource(conn, owned=conn is not self._conn)
            return self._events
