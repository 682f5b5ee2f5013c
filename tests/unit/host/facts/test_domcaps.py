from __future__ import annotations

import pytest

from virtprov.host.connection import Host
from virtprov.host.facts.domcaps import CpuModel, DomainCapabilities, HostModel, Loader, Sev


@pytest.fixture
def q35(kvm: Host) -> DomainCapabilities:
    answer = kvm.capabilities.of_guest("x86_64", "q35", "kvm")
    assert answer is not None
    return answer


@pytest.fixture
def silent() -> DomainCapabilities:
    """An old libvirt that says next to nothing."""
    return DomainCapabilities("<domainCapabilities><path>/e</path><domain>kvm</domain></domainCapabilities>")


def test_what_the_answer_is_for(q35: DomainCapabilities) -> None:
    assert (q35.emulator, q35.virt_type, q35.machine, q35.arch) == ("/usr/bin/kvm", "kvm", "pc-q35-8.2", "x86_64")


def test_firmware(q35: DomainCapabilities, silent: DomainCapabilities) -> None:
    assert q35.firmwares == ("bios", "efi")
    assert q35.loader == Loader(
        True,
        ("/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_CODE_4M.fd"),
        ("rom", "pflash"),
        ("yes", "no"),
        ("yes", "no"),
    )
    assert silent.firmwares == () and silent.loader == Loader(False, (), (), (), ())


def test_cpu_modes(q35: DomainCapabilities, silent: DomainCapabilities, kvm: Host) -> None:
    plain = kvm.capabilities.of_guest("x86_64", "q35", "qemu")
    assert plain is not None
    modes = ("host-passthrough", "maximum", "host-model", "custom")
    assert [q35.cpu_mode(mode) for mode in modes] == [True] * 4
    assert [plain.cpu_mode(mode) for mode in modes] == [False, True, None, None]
    assert [silent.cpu_mode(mode) for mode in modes] == [None] * 4
    assert (q35.says_migratable, plain.says_migratable, silent.says_migratable) == (True, False, False)


def test_host_model(q35: DomainCapabilities, silent: DomainCapabilities) -> None:
    features = (("require", "x2apic"), ("require", "amd-ssbd"), ("disable", "xsaves"))
    assert q35.host_model == HostModel(True, "EPYC-Rome", "forbid", "AMD", features)
    assert silent.host_model == HostModel(False, "", "", "", ())


def test_named_cpu_models(q35: DomainCapabilities, silent: DomainCapabilities) -> None:
    assert [model.name for model in q35.cpu_models] == ["qemu64", "EPYC-Rome", "Icelake-Client"]
    assert q35.cpu_model("qemu64") == CpuModel("qemu64", "yes", "unknown", False, "qemu64-v1", ())
    assert q35.cpu_model("Icelake-Client") == CpuModel(
        "Icelake-Client", "no", "Intel", True, "Icelake-Client-v1", ("hle", "rtm")
    )
    assert q35.cpu_model("486") is None
    assert silent.cpu_models == ()


@pytest.mark.parametrize(
    ("kind", "name", "values"),
    [
        ("disk", "bus", ("scsi", "virtio", "usb", "sata")),
        ("graphics", "type", ("vnc", "spice")),
        ("video", "modelType", ("vga", "virtio")),
        ("tpm", "model", ("tpm-tis", "tpm-crb")),
        ("tpm", "backendModel", ("passthrough", "emulator")),
        ("tpm", "backendVersion", ("1.2", "2.0")),
        ("rng", "backendModel", ("random", "builtin")),
        ("filesystem", "driverType", ("path", "virtiofs")),
        ("channel", "type", ("unix", "spicevmc")),
        ("interface", "backendType", ("default", "passt")),
        ("panic", "model", ()),
        ("hostdev", "mode", ()),
        ("redirdev", "bus", None),
        ("disk", "model", None),
    ],
)
def test_devices(q35: DomainCapabilities, kind: str, name: str, values: tuple[str, ...] | None) -> None:
    assert q35.device(kind, name) == values


def test_support_is_yes_no_or_not_said(q35: DomainCapabilities) -> None:
    paths = ("features/backup", "features/sgx", "features/async-teardown", "devices/hostdev", "iothreads")
    assert [q35.supports(path) for path in paths] == [True, False, None, False, True]


def test_features(q35: DomainCapabilities, silent: DomainCapabilities, kvm: Host) -> None:
    arm = kvm.capabilities.of_guest("aarch64", "virt", "qemu")
    assert arm is not None
    assert q35.hyperv == ("relaxed", "vapic", "spinlocks") and silent.hyperv is None
    assert q35.sev == Sev(True, 51, 1, 410, 99) and silent.sev == Sev(False, None, None, None, None)


def test_the_most_processors(silent: DomainCapabilities) -> None:
    assert DomainCapabilities("<domainCapabilities><vcpu max='288'/></domainCapabilities>").max_vcpus == 288
    assert silent.max_vcpus is None
