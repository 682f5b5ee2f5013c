"""Host devices by the names people give them: USB ids and addresses, PCI addresses, libvirt's node devices."""

from __future__ import annotations

import re
from typing import NamedTuple

from virtprov.guest.view import HostView
from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

_USB_ID = re.compile(r"(0x[0-9a-f]{1,4}):(0x[0-9a-f]{1,4})", re.I)
_USB_PLACE = re.compile(r"(\d+)\.(\d+)")
_PCI = re.compile(r"(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", re.I)
_MDEV = re.compile(r"mdev_([0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12})(?:_.*)?", re.I)
_MDEV_MODELS = {"vfio_ccw": "vfio-ccw", "vfio_ap": "vfio-ap"}


class Named(NamedTuple):
    """What a name says: the device's type and model, whether libvirt detaches it, and its places in the XML."""

    type: str
    places: tuple[tuple[str, str], ...]
    managed: str = "yes"
    model: str = ""


def _address(kind: str, *parts: tuple[str, str]) -> Named:
    return Named(kind, tuple((f"./source/address/@{name}", value) for name, value in parts))


def parse(name: str) -> Named | None:
    """Read a name that says everything itself; None when only a host can know."""
    if found := _USB_ID.fullmatch(name):
        return Named(
            "usb", (("./source/vendor/@id", found[1].lower()), ("./source/product/@id", found[2].lower()))
        )
    if found := _USB_PLACE.fullmatch(name):
        return _address("usb", ("bus", str(int(found[1]))), ("device", str(int(found[2]))))
    if found := _PCI.fullmatch(name):
        domain, bus, slot, function = (int(part or "0", 16) for part in found.groups())
        return _pci(domain, bus, slot, function)
    return None


def _pci(domain: int, bus: int, slot: int, function: int) -> Named:
    return _address(
        "pci",
        ("domain", f"0x{domain:04x}"),
        ("bus", f"0x{bus:02x}"),
        ("slot", f"0x{slot:02x}"),
        ("function", f"0x{function:x}"),
    )


def look_up(name: str, host: HostView | None) -> Named:
    """Read a name, with the host's help where it is one of libvirt's node devices.

    Raises UsageError when the name says nothing, HostError when the host has no such device.
    """
    said = parse(name)
    if said is not None:
        return said
    device = host.node_device(name) if host is not None else None
    if device is None:
        raise HostError(
            f"--hostdev {name}: the host has no such device",
            hint=nearest(name, _names(host)) or "write 0xVENDOR:0xPRODUCT, BUS.DEVICE, or a PCI address (03:00.0)",
        )
    return _from_node(name, tree.parse(device.xml, f"the node device {name}"))


def _names(host: HostView | None) -> list[str]:
    return [] if host is None else [device.name for device in host.node_devices()]


def _from_node(name: str, node: Element) -> Named:
    capability = tree.child(node, "capability")
    kind = capability.get("type", "") if capability is not None else ""
    if capability is None or kind not in _READERS:
        raise UsageError(
            f"--hostdev {name}: a device of the kind '{kind}' cannot be given to a guest",
            hint="USB, PCI, SCSI and mediated devices can",
        )
    return _READERS[kind](capability, name)


def _read_usb(capability: Element, name: str) -> Named:
    vendor, product = tree.find_text(capability, "vendor/@id"), tree.find_text(capability, "product/@id")
    if vendor and product and vendor != "0x0000":
        return Named("usb", (("./source/vendor/@id", vendor), ("./source/product/@id", product)))
    return _address(
        "usb", ("bus", tree.find_text(capability, "bus")), ("device", tree.find_text(capability, "device"))
    )


def _read_pci(capability: Element, name: str) -> Named:
    numbers = (int(tree.find_text(capability, part, "0"), 0) for part in ("domain", "bus", "slot", "function"))
    return _pci(*numbers)


def _read_scsi(capability: Element, name: str) -> Named:
    host = tree.find_text(capability, "host")
    parts = (("bus", "bus"), ("target", "target"), ("unit", "lun"))
    return Named(
        "scsi",
        (
            ("./source/adapter/@name", f"scsi_host{host}"),
            *((f"./source/address/@{ours}", tree.find_text(capability, theirs)) for ours, theirs in parts),
        ),
    )


def _read_mdev(capability: Element, name: str) -> Named:
    uuid = tree.find_text(capability, "uuid")
    if not uuid and (found := _MDEV.fullmatch(name)):
        uuid = found[1].replace("_", "-")
    kind = tree.find_text(capability, "type/@id")
    model = next((model for start, model in _MDEV_MODELS.items() if kind.startswith(start)), "vfio-pci")
    return Named("mdev", (("./source/address/@uuid", uuid),), "no", model)


_READERS = {"usb_device": _read_usb, "pci": _read_pci, "scsi": _read_scsi, "mdev": _read_mdev}


def write_named(node: Element, name: str, host: HostView | None) -> None:
    """Write what a name says into a <hostdev>; what the user said besides stays."""
    said = look_up(name, host)
    if not node.get("mode"):
        node.set("mode", "subsystem")
    if not node.get("type"):
        node.set("type", said.type)
    if not node.get("managed"):
        node.set("managed", said.managed)
    if said.model and not node.get("model"):
        node.set("model", said.model)
    source = tree.child(node, "source")
    if source is not None and any(path.find(node, where) is None for where, _ in said.places):
        tree.remove(source)
    for where, text in said.places:
        path.put(node, where, text)
