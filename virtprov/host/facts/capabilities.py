"""The host's properties and the guests it can run: libvirt's <capabilities>, parsed on demand.

Names are those of libvirt (https://libvirt.org/formatcaps.html). The text is parsed when first used, and each part
once, because a run only uses a few of them.
"""

from __future__ import annotations

from functools import cached_property

from virtprov.support.frozen import Record
from virtprov.xml import path
from virtprov.xml.tree import Element, child, children, parse, to_text


class Machine(Record):
    """A machine type; `canonical` is the current meaning of an alias such as "q35", otherwise the name itself."""

    name: str
    canonical: str
    max_vcpus: int | None
    deprecated: bool


class HostCpu(Record):
    """The host's processor; `xml` is the whole <cpu> element, for baselines."""

    arch: str
    model: str
    vendor: str
    features: tuple[str, ...]
    sockets: int
    dies: int
    cores: int
    threads: int
    xml: str


class SecurityModel(Record):
    """A way the host confines guests (selinux, dac, apparmor) and its base label per virtualization type."""

    model: str
    doi: str
    labels: tuple[tuple[str, str], ...]


class DomainType(Record):
    """One virtualization type (kvm, qemu, xen, lxc ...) of a guest kind, its emulator and machines."""

    name: str
    emulator: str
    machines: tuple[Machine, ...]

    def machine(self, name: str) -> Machine | None:
        """The machine of that name, alias or canonical, or None."""
        return next((machine for machine in self.machines if machine.name == name), None)

    def canonical(self, name: str) -> str:
        """Return the canonical machine name ("q35" -> "pc-q35-9.0"); unknown names are returned unchanged."""
        machine = self.machine(name)
        return machine.canonical if machine else name


class GuestKind:
    """One <guest>: an OS type ("hvm", "xen", "exe" ...) on one architecture."""

    def __init__(self, node: Element) -> None:
        self._node = node
        self.os_type = path.text(node, "./os_type")
        self.arch = path.text(node, "./arch/@name")

    @cached_property
    def loader(self) -> str:
        """The default loader (Xen's hvmloader), or ""."""
        return path.text(self._node, "./arch/loader")

    @cached_property
    def domain_types(self) -> tuple[DomainType, ...]:
        """The virtualization types in the host's order; missing values are those of the architecture."""
        arch = child(self._node, "arch")
        if arch is None:
            return ()
        emulator, machines = path.text(arch, "./emulator"), _machines(arch)
        return tuple(
            DomainType(kid.get("type", ""), path.text(kid, "./emulator") or emulator, _machines(kid) or machines)
            for kid in children(arch, "domain")
        )

    def domain_type(self, name: str) -> DomainType | None:
        """The virtualization type of that name, or None."""
        return next((kind for kind in self.domain_types if kind.name == name), None)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Names below <features>: "acpi", "apic", "pae", "nonpae", "cpuselection" ..."""
        node = child(self._node, "features")
        return () if node is None else tuple(str(kid.tag) for kid in children(node))

    def default(self, feature: str) -> bool:
        """Return whether a feature such as "acpi" exists and is on by default for a new guest."""
        state = path.text(self._node, f"./features/{feature}/@default") or "on"
        return feature in self.features and state == "on"


class Capabilities:
    """The host's <capabilities> document; `xml` is the text as it came."""

    def __init__(self, xml: str, what: str = "the host's capabilities") -> None:
        self.xml = xml
        self._what = what

    @cached_property
    def _root(self) -> Element:
        return parse(self.xml, self._what)

    @cached_property
    def memory_kib(self) -> int:
        """The host's memory in KiB, the sum of its NUMA nodes; 0 if it is not reported."""
        found = self._root.findall("host/topology/cells/cell/memory")
        return sum(_number((node.text or "").strip()) or 0 for node in found if node.get("unit", "KiB") == "KiB")

    @cached_property
    def numa_nodes(self) -> frozenset[int]:
        """The numbers of the host's NUMA nodes; empty if they are not reported."""
        return frozenset(self._numbers("host/topology/cells/cell"))

    @cached_property
    def cpu_numbers(self) -> frozenset[int]:
        """The numbers of the host's processors that are online; empty if they are not reported."""
        return frozenset(self._numbers("host/topology/cells/cell/cpus/cpu"))

    def _numbers(self, where: str) -> list[int]:
        numbers = [_number(node.get("id")) for node in self._root.findall(where)]
        return [number for number in numbers if number is not None]

    @cached_property
    def host_arch(self) -> str:
        """The host's own architecture, e.g. "x86_64"."""
        return path.text(self._root, "./host/cpu/arch")

    @cached_property
    def host_cpu(self) -> HostCpu:
        """The CPU as reported by libvirt; parts that the driver does not report are empty."""
        node = self._root.find("host/cpu")
        if node is None:
            return HostCpu("", "", "", (), 1, 1, 1, 1, "")
        sockets, dies, cores, threads = (
            _number(path.text(node, f"./topology/@{part}")) or 1 for part in ("sockets", "dies", "cores", "threads")
        )
        features = tuple(feature.get("name", "") for feature in children(node, "feature"))
        model, vendor = path.text(node, "./model"), path.text(node, "./vendor")
        return HostCpu(self.host_arch, model, vendor, features, sockets, dies, cores, threads, to_text(node))

    @cached_property
    def security_models(self) -> tuple[SecurityModel, ...]:
        """The security drivers, the primary one first."""
        return tuple(
            SecurityModel(
                path.text(node, "./model"),
                path.text(node, "./doi"),
                tuple((label.get("type", ""), label.text or "") for label in children(node, "baselabel")),
            )
            for node in self._root.findall("host/secmodel")
        )

    @cached_property
    def guests(self) -> tuple[GuestKind, ...]:
        """Every guest kind, in the host's order."""
        return tuple(GuestKind(node) for node in children(self._root, "guest"))

    def guest_kinds(self, arch: str) -> tuple[GuestKind, ...]:
        """The guest kinds of an architecture, in the host's order."""
        return tuple(kind for kind in self.guests if kind.arch == arch)

    def canonical_machine(self, arch: str, machine: str) -> str:
        """Return the canonical name of `machine` on `arch`, from any virtualization type; otherwise the name itself."""
        for kind in self.guest_kinds(arch):
            for domain in kind.domain_types:
                found = domain.machine(machine)
                if found:
                    return found.canonical
        return machine


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _machines(node: Element) -> tuple[Machine, ...]:
    return tuple(
        Machine(
            (machine.text or "").strip(),
            machine.get("canonical") or (machine.text or "").strip(),
            _number(machine.get("maxCpus")),
            machine.get("deprecated") == "yes",
        )
        for machine in children(node, "machine")
    )
