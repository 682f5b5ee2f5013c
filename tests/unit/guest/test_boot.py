"""The boot order of the finished guest and of its first boot."""

from __future__ import annotations

import pytest

from virtprov.guest import boot
from virtprov.guest.document import Guest
from virtprov.xml import tree

DEVICES = "<devices><disk device='disk'/><disk device='cdrom'/><interface type='user'/></devices>"


def guest(domain: str, os_type: str, inside: str = "", devices: str = DEVICES) -> Guest:
    return Guest.parse(f"<domain type='{domain}'><os><type>{os_type}</type>{inside}</os>{devices}</domain>")


def orders(made: Guest) -> list[tuple[str, str]]:
    """The devices with a number, in its order."""
    found = [
        (tree.find_text(device, "boot/@order"), device.get("device", tree.local_name(device)))
        for device in made.devices()
    ]
    return sorted(each for each in found if each[0])


def words(made: Guest) -> list[str]:
    return [each.get("dev", "") for each in tree.children(made.ensure("./os"), "boot")]


def test_qemu_gets_numbers() -> None:
    made = guest("kvm", "hvm")
    boot.set_order(made, ["network", "hd"])
    assert (orders(made), words(made)) == ([("1", "interface"), ("2", "disk")], [])


@pytest.mark.parametrize("os_type", ["hvm", "xen"])
def test_xen_gets_words(os_type: str) -> None:
    made = guest("xen", os_type)
    boot.set_order(made, ["cdrom", "hd"])
    assert (orders(made), words(made)) == ([], ["cdrom", "hd"])


@pytest.mark.parametrize(
    ("domain", "os_type", "inside", "given"),
    [("lxc", "exe", "", []), ("vz", "exe", "", []), ("kvm", "hvm", "<boot dev='fd'/>", ["fd"])],
)
def test_containers_have_no_order_and_that_of_the_user_stays(
    domain: str, os_type: str, inside: str, given: list[str]
) -> None:
    made = guest(domain, os_type, inside)
    boot.set_order(made, ["hd"])
    assert (orders(made), words(made)) == ([], given)


def test_a_disk_that_is_imported_boots() -> None:
    made = boot.final_phase(guest("xen", "xen"), boot.Method(boot.IMPORT), False)
    assert words(made) == ["hd"]
