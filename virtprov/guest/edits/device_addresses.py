"""Remove the address of a device that moves to another kind of bus, and give a disk a name that fits its new bus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.defaults import disk
from virtprov.support import log
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.xml.schema.branches import Edit
    from virtprov.xml.tree import Element


class Bus(Record):
    """How devices of one tag are attached: by the value at `place`, otherwise in the `usual` way.

    Values with the same bus in `buses` can keep their address; "" stands for devices without an address.
    """

    place: str
    usual: str
    buses: dict[str, str]


_VIRTIO_DISK = {"virtio": "pci", "xen": "", "sd": "", "uml": ""}
BUSES = {
    "disk": (Bus("./target/@bus", "own", _VIRTIO_DISK),),
    "controller": (
        Bus("./@type", "pci", {"ccid": "usb", "fdc": "", "xenbus": "", "isa": ""}),
        Bus("./@model", "pci", {"ibmvscsi": "spapr-vio", "none": "", "pcie-root": "", "pci-root": ""}),
    ),
    "interface": (Bus("./model/@type", "pci", {"usb-net": "usb", "spapr-vlan": "spapr-vio", "ne2k_isa": "isa"}),),
    "video": (Bus("./model/@type", "pci", {"ramfb": "", "none": "", "xen": ""}),),
    "input": (Bus("./@bus", "own", {"ps2": "", "xen": ""}),),
    "sound": (Bus("./@model", "pci", {"usb": "usb", "sb16": "isa", "pcspk": ""}),),
    "watchdog": (Bus("./@model", "", {"i6300esb": "pci", "ib700": "isa"}),),
    "serial": (
        Bus("./target/@type", "isa", {"usb-serial": "usb", "pci-serial": "pci", "spapr-vio-serial": "spapr-vio"}),
    ),
    "parallel": (),
    "panic": (Bus("./@model", "", {"isa": "isa"}),),
    "redirdev": (Bus("./@bus", "usb", {}),),
    "console": (Bus("./target/@type", "", {"virtio": "virtio-serial"}),),
    "channel": (Bus("./target/@type", "", {"virtio": "virtio-serial"}),),
    "tpm": (Bus("./@model", "", {"tpm-spapr": "spapr-vio", "spapr-tpm-proxy": "spapr-vio"}),),
    "iommu": (Bus("./@model", "", {"virtio": "pci"}),),
    "memory": (Bus("./@model", "dimm", {"virtio-mem": "pci", "virtio-pmem": "pci", "sgx-epc": ""}),),
    "hostdev": (Bus("./@type", "pci", {"usb": "usb", "scsi": "drive", "storage": "", "misc": "", "net": ""}),),
}
"""Where devices are attached (the `<address>` sections of libvirt's formatdomain)."""


def settle(device: Element, was: Element, edit: Edit) -> None:
    """Remove the device's address and a disk's name if the edit has moved the device to another kind of bus.

    `was` is the device before the edit; what the user named is kept, and a name that fits the new bus as well.
    """
    if bus_of(device) == bus_of(was):
        return
    for address in tree.children(device, "address"):
        if not edit.is_named(address):
            log.debug("remove the address of %s: it is on another bus now", device.tag)
            tree.remove(address)
    target = tree.child(device, "target")
    if device.tag != "disk" or target is None or target not in edit.twins or edit.is_firm(target, "dev"):
        return
    if not target.get("dev", "").startswith(disk.prefix(target.get("bus", ""))):
        target.attrib.pop("dev", None)


def bus_of(device: Element) -> tuple[str, ...]:
    """Return what a device's address depends on."""
    return tuple(_bus(device, bus) for bus in BUSES.get(str(device.tag), ()))


def _bus(device: Element, bus: Bus) -> str:
    word = path.text(device, bus.place)
    if word in bus.buses:
        return bus.buses[word]
    return word if bus.usual == "own" else bus.usual
