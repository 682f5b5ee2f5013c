"""What one use of an option group says."""

from __future__ import annotations

import pytest

from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.rules.choices import Choices
from virtprov.guest.write import subopts
from virtprov.guest.write.assign import resolve
from virtprov.guest.write.use import Use, read
from virtprov.options.catalogue import table


def use(group: str, text: str) -> Use:
    rows = table(group)
    return read(group, resolve(rows, subopts.pairs(rows, text)), text)


def test_a_disk_says_where_its_data_lies() -> None:
    assert use("disk", "/a,size=20G,bus=scsi").disk == DiskSpec(path="/a", size=20.0)
    assert use("disk", "device=cdrom").disk == DiskSpec()
    assert use("rng", "/dev/urandom").disk is None


@pytest.mark.parametrize(
    ("group", "text", "name"),
    [
        ("hostdev", "0x062a:0x0001", "0x062a:0x0001"),
        ("network", "hostdev=pci_0000_00_09_0", "pci_0000_00_09_0"),
        ("network", "bridge=br0", ""),
        ("disk", "/a", ""),
    ],
)
def test_devices_of_the_host(group: str, text: str, name: str) -> None:
    assert use(group, text).host_device == name


def test_features_that_are_switched_off() -> None:
    assert use("features", "acpi=off,pae=on").choices == Choices(features_off=frozenset({"acpi"}))
