"""What libvirt or QEMU refuses in a QEMU guest beside what the schema says."""

from __future__ import annotations

import pytest

from virtprov.guest.edits.refused import list_refused
from virtprov.xml import tree

DISK = "<disk type='file' device='{}'><source file='{}'/><target dev='{}' bus='{}'/>{}</disk>"


def refused(devices: str, *, kind: str = "kvm", machine: str = "pc-q35-7.2", rest: str = "") -> list[str]:
    return list_refused(
        tree.parse(
            f"<domain type='{kind}'><os><type arch='x86_64' machine='{machine}'>hvm</type></os>{rest}"
            f"<devices>{devices}</devices></domain>"
        )
    )


def disks(second: str, *, first: str = "", device: str = "disk") -> str:
    return DISK.format("disk", "/a", "vda", "virtio", first) + DISK.format(device, "/a", "sdb", "scsi", second)


@pytest.mark.parametrize("second", ["", "<readonly/>", "<shareable/>"])
def test_an_image_that_two_disks_use(second: str) -> None:
    (sentence,) = refused(disks(second))
    assert "('vda') and disk device number 2 ('sdb') are the same image /a" in sentence


@pytest.mark.parametrize(
    "devices",
    [
        disks("<shareable/>", first="<shareable/>"),
        disks("<readonly/>", first="<readonly/>"),
        disks("", first="<readonly/>", device="cdrom"),
        DISK.format("disk", "/a", "vda", "virtio", "") + DISK.format("disk", "/b", "vdb", "virtio", ""),
        "<disk device='cdrom'><target dev='sda' bus='sata'/></disk><disk device='disk'><target dev='sdb'/></disk>",
    ],
)
def test_images_that_are_not_in_the_way(devices: str) -> None:
    assert refused(devices) == []


def test_volumes_are_compared_by_pool_and_name() -> None:
    volume = "<disk type='volume'><source pool='p' volume='{}'/><target dev='{}' bus='virtio'/></disk>"
    assert refused(volume.format("a", "vda") + volume.format("b", "vdb")) == []
    (sentence,) = refused(volume.format("a", "vda") + volume.format("a", "vdb"))
    assert "the same image p/a" in sentence


@pytest.mark.parametrize(
    ("devices", "sentence"),
    [
        (DISK.format("disk", "/a", "fda", "fdc", ""), "is a disk, which the bus 'fdc' does not support"),
        (DISK.format("floppy", "/a", "sda", "sata", ""), "is a floppy, which the bus 'sata' does not support"),
        (DISK.format("disk", "/a", "sda", "sata", "<readonly/>"), "cannot be read-only on the bus 'sata'"),
        (DISK.format("disk", "/a", "hda", "ide", "<readonly/>"), "cannot be read-only on the bus 'ide'"),
        ("<input type='tablet' bus='ps2'/>", "is a tablet, which the bus 'ps2' does not support"),
        ("<controller type='pci' index='0' model='pci-root'/>", "requires pcie-root as its first PCI controller"),
    ],
)
def test_devices_that_do_not_fit(devices: str, sentence: str) -> None:
    (found,) = refused(devices)
    assert sentence in found
    assert refused(devices, kind="xen") == []


def test_devices_that_fit() -> None:
    fine = (
        DISK.format("floppy", "/a", "fda", "fdc", "")
        + DISK.format("cdrom", "/b", "sda", "sata", "<readonly/>")
        + DISK.format("disk", "/c", "sdb", "scsi", "<readonly/>")
        + "<input type='mouse' bus='ps2'/><input type='keyboard' bus='ps2'/><input type='tablet' bus='usb'/>"
    )
    assert refused(fine + "<controller type='pci' index='0' model='pcie-root'/>") == []
    assert refused("<controller type='pci' index='0' model='pci-root'/>", machine="pc-i440fx-7.2") == []
    assert refused("<controller type='pci' index='0' model='pci-root'/>", machine="pseries-7.2") == []


@pytest.mark.parametrize(
    ("vcpu", "topology", "count"),
    [("2", "sockets='2' cores='4' threads='2'", "16"), ("2", "sockets='1' dies='2' cores='2'", "4")],
)
def test_a_topology_with_another_number_of_processors(vcpu: str, topology: str, count: str) -> None:
    (sentence,) = refused("", rest=f"<vcpu>{vcpu}</vcpu><cpu><topology {topology}/></cpu>")
    assert f"has {count} processors, but the guest has {vcpu}" in sentence


@pytest.mark.parametrize("rest", ["<vcpu current='1'>4</vcpu><cpu><topology cores='4'/></cpu>", "<vcpu>x</vcpu>", ""])
def test_topologies_that_fit(rest: str) -> None:
    assert refused("", rest=rest) == []
