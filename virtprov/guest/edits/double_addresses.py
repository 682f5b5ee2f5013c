"""Find devices of a guest that have the same address, which libvirt only refuses when it defines the guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.xml import path, tree
from virtprov.xml.schema.walk import whole

if TYPE_CHECKING:
    from virtprov.xml.tree import Element

_DRIVERS = ("kvm", "qemu", "hvf")
"""Guests whose addresses libvirt compares (src/qemu/qemu_domain_address.c); its other drivers assign none."""
_DRIVE = ("controller", "bus", "target", "unit")


def list_double_addresses(root: Element) -> list[str]:
    """Return a sentence for each device whose address an earlier device of the guest has."""
    if root.get("type") not in _DRIVERS:
        return []
    owners: dict[str, Element] = {}
    sentences = []
    for device in Guest(root).devices():
        address = _find_address(device)
        owner = owners.setdefault(address, device) if address else device
        if owner is not device:
            sentences.append(f"{whole(owner)} and {whole(device)} have the same address: {address}")
    return sentences


def _find_address(device: Element) -> str:
    """Return the address of a device in words; "" if it has none, or one of a kind that is not compared."""
    node = tree.child(device, "address")
    if node is None or (device.tag == "console" and path.text(device, "./target/@type") in ("", "serial")):
        return ""  # such a console is the first serial port
    kind = node.get("type")
    if kind == "pci":
        return _pci(node)
    if kind == "virtio-serial" and _number(node, "port"):
        return f"port {_number(node, 'port')} of virtio-serial controller {_number(node, 'controller')}"
    bus = path.text(device, "./target/@bus") if device.tag == "disk" else device.get("type", "")
    if kind == "drive" and bus and device.tag in ("disk", "hostdev"):
        return f"{bus} " + ", ".join(f"{name} {_number(node, name)}" for name in _DRIVE)
    return ""


def _pci(node: Element) -> str:
    """Return a PCI address; "" for bus and slot 0 of the first domain, which lets libvirt choose one."""
    domain, bus, slot, function = (_number(node, name) for name in ("domain", "bus", "slot", "function"))
    if not (domain or bus or slot) or min(domain, bus, slot, function) < 0:
        return ""
    return f"PCI {domain:04x}:{bus:02x}:{slot:02x}.{function:x}"


def _number(node: Element, name: str) -> int:
    """Return a number as libvirt reads it: decimal, 0x hexadecimal, or 0 octal; -1 if it is not a number."""
    text = node.get(name, "0")[:20]
    try:
        return int(text, 0 if text[:2].lower() == "0x" else 8 if text.startswith("0") else 10)
    except ValueError:
        return -1
