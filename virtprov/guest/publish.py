"""`--publish`: ports of the host that lead into a guest with user networking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.document import Guest
    from virtprov.guest.rule_context import RuleContext

_FORM = "write [ADDRESS:]HOST-PORT:GUEST-PORT[/udp], for example 8022:22 or 127.0.0.1:8080:80"
_SLOT = 0x1C
"""Where the card goes that libvirt knows nothing of: libvirt fills the bus from the first slot upward."""


class Forward(Record):
    """A port of the host, at one of its addresses ("": all of them), and the port of the guest it leads to."""

    address: str
    host: int
    guest: int
    protocol: str = "tcp"


def parse(text: str) -> Forward:
    """Read `[ADDRESS:]HOST-PORT:GUEST-PORT[/tcp|udp]`; an IPv6 address stands in brackets. Raises UsageError."""
    ports, slash, protocol = text.partition("/")
    address, _, last = ports.rpartition(":")
    address, _, first = address.rpartition(":")
    bare = address.removeprefix("[").removesuffix("]")
    if not (first.isdecimal() and last.isdecimal()) or protocol not in ("", "tcp", "udp") or (slash and not protocol):
        raise UsageError(f"--publish {text}: this is no port of the host and one of the guest", hint=_FORM)
    if ":" in bare and bare == address:
        raise UsageError(f"--publish {text}: an IPv6 address stands in brackets", hint="for example [::1]:8022:22")
    if not _is_address(bare):
        raise UsageError(f"--publish {text}: '{bare}' is not an IP address of the host", hint=_FORM)
    for port in (int(first), int(last)):
        if not 0 < port < 65536:
            raise UsageError(f"--publish {text}: there is no port {port}", hint="ports are 1 to 65535")
    return Forward(bare, int(first), int(last), protocol or "tcp")


def _is_address(text: str) -> bool:
    """Whether this is an address, of IPv6 perhaps with its interface; "" stands for all of them."""
    import socket

    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text.partition("%")[0] or "0.0.0.0")
    except OSError:
        return False
    return True


def _check_once(forwards: tuple[Forward, ...]) -> None:
    """Raise UsageError for a port of the host that is to lead to two places."""
    seen: set[tuple[str, int, str]] = set()
    for each in forwards:
        place = (each.address, each.host, each.protocol)
        if place in seen:
            raise UsageError(
                f"--publish: port {each.host} of the host is published twice", hint="give each port of the host once"
            )
        seen.add(place)


def apply(setting: RuleContext, forwards: tuple[Forward, ...]) -> None:
    """Lead the ports into the guest's first interface with user networking.

    Through passt where the interface has it or the host offers it; else QEMU's own user networking does it, with
    a card that libvirt's document cannot describe. Raises UsageError for a guest without user networking.
    """
    if not forwards:
        return
    _check_once(forwards)
    guest = setting.guest
    nic = next((nic for nic in guest.devices("interface") if nic.get("type") in ("user", "vhostuser")), None)
    if nic is None or not setting.is_qemu:
        raise UsageError(
            "--publish leads ports into user networking, and this guest has none",
            hint="add --network user; a guest on a network or bridge is reached by its own address",
        )
    backend = path.get(nic, "./backend/@type")
    if backend == "passt" or (backend is None and _offers_passt(setting)):
        path.put(nic, "./backend/@type", "passt")
        for forward in forwards:
            tree.add(nic, _port_forward(forward))
    else:
        setting.note(
            "the host offers no passt, so the interface with published ports is QEMU's own: "
            "it stands in <qemu:commandline>, and libvirt does not list it"
        )
        _by_qemu(guest, nic, forwards)


def _offers_passt(setting: RuleContext) -> bool:
    known = setting.domcaps
    return known is not None and "passt" in (known.device("interface", "backendType") or ())


def _port_forward(forward: Forward) -> Element:
    """libvirt's <portForward>, see its "Domain XML format", userspace connection using passt."""
    facts = {"proto": forward.protocol} | ({"address": forward.address} if forward.address else {})
    made = tree.element("portForward", None, facts)
    tree.add(made, tree.element("range", None, {"start": str(forward.host), "to": str(forward.guest)}))
    return made


def _by_qemu(guest: Guest, nic: Element, forwards: tuple[Forward, ...]) -> None:
    """Replace the interface by arguments for QEMU: -netdev user with hostfwd= (QEMU's manual, network options)."""
    ways = "".join(
        f",hostfwd={each.protocol}:{_bracketed(each.address)}:{each.host}-:{each.guest}" for each in forwards
    )
    model = {"virtio": "virtio-net-pci"}.get(path.text(nic, "./model/@type"), path.get(nic, "./model/@type"))
    mac = path.get(nic, "./mac/@address")
    card = f"{model or 'virtio-net-pci'},netdev=published0" + (f",mac={mac}" if mac else "")
    if guest.is_x86 or guest.is_arm_virt:
        card += f",addr={_SLOT:#x}"
    tree.remove(nic)
    box = guest.ensure("./qemu:commandline")
    for word in ("-netdev", f"user,id=published0{ways}", "-device", card):
        tree.add(box, tree.element("qemu:arg", None, {"value": word}))


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def check_ports(forwards: tuple[Forward, ...]) -> None:
    """Raise HostError for a port of this machine that cannot be had."""
    from virtprov.support import ports

    for each in forwards:
        why = ports.refusal(each.address, each.host, each.protocol)
        if why:
            raise HostError(
                f"--publish {_bracketed(each.address)}{':' if each.address else ''}{each.host}:{each.guest}: {why}",
                hint="publish another port of the host" if each.host > 1023 else "an ordinary user has ports from 1024",
            )
