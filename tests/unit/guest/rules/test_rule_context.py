"""What the rules for defaults may ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.standin import StandIn
from virtprov.guest import defaults
from virtprov.guest.document import Guest
from virtprov.guest.offline import Offline
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host
from virtprov.osinfo.find_profile import generic
from virtprov.osinfo.profile import Profile

Make = Callable[..., RuleContext]
Record = Callable[..., Host]
Write = Callable[..., str]


def test_the_hosts_answer_for_this_kind_of_guest(setting_of: Make, kvm: Host) -> None:
    q35 = setting_of(machine="q35").domcaps
    arm = setting_of(arch="aarch64", machine="virt", domain="qemu").domcaps
    assert q35 is not None and "efi" in q35.firmwares
    assert arm is not None and arm.arch == "aarch64"


def test_the_host_is_asked_once(setting_of: Make, kvm: Host) -> None:
    class Counting(StandIn):
        driver, asked = "qemu", 0

        def capabilities_of_guest(self, *question: object) -> None:
            Counting.asked += 1

    setting = setting_of(host=Counting())
    assert setting.domcaps is None and setting.domcaps is None
    assert Counting.asked == 1


def test_the_system_is_looked_up_when_a_rule_asks_and_once() -> None:
    found = generic()
    asked: list[Profile] = []

    def look_up() -> Profile:
        asked.append(found)
        return found

    guest = Guest.new("kvm")
    setting = RuleContext(guest, Offline(guest), look_up)
    assert not asked
    assert setting.profile is found and setting.profile is found
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("domain", "is_qemu"),
    [("kvm", True), ("qemu", True), ("hvf", True), ("xen", False), ("test", False), ("lxc", False)],
)
def test_who_runs_it(domain: str, is_qemu: bool, setting_of: Make) -> None:
    assert setting_of(domain=domain).is_qemu is is_qemu


@pytest.mark.parametrize(("uri", "is_test"), [("test:///default", True), ("qemu:///system", False)])
def test_the_test_driver_is_like_qemu_for_displays(uri: str, is_test: bool, setting_of: Make, host_of: Record) -> None:
    setting = setting_of(host=host_of(uri, {"domains": "test"}), domain="test")
    assert (setting.is_test, setting.like_qemu) == (is_test, is_test)


def test_what_the_user_refused_and_said(setting_of: Make) -> None:
    setting = setting_of(refused="sound tpm", choices={"uefi": False})
    assert [setting.is_refused(group) for group in ("sound", "tpm", "rng")] == [True, True, False]
    assert (setting.choices.uefi, setting.choices.secure_boot) == (False, None)


def test_notes_and_warnings_are_kept_apart(setting_of: Make) -> None:
    setting = setting_of()
    setting.note("a")
    setting.warn("b")
    assert (setting.notes, setting.warnings) == (["a"], ["b"])


def test_rules_touch_new_devices_only(setting_of: Make) -> None:
    setting = setting_of("<disk/><disk/><interface/>")
    setting.fresh = setting.guest.disks()[:1]
    assert setting.devices("disk") == setting.guest.disks()[:1]
    assert setting.devices("interface") == []


def test_a_whole_guest_settles(setting_of: Make) -> None:
    """Every rule in its order, on a host that offers much; a second run changes nothing."""
    setting = setting_of("<disk type='file' device='disk'/>", profile="debian12", features=("acpi", "apic"))
    defaults.apply(setting)
    once = setting.guest.text()
    defaults.apply(setting)
    assert setting.guest.text() == once
    tags = {str(device.tag) for device in setting.guest.devices()}
    assert tags == {
        "disk", "controller", "interface", "console", "channel", "input", "graphics", "sound", "video", "redirdev",
        "memballoon", "rng",
    }  # fmt: skip
