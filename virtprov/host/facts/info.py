"""What the inventory returns: small frozen records of one guest, network, pool, volume or device.

Sizes are in bytes. Each record shows the state at the time of the call.
"""

from __future__ import annotations

from virtprov.support.frozen import Record
from virtprov.support.notation.units import factor
from virtprov.xml import path as places
from virtprov.xml.tree import Element, child, children, parse

STATES = {
    0: "no state",
    1: "running",
    2: "blocked",
    3: "paused",
    4: "shutting down",
    5: "shut off",
    6: "crashed",
    7: "suspended",
}
"""libvirt's virDomainState as words."""


class GuestInfo(Record):
    """A guest; `id` is None and `active` False while it is off, `state` is one of STATES."""

    name: str
    uuid: str
    id: int | None
    state: str
    active: bool
    persistent: bool


class Definition(Record):
    """A guest and its XML with passwords: `stored` for its next start, and `running`; either can be ""."""

    info: GuestInfo
    stored: str
    running: str


class KeptStates(Record):
    """What libvirt keeps for a guest besides its definition: whether it has a saved state, and names."""

    saved: bool
    snapshots: tuple[str, ...]
    checkpoints: tuple[str, ...]


class NetworkInfo(Record):
    """A virtual network; `bridge` is "" when it has none, `forward` its mode: "nat", "route" ... or ""."""

    name: str
    uuid: str
    active: bool
    bridge: str
    forward: str
    xml: str


class Lease(Record):
    """An address that a network's DHCP server has given away; `mac` and `hostname` are "" if it does not know them."""

    mac: str
    address: str
    hostname: str


class PoolInfo(Record):
    """A storage pool; `path` is its target directory or "", sizes are 0 while it is off."""

    name: str
    uuid: str
    type: str
    active: bool
    path: str
    capacity: int
    allocation: int
    available: int
    xml: str


class VolumeInfo(Record):
    """A storage volume.

    `type` is libvirt's: "file", "block", "dir", "network", "netdir", "ploop"; `format` "" when it has none
    (LVM, iSCSI); `backing_path` and `backing_format` are "" without a backing file. `physical` is the size of its file
    (libvirt, docs/formatstorage), 0 if unknown; `mtime` is when that was last written, in seconds since 1970, as text,
    "" if unknown.
    """

    pool: str
    name: str
    path: str
    key: str
    type: str
    format: str
    capacity: int
    allocation: int
    backing_path: str
    backing_format: str
    xml: str
    physical: int = 0
    mtime: str = ""


class NodeDeviceInfo(Record):
    """A device of the host; `capability` is its first: "pci", "usb_device", "net", "storage" ..."""

    name: str
    parent: str
    capability: str
    xml: str


class Address(Record):
    """An address of a running guest: `family` is "ipv4" or "ipv6", `prefix` counts bits."""

    interface: str
    mac: str
    family: str
    address: str
    prefix: int


def size(node: Element | None) -> int:
    """Return the bytes in an element like <capacity>, with libvirt's units; 0 for None."""
    if node is None:
        return 0
    number = (node.text or "").strip()
    return int(number or 0) * (factor(node.get("unit", "")) or 1)


def network_info(xml: str, active: bool) -> NetworkInfo:
    """Read a <network> document."""
    root = parse(xml, "the network's document")
    forward = child(root, "forward")
    return NetworkInfo(
        name=places.text(root, "./name"),
        uuid=places.text(root, "./uuid"),
        active=active,
        bridge=places.text(root, "./bridge/@name"),
        forward="" if forward is None else forward.get("mode", "nat"),
        xml=xml,
    )


def pool_info(xml: str, active: bool) -> PoolInfo:
    """Read a <pool> document."""
    root = parse(xml, "the pool's document")
    return PoolInfo(
        name=places.text(root, "./name"),
        uuid=places.text(root, "./uuid"),
        type=root.get("type", ""),
        active=active,
        path=places.text(root, "./target/path"),
        capacity=size(child(root, "capacity")),
        allocation=size(child(root, "allocation")),
        available=size(child(root, "available")),
        xml=xml,
    )


def volume_info(xml: str, pool: str) -> VolumeInfo:
    """Read a <volume> document of the pool named `pool`."""
    root = parse(xml, "the volume's document")
    return VolumeInfo(
        pool=pool,
        name=places.text(root, "./name"),
        path=places.text(root, "./target/path"),
        key=places.text(root, "./key"),
        type=root.get("type", "file"),
        format=places.text(root, "./target/format/@type"),
        capacity=size(child(root, "capacity")),
        allocation=size(child(root, "allocation")),
        backing_path=places.text(root, "./backingStore/path"),
        backing_format=places.text(root, "./backingStore/format/@type"),
        xml=xml,
        physical=size(child(root, "physical")),
        mtime=places.text(root, "./target/timestamps/mtime"),
    )


def node_device_info(xml: str) -> NodeDeviceInfo:
    """Read a <device> document."""
    root = parse(xml, "the device's document")
    capability = next((element.get("type", "") for element in children(root, "capability")), "")
    return NodeDeviceInfo(places.text(root, "./name"), places.text(root, "./parent"), capability, xml)
