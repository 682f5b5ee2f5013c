"""Parse names of host devices: USB ids and addresses, PCI addresses, libvirt node devices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.support.frozen import Record
from virtprov.support.text import join_words
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import NodeDeviceInfo

_USB_ID = re.compile(r"(?:0x)?([0-9a-f]{1,4}):(?:0x)?([0-9a-f]{1,4})", re.I)
_USB_PLACE = re.compile(r"(\d+)\.(\d+)")
_PCI = re.compile(r"(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])", re.I)
_MDEV = re.compile(r"mdev_([0-9a-f]{8}(?:_[0-9a-f]{4}){3}_[0-9a-f]{12})(?:_.*)?", re.I)
_MDEV_MODELS = {"vfio_ccw": "vfio-ccw", "vfio_ap": "vfio-ap"}
_CONTAINER = {"net": "./source/interface", "storage": "./source/block", "misc": "./source/char"}
"""Paths in the XML for devices of containers, by type; they are identified by their name on the host."""


class ParsedName(Record):
    """A parsed name: the device's type and model, whether libvirt detaches it, its values in the XML, its display."""

    type: str
    places: tuple[tuple[str, str], ...]
    managed: str = "yes"
    model: str = ""
    display: str = ""


def _address(kind: str, *parts: tuple[str, str]) -> ParsedName:
    return ParsedName(kind, tuple((f"./source/address/@{name}", value) for name, value in parts))


def parse(name: str) -> ParsedName | None:
    """Parse a name that is complete; None if it has to be looked up on the host."""
    if match := _USB_ID.fullmatch(name):
        return _ids(*(f"0x{int(number, 16):04x}" for number in match.groups()))
    if match := _USB_PLACE.fullmatch(name):
        return _address("usb", ("bus", str(int(match[1]))), ("device", str(int(match[2]))))
    if match := _PCI.fullmatch(name):
        return _pci(*(int(part or "0", 16) for part in match.groups()))
    return None


def _ids(vendor: str, product: str) -> ParsedName:
    return ParsedName("usb", (("./source/vendor/@id", vendor), ("./source/product/@id", product)))


def _pci(*numbers: int) -> ParsedName:
    named = zip(("domain", "bus", "slot", "function"), numbers, strict=True)
    return _address("pci", *((name, str(number)) for name, number in named))


def look_up(name: str, host: HostView | None) -> ParsedName:
    """Parse a name, and look it up on the host if it is a libvirt node device.

    For the address of a USB device, its ids are used if the host knows them, because addresses change when the device
    is plugged in again. Raises UsageError for an invalid name, HostError if the host has no such device, or several.
    """
    address = parse(name)
    if address is not None:
        if host is None:
            return address
        _check_single(name, address, host)
        return _find_plugged(address, host) or address
    forms = "write 0xVENDOR:0xPRODUCT, BUS.DEVICE, or a PCI address (03:00.0)"
    if host is None:
        raise UsageError(
            f"--hostdev {name}: this name can only be resolved with a host", hint=f"give --connect URI, or {forms}"
        )
    result = read_name(name, host)
    if result is None:
        known = [device.name for device in host.devices.all()]
        raise HostError(f"--hostdev {name}: the host has no such device", hint=nearest(name, known) or forms)
    return result


def read_name(name: str, host: HostView) -> ParsedName | None:
    """Parse either kind of name; None if it is invalid and the host has no such device."""
    address = parse(name)
    if address is not None:
        return address
    device = host.devices.find(name)
    if device is None:
        return None
    if device.capability == "net" and device.parent:
        return read_name(device.parent, host)
    result = _from_node(name, tree.parse(device.xml, f"the node device {name}"))
    return _add_address(result, device.xml, host) if result.type == "usb" else result


def _check_single(name: str, said: ParsedName, host: HostView) -> None:
    """Raise HostError unless exactly one device of the host fits; a host that lists no such devices is not asked."""
    if said.type == "usb":
        known = [(device.name, node) for device, node in _listed(host, "usb_device")]
        fits = [word for word, node in known if _is_usb(node, said)]
    else:
        if host.devices.find(_pci_name(said)) is not None:
            return
        known = [(device.name, node) for device, node in _listed(host, "pci")]
        fits = [word for word, node in known if dict(_read_pci(node, word).places) == dict(said.places)]
    if not known or len(fits) == 1:
        return
    if fits:
        raise HostError(
            f"--hostdev {name}: {len(fits)} devices of the host have this name", hint=f"use one of {join_words(fits)}"
        )
    raise HostError(
        f"--hostdev {name}: the host has no such device",
        hint=f"`virsh nodedev-list --cap {'usb_device' if said.type == 'usb' else 'pci'}` lists its devices",
    )


def _listed(host: HostView, kind: str) -> Iterator[tuple[NodeDeviceInfo, Element]]:
    """Yield the host's devices of this kind, each with its capability."""
    for device in host.devices.all(kind):
        capability = tree.child(tree.parse(device.xml, f"the node device {device.name}"), "capability")
        if capability is not None:
            yield device, capability


def _is_usb(node: Element, said: ParsedName) -> bool:
    """Return whether a USB device has these ids, or this address."""
    if said.places[0][0].endswith("@bus"):
        return _usb_place(node) == tuple(int(value) for _, value in said.places)
    ids = (path.text(node, "./vendor/@id"), path.text(node, "./product/@id"))
    return all(_same(there, value) for there, (_, value) in zip(ids, said.places, strict=True))


def _pci_name(said: ParsedName) -> str:
    """Return libvirt's name of a PCI device: pci_0000_00_1f_2."""
    domain, bus, slot, function = (int(value) for _, value in said.places)
    return f"pci_{domain:04x}_{bus:02x}_{slot:02x}_{function:x}"


def _usb_devices(host: HostView) -> list[Element]:
    return [node for _, node in _listed(host, "usb_device")]


def _usb_place(capability: Element) -> tuple[int, int]:
    return int(path.text(capability, "./bus") or "-1"), int(path.text(capability, "./device") or "-1")


def _find_plugged(address: ParsedName, host: HostView) -> ParsedName | None:
    """Return the ids of the USB device at an address of the host; None if there is none."""
    places = dict(address.places)
    if address.type != "usb" or "./source/address/@bus" not in places:
        return None
    wanted = int(places["./source/address/@bus"]), int(places["./source/address/@device"])
    for capability in _usb_devices(host):
        if _usb_place(capability) == wanted:
            return _read_usb(capability, "")
    return None


def _add_address(name: ParsedName, text: str, host: HostView) -> ParsedName:
    """Add the address if the host has several devices with the same ids."""
    twins = [each for each in _usb_devices(host) if _read_usb(each, "").places == name.places]
    if len(twins) < 2:
        return name
    mine = tree.child(tree.parse(text), "capability")
    assert mine is not None
    bus, device = _usb_place(mine)
    return name._replace(
        places=(*name.places, ("./source/address/@bus", str(bus)), ("./source/address/@device", str(device)))
    )


def _from_node(name: str, node: Element) -> ParsedName:
    capability = tree.child(node, "capability")
    kind = capability.get("type", "") if capability is not None else ""
    if capability is None or kind not in _READERS:
        raise UsageError(
            f"--hostdev {name}: a device of type '{kind}' cannot be assigned to a guest",
            hint="only USB, PCI, SCSI and mediated devices can be assigned",
        )
    return _READERS[kind](capability, name)


def _read_usb(capability: Element, name: str) -> ParsedName:
    vendor, product = path.text(capability, "./vendor/@id"), path.text(capability, "./product/@id")
    if vendor and product and vendor != "0x0000":
        return _ids(vendor, product)
    return _address("usb", ("bus", path.text(capability, "./bus")), ("device", path.text(capability, "./device")))


def _read_pci(capability: Element, name: str) -> ParsedName:
    numbers = (int((path.text(capability, part) or "0"), 0) for part in ("domain", "bus", "slot", "function"))
    return _pci(*numbers)


def _read_scsi(capability: Element, name: str) -> ParsedName:
    host = path.text(capability, "./host")
    parts = (("bus", "bus"), ("target", "target"), ("unit", "lun"))
    return ParsedName(
        "scsi",
        (
            ("./source/adapter/@name", f"scsi_host{host}"),
            *((f"./source/address/@{ours}", path.text(capability, theirs)) for ours, theirs in parts),
        ),
        "no",
    )


def _read_mdev(capability: Element, name: str) -> ParsedName:
    uuid = path.text(capability, "./uuid")
    if not uuid and (match := _MDEV.fullmatch(name)):
        uuid = match[1].replace("_", "-")
    kind = path.text(capability, "./type/@id")
    model = next((model for start, model in _MDEV_MODELS.items() if kind.startswith(start)), "vfio-pci")
    places = (("./source/address/@uuid", uuid),)
    if model == "vfio-pci":  # a virtual graphics card: libvirt attaches it, and its screen is off unless asked for
        return ParsedName("mdev", places, "yes", model, "off")
    return ParsedName("mdev", places, "no", model)


_READERS = {"usb_device": _read_usb, "pci": _read_pci, "scsi": _read_scsi, "mdev": _read_mdev}


def settle(group: str, node: Element, name: str, host: HostView | None) -> None:
    """Write the host device named in a `--hostdev` or `--network` option ("" for none) into its element.

    Raises UsageError and HostError like `look_up`.
    """
    if name and group == "hostdev":
        write_named(node, name, host)
    elif name and group == "network":
        _write_interface(node, name, host)


def _write_interface(node: Element, name: str, host: HostView | None) -> None:
    """Write an interface that is a network card of the host."""
    device = look_up(name, host)
    if device.type not in ("pci", "usb"):
        raise UsageError(
            f"--network hostdev={name}: a device of type '{device.type}' is not a network card",
            hint="give the PCI address of a network card, such as 03:10.0",
        )
    node.set("type", "hostdev")
    if not node.get("managed"):
        node.set("managed", "yes")
    path.put(node, "./source/address/@type", device.type)
    for where, text in device.places:
        path.put(node, where, text)


def write_named(node: Element, name: str, host: HostView | None) -> None:
    """Write a parsed name into a <hostdev>; other values given by the user are kept.

    Raises UsageError and HostError like `look_up`.
    """
    kind = node.get("type", "")
    if kind in _CONTAINER:
        values = ParsedName(kind, ((_CONTAINER[kind], name),))
        node.set("mode", "capabilities")
    else:
        values = look_up(name, host)
    node.set("type", values.type)
    managed = "no" if host is not None and host.driver == "xen" else values.managed  # libxl detaches nothing
    for key, value in (
        ("mode", "subsystem"),
        ("managed", managed),
        ("model", values.model),
        ("display", values.display),
        ("ramfb", values.display),
    ):
        if value and not node.get(key):
            node.set(key, value)
    if is_it(node, values):
        return
    source = tree.child(node, "source")
    if source is not None and any(path.find(node, where) is None for where, _ in values.places):
        for child in tree.children(source):
            tree.remove(child)
    for where, text in values.places:
        path.put(node, where, text)


def is_it(node: Element, name: ParsedName) -> bool:
    """Return whether a <hostdev> is the device with this name."""
    return node.get("type") == name.type and all(_same(path.get(node, where), text) for where, text in name.places)


def _same(there: str | None, wanted: str) -> bool:
    """Return whether two values are equal; numbers may have either base, and a missing number is zero."""
    if there == wanted:
        return True
    try:
        return int(there or "0", 0) == int(wanted, 0)
    except ValueError:
        return False
