"""Buses and target names of disks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.defaults import disk
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import Host
from virtprov.support.errors import UsageError

Make = Callable[..., RuleContext]
Record = Callable[..., Host]

X86 = {"arch": "x86_64", "machine": "q35"}
ARM = {"arch": "aarch64", "machine": "virt"}
S390X = {"arch": "s390x", "machine": "s390-ccw-virtio"}


@pytest.mark.parametrize(
    ("device", "said", "bus"),
    [
        ("disk", {"profile": "debian12", **X86}, "virtio"),
        ("disk", {"profile": "generic", **X86}, "sata"),
        ("disk", {"profile": "generic", "machine": "pc"}, "ide"),
        ("disk", {"profile": "win10", **X86}, "sata"),
        ("lun", {"profile": "debian12", **X86}, "scsi"),
        ("cdrom", {"profile": "debian12", **X86}, "sata"),
        ("cdrom", {"profile": "debian12", "machine": "pc"}, "ide"),
        ("floppy", {"profile": "debian12", **X86}, "fdc"),
        ("disk", {"profile": "generic", **S390X}, "virtio"),
        ("cdrom", {"profile": "generic", **S390X}, "scsi"),
        ("disk", {"profile": "debian12", **ARM}, "virtio"),
        ("cdrom", {"profile": "debian12", **ARM}, "scsi"),
        ("disk", {"profile": "debian12", "arch": "armv7l", "machine": "vexpress-a9"}, "sd"),
        ("disk", {"profile": "debian12", "os_type": "xen", "domain": "xen"}, "xen"),
        ("disk", {"profile": "debian12", "domain": "xen", "machine": "xenfv"}, "ide"),
        ("disk", {"os_type": "exe", "machine": ""}, ""),
        ("disk", {"arch": "sparc", "machine": "SS-5"}, "usb"),
    ],
)
def test_buses(device: str, said: dict[str, str], bus: str, setting_of: Make) -> None:
    setting = setting_of(f"<disk device='{device}'/>", **said)
    disk.fill_bus(setting)
    assert setting.guest.get("./devices/disk/target/@bus") == bus


def test_bhyve_has_sata(setting_of: Make, host_of: Record) -> None:
    setting = setting_of("<disk/>", host=host_of("bhyve:///", {"domains": "bhyve"}), domain="bhyve", machine="")
    disk.fill_bus(setting)
    assert setting.guest.get("./devices/disk/target/@bus") == "sata"


def test_a_bus_that_is_given_stays_and_cds_are_read_only(setting_of: Make) -> None:
    setting = setting_of("<disk device='cdrom'><target bus='usb'/></disk><disk/>", profile="debian12")
    disk.fill_bus(setting)
    cd, hd = setting.guest.disks()
    assert (cd.find("target").get("bus"), cd.find("readonly") is not None) == ("usb", True)  # type: ignore[union-attr]
    assert (hd.get("device"), hd.find("readonly")) == ("disk", None)


@pytest.mark.parametrize(
    ("buses", "given", "names"),
    [
        ("virtio virtio", "", "vda vdb"),
        ("virtio sata scsi usb", "", "vda sda sdb sdc"),
        ("ide ide ide ide", "", "hda hdb hdc hdd"),
        ("fdc fdc", "", "fda fdb"),
        ("xen nvme nvme sd", "", "xvda nvme0n1 nvme1n1 sda"),
        ("virtio virtio", "vdc", "vdd vde"),  # behind what is taken ...
        ("virtio virtio", "vda vdc", "vdd vde"),
        ("sata", "sdz", "sdaa"),
        ("ide ide", "hdd hdb", "hda hdc"),  # ... unless there is no room
        ("virtio", "sdc hdb", "vda"),
    ],
)
def test_names(buses: str, given: str, names: str, setting_of: Make) -> None:
    new = "".join(f"<disk><target bus='{bus}'/></disk>" for bus in buses.split())
    old = "".join(f"<disk><target dev='{name}' bus='any'/></disk>" for name in given.split())
    setting = setting_of(old + new)
    disk.fill_targets(setting)
    found = [each.find("target").get("dev") for each in setting.guest.disks()]  # type: ignore[union-attr]
    assert found == given.split() + names.split()


@pytest.mark.parametrize(("bus", "most"), [("ide", 4), ("fdc", 2)])
def test_a_full_bus_is_said(bus: str, most: int, setting_of: Make) -> None:
    setting = setting_of(f"<disk><target bus='{bus}'/></disk>" * (most + 1))
    with pytest.raises(UsageError, match=f"bus '{bus}' can have at most {most} drives") as caught:
        disk.fill_targets(setting)
    assert "bus=" in caught.value.hint


@pytest.mark.parametrize(
    ("number", "name"), [(0, "a"), (25, "z"), (26, "aa"), (51, "az"), (52, "ba"), (701, "zz"), (702, "aaa")]
)
def test_letters(number: int, name: str) -> None:
    assert disk.letters(number) == name


def test_only_new_disks_are_completed(setting_of: Make) -> None:
    setting = setting_of("<disk/><disk/>", profile="debian12")
    setting.fresh = setting.guest.disks()[1:]
    disk.fill_bus(setting)
    disk.fill_targets(setting)
    old, new = setting.guest.disks()
    assert len(old) == 0 and not old.attrib
    assert new.find("target").get("dev") == "vda"  # type: ignore[union-attr]
