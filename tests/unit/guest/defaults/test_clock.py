"""Clock, timers, power management, features, enlightenments."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.defaults import clock
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Write = Callable[..., str]

TIMERS = ["rtc catchup", "pit delay", "hpet no"]


def apply(setting: RuleContext, *names: str) -> None:
    for rule in (*clock.RULES, *clock.LATE):
        if (not names or rule.name in names) and rule.applies(setting):
            rule.write(setting)


def timers(setting: RuleContext) -> list[str]:
    apply(setting, "clock", "timers")
    found = setting.guest.ensure("./clock").findall("timer")
    return [f"{each.get('name')} {each.get('tickpolicy') or each.get('present')}" for each in found]


@pytest.mark.parametrize(
    ("profile", "offset"),
    [
        ("debian12", "utc"),
        ("generic", "utc"),
        ("freebsd13.1", "utc"),
        ("win10", "localtime"),
        ("solaris10", "localtime"),
    ],
)
def test_windows_and_solaris_keep_local_time(profile: str, offset: str, setting_of: Make) -> None:
    setting = setting_of(profile=profile)
    apply(setting, "clock")
    assert setting.guest.get("./clock/@offset") == offset


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({}, TIMERS),
        ({"profile": "win10"}, [*TIMERS, "hypervclock yes"]),
        ({"arch": "aarch64", "machine": "virt"}, []),
        ({"domain": "xen"}, []),
        ({"rest": "<clock offset='utc'><timer name='hpet' present='yes'/></clock>"}, ["hpet yes"]),
    ],
)
def test_timers(said: dict[str, str], made: list[str], setting_of: Make) -> None:
    assert timers(setting_of(**said)) == made


def test_an_offset_that_is_given_stays(setting_of: Make) -> None:
    setting = setting_of(profile="win10", rest="<clock offset='variable'/>")
    apply(setting, "clock")
    assert setting.guest.get("./clock/@offset") == "variable"


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({}, ("no", "no")),
        ({"rest": "<pm><suspend-to-mem enabled='yes'/></pm>"}, ("yes", "no")),
        ({"arch": "aarch64", "machine": "virt"}, ("", "")),
        ({"os_type": "xen"}, ("", "")),
    ],
)
def test_x86_guests_do_not_fall_asleep(said: dict[str, str], made: tuple[str, str], setting_of: Make) -> None:
    setting = setting_of(**said)
    apply(setting, "power-management")
    guest = setting.guest
    assert (guest.get("./pm/suspend-to-mem/@enabled"), guest.get("./pm/suspend-to-disk/@enabled")) == made


@pytest.mark.parametrize(
    ("features", "off", "rest", "made"),
    [
        (("acpi", "apic"), (), "", ["acpi", "apic"]),
        (("acpi", "apic"), ("acpi",), "", ["apic"]),
        (("acpi", "pae"), (), "<features><pae/></features>", ["pae", "acpi"]),
        (("acpi",), ("acpi",), "<features><acpi/></features>", ["acpi"]),
        ((), (), "", []),
    ],
)
def test_features_as_the_host_has_them(
    features: tuple[str, ...], off: tuple[str, ...], rest: str, made: list[str], setting_of: Make
) -> None:
    setting = setting_of(features=features, choices={"features_off": frozenset(off)}, rest=rest)
    apply(setting, "features")
    box = setting.guest.root.find("features")
    assert sorted(str(each.tag) for each in (box if box is not None else ())) == sorted(made)


def test_xen_guests_know_large_memory(setting_of: Make, host_of: Record) -> None:
    setting = setting_of(host=host_of("xen:///", {"domains": "xen"}), domain="xen", features=("acpi",))
    apply(setting, "features")
    assert [str(each.tag) for each in setting.guest.ensure("./features")] == ["acpi", "pae"]


EVERYTHING = "relaxed vapic spinlocks vpindex runtime synic stimer frequencies tlbflush ipi evmcs avic reset"


@pytest.mark.parametrize(
    ("offered", "vendor", "given", "made"),
    [
        (
            EVERYTHING,
            "Intel",
            "",
            "relaxed vapic spinlocks vpindex runtime synic stimer frequencies tlbflush ipi evmcs avic",
        ),
        (EVERYTHING, "AMD", "", "relaxed vapic spinlocks vpindex runtime synic stimer frequencies tlbflush ipi avic"),
        ("relaxed synic stimer", "Intel", "", "relaxed"),  # synic and stimer need vpindex
        ("relaxed vpindex", "Intel", "<vpindex state='off'/>", "relaxed"),
        ("relaxed vpindex synic", "Intel", "<vpindex state='off'/>", "relaxed"),
        ("relaxed synic", "Intel", "<vpindex state='on'/>", "relaxed vpindex synic"),
        (None, "Intel", "", ""),  # libvirt that lists none
        ("", "Intel", "", ""),
    ],
)
def test_windows_gets_every_enlightenment_that_works(
    offered: str | None, vendor: str, given: str, made: str, setting_of: Make, host_of: Record, domcaps: Write
) -> None:
    host = host_of(domcaps=domcaps(hyperv=offered), vendor=vendor)
    rest = f"<features><hyperv>{given}</hyperv></features>" if given else ""
    setting = setting_of(profile="win10", host=host, rest=rest)
    apply(setting, "hyperv")
    box = setting.guest.root.find("features/hyperv")
    on = {str(each.tag) for each in (box if box is not None else ()) if each.get("state") == "on"}
    assert on == set(made.split())
    if "spinlocks" in on:
        assert setting.guest.get("./features/hyperv/spinlocks/@retries") == "8191"


@pytest.mark.parametrize("said", [{"profile": "debian12"}, {"profile": "win10", "arch": "aarch64", "machine": "virt"}])
def test_others_get_none(said: dict[str, str], setting_of: Make, host_of: Record, domcaps: Write) -> None:
    setting = setting_of(host=host_of(domcaps=domcaps(hyperv=EVERYTHING)), **said)
    apply(setting, "hyperv")
    assert not setting.guest.has("./features/hyperv")


@pytest.mark.parametrize(
    ("devices", "said", "state"),
    [
        ("<graphics type='spice'/>", {}, "off"),
        ("<graphics type='vnc'/>", {}, ""),
        ("<graphics type='vnc'/><graphics type='spice'/>", {}, "off"),
        ("<graphics type='spice'/>", {"arch": "aarch64", "machine": "virt"}, ""),
        ("<graphics type='spice'/>", {"rest": "<features><vmport state='on'/></features>"}, "on"),
    ],
)
def test_spice_guests_have_no_vmport(devices: str, said: dict[str, str], state: str, setting_of: Make) -> None:
    setting = setting_of(devices, **said)
    apply(setting, "vmport")
    assert setting.guest.get("./features/vmport/@state") == state
