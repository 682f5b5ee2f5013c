"""What the words of guest-wide groups do."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.write import verbs
from virtprov.xml import tree


def guest(inside: str = "") -> Guest:
    return Guest.parse(f"<domain><os><type>hvm</type></os>{inside}</domain>")


def words(of: Guest) -> list[str]:
    return [node.get("dev", "") for node in tree.children(of.ensure("./os"), "boot")]


def test_an_order_replaces_every_other() -> None:
    made = guest("<devices><disk><boot order='1'/></disk></devices>")
    made.ensure("./os/boot").set("dev", "fd")
    verbs.apply(made, "boot", {"network": "yes", "uefi": "yes", "hd": "yes"})
    assert words(made) == ["network", "hd"]
    assert not made.has("./devices/disk/boot")


def test_no_order_leaves_the_one_there_is() -> None:
    made = guest("<devices><disk><boot order='1'/></disk></devices>")
    verbs.apply(made, "boot", {"uefi": "no"})
    assert made.get("./devices/disk/boot/@order") == "1"


def test_arguments_of_the_first_process() -> None:
    made = guest()
    made.ensure("./os/initarg").text = "old"
    verbs.apply(made, "boot", {"initargs": "--flag 'two words'"})
    assert [node.text for node in tree.children(made.ensure("./os"), "initarg")] == ["--flag", "two words"]


@pytest.mark.parametrize(
    ("before", "kib", "whole", "now"),
    [
        ("", "2048", "2048", "2048"),
        ("<memory>1024</memory>", "2048", "2048", "2048"),
        ("<memory>8192</memory>", "2048", "8192", "2048"),
        ("<memory>8192</memory><currentMemory>1024</currentMemory>", "2048", "8192", "2048"),
    ],
)
def test_memory_from_the_start(before: str, kib: str, whole: str, now: str) -> None:
    made = guest(before)
    verbs.apply(made, "memory", {"memory": kib})
    assert (made.get("./memory"), made.get("./currentMemory")) == (whole, now)


def test_arguments_for_the_emulator_are_added() -> None:
    made = guest()
    verbs.apply(made, "qemu-commandline", {"args": "-display gtk,gl=on"})
    verbs.apply(made, "qemu-commandline", {"args": "-snapshot"})
    found = tree.children(made.ensure("./qemu:commandline"), "qemu:arg")
    assert [node.get("value") for node in found] == ["-display", "gtk,gl=on", "-snapshot"]


def test_smbios_is_told_where_to_look() -> None:
    made = guest()
    verbs.apply(made, "sysinfo", {"smbios.mode": "host"})
    assert made.get("./os/smbios/@mode") == "host"


@pytest.mark.parametrize("preset", ["none", "clear", "hv-default"])
def test_presets_that_leave_the_cpu_to_libvirt(preset: str) -> None:
    made = guest("<cpu mode='host-model'/>")
    verbs.apply(made, "cpu", {"preset": preset})
    assert not made.has("./cpu")
