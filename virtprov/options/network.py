"""`--network`: network interfaces, and their connections."""

from __future__ import annotations

from virtprov.options.model import BOOT, DEVICE, INT, ONOFF, TEXT, VIRTIO, YESNO, Pair, Row, Table, aside
from virtprov.support.errors import UsageError
from virtprov.support.notation.words import NO, YES

_SOURCES = ("network", "bridge", "dev")
_TYPES = {"network": "network", "bridge": "bridge"}
RESERVE = "reserve"
"""The address that the DHCP server of the virtual network reserves; given twice, one for IPv4 and one for IPv6."""


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate short sub-options (`bridge=`, `passt`, `portForward=8080:80`) to full names.

    Raises UsageError for invalid port forwardings.
    """
    addresses = " ".join(value for key, value in pairs if key == RESERVE and value)
    if ("type", "passt") in pairs:  # user networking has no source; `passt` wins, as in virt-install
        pairs = [(key, value) for key, value in pairs if key not in _TYPES]
    return [pair for key, value in pairs for pair in _expand_one(key, value, addresses)]


def _expand_one(key: str, value: str | None, addresses: str) -> list[Pair]:
    """Translate one sub-option; `addresses` are all that are to be reserved."""
    if key in _TYPES:
        return _connect(key, value)
    if key == "source":
        return [*(aside(f"./source/@{name}") for name in _SOURCES), (key, value)]
    if key.startswith("portForward") and "." not in key:
        return _forward(key.removeprefix("portForward"), value or "")
    if not value:
        return [(key, value)]
    if key == "type":  # only a virtual network can reserve addresses, so `default` is one then
        return _type(f"network:{value}" if value == "default" and addresses else value)
    if key == RESERVE:
        return [(key, addresses)]
    if key in ("link.state", "link_state"):
        word = value.lower()
        return [(key, "up" if word in YES else "down" if word in NO else value)]
    return [(key, value)]


def _type(value: str) -> list[Pair]:
    """Split a type that includes the connection: `bridge:br0`; `passt` is user networking through passt."""
    kind, colon, rest = value.partition(":")
    if colon and kind in _TYPES:
        return _connect(kind, rest)
    if value == "passt":
        return [("type", "user"), ("backend.type", "passt")]
    return [("type", value)]


def _connect(kind: str, value: str | None) -> list[Pair]:
    others = [aside(f"./source/@{name}") for name in _SOURCES if name != kind]
    return [("type", _TYPES[kind]), *others, (f"./source/@{kind}", value)]


def _forward(number: str, value: str) -> list[Pair]:
    """Parse `[ADDRESS:]PORT[-PORT][:GUEST-PORT][/PROTOCOL]`."""
    if number and not number.isdigit():
        return [(f"portForward{number}", value)]
    rest, slash, protocol = value.partition("/")
    words = rest.split(":")
    guest = words.pop() if len(words) > 1 and words[-1].isdigit() and _is_range(words[-2]) else ""
    ports = words.pop()
    address = ":".join(words).removeprefix("[").removesuffix("]")
    start, dash, end = ports.partition("-")
    if not _is_range(ports) or (slash and not protocol):
        raise UsageError(
            f"--network portForward={value}: invalid port forwarding",
            hint="use [ADDRESS:]PORT[-PORT][:GUEST-PORT][/tcp|/udp], for example 8080:80",
        )
    name = f"portForward{number}"
    result: list[Pair] = [(f"{name}.proto", protocol or "tcp")]
    for last, text in (("address", address), ("range0.start", start), ("range0.end", end), ("range0.to", guest)):
        if text:
            result.append((f"{name}.{last}", text))
    return result


def _is_range(text: str) -> bool:
    start, dash, end = text.partition("-")
    return start.isdigit() and (end.isdigit() if dash else not end)


_FORWARD = "./portForward[#]/"
_RANGE = f"{_FORWARD}range[#]/"
_PORT = "./virtualport/parameters/"

_FORWARDS = (
    Row("portForward[0-9]*"),
    Row("portForward[0-9]*.proto", f"{_FORWARD}@proto", values=("tcp", "udp")),
    Row("portForward[0-9]*.address", f"{_FORWARD}@address"),
    Row("portForward[0-9]*.dev", f"{_FORWARD}@dev"),
    Row("portForward[0-9]*.range[0-9]*.start", f"{_RANGE}@start", INT),
    Row("portForward[0-9]*.range[0-9]*.end", f"{_RANGE}@end", INT),
    Row("portForward[0-9]*.range[0-9]*.to", f"{_RANGE}@to", INT),
    Row("portForward[0-9]*.range[0-9]*.exclude", f"{_RANGE}@exclude", YESNO),
)

_SOURCE = (
    Row("network", "./source/@network"),
    Row("bridge", "./source/@bridge"),
    Row(
        "source",
        "./source/@dev",
        by_type={"network": "./source/@network", "bridge": "./source/@bridge", "user": "", "": ""},
    ),
    Row("hostdev"),
    Row(RESERVE),
    Row("source.mode", "./source/@mode", old=("source_mode",), values=("vepa", "bridge", "private", "passthrough")),
    Row("source.type", "./source/@type", old=("source_type",), values=("unix",)),
    Row("source.path", "./source/@path", old=("source_path",)),
    Row("source.portgroup", "./source/@portgroup", old=("portgroup",)),
    Row("source.address.type", "./source/address/@type", values=("pci",)),
    Row("source.address.domain", "./source/address/@domain", INT),
    Row("source.address.bus", "./source/address/@bus", INT),
    Row("source.address.slot", "./source/address/@slot", INT),
    Row("source.address.function", "./source/address/@function", INT),
    Row("backend.type", "./backend/@type", values=("passt", "default")),
    Row("backend.logFile", "./backend/@logFile"),
    Row("backend.hostname", "./backend/@hostname"),
    Row("backend.fqdn", "./backend/@fqdn"),
)

_CARD = (
    Row(
        "type",
        "./@type",
        values=("network", "bridge", "user", "direct", "ethernet", "vhostuser", "vdpa", "hostdev", "internal", "null"),
        ignored=("default",),
    ),
    Row("model", "./model/@type", values=("virtio", "e1000e", "e1000", "rtl8139", "igb", "vmxnet3", "virtio-net")),
    Row("model.type", "./model/@type"),
    Row("mac", "./mac/@address", ignored=("RANDOM",)),
    Row("mac.address", "./mac/@address", ignored=("RANDOM",)),
    Row("link.state", "./link/@state", old=("link_state",), values=("up", "down")),
    Row("mtu.size", "./mtu/@size", INT),
    Row("target.dev", "./target/@dev", old=("target",)),
    Row("trustGuestRxFilters", "./@trustGuestRxFilters", YESNO),
    Row("driver.name", "./driver/@name", old=("driver_name",), values=("qemu", "vhost", "vfio")),
    Row("driver.queues", "./driver/@queues", INT, old=("driver_queues",)),
    Row("filterref.filter", "./filterref/@filter", old=("filterref",)),
    Row("rom.bar", "./rom/@bar", ONOFF, old=("rom_bar",)),
    Row("rom.file", "./rom/@file", old=("rom_file",)),
    Row(
        "virtualport.type",
        "./virtualport/@type",
        old=("virtualport_type",),
        values=("802.1Qbg", "802.1Qbh", "openvswitch", "midonet"),
    ),
    *(
        Row(f"virtualport.parameters.{name}", f"{_PORT}@{name}", kind, old=(f"virtualport_{name}",))
        for name, kind in (
            ("managerid", INT),
            ("typeid", INT),
            ("typeidversion", INT),
            ("instanceid", TEXT),
            ("profileid", TEXT),
            ("interfaceid", TEXT),
        )
    ),
)

_INSIDE = (Row("static", commas=True), Row("gateway", commas=True), Row("dns", commas=True))
"""The address inside the guest."""

TABLES = (
    Table(
        "network",
        "./devices/interface",
        (*_CARD, *_INSIDE, *_SOURCE, *_FORWARDS, *BOOT, *VIRTIO, *DEVICE),
        first=("type",),
        many=True,
        expand=expand,
        none=True,
    ),
)
