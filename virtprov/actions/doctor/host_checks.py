"""Checks that the host answers: hypervisor, networks, storage, firmware, devices."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.doctor.finding import (
    LIMITED,
    MISSING,
    OK,
    UNKNOWN,
    Finding,
    HostCheck,
    find_program,
    install,
    run,
    user_here,
)
from virtprov.guest.disks.checks.reachable import barriers_to
from virtprov.guest.disks.new.volumes import images_directory
from virtprov.support import programs
from virtprov.support.notation.units import GIB, show_size

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.facts.domcaps import DomainCapabilities
    from virtprov.host.facts.info import PoolInfo

DEFAULT = "default"
_LITTLE = 10 * GIB
"""Less free space than this may be too little for one small guest."""
_FEW = 5
"""Up to this many other networks and pools are named."""
_KVM = "/dev/kvm"
_SILENT = "the host does not say"
_QEMU = {
    "x86_64": ("qemu-system-x86", "qemu-kvm"),
    "i686": ("qemu-system-x86", "qemu-kvm"),
    "aarch64": ("qemu-system-arm", "qemu-kvm"),
    "armv7l": ("qemu-system-arm", "qemu-system-arm"),
    "ppc64le": ("qemu-system-ppc", "qemu-kvm"),
    "s390x": ("qemu-system", "qemu-kvm"),
    "riscv64": ("qemu-system", "qemu-system-riscv"),
}
"""The packages of QEMU by the architecture of the host: Debian, Fedora."""
_FIRMWARE = {
    "x86_64": ("ovmf", "edk2-ovmf"),
    "aarch64": ("qemu-efi-aarch64", "edk2-aarch64"),
    "riscv64": ("qemu-efi-riscv64", "edk2-riscv64"),
}
_MACHINES = {"x86_64": "q35", "aarch64": "virt", "riscv64": "virt"}
_VIRTIOFSD = ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd", "/usr/lib/virtiofsd")


def is_here(host: Host) -> bool:
    """Return whether the files and programs that the host uses are those of this machine."""
    return not (host.is_remote or host.is_recorded or host.driver == "test")


# -- hypervisor -----------------------------------------------------------------------------------


def find_hypervisor(host: Host) -> Finding:
    """Look for a hypervisor that runs guests of the host's own architecture."""
    known = host.capabilities.of_host()
    arches = list(dict.fromkeys(kind.arch for kind in known.guests))
    version = host.hypervisor_version()
    if host.driver != "qemu":
        if arches:
            return Finding(OK, f"{host.driver} for {', '.join(arches)}")
        return Finding(MISSING, f"the driver '{host.driver}' of the host runs no guests")
    own = known.host_arch
    if own in arches:
        arches.remove(own)
        others = f", {len(arches)} more architectures" if len(arches) > 1 else ""
        return Finding(OK, f"QEMU {show_version(version)} for {own}{others}".replace("  ", " "))
    return Finding(MISSING, f"no QEMU for {own}", install(*_QEMU.get(own, ("qemu-system", "qemu-kvm"))))


def find_acceleration(host: Host) -> Finding:
    """Look for KVM; on a local host also look at the device, if libvirt does not report it."""
    known = host.capabilities.of_host()
    if any(kind.domain_type("kvm") for kind in known.guest_kinds(known.host_arch)):
        return Finding(OK, f"KVM for {known.host_arch}")
    if not is_here(host):
        return Finding(MISSING, "the host does not offer KVM", hint=_SWITCH_ON)
    if not os.path.exists(_KVM):
        return Finding(MISSING, f"{_KVM} does not exist", hint=_SWITCH_ON)
    if host.is_session and not os.access(_KVM, os.R_OK | os.W_OK):
        command = f"usermod --append --groups kvm {user_here()}"
        return Finding(MISSING, f"you may not use {_KVM}", run(command), "log in again afterwards")
    found = f"{_KVM} exists, but libvirt does not offer KVM"
    return Finding(MISSING, found, run("systemctl restart libvirtd"), "libvirt looks for it when it starts")


_SWITCH_ON = (
    "switch on virtualization (VT-x, AMD-V) in the firmware of the machine, or nested virtualization if it is a guest "
    "itself, and load the module kvm_intel or kvm_amd"
)


def show_version(version: int | None) -> str:
    """Return a version of libvirt's form as text; "" if it is unknown, or that of a recorded host without one."""
    from virtprov.host.connection import NEW_ENOUGH

    if version in (None, NEW_ENOUGH):
        return ""
    return f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"


def _virsh(host: Host, *words: str) -> str:
    from shlex import join

    return join(["virsh", "--connect", host.uri, *words])


# -- networks and storage -------------------------------------------------------------------------


def find_network(host: Host) -> Finding:
    """Look for the network that a guest gets without --network."""
    if host.is_session:
        return Finding(OK, "user networking; --publish forwards ports to a guest")
    bridge = None if host.is_remote else host.networks.default_bridge()
    if bridge:
        return Finding(OK, f"bridge {bridge}{_also(host.networks.names(), '')}")
    start = (_virsh(host, "net-start", DEFAULT), _virsh(host, "net-autostart", DEFAULT))
    network = host.networks.find(DEFAULT)
    if network is None:
        found = f"no network '{DEFAULT}'{_also(host.networks.names(), '')}"
        package = "libvirt-daemon-config-network"
        hint = "or name another one: --network network=NAME, --network bridge=NAME"
        return Finding(MISSING, found, (*install(package, package), *run(*start)), hint)
    if not network.active:
        return Finding(MISSING, f"network '{DEFAULT}' is not active", run(*start))
    kind = f" ({network.forward})" if network.forward else ""
    return Finding(OK, f"network '{DEFAULT}'{kind}{_also(host.networks.names(), DEFAULT)}")


def _also(names: tuple[str, ...], besides: str) -> str:
    """Return the end of a sentence that names a few of the others."""
    others = [name for name in names if name != besides]
    more = ", ..." if len(others) > _FEW else ""
    return f"; also {', '.join(others[:_FEW])}{more}" if others else ""


def find_pool(host: Host) -> Finding:
    """Look at the pool for new disks: whether it is active, and has free space."""
    directory = images_directory(host)
    pool = host.storage.pool(DEFAULT) or host.storage.pool_at(directory)
    if pool is None:
        return _room_without_pool(host, directory)
    where = f"pool '{pool.name}'" + (f" in {pool.path}" if pool.path else "")
    if not pool.active:
        start = run(_virsh(host, "pool-start", pool.name), _virsh(host, "pool-autostart", pool.name))
        return Finding(MISSING, f"{where} is not active", start)
    return _with_room(where, pool.available, _also(host.storage.pool_names(), pool.name))


def _room_without_pool(host: Host, directory: str) -> Finding:
    from virtprov.support.file_access.files import free_bytes

    found = f"none yet: the first disk creates it in {directory}"
    free = free_bytes(directory) if is_here(host) else None
    return _with_room(found, free, _also(host.storage.pool_names(), ""))


def _with_room(found: str, free: int | None, also: str) -> Finding:
    found += f", {show_size(free)} free{also}" if free is not None else also
    if free is not None and free < _LITTLE:
        return Finding(LIMITED, found, hint="remove what is not needed, or use another pool: --disk pool=NAME")
    return Finding(OK, found)


def find_permissions(host: Host) -> Finding | None:
    """Look whether QEMU's account can open files in the pool, and in the caches of this user."""
    if host.is_session:
        return None
    if not is_here(host):
        return Finding(UNKNOWN, "can only be checked on the host itself")
    from virtprov.support.user_files import dirs

    pool: PoolInfo | None = host.storage.pool(DEFAULT)
    directory = pool.path if pool is not None and pool.path else images_directory(host)
    barriers = barriers_to(host, [os.path.join(directory, "disk")])
    if barriers:
        found = f"QEMU runs as '{barriers[0].person.name}', which cannot search {barriers[0].directory}"
        return Finding(MISSING, found, run(*(barrier.command for barrier in barriers)))
    found = f"QEMU can open files in {directory}"
    cache = os.path.join(dirs.cache(), "virtprov")
    if barriers_to(host, [os.path.join(cache, "file")]):
        return Finding(OK, f"{found}; those of {cache} are copied to a pool for guests")
    return Finding(OK, f"{found} and {cache}")


# -- firmware and devices -------------------------------------------------------------------------


def of_guest(host: Host) -> DomainCapabilities | None:
    """Return what a usual guest of the host's architecture can use; None if the host does not say."""
    known = host.capabilities.of_host()
    kinds = known.guest_kinds(known.host_arch)
    types = [name for name in ("kvm", "qemu") if any(kind.domain_type(name) for kind in kinds)]
    if not types:
        return None
    usual = _MACHINES.get(known.host_arch, "")
    offers = [offer for kind in kinds if (offer := kind.domain_type(types[0])) is not None]
    machine = usual if any(offer.machine(usual) for offer in offers) else None
    return host.capabilities.of_guest(known.host_arch, machine, types[0])


def _offers(host: Host, device: str, enum: str) -> tuple[str, ...] | None:
    known = of_guest(host)
    return known.device(device, enum) if known is not None else None


def find_firmware(host: Host) -> Finding:
    """Look for UEFI, and whether it has Secure Boot."""
    known, arch = of_guest(host), host.capabilities.of_host().host_arch
    if known is None:
        return Finding(UNKNOWN, _SILENT)
    mends = install(*_FIRMWARE[arch]) if arch in _FIRMWARE else ()
    if "efi" not in known.firmwares:
        if not known.loader.files:
            return Finding(MISSING, f"no UEFI firmware for {arch}", mends)
        return Finding(LIMITED, f"UEFI for {arch}, without descriptors: Secure Boot cannot be chosen", mends)
    if arch == "x86_64" and "yes" not in known.loader.secure:
        return Finding(LIMITED, f"UEFI for {arch} without Secure Boot", mends)
    return Finding(OK, f"UEFI for {arch}" + (" with Secure Boot" if "yes" in known.loader.secure else ""))


def find_tpm(host: Host) -> Finding:
    """Look for swtpm, which libvirt reports if it finds its programs."""
    offered = _offers(host, "tpm", "backendModel")
    if offered is None:
        return Finding(UNKNOWN, _SILENT)
    if "emulator" in offered:
        return Finding(OK, "swtpm")
    return Finding(MISSING, "the host has no swtpm", install("swtpm swtpm-tools", "swtpm swtpm-tools"))


def find_passt(host: Host) -> Finding:
    """Look for passt; libvirt reports whether it can use it, but not whether the program is there."""
    offered = _offers(host, "interface", "backendType")
    if is_here(host) and not programs.find("passt"):
        return Finding(MISSING, "the program 'passt' is not installed", install("passt", "passt"))
    if offered is None:
        found = "the host does not say, so --publish uses QEMU's own user networking"
        return Finding(UNKNOWN, found, hint="--network passt uses passt all the same")
    if "passt" in offered:
        return Finding(OK, "passt")
    return Finding(MISSING, "libvirt on the host cannot use passt", hint="libvirt 9.0 and QEMU 7.2 or later can")


def find_shared_folders(host: Host) -> Finding:
    """Look for virtiofs; libvirt reports whether QEMU has it, but not whether virtiofsd is there."""
    offered = _offers(host, "filesystem", "driverType")
    if offered is None:
        return Finding(UNKNOWN, _SILENT)
    if "virtiofs" not in offered:
        return Finding(MISSING, "QEMU on the host has no virtiofs")
    if is_here(host) and not any(os.path.exists(path) for path in _VIRTIOFSD):
        return Finding(MISSING, "the program 'virtiofsd' is not installed", install("virtiofsd", "virtiofsd"))
    return Finding(OK, "virtiofs")


def find_image_tool(host: Host) -> Finding | None:
    """Look for qemu-img, with which libvirt creates qcow2 volumes."""
    return find_program("qemu-img") if is_here(host) else None


_QEMU_ONLY = ("qemu",)
_WITH_PARTS = ("qemu", "lxc", "xen", "bhyve")
"""Drivers whose guests use the virtual networks and the directory pools of libvirt."""
CHECKS = (
    HostCheck("hypervisor", "hypervisor", "all guests", True, find_hypervisor),
    HostCheck("kvm", "KVM", "guests at full speed; without it they are emulated", False, find_acceleration, _QEMU_ONLY),
    HostCheck("network", "network", "guests without --network", True, find_network, _WITH_PARTS),
    HostCheck("pool", "storage pool", "new disks", True, find_pool, (*_WITH_PARTS, "test")),
    HostCheck("permissions", "QEMU's rights", "disks and media of guests", True, find_permissions, _QEMU_ONLY),
    HostCheck("qemu-img", "qemu-img", "qcow2 disks", True, find_image_tool, _QEMU_ONLY),
    HostCheck("firmware", "UEFI", "--boot uefi, Secure Boot, Windows 11", False, find_firmware, _QEMU_ONLY),
    HostCheck("tpm", "TPM", "--tpm emulator, Windows 11", False, find_tpm, _QEMU_ONLY),
    HostCheck("passt", "passt", "--network passt, --publish", False, find_passt, _QEMU_ONLY),
    HostCheck(
        "shared-folders", "shared folders", "--filesystem driver.type=virtiofs", False, find_shared_folders, _QEMU_ONLY
    ),
)
"""The table of checks, in the order of the report."""
