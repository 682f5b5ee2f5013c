from __future__ import annotations

from virtprov.host.connection import Host
from virtprov.host.facts.capabilities import Capabilities, Machine, SecurityModel

XEN = """<capabilities><host><cpu><arch>x86_64</arch></cpu></host>
<guest><os_type>xen</os_type><arch name='x86_64'><wordsize>64</wordsize><emulator>/usr/lib/xen/qemu-dm</emulator>
  <machine>xenpv</machine><domain type='xen'/></arch></guest>
<guest><os_type>hvm</os_type><arch name='i686'><wordsize>32</wordsize><emulator>/usr/lib/xen/qemu-dm</emulator>
  <loader>/usr/lib/xen/hvmloader</loader><machine>xenfv</machine>
  <domain type='xen'><emulator>/usr/bin/other</emulator><machine>special</machine></domain></arch></guest>
</capabilities>"""


def test_the_host(kvm: Host) -> None:
    capabilities = kvm.capabilities.of_host()
    cpu = capabilities.host_cpu
    assert (capabilities.host_arch, cpu.arch, cpu.model, cpu.vendor) == ("x86_64", "x86_64", "EPYC-Rome", "AMD")
    assert (cpu.sockets, cpu.dies, cpu.cores, cpu.threads) == (1, 1, 2, 2)
    assert cpu.features == ("topoext", "svm")
    assert cpu.xml.startswith("<cpu>") and cpu.xml.endswith("</cpu>\n")


def test_security_models_in_their_order(kvm: Host) -> None:
    assert kvm.capabilities.of_host().security_models == (
        SecurityModel("apparmor", "0", ()),
        SecurityModel("dac", "0", (("kvm", "+64055:+103"), ("qemu", "+64055:+103"))),
    )


def test_guest_kinds_of_an_architecture(kvm: Host) -> None:
    capabilities = kvm.capabilities.of_host()
    assert [kind.arch for kind in capabilities.guests] == ["aarch64", "x86_64"]
    assert [kind.arch for kind in capabilities.guest_kinds("x86_64")] == ["x86_64"]
    assert capabilities.guest_kinds("mips") == ()


def test_domain_types_and_their_emulators(kvm: Host) -> None:
    (kind,) = kvm.capabilities.of_host().guest_kinds("x86_64")
    assert [(domain.name, domain.emulator) for domain in kind.domain_types] == [
        ("qemu", "/usr/bin/qemu-system-x86_64"),
        ("kvm", "/usr/bin/kvm"),
    ]
    assert kind.domain_type("xen") is None


def test_machines_and_their_aliases(kvm: Host) -> None:
    (kind,) = kvm.capabilities.of_host().guest_kinds("x86_64")
    domain = kind.domain_type("kvm")
    assert domain is not None
    assert domain.machine("q35") == Machine("q35", "pc-q35-8.2", 288, False)
    assert domain.machine("pc-i440fx-2.1") == Machine("pc-i440fx-2.1", "pc-i440fx-2.1", 255, True)
    assert domain.machine("microvm") is None
    assert domain.canonical("pc") == "pc-i440fx-8.2"
    assert domain.canonical("microvm") == "microvm"
    assert kvm.capabilities.of_host().canonical_machine("aarch64", "virt") == "virt-8.2"
    assert kvm.capabilities.of_host().canonical_machine("aarch64", "q35") == "q35"


def test_features_and_their_defaults(kvm: Host) -> None:
    arm, intel = kvm.capabilities.of_host().guests
    assert intel.features == ("pae", "acpi", "apic")
    assert [intel.default(name) for name in ("pae", "acpi", "apic", "hap")] == [True, True, False, False]
    assert [arm.default(name) for name in ("pae", "acpi", "apic")] == [False, True, False]


def test_a_domain_type_may_have_machines_of_its_own() -> None:
    paravirt, full = Capabilities(XEN).guests
    assert [machine.name for machine in paravirt.domain_types[0].machines] == ["xenpv"]
    assert [machine.name for machine in full.domain_types[0].machines] == ["special"]
    assert (full.domain_types[0].emulator, full.loader, paravirt.loader) == (
        "/usr/bin/other",
        "/usr/lib/xen/hvmloader",
        "",
    )
    assert full.features == () and not full.default("acpi")


def test_what_is_not_said_is_empty() -> None:
    capabilities = Capabilities("<capabilities/>")
    assert capabilities.guests == () and capabilities.security_models == ()
    assert capabilities.host_arch == ""
    assert capabilities.host_cpu.model == "" and capabilities.host_cpu.threads == 1


def test_memory_of_all_nodes_together() -> None:
    cells = "".join(f"<cell id='{number}'><memory unit='KiB'>{number + 1}000</memory></cell>" for number in (0, 1))
    xml = f"<capabilities><host><topology><cells>{cells}</cells></topology></host></capabilities>"
    assert Capabilities(xml).memory_kib == 3000
    assert Capabilities("<capabilities/>").memory_kib == 0
