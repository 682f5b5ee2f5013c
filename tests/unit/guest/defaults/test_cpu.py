"""The guest's CPU."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.defaults import cpu
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Write = Callable[..., str]

MIGRATABLE = (
    "<mode name='host-passthrough' supported='yes'>"
    "<enum name='hostPassthroughMigratable'><value>on</value></enum></mode>"
)
MODEL = "<mode name='host-model' supported='yes'><model fallback='{}'>Skylake</model></mode>"
CUSTOM = "<mode name='custom' supported='yes'><model usable='{}'>Skylake-Client</model></mode>"
MAXIMUM = "<mode name='maximum' supported='yes'/>"


def settled(setting: RuleContext) -> str:
    """The <cpu> that the rules make, as mode, match and model."""
    for rule in cpu.RULES:
        if rule.applies(setting):
            rule.write(setting)
    guest = setting.guest
    return " ".join(filter(None, (guest.get("./cpu/@mode"), guest.get("./cpu/@match"), guest.get("./cpu/model"))))


@pytest.mark.parametrize(
    ("offered", "made"),
    [
        (MIGRATABLE + MODEL.format("forbid"), "host-passthrough"),
        (MODEL.format("forbid"), "host-model"),
        (MODEL.format("allow"), "custom exact Skylake-Client"),
        (MODEL.format("allow") + CUSTOM.format("yes"), "custom exact Skylake-Client"),
        (CUSTOM.format("no"), ""),  # the host says that it cannot run its own model
        ("", "custom exact Skylake-Client"),
    ],
)
def test_kvm_guests_get_the_hosts_cpu(
    offered: str, made: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    host = host_of(domcaps=domcaps(cpu=offered), cpu="Skylake-Client")
    assert settled(setting_of(host=host)) == made


@pytest.mark.parametrize(
    ("guest", "host_arch", "made"),
    [
        ({"arch": "aarch64", "machine": "virt"}, "aarch64", "host-passthrough"),
        ({"arch": "aarch64", "machine": "raspi3b"}, "aarch64", ""),
        ({"arch": "armv7l", "machine": "virt"}, "aarch64", "host-passthrough"),
        ({"arch": "armv7l", "machine": "virt"}, "armv7l", "host-passthrough"),
        ({"arch": "aarch64", "machine": "virt"}, "x86_64", ""),
        ({"arch": "s390x", "machine": "s390-ccw-virtio"}, "s390x", ""),
        ({"arch": "i686", "machine": "pc"}, "i686", "host-passthrough"),
        ({"arch": "i686", "machine": "pc"}, "x86_64", ""),
    ],
)
def test_kvm_by_architecture(
    guest: dict[str, str], host_arch: str, made: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    kind = {"domains": "kvm", "arch": guest["arch"]}
    host = host_of("qemu:///system", kind, arch=host_arch, domcaps=domcaps(cpu=MIGRATABLE))
    assert settled(setting_of(host=host, **guest)) == made


@pytest.mark.parametrize(
    ("guest", "offered", "made"),
    [
        ({}, MAXIMUM, "maximum"),
        ({}, "", ""),
        ({"arch": "aarch64", "machine": "virt"}, MAXIMUM, "maximum"),
        ({"arch": "riscv64", "machine": "virt"}, MAXIMUM, "maximum"),
        ({"arch": "loongarch64", "machine": "virt"}, MAXIMUM, "maximum"),
        ({"arch": "ppc64le", "machine": "pseries"}, MAXIMUM, ""),
        ({"arch": "armv7l", "machine": "vexpress-a15"}, MAXIMUM, ""),
    ],
)
def test_emulated_guests_get_all_that_emulation_has(
    guest: dict[str, str], offered: str, made: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    host = host_of(domcaps=domcaps(cpu=offered))
    assert settled(setting_of(host=host, domain="qemu", **guest)) == made


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({"choices": {"cpu_preset": "none"}}, ""),
        ({"os_type": "exe", "machine": ""}, ""),
        ({"rest": "<cpu mode='host-model'/>"}, "host-model"),
        ({"rest": "<cpu mode='maximum'/>"}, "maximum"),
        ({"rest": "<cpu><topology sockets='1' cores='2' threads='1'/></cpu>"}, "host-passthrough"),
        ({"rest": "<cpu><model>qemu64</model></cpu>"}, "custom exact qemu64"),
        ({"rest": "<cpu match='minimum'><model>qemu64</model></cpu>"}, "custom minimum qemu64"),
    ],
)
def test_what_the_user_says_stays(
    said: dict[str, object], made: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    assert settled(setting_of(host=host_of(domcaps=domcaps(cpu=MIGRATABLE)), **said)) == made


GUARDED = (
    "<mode name='host-model' supported='yes'><model fallback='forbid'>Haswell-noTSX-IBRS</model>"
    "<feature policy='require' name='md-clear'/><feature policy='require' name='ssbd'/>"
    "<feature policy='require' name='vmx'/><feature policy='disable' name='ibpb'/></mode>"
)


@pytest.mark.parametrize(
    ("features", "choices", "made"),
    [
        ("", {}, ["require md-clear", "require spec-ctrl", "require ssbd"]),
        (
            "<feature policy='force' name='x2apic'/>",
            {},
            ["require md-clear", "require spec-ctrl", "require ssbd", "force x2apic"],
        ),
        (
            "<feature policy='disable' name='md-clear'/>",
            {},
            ["require spec-ctrl", "require ssbd", "disable md-clear"],
        ),
        ("", {"cpu_guards": False}, []),
        ("", {"cpu_guards": True}, ["require md-clear", "require spec-ctrl", "require ssbd"]),
    ],
)
def test_named_models_are_guarded_against_flaws(
    features: str, choices: dict[str, bool], made: list[str], setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    rest = f"<cpu><model>Haswell</model>{features}</cpu>"
    setting = setting_of(host=host_of(domcaps=domcaps(cpu=GUARDED)), rest=rest, choices=choices)
    settled(setting)
    found = setting.guest.ensure("./cpu").findall("feature")
    assert [f"{each.get('policy')} {each.get('name')}" for each in found] == made


def test_the_hosts_own_cpu_needs_no_guards(setting_of: Make, host_of: Record, domcaps: Write) -> None:
    setting = setting_of(host=host_of(domcaps=domcaps(cpu=GUARDED + MIGRATABLE)))
    assert settled(setting) == "host-passthrough"
    assert setting.guest.ensure("./cpu").findall("feature") == []
