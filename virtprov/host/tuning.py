"""Turning a guest's knobs: memory, processors, limits and notes, each by libvirt's own call for it.

libvirt keeps a running guest and its definition apart; `live` means the one, `config` the other. The names of limits
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

    def set_memory(self, key: str, kib: int, *, live: bool = True, config: bool = False) -> None:
        """How much memory, in KiB, the guest has of what it was started with; its balloon takes its time."""
        domain = self._domain(key)
        with asking(f"set the memory of the guest '{key}' to {kib} KiB"):
            domain.setMemoryFlags(kib, affect(live, config))

    def set_vcpus(self, key: str, count: int, *, live: bool = True, config: bool = False) -> None:
        """How many of its processors the guest has; no more than the maximum it was started with."""
        domain = self._domain(key)
        with asking(f"set the processors of the guest '{key}' to {count}"):
            domain.setVcpusFlags(count, affect(live, config))

    def set_note(
        self,
        key: str,
        kind: str,
        text: str | None,
        *,
        uri: str = "",
        prefix: str = "",
        live: bool = True,
        config: bool = False,
    ) -> None:
        """Write the guest's "title" or "description", or an "element" of its metadata; None takes it out.

        An element is XML; it is known by the `uri` of its namespace, for which `prefix` stands.
        """
        domain = self._domain(key)
        with asking(f"set the {'metadata' if kind == 'element' else kind} of the guest '{key}'"):
            domain.setMetadata(_NOTES[kind], text, prefix or None, uri or None, affect(live, config))

    # -- limits -----------------------------------------------------------------------------------------

    def set_disk_limits(
        self, key: str, disk: str, values: Values, *, live: bool = True, config: bool = False
    ) -> None:
        """Limit a disk, known by its target ("vda"): total_bytes_sec, read_iops_sec ...; 0 is no limit."""
        self._tune(
            key,
            f"limit the disk {disk} of the guest '{key}'",
            lambda domain, flags: domain.setBlockIoTune(disk, dict(values), flags),
            affect(live, config),
        )

    def set_bandwidth(
        self, key: str, interface: str, values: Values, *, live: bool = True, config: bool = False
    ) -> None:
        """Limit a network interface, known by its MAC address or its name on the host.

        `values`: inbound.average, .peak (KiB/s), .burst (KiB), .floor, the same for outbound; an average of 0
        ends the limit.
        """
        self._tune(
            key,
            f"limit the interface {interface} of the guest '{key}'",
            lambda domain, flags: domain.setInterfaceParameters(interface, dict(values), flags),
            affect(live, config),
        )

    def set_scheduling(self, key: str, values: Values, *, live: bool = True, config: bool = False) -> None:
        """Processor time: cpu_shares, vcpu_period and emulator_period (microseconds), vcpu_quota (-1: none) ..."""
        self._tune(
            key,
            f"set the processor time of the guest '{key}'",
            lambda domain, flags: domain.setSchedulerParametersFlags(dict(values), flags),
            affect(live, config),
        )

    def set_memory_limits(self, key: str, values: Values, *, live: bool = True, config: bool = False) -> None:
        """What the guest may take of the host's memory: hard_limit, soft_limit, swap_hard_limit, in KiB."""
        self._tune(
            key,
            f"limit the memory of the guest '{key}'",
            lambda domain, flags: domain.setMemoryParameters(dict(values), flags),
            affect(live, config),
        )

    def set_block_shares(self, key: str, values: Values, *, live: bool = True, config: bool = False) -> None:
        """The guest's share of the host's disks: weight, and for devices "/dev/sda,500,/dev/sdb,100":
        device_weight, device_read_bytes_sec ..."""
        self._tune(
            key,
            f"set the disk share of the guest '{key}'",
            lambda domain, flags: domain.setBlkioParameters(dict(values), flags),
            affect(live, config),
        )

    def _tune(self, key: str, what: str, call: Callable[[Any, int], object], flags: int) -> None:
        domain = self._domain(key)
        # The binding first asks which limits there are, and libvirt answers for one side only.
        sides = [side for side in (libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG) if flags & side]
        with asking(what), _values(what):
            for side in sides or [flags]:
                call(domain, int(side))

    # -- pinning ----------------------------------------------------------------------------------------

    def pin_vcpu(self, key: str, number: int, cpus: str, *, live: bool = True, config: bool = False) -> None:
        """Let a processor of the guest run on these of the host ("0-3,^2") only; "" is on all of them."""
        domain = self._domain(key)
        with asking(f"pin the processor {number} of the guest '{key}'"):
            domain.pinVcpuFlags(number, self._cpu_map(cpus), affect(live, config))

    def pin_emulator(self, key: str, cpus: str, *, live: bool = True, config: bool = False) -> None:
        """Let what runs the guest's devices run on these processors of the host only; "" is on all of them."""
        domain = self._domain(key)
        with asking(f"pin the emulator of the guest '{key}'"):
            domain.pinEmulator(self._cpu_map(cpus), affect(live, config))

    def pin_iothread(self, key: str, number: int, cpus: str, *, live: bool = True, config: bool = False) -> None:
        """Let an I/O thread of the guest run on these processors of the host only; "" is on all of them."""
        domain = self._domain(key)
        with asking(f"pin the I/O thread {number} of the guest '{key}'"):
            domain.pinIOThread(number, self._cpu_map(cpus), affect(live, config))

    def _cpu_map(self, cpus: str) -> tuple[bool, ...]:
        count = int(self._conn.getCPUMap(0)[0])
        wanted = cpu_numbers(cpus) if cpus else set(range(count))
        if wanted and max(wanted) >= count:
            raise HostError(
                f"the host has no processor {max(wanted)}: it has {count}", hint="counting starts at 0"
            )
        return tuple(number in wanted for number in range(count))


def affect(live: bool, config: bool) -> int:
    """libvirt's flags for what a call changes."""
    flags = libvirt.VIR_DOMAIN_AFFECT_LIVE if live else 0
    return int(flags | (libvirt.VIR_DOMAIN_AFFECT_CONFIG if config else 0))


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
