"""What guests of one kind can use: libvirt's <domainCapabilities>, parsed on demand.

Names are those of libvirt (https://libvirt.org/formatdomaincaps.html). An older libvirt omits what it does not know;
therefore results distinguish "not supported" from "not reported".
"""

from __future__ import annotations

from functools import cached_property

from virtprov.support.frozen import Record
from virtprov.xml import path as places
from virtprov.xml.tree import Element, child, children, parse


class Loader(Record):
    """Firmware files that the host knows, and the possible attributes (enum values, () if not reported)."""

    supported: bool
    files: tuple[str, ...]
    types: tuple[str, ...]
    readonly: tuple[str, ...]
    secure: tuple[str, ...]


class HostModel(Record):
    """The CPU used for mode='host-model'; `features` are (policy, name) pairs in the host's order."""

    supported: bool
    model: str
    fallback: str
    vendor: str
    features: tuple[tuple[str, str], ...]


class CpuModel(Record):
    """A named CPU model; `usable` is "yes", "no" or "unknown", `blockers` the features the host lacks."""

    name: str
    usable: str
    vendor: str
    deprecated: bool
    canonical: str
    blockers: tuple[str, ...]


class Sev(Record):
    """AMD SEV: position of the C bit, lost address bits, number of guests (None if not reported)."""

    supported: bool
    cbitpos: int | None
    reduced_phys_bits: int | None
    max_guests: int | None
    max_es_guests: int | None


class DomainCapabilities:
    """One <domainCapabilities> document; `xml` is the text as it came."""

    def __init__(self, xml: str, what: str = "the host's domain capabilities") -> None:
        self.xml = xml
        self._what = what

    @cached_property
    def _root(self) -> Element:
        return parse(self.xml, self._what)

    @cached_property
    def emulator(self) -> str:
        """The emulator described by the document."""
        return places.text(self._root, "./path")

    @cached_property
    def virt_type(self) -> str:
        """The virtualization type described by the document: "kvm", "qemu" ..."""
        return places.text(self._root, "./domain")

    @cached_property
    def machine(self) -> str:
        """The canonical name of the machine type described by the document; "" if the driver has none."""
        return places.text(self._root, "./machine")

    def describes(self, machine: str) -> bool:
        """Return whether the document is about this machine type, in any version; a recorded host may lack it."""
        return not (machine and self.machine) or machine_family(self.machine) == machine_family(machine)

    @cached_property
    def arch(self) -> str:
        """The architecture described by the document."""
        return places.text(self._root, "./arch")

    @cached_property
    def max_vcpus(self) -> int | None:
        """The maximum number of virtual CPUs of this machine type, None if not reported."""
        return _number(places.text(self._root, "./vcpu/@max"))

    # -- generic questions ------------------------------------------------------------------------------

    def supports(self, path: str) -> bool | None:
        """Return @supported at "devices/tpm", "features/backup", "iothreads" ...; None if not reported."""
        is_supported = places.text(self._root, f"./{path}/@supported")
        return None if not is_supported else is_supported == "yes"

    def values(self, path: str, name: str) -> tuple[str, ...] | None:
        """Return the values of <enum name=...> at `path`; () if there are none to choose from, None if not reported."""
        node = self._root.find(path)
        return None if node is None else _enum(node, name)

    # -- firmware ---------------------------------------------------------------------------------------

    @cached_property
    def firmwares(self) -> tuple[str, ...]:
        """Return the possible values of <os firmware=...>: "bios", "efi"; () if libvirt cannot select firmware."""
        return self.values("os", "firmware") or ()

    @cached_property
    def loader(self) -> Loader:
        """The firmware files and their properties."""
        node = self._root.find("os/loader")
        if node is None:
            return Loader(False, (), (), (), ())
        files = tuple((value.text or "").strip() for value in children(node, "value"))
        kinds = [_enum(node, name) or () for name in ("type", "readonly", "secure")]
        return Loader(node.get("supported") == "yes", files, *kinds)

    # -- processors -------------------------------------------------------------------------------------

    def cpu_mode(self, mode: str) -> bool | None:
        """Return whether "host-passthrough", "host-model", "maximum" or "custom" is supported; None if not reported."""
        node = self._mode(mode)
        return None if node is None else node.get("supported") == "yes"

    @cached_property
    def says_migratable(self) -> bool:
        """Whether host-passthrough has a `migratable` choice (libvirt 6.5 with a QEMU that supports it)."""
        node = self._mode("host-passthrough")
        return node is not None and bool(_enum(node, "hostPassthroughMigratable"))

    @cached_property
    def host_model(self) -> HostModel:
        """The model, fallback policy, vendor and features behind mode='host-model'."""
        node = self._mode("host-model")
        if node is None:
            return HostModel(False, "", "", "", ())
        features = tuple((element.get("policy", ""), element.get("name", "")) for element in children(node, "feature"))
        return HostModel(
            node.get("supported") == "yes",
            places.text(node, "./model"),
            places.text(node, "./model/@fallback"),
            places.text(node, "./vendor"),
            features,
        )

    @cached_property
    def cpu_models(self) -> tuple[CpuModel, ...]:
        """Every named model, in the host's order."""
        node = self._mode("custom")
        if node is None:
            return ()
        blockers = {
            blocked.get("model", ""): tuple(element.get("name", "") for element in children(blocked, "feature"))
            for blocked in children(node, "blockers")
        }
        return tuple(_cpu_model(model, blockers) for model in children(node, "model"))

    def cpu_model(self, name: str) -> CpuModel | None:
        """The named model of that name, or None."""
        return next((model for model in self.cpu_models if model.name == name), None)

    def _mode(self, mode: str) -> Element | None:
        cpu = child(self._root, "cpu")
        modes = [] if cpu is None else children(cpu, "mode")
        return next((node for node in modes if node.get("name") == mode), None)

    # -- devices and memory -----------------------------------------------------------------------------

    def device(self, kind: str, name: str) -> tuple[str, ...] | None:
        """Return the values of a device's enum.

        Examples: device("disk", "bus"), device("graphics", "type"), device("video", "modelType"), device("tpm",
        "backendModel"), device("interface", "backendType"). () if the host has no such device or no choice, None if not
        reported.
        """
        if self.supports(f"devices/{kind}") is False:
            return ()
        return self.values(f"devices/{kind}", name)

    # -- features ---------------------------------------------------------------------------------------

    @cached_property
    def hyperv(self) -> tuple[str, ...] | None:
        """The Hyper-V enlightenments offered, in the host's order; None if not reported (libvirt before 8.0)."""
        return self.values("features/hyperv", "features")

    @cached_property
    def sev(self) -> Sev:
        """AMD SEV, with the values for a guest's <launchSecurity>."""
        names = ("cbitpos", "reducedPhysBits", "maxGuests", "maxESGuests")
        numbers = [_number(places.text(self._root, f"./features/sev/{name}")) for name in names]
        return Sev(self.supports("features/sev") is True, *numbers)


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _enum(node: Element, name: str) -> tuple[str, ...] | None:
    for enum in children(node, "enum"):
        if enum.get("name") == name:
            return tuple((value.text or "").strip() for value in children(enum, "value"))
    return None


def _cpu_model(node: Element, blockers: dict[str, tuple[str, ...]]) -> CpuModel:
    name = (node.text or "").strip()
    return CpuModel(
        name,
        node.get("usable", "unknown"),
        node.get("vendor", "unknown"),
        node.get("deprecated") == "yes",
        node.get("canonical") or name,
        blockers.get(name, ()),
    )


def machine_family(machine: str) -> str:
    """Return the machine type without its version: pc-q35-9.0 -> pc-q35; q35 and pc are aliases of the newest ones."""
    import re

    plain = {"q35": "pc-q35", "pc": "pc-i440fx"}.get(machine, machine)
    return re.sub(r"-[0-9][0-9a-z.]*$", "", plain)
