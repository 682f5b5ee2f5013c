"""Hypervisor, architecture, machine and emulator of a new guest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from virtprov.guest.machine import platform
from virtprov.guest.machine.platform import PlatformRequest
from virtprov.host.connection import Host
from virtprov.osinfo.find_profile import find
from virtprov.support.errors import HostError, UsageError

X86 = {"domains": "qemu kvm", "machines": "pc-i440fx-8.2 pc pc-q35-8.2 q35", "features": "acpi apic pae"}
OLD_X86 = {"domains": "qemu", "machines": "pc-0.13 pc", "arch": "i686"}
XEN_HVM = {"domains": "xen", "machines": "xenfv", "features": "acpi apic", "loader": "/usr/lib/xen/boot/hvmloader"}
XEN_PV = {"domains": "xen", "machines": "xenpv", "os_type": "xen"}
LXC = {"domains": "lxc", "os_type": "exe", "emulator": "/usr/libexec/libvirt_lxc"}
ARM = {"domains": "qemu kvm", "arch": "aarch64", "machines": "virt-8.2 virt raspi3b"}
ARM32 = {"domains": "qemu", "arch": "armv7l", "machines": "vexpress-a9 vexpress-a15 virt"}
OTHERS = (
    {"domains": "qemu", "arch": "ppc64le", "machines": "powernv pseries"},
    {"domains": "qemu", "arch": "s390x", "machines": "s390-ccw-virtio-8.2 s390-ccw-virtio"},
    {"domains": "qemu", "arch": "riscv64", "machines": "spike virt"},
    {"domains": "qemu", "arch": "loongarch64", "machines": "virt"},
    {"domains": "qemu", "arch": "sparc", "machines": "SS-5 leon3_generic"},
)


@pytest.mark.parametrize(
    ("kinds", "asked", "profile", "domain", "arch", "machine"),
    [
        # KVM where it is, q35 for systems that know it
        ((X86,), PlatformRequest(), "debian12", "kvm", "x86_64", "q35"),
        ((X86,), PlatformRequest(), "generic", "kvm", "x86_64", "pc-i440fx-8.2"),
        ((X86,), PlatformRequest(), "win7", "kvm", "x86_64", "q35"),
        (
            (X86,),
            PlatformRequest(),
            "rhel6.0",
            "kvm",
            "x86_64",
            "pc-i440fx-8.2",
        ),  # its virtio is too old for PCIe slots
        ((X86,), PlatformRequest(domain_type="qemu"), "debian12", "qemu", "x86_64", "q35"),
        ((X86,), PlatformRequest(machine="pc"), "debian12", "kvm", "x86_64", "pc"),
        ((OLD_X86,), PlatformRequest(), "debian12", "qemu", "i686", "pc-0.13"),
        # the host's own architecture first, others by name
        ((OLD_X86, X86), PlatformRequest(), "generic", "kvm", "x86_64", "pc-i440fx-8.2"),
        ((X86, OLD_X86), PlatformRequest(arch="i386"), "generic", "qemu", "i686", "pc-0.13"),
        ((X86,), PlatformRequest(arch="amd64"), "debian12", "kvm", "x86_64", "q35"),
        ((X86, ARM), PlatformRequest(arch="arm64"), "generic", "kvm", "aarch64", "virt"),
        ((X86, ARM32), PlatformRequest(arch="armv7l"), "generic", "qemu", "armv7l", "virt"),
        ((X86, *OTHERS), PlatformRequest(arch="ppc64le"), "generic", "qemu", "ppc64le", "pseries"),
        ((X86, *OTHERS), PlatformRequest(arch="s390x"), "generic", "qemu", "s390x", "s390-ccw-virtio"),
        ((X86, *OTHERS), PlatformRequest(arch="riscv64"), "generic", "qemu", "riscv64", "virt"),
        ((X86, *OTHERS), PlatformRequest(arch="loongarch64"), "generic", "qemu", "loongarch64", "virt"),
        ((X86, *OTHERS), PlatformRequest(arch="sparc"), "generic", "qemu", "sparc", "SS-5"),
        # a machine that one architecture alone has picks it
        ((X86, *OTHERS), PlatformRequest(machine="pseries"), "generic", "qemu", "ppc64le", "pseries"),
        (
            (X86, ARM32),
            PlatformRequest(arch="armv7l", machine="vexpress-a9"),
            "generic",
            "qemu",
            "armv7l",
            "vexpress-a9",
        ),
    ],
)
def test_what_is_picked(
    kinds: tuple[dict[str, Any], ...],
    asked: PlatformRequest,
    profile: str,
    domain: str,
    arch: str,
    machine: str,
    host_of: Callable[..., Host],
) -> None:
    found = platform.choose(host_of("qemu:///system", *kinds), asked, find(profile))
    assert (found.domain_type, found.arch, found.machine) == (domain, arch, machine)


def test_old_arm_machines_where_there_is_no_virt(host_of: Callable[..., Host]) -> None:
    kind = {"domains": "qemu", "arch": "armv7l", "machines": "versatilepb vexpress-a15"}
    found = platform.choose(host_of("qemu:///system", kind, arch="armv7l"), PlatformRequest(), find("generic"))
    assert found.machine == "vexpress-a15"


@pytest.mark.parametrize(("version", "machine"), [(2_010_000, "pc-i440fx-8.2"), (2_011_000, "q35")])
def test_q35_is_the_default_since_qemu_2_11(version: int, machine: str, host_of: Callable[..., Host]) -> None:
    host = host_of("qemu:///system", X86, hypervisor_version=version)
    assert platform.choose(host, PlatformRequest(), find("debian12")).machine == machine


@pytest.mark.parametrize(
    ("asked", "os_type", "machine", "loader"),
    [
        (PlatformRequest(), "xen", "xenpv", ""),  # as the host lists them
        (PlatformRequest(os_type="xen"), "xen", "xenpv", ""),
        (PlatformRequest(os_type="hvm"), "hvm", "xenfv", "/usr/lib/xen/boot/hvmloader"),
    ],
)
def test_kinds_of_guests_on_xen(
    asked: PlatformRequest, os_type: str, machine: str, loader: str, host_of: Callable[..., Host]
) -> None:
    found = platform.choose(host_of("xen:///", XEN_PV, XEN_HVM), asked, find("generic"))
    assert (found.os_type, found.machine, found.loader) == (os_type, machine, loader)


def test_containers_have_no_machine(host_of: Callable[..., Host]) -> None:
    found = platform.choose(host_of("lxc:///", LXC), PlatformRequest(), find("generic"))
    assert found == platform.Platform("exe", "x86_64", "lxc", "", "/usr/libexec/libvirt_lxc", ())


def test_features_are_those_the_host_switches_on(kvm: Host) -> None:
    assert platform.choose(kvm, PlatformRequest(), find("debian12")).features == (
        "acpi",
        "pae",
    )  # its apic is off by default


def test_the_emulator_is_that_of_the_domain_type(kvm: Host) -> None:
    assert platform.choose(kvm, PlatformRequest(), find("generic")).emulator == "/usr/bin/kvm"
    assert (
        platform.choose(kvm, PlatformRequest(domain_type="qemu"), find("generic")).emulator
        == "/usr/bin/qemu-system-x86_64"
    )
    assert platform.choose(kvm, PlatformRequest(emulator="/opt/qemu"), find("generic")).emulator == "/opt/qemu"


@pytest.mark.parametrize(
    ("uri", "kind", "asked", "slow"),
    [
        ("qemu:///system", X86, PlatformRequest(), False),
        ("qemu:///system", OLD_X86, PlatformRequest(), True),
        ("qemu:///system", X86, PlatformRequest(domain_type="qemu"), False),  # asked for by name
        ("xen:///", XEN_HVM, PlatformRequest(), False),
    ],
)
def test_emulation_that_nobody_asked_for_is_slow(
    uri: str, kind: dict[str, Any], asked: PlatformRequest, slow: bool, host_of: Callable[..., Host]
) -> None:
    assert platform.choose(host_of(uri, kind), asked, find("generic")).slow is slow


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (PlatformRequest(arch="mips"), "the host cannot run guests with architecture 'mips'"),
        (PlatformRequest(domain_type="xen"), "the host cannot run guests with virtualization type 'xen'"),
        (PlatformRequest(os_type="exe"), "the host cannot run guests with OS type 'exe'"),
        (PlatformRequest(arch="aarch64", domain_type="kvm"), "virtualization type 'kvm' with architecture 'aarch64'"),
    ],
)
def test_what_the_host_cannot_run_is_refused(asked: PlatformRequest, message: str, kvm: Host) -> None:
    with pytest.raises(HostError) as caught:
        platform.choose(kvm, asked, find("generic"))
    assert message in caught.value.message
    assert caught.value.hint == "it offers: aarch64 hvm (qemu), x86_64 hvm (kvm), x86_64 hvm (qemu)"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        (PlatformRequest(machine="q36"), "did you mean 'q35'?"),
        (PlatformRequest(arch="aarch64", machine="q35"), "known machines: virt, virt-8.2"),
    ],
)
def test_unknown_machines_are_refused_with_known_ones(asked: PlatformRequest, hint: str, kvm: Host) -> None:
    with pytest.raises(UsageError, match=f"no machine type '{asked.machine}'") as caught:
        platform.choose(kvm, asked, find("generic"))
    assert caught.value.hint == hint


def test_a_recording_without_capabilities_is_refused(host_of: Callable[..., Host]) -> None:
    host = host_of("qemu:///system", {"domains": "test"})  # what libvirt's test driver would say in its place
    with pytest.raises(HostError, match=r"host has no capabilities\.xml, so its capabilities are unknown") as caught:
        platform.choose(host, PlatformRequest(), find("generic"))
    assert "--record-host" in caught.value.hint
