"""Turning a running guest's knobs: memory, processors, limits and notes, each by libvirt's own call for it.

libvirt keeps a running guest and its definition apart; these calls leave the definition alone. The names of limits
are libvirt's (virDomainSetBlockIoTune, virDomainSetInterfaceParameters and their like), as are their units.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import libvirt

from virtprov.host.failures import NotSupported, asking
from virtprov.host.inventory import Inventory
from virtprov.support.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Values = Mapping[str, int | str]

UNLIMITED = 9007199254740991
"""The KiB that mean no limit (VIR_DOMAIN_MEMORY_PARAM_UNLIMITED)."""

_NOTES = {"description": 0, "title": 1, "element": 2}
"""virDomainMetadataType."""


class Tuning(Inventory):
    """The calls that change a guest without touching a device. Each raises HostError, NotThere if it is missing."""

    def set_memory(self, key: str, kib: int) -> None:
        """How much memory, in KiB, the guest has of what it was started with; its balloon takes its time."""
        domain = self._domain(key)
        with asking(f"set the memory of the guest '{key}' to {kib} KiB"):
            domain.setMemoryFlags(kib, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def set_vcpus(self, key: str, count: int) -> None:
        """How many of its processors the guest has; no more than the maximum it was started with."""
        domain = self._domain(key)
        with asking(f"set the processors of the guest '{key}' to {count}"):
            domain.setVcpusFlags(count, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def set_note(self, key: str, kind: str, text: str | None, *, uri: str = "", prefix: str = "") -> None:
        """Write the guest's "title" or "description", or an "element" of its metadata; None takes it out.

        An element is XML; it is known by the `uri` of its namespace, for which `prefix` stands.
        """
        domain = self._domain(key)
        with asking(f"set the {'metadata' if kind == 'element' else kind} of the guest '{key}'"):
            domain.setMetadata(_NOTES[kind], text, prefix or None, uri or None, libvirt.VIR_DOMAIN_AFFECT_LIVE)

    # -- limits -----------------------------------------------------------------------------------------

    def set_disk_limits(self, key: str, disk: str, values: Values) -> None:
        """Limit a disk, known by its target ("vda"): total_bytes_sec, read_iops_sec ...; 0 is no limit."""
        self._tune(
            key,
            f"limit the disk {disk} of the guest '{key}'",
            lambda domain: domain.setBlockIoTune(disk, dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_bandwidth(self, key: str, interface: str, values: Values) -> None:
        """Limit a network interface, known by its MAC address or its name on the host.

        `values`: inbound.average, .peak (KiB/s), .burst (KiB), .floor, the same for outbound; an average of 0
        ends the limit.
        """
        self._tune(
            key,
            f"limit the interface {interface} of the guest '{key}'",
            lambda domain: domain.setInterfaceParameters(interface, dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_scheduling(self, key: str, values: Values) -> None:
        """Processor time: cpu_shares, vcpu_period and emulator_period (microseconds), vcpu_quota (-1: none) ..."""
        self._tune(
            key,
            f"set the processor time of the guest '{key}'",
            lambda domain: domain.setSchedulerParametersFlags(dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_memory_limits(self, key: str, values: Values) -> None:
        """What the guest may take of the host's memory: hard_limit, soft_limit, swap_hard_limit, in KiB."""
        self._tune(
            key,
            f"limit the memory of the guest '{key}'",
            lambda domain: domain.setMemoryParameters(dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def set_block_shares(self, key: str, values: Values) -> None:
        """The guest's share of the host's disks: weight, and for devices "/dev/sda,500,/dev/sdb,100":
        device_weight, device_read_bytes_sec ..."""
        self._tune(
            key,
            f"set the disk share of the guest '{key}'",
            lambda domain: domain.setBlkioParameters(dict(values), libvirt.VIR_DOMAIN_AFFECT_LIVE),
        )

    def _tune(self, key: str, what: str, call: Callable[[Any], object]) -> None:
        domain = self._domain(key)
        with asking(what), _values(what):
            call(domain)

    # -- pinning ----------------------------------------------------------------------------------------

    def pin_vcpu(self, key: str, number: int, cpus: str) -> None:
        """Let a processor of the guest run on these of the host ("0-3,^2") only; "" is on all of them."""
        domain = self._domain(key)
        with asking(f"pin the processor {number} of the guest '{key}'"):
            domain.pinVcpuFlags(number, self._cpu_map(cpus), libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def pin_emulator(self, key: str, cpus: str) -> None:
        """Let what runs the guest's devices run on these processors of the host only; "" is on all of them."""
        domain = self._domain(key)
        with asking(f"pin the emulator of the guest '{key}'"):
            domain.pinEmulator(self._cpu_map(cpus), libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def pin_iothread(self, key: str, number: int, cpus: str) -> None:
        """Let an I/O thread of the guest run on these processors of the host only; "" is on all of them."""
        domain = self._domain(key)
        with asking(f"pin the I/O thread {number} of the guest '{key}'"):
            domain.pinIOThread(number, self._cpu_map(cpus), libvirt.VIR_DOMAIN_AFFECT_LIVE)

    def _cpu_map(self, cpus: str) -> tuple[bool, ...]:
        count = int(self._conn.getCPUMap(0)[0])
        wanted = cpu_numbers(cpus) if cpus else set(range(count))
        if wanted and max(wanted) >= count:
            raise HostError(
                f"the host has no processor {max(wanted)}: it has {count}", hint="counting starts at 0"
            )
        return tuple(number in wanted for number in range(count))


def cpu_numbers(text: str) -> set[int]:
    """The numbers in a list of processors such as "0-3,^2,8"; raises HostError when it is none."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.removeprefix("^").partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise HostError(f"'{text}' is no list of processors", hint="write numbers and ranges, such as 0-3,^2,8")
        numbers = range(int(first), int(last or first) + 1)
        found = found.difference(numbers) if part.startswith("^") else found.union(numbers)
    return found


@contextmanager
def _values(what: str) -> Iterator[None]:
    """Values and names that the binding itself refuses, before libvirt sees them."""
    try:
        yield
    except LookupError as problem:
        raise NotSupported(
            f"cannot {what}: {problem.args[0] if problem.args else 'a name is not known'}",
            hint="this host's driver knows no such limit; another host may",
        ) from None
    except (OverflowError, TypeError, ValueError) as problem:
        raise HostError(f"cannot {what}: {problem}", hint="see which values the limit takes") from None
