"""Choose the platform before anything else: hypervisor, architecture, machine type, emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.capabilities import Capabilities, DomainType, GuestKind
    from virtprov.osinfo.profile import Profile

Q35_SINCE = 2_011_000
"""QEMU 2.11: the first release on which q35 is a good default."""


class PlatformRequest(Record):
    """What the user asked for; "" if not given."""

    os_type: str = ""
    arch: str = ""
    domain_type: str = ""
    machine: str = ""
    emulator: str = ""


class Platform(Record):
    """The chosen platform. `features` are those that the host supports, `slow` means emulated."""

    os_type: str
    arch: str
    domain_type: str
    machine: str
    emulator: str
    features: tuple[str, ...]
    loader: str = ""
    slow: bool = False


_SAME_ARCH = {"i386": "i686", "i486": "i686", "i586": "i686", "amd64": "x86_64", "arm64": "aarch64"}
_DRIVER_TYPES = ("kvm", "hvf", "qemu")


def choose(host: HostView, request: PlatformRequest, profile: Profile) -> Platform:
    """Choose the best platform that the host offers and the request allows.

    Raises HostError if the host cannot run such guests, or is a recording without capabilities, and UsageError for an
    unknown machine type.
    """
    known = host.capabilities.of_host()
    arch = _SAME_ARCH.get(request.arch, request.arch)
    if request.os_type == "linux" and host.driver == "xen":  # the name of Xen 3 for paravirtual guests
        request = request._replace(os_type="xen")
    kind = _pick_kind(known, request, arch)
    domain = _pick_domain(kind, request.domain_type)
    if domain.name == "test" and host.driver != "test":
        raise HostError(
            f"the recording of this {host.driver} host has no capabilities.xml, so its capabilities are unknown",
            hint="record the host again with `virtprov-install --record-host DIR`",
        )
    emulator = request.emulator or ("" if host.driver == "vz" or kind.os_type in ("xen", "xenpvh") else domain.emulator)
    machines = tuple(each.name for each in domain.machines)
    machine = request.machine or _default_machine(host, kind, domain, machines, profile)
    features = tuple(name for name in ("acpi", "apic", "pae") if kind.default(name))
    slow = domain.name == "qemu" and not request.domain_type and host.driver == "qemu"
    return Platform(kind.os_type, kind.arch, domain.name, machine, emulator, features, kind.loader, slow)


def _pick_kind(kinds: Capabilities, request: PlatformRequest, arch: str) -> GuestKind:
    fits = [
        kind
        for kind in kinds.guests
        if (not request.os_type or kind.os_type == request.os_type)
        and (not arch or kind.arch == arch)
        and (not request.domain_type or any(each.name == request.domain_type for each in kind.domain_types))
    ]
    if not fits:
        raise _no_kind(kinds, request, arch)
    if request.machine:
        fits = _with_machine(fits, request.machine)
    host_arch = kinds.host_arch

    def rank(kind: GuestKind) -> tuple[bool, bool]:  # Xen lists paravirtual guests first, as it prefers them
        fast = any(each.name in ("kvm", "hvf") for each in kind.domain_types)
        return (kind.arch != host_arch, not fast)

    return min(fits, key=rank)


def _with_machine(kinds: list[GuestKind], machine: str) -> list[GuestKind]:
    """Return the kinds of guests that have this machine type; raises UsageError if there are none."""
    listed = [(kind, {each.name for domain in kind.domain_types for each in domain.machines}) for kind in kinds]
    results = [kind for kind, names in listed if machine in names or not names]
    if results:
        return results
    known = sorted(set().union(*(names for _, names in listed)))
    raise UsageError(
        f"the host has no machine type '{machine}' for such guests",
        hint=nearest(machine, known) or "known machines: " + ", ".join(known[:12]),
    )


def _no_kind(kinds: Capabilities, request: PlatformRequest, arch: str) -> HostError:
    words = [
        f"{name} '{value}'"
        for name, value in (
            ("virtualization type", request.domain_type),
            ("architecture", arch),
            ("OS type", request.os_type),
        )
        if value
    ]
    offered = sorted(
        {f"{kind.arch} {kind.os_type} ({each.name})" for kind in kinds.guests for each in kind.domain_types}
    )
    what = " with ".join(words) or "any guests"
    return HostError(
        f"the host cannot run guests with {what}",
        hint="it offers: "
        + (", ".join(offered[:12]) if offered else "nothing; check that a hypervisor is installed there"),
    )


def _pick_domain(kind: GuestKind, wanted: str) -> DomainType:
    if wanted:
        return next(each for each in kind.domain_types if each.name == wanted)
    for name in _DRIVER_TYPES:
        for each in kind.domain_types:
            if each.name == name:
                return each
    return kind.domain_types[0]


def _default_machine(
    host: HostView, kind: GuestKind, domain: DomainType, machines: tuple[str, ...], profile: Profile
) -> str:
    if not machines or kind.os_type == "exe":
        return ""
    arch = kind.arch
    if arch in ("x86_64", "i686"):
        return _x86_machine(host, domain, machines, profile)
    if arch in ("armv7l", "aarch64"):
        return "virt" if "virt" in machines else "vexpress-a15"
    wanted = {"s390x": "s390-ccw-virtio", "loongarch64": "virt"}.get(arch, "")
    if arch.startswith("ppc64"):
        wanted = "pseries"
    elif arch.startswith("riscv"):
        wanted = "virt"
    if wanted in machines:
        return wanted
    return machines[0]


def _x86_machine(host: HostView, domain: DomainType, machines: tuple[str, ...], profile: Profile) -> str:
    is_qemu = domain.name in ("kvm", "qemu", "hvf")
    version = host.hypervisor_version()
    new_enough = version is None or version >= Q35_SINCE
    if is_qemu and "q35" in machines and new_enough and profile.q35_ready:
        return "q35"
    return machines[0]
