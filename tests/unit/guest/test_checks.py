"""Looks before anything is written: is the name free, the address, the disk?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest import checks
from virtprov.guest.document import Guest
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import tree

Record = Callable[..., Host]


def nics(*macs: str) -> Guest:
    inside = "".join(f"<interface><mac address='{mac}'/></interface>" if mac else "<interface/>" for mac in macs)
    return Guest.parse(f"<domain><devices>{inside}</devices></domain>")


def test_names(kvm: Host) -> None:
    checks.name_is_free(kvm, "new")
    with pytest.raises(HostError, match="has a guest 'web' already") as caught:
        checks.name_is_free(kvm, "web")
    assert "--name" in caught.value.hint


def test_addresses_are_read_in_lower_case() -> None:
    assert checks.mac_addresses(nics("52:54:00:AA:bb:01", "", "RANDOM")) == ["52:54:00:aa:bb:01"]


@pytest.mark.parametrize(
    "mac", ["foo", "52:54:00:11:22", "52:54:00:11:22:33:44", "52-54-00-11-22-33", "52:54:00:11:22:3g"]
)
def test_what_is_no_address(mac: str) -> None:
    with pytest.raises(UsageError, match=f"'{mac}' is not a MAC address"):
        checks.mac_addresses(nics(mac))


def test_addresses_of_other_guests(kvm: Host) -> None:
    checks.given_macs_are_free(kvm, [])
    checks.given_macs_are_free(kvm, ["52:54:00:99:99:99"])
    with pytest.raises(HostError, match="52:54:00:11:22:33 belongs to the guest 'web'") as caught:
        checks.given_macs_are_free(kvm, ["52:54:00:99:99:99", "52:54:00:11:22:33"])
    assert "mac_in_use=off" in caught.value.hint


@pytest.mark.parametrize(
    ("disk", "used"),
    [
        ("<source file='/srv/images/web.qcow2'/>", "/srv/images/web.qcow2"),
        ("<source file='/srv/images/base.qcow2'/>", "/srv/images/base.qcow2"),  # below the disk of another guest
        ("<source dev='/dev/fast/db'/>", "/dev/fast/db"),
        ("<source file='/srv/images/web.qcow2'/><readonly/>", ""),
        ("<source file='/srv/images/web.qcow2'/><shareable/>", ""),
        ("<source file='/srv/images/new.qcow2'/>", ""),
        ("", ""),
    ],
)
def test_disks_of_other_guests(disk: str, used: str, kvm: Host) -> None:
    node = tree.parse(f"<disk>{disk}</disk>")
    if not used:
        checks.disks_are_free(kvm, [node])
        return
    with pytest.raises(HostError, match=f"the disk {used} is in use by the guest") as caught:
        checks.disks_are_free(kvm, [node])
    assert "path_in_use=off" in caught.value.hint


def test_a_guest_may_keep_its_own_disk(kvm: Host) -> None:
    checks.disks_are_free(kvm, [tree.parse("<disk><source file='/srv/images/web.qcow2'/></disk>")], itself="web")


def test_a_volume_by_its_pool_is_the_same_as_by_its_path(host_of: Record) -> None:
    inventory = (
        "<pool type='dir'><name>p</name><target><path>/p</path></target><volume type='file'><name>v.img</name>"
        "<capacity>1</capacity><target><path>/p/v.img</path><format type='raw'/></target></volume></pool>"
        "<domain type='qemu'><name>other</name><memory>1024</memory><os><type>hvm</type></os><devices>"
        "<disk type='volume'><source pool='p' volume='v.img'/><target dev='vda'/></disk></devices></domain>"
    )
    host = host_of(inventory=inventory)
    for source in ("<source file='/p/v.img'/>", "<source pool='p' volume='v.img'/>"):
        with pytest.raises(HostError, match="in use by the guest 'other'"):
            checks.disks_are_free(host, [tree.parse(f"<disk>{source}</disk>")])
