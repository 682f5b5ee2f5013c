"""What libvirt or QEMU refuses in the document of a QEMU guest, although libvirt's schema allows it.

Found by defining and starting guests with libvirt 9.0 and QEMU 7.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.xml import path, tree
from virtprov.xml.schema.walk import whole

if TYPE_CHECKING:
    from virtprov.xml.tree import Element

_QEMU = ("kvm", "qemu")
_NO_READONLY = ("ide", "sata")
_REMOVABLE = ("cdrom", "floppy")
_ROOTS = (("pc-q35", "pcie-root"), ("q35", "pcie-root"), ("pc-i440fx", "pci-root"), ("pc", "pci-root"))
"""Machine types, or what their names begin with, and the model of their first PCI controller."""


def list_refused(root: Element) -> list[str]:
    """Return sentences about parts of a QEMU guest that do not go together; none for guests of other drivers."""
    if root.get("type") not in _QEMU:
        return []
    guest = Guest(root)
    return [*list_shared_images(guest), *_disks(guest), *_inputs(guest), *_processors(guest), *_machine(guest)]


def list_shared_images(guest: Guest) -> list[str]:
    """Return sentences about images that two disks of one guest would write to: QEMU locks them for one."""
    users: dict[str, list[Element]] = {}
    for disk in guest.disks():
        location = DiskSource.of(disk).location
        if location and not location.startswith("/dev/null"):
            users.setdefault(location, []).append(disk)
    return [
        f"{whole(first)} and {whole(second)} are the same image {location}, which only one of them can use"
        for location, (first, second, *_) in ((place, disks) for place, disks in users.items() if len(disks) > 1)
        if any(_is_exclusive(disk) for disk in users[location])
    ]


def _is_exclusive(disk: Element) -> bool:
    is_read_only = disk.get("device") in _REMOVABLE or tree.child(disk, "readonly") is not None
    return not is_read_only and tree.child(disk, "shareable") is None


def _disks(guest: Guest) -> Iterator[str]:
    for disk in guest.disks():
        device, bus = disk.get("device") or "disk", path.text(disk, "./target/@bus")
        if bus and (device == "floppy") != (bus == "fdc") and bus != "virtio":
            yield f"{whole(disk)} is a {device}, which the bus '{bus}' does not support"
        if device == "disk" and bus in _NO_READONLY and tree.child(disk, "readonly") is not None:
            yield f"{whole(disk)} cannot be read-only on the bus '{bus}'"


def _inputs(guest: Guest) -> Iterator[str]:
    for node in guest.devices("input"):
        if node.get("bus") == "ps2" and node.get("type") not in ("mouse", "keyboard"):
            yield f"{whole(node)} is a {node.get('type')}, which the bus 'ps2' does not support"


def _processors(guest: Guest) -> Iterator[str]:
    vcpus = (guest.get("./vcpu") or "1").strip()
    count = guest.count_in_topology()
    if count is None or guest.has("./cpu/topology/@clusters") or not vcpus.isdecimal() or len(vcpus) >= 10:
        return
    if count != int(vcpus):
        yield f"the CPU topology has {count} processors, but the guest has {vcpus}"


def _machine(guest: Guest) -> Iterator[str]:
    machine = guest.machine
    needed = next((root for name, root in _ROOTS if machine == name or machine.startswith(f"{name}-")), "")
    for node in guest.devices("controller"):
        model = node.get("model")
        if node.get("type") == "pci" and node.get("index") == "0" and needed and model and model != needed:
            yield f"the machine type '{machine}' requires {needed} as its first PCI controller, not {model}"
