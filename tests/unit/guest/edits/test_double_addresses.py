"""Addresses that two devices have, each as libvirt 9.0's QEMU driver refuses or takes it."""

from __future__ import annotations

import pytest

from virtprov.guest.edits.double_addresses import list_double_addresses
from virtprov.xml import tree


def pci(slot: str, function: str = "0", bus: str = "0x00") -> str:
    return f"<address type='pci' domain='0x0000' bus='{bus}' slot='{slot}' function='{function}'/>"


def nic(address: str) -> str:
    return f"<interface type='user'><model type='virtio'/>{address}</interface>"


def disk(target: str, bus: str, unit: str, device: str = "disk") -> str:
    address = f"<address type='drive' controller='0' bus='0' target='0' unit='{unit}'/>"
    return f"<disk type='file' device='{device}'><target dev='{target}' bus='{bus}'/>{address}</disk>"


def channel(name: str, port: str) -> str:
    address = f"<address type='virtio-serial' controller='0' bus='0' port='{port}'/>"
    return f"<channel type='unix'><target type='virtio' name='{name}'/>{address}</channel>"


SCSI = "<hostdev mode='subsystem' type='scsi'><source/><address type='drive' controller='0' unit='1'/></hostdev>"
GIVEN = "<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0' slot='5' function='0'/></source>"
SERIAL = f"<serial type='pty'><target type='pci-serial'/>{pci('5')}</serial>"
CONSOLE = f"<console type='pty'><target type='serial'/>{pci('5')}</console>"


def doubles(devices: str, kind: str = "kvm") -> list[str]:
    return list_double_addresses(tree.parse(f"<domain type='{kind}'><devices>{devices}</devices></domain>"))


@pytest.mark.parametrize(
    ("devices", "address"),
    [
        (nic(pci("0x0a", "0x0")) + nic(pci("10")), "PCI 0000:00:0a.0"),
        (nic(pci("012")) + f"<rng model='virtio'>{pci('0x0A')}</rng>", "PCI 0000:00:0a.0"),
        (nic(pci("0", bus="1")) + f"<video>{pci('0', bus='0x01')}</video>", "PCI 0000:01:00.0"),
        (disk("sda", "sata", "1") + disk("sdb", "sata", "1"), "sata controller 0, bus 0, target 0, unit 1"),
        (disk("hda", "ide", "1") + disk("hdb", "ide", "1", "cdrom"), "ide controller 0, bus 0, target 0, unit 1"),
        (disk("sda", "scsi", "1") + SCSI, "scsi controller 0, bus 0, target 0, unit 1"),
        (channel("a.b", "1") + channel("a.c", "1"), "port 1 of virtio-serial controller 0"),
    ],
)
def test_two_devices_at_one_address(devices: str, address: str) -> None:
    (sentence,) = doubles(devices)
    assert sentence.endswith(f"have the same address: {address}")
    assert doubles(devices, "test") == []


@pytest.mark.parametrize(
    "devices",
    [
        nic(pci("5")) + nic(pci("5", "1")),
        nic(pci("5")) + nic(pci("5", bus="1")),
        nic(pci("0")) + nic(pci("0")),  # libvirt chooses both
        nic("<address type='pci'/>") + nic("<address type='pci'/>"),
        nic(pci("five")) + nic(pci("five")),  # the schema refuses it
        nic(pci("5")) + GIVEN + "</hostdev>",
        SERIAL + CONSOLE,
        disk("sda", "sata", "0") + disk("sdb", "sata", "1"),
        disk("sda", "scsi", "0") + disk("hda", "ide", "0"),
        channel("a.b", "0") + channel("a.c", "0"),  # libvirt chooses both
        channel("a.b", "1") + channel("a.c", "2"),
    ],
)
def test_devices_that_do_not_meet(devices: str) -> None:
    assert doubles(devices) == []


def test_both_devices_are_named() -> None:
    (sentence,) = doubles(disk("sda", "sata", "3") + nic("") + disk("sdb", "sata", "3"))
    assert sentence.startswith("disk device number 1 ('sda') and disk device number 2 ('sdb') have the same address")
