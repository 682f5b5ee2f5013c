"""A guest while it runs: its devices, memory, processors and limits, its addresses, its agent, and its events.

libvirt keeps a running guest and its definition apart; these calls leave the definition alone. The names of limits
are libvirt's (virDomainSetBlockIoTune, virDomainSetInterfaceParameters and their like), as are their units.
"""

from __future__ import annotations

from typing import Any

import libvirt

from virtprov.host.base import Link, Part
from virtprov.host.daemon.calls import on
from virtprov.host.facts.info import Address
from virtprov.host.failures import asking
from virtprov.host.inventory.domains import Domains
from virtprov.host.running.tuning import check_values, cpu_numbers
from virtprov.support.errors import HostError
from virtprov.xml.tree import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from virtprov.host.daemon.events import EventSource, Watch
    from virtprov.host.running.console import ConsoleReader

    Values = Mapping[str, int | str]

SOURCES = ("lease", "agent", "arp")
"""The sources of addresses: the DHCP server of a virtual network, the guest agent, the host's ARP table."""

AGENT_SECONDS = 5
"""How many seconds the guest agent has to answer."""

_NOTES = {"description": 0, "title": 1, "element": 2}
"""virDomainMetadataType."""

_FAMILIES = {0: "ipv4", 1: "ipv6"}


class Running(Part):
    """Questions to running guests, and changes of them. Each raises HostError, NotThere when there is no such guest."""

    def __init__(self, link: Link, domains: Domains, *, has_events: bool, reopen: Callable[[], Any]) -> None:
        super().__init__(link)
        self._domains = domains
        self._has_events = has_events
        self._reopen = reopen
        self._events: EventSource | None = None

    # -- devices ----------------------------------------------------------------------------------------

    def attach_device(self, key: str, xml: str) -> None:
        """Add a device to the running guest; its definition stays as it is."""
        domain = self._domains.get(key)
        with asking(f"attach the {_describe(xml)} to the guest '{key}'"):
            domain.attachDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def update_device(self, key: str, xml: str) -> None:
        """Change a device of the running guest: the medium of a CD-ROM, a link's state, a graphics password ..."""
        domain = self._domains.get(key)
        with asking(f"update the {_describe(xml)} of the guest '{key}'"):
            domain.updateDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def detach_device(self, key: str, xml: str) -> None:
        """Detach a device from the running guest. The guest may need time, or refuse: see Watch.wait_device_gone."""
        domain = self._domains.get(key)
        with asking(f"detach the {_describe(xml)} from the guest '{key}'"):
            domain.detachDeviceFlags(xml, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    # -- memory, processors and notes ------------------------------------------------------------------

    def set_memory(self, key: str, kib: int) -> None:
        """Set the current memory of the guest in KiB, up to its maximum; the balloon needs some time."""
        domain = self._domains.get(key)
        with asking(f"set the memory of the guest '{key}' to {kib} KiB"):
            domain.setMemoryFlags(kib, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def set_vcpus(self, key: str, count: int) -> None:
        """Set the current number of processors of the guest, up to its maximum."""
        domain = self._domains.get(key)
        with asking(f"set the processors of the guest '{key}' to {count}"):
            domain.setVcpusFlags(count, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def set_note(self, key: str, kind: str, text: str | None, *, uri: str = "", prefix: str = "") -> None:
        """Write the guest's "title" or "description", or an "element" of its metadata; None removes it.

        An element is XML, identified by the `uri` of its namespace, for which `prefix` is used.
        """
        domain = self._domains.get(key)
        with asking(f"set the {'metadata' if kind == 'element' else kind} of the guest '{key}'"):
            domain.setMetadata(_NOTES[kind], text, prefix or None, uri or None, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    # -- limits -----------------------------------------------------------------------------------------

    def set_disk_limits(self, key: str, disk: str, values: Values) -> None:
        """Limit a disk, given by its target ("vda"): total_bytes_sec, read_iops_sec ...; 0 means no limit."""
        self._tune(
            key,
            f"limit the disk {disk} of the guest '{key}'",
            lambda domain: domain.setBlockIoTune(disk, dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_bandwidth(self, key: str, interface: str, values: Values) -> None:
        """Limit a network interface, given by its MAC address or its name on the host.

        `values`: inbound.average, .peak (KiB/s), .burst (KiB), .floor, the same for outbound; an average of 0 removes
        the limit.
        """
        self._tune(
            key,
            f"limit the interface {interface} of the guest '{key}'",
            lambda domain: domain.setInterfaceParameters(interface, dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_scheduling(self, key: str, values: Values) -> None:
        """Limit processor time.

        The names are cpu_shares, vcpu_period and emulator_period (in microseconds), vcpu_quota (-1: no limit) ...
        """
        self._tune(
            key,
            f"set the processor time of the guest '{key}'",
            lambda domain: domain.setSchedulerParametersFlags(dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_memory_limits(self, key: str, values: Values) -> None:
        """Limit the guest's use of host memory: hard_limit, soft_limit, swap_hard_limit, in KiB."""
        self._tune(
            key,
            f"limit the memory of the guest '{key}'",
            lambda domain: domain.setMemoryParameters(dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_block_shares(self, key: str, values: Values) -> None:
        """Set the guest's share of the host's disks.

        The names are weight, and with values such as "/dev/sda,500,/dev/sdb,100" device_weight, device_read_bytes_sec
        ...
        """
        self._tune(
            key,
            f"set the disk share of the guest '{key}'",
            lambda domain: domain.setBlkioParameters(dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def _tune(self, key: str, what: str, call: Callable[[Any], object]) -> None:
        domain = self._domains.get(key)
        with asking(what), check_values(what):
            call(domain)

    # -- pinning ----------------------------------------------------------------------------------------

    def pin_vcpu(self, key: str, number: int, cpus: str) -> None:
        """Pin a processor of the guest to these processors of the host ("0-3,^2"); "" means all of them."""
        domain = self._domains.get(key)
        with asking(f"pin the processor {number} of the guest '{key}'"):
            domain.pinVcpuFlags(number, self._cpu_map(cpus), libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def pin_emulator(self, key: str, cpus: str) -> None:
        """Pin the emulator of the guest to these processors of the host; "" means all of them."""
        domain = self._domains.get(key)
        with asking(f"pin the emulator of the guest '{key}'"):
            domain.pinEmulator(self._cpu_map(cpus), libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def pin_iothread(self, key: str, number: int, cpus: str) -> None:
        """Pin an I/O thread of the guest to these processors of the host; "" means all of them."""
        domain = self._domains.get(key)
        with asking(f"pin the I/O thread {number} of the guest '{key}'"):
            domain.pinIOThread(number, self._cpu_map(cpus), libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def _cpu_map(self, cpus: str) -> tuple[bool, ...]:
        count = int(self._conn.getCPUMap(0)[0])
        wanted = cpu_numbers(cpus) if cpus else set(range(count))
        if wanted and max(wanted) >= count:
            raise HostError(
                f"the host has no processor {max(wanted)}: it has {count}", hint="processors are counted from 0"
            )
        return tuple(number in wanted for number in range(count))

    # -- what it answers and what happens to it --------------------------------------------------------

    def interface_addresses(self, key: str, source: str = "lease") -> tuple[Address, ...]:
        """Return the guest's addresses from one of SOURCES; () if it knows none.

        Raises AgentSilent (source "agent", and the agent does not answer), NotNow (the guest is off).
        """
        number = getattr(libvirt, f"VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_{source.upper()}")
        domain = self._domains.get(key)
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
        """Send a JSON command to the guest's QEMU agent and return its JSON answer.

        Raises AgentSilent without an answer within AGENT_SECONDS, NotSupported if the driver has no agent, NotNow if
        the guest is off.
        """
        import libvirt_qemu

        domain = self._domains.get(key)
        with asking(f"talk to the agent of the guest '{key}'"):
            return str(on(domain, libvirt_qemu.qemuAgentCommand, domain, command, AGENT_SECONDS, 0))

    def console(self, key: str) -> ConsoleReader:
        """Read along on the guest's first console, for `with host.running.console("web") as console: ...`."""
        from virtprov.host.running.console import ConsoleReader

        source, domain = self._domain_with_events(key)
        return ConsoleReader(source.conn, domain)

    def watch(self, key: str) -> Watch:
        """Begin to collect what happens to a guest, for `with host.running.watch("web") as watch: ...`.

        Begin before the call whose effect is waited for, so that nothing is missed.
        """
        from virtprov.host.daemon.events import Watch

        source, domain = self._domain_with_events(key)
        return Watch(source, domain, str(domain.name()))

    def _domain_with_events(self, key: str) -> tuple[EventSource, Any]:
        """Return a guest as an object of the connection that delivers events, and that connection."""
        source, domain = self._event_source(), self._domains.get(key)
        if source.conn is not self._conn:
            with asking(f"watch the guest '{key}'"):
                domain = source.conn.lookupByUUIDString(domain.UUIDString())
        return source, domain

    def _event_source(self) -> EventSource:
        """Return this connection if it can deliver events, otherwise a second one to the same host; created once."""
        from virtprov.host.daemon.events import SOURCE_LOCK, EventSource, start_loop

        with SOURCE_LOCK:
            if self._events is None:
                start_loop()
                conn = self._conn if self._has_events else self._reopen()
                self._events = EventSource(conn, owned=conn is not self._conn)
            return self._events

    def close(self) -> None:
        """End the delivery of events."""
        if self._events:
            self._events.close()


def _describe(xml: str) -> str:
    return str(parse(xml, "the device's document").tag)
