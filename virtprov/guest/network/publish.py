"""`--publish`: forward ports of the host to a guest with user networking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtprov.guest.document import Guest
    from virtprov.guest.rules.rule_context import RuleContext

SSH_PORT = 22
_FORM = "use [ADDRESS:]HOST-PORT:GUEST-PORT[/udp], for example 8022:22 or 127.0.0.1:8080:80"
_SLOT = 0x1C
"""The PCI slot of a card that libvirt does not know about; libvirt fills the bus from the first slot."""


class Forward(Record):
    """A port of the host, on one of its addresses ("": all), and the port of the guest it is forwarded to."""

    address: str
    host: int
    guest: int
    protocol: str = "tcp"


def parse(text: str) -> Forward:
    """Parse `[ADDRESS:]HOST-PORT:GUEST-PORT[/tcp|udp]`; an IPv6 address is in brackets. Raises UsageError."""
    ports, slash, protocol = text.partition("/")
    address, _, last = ports.rpartition(":")
    address, _, first = address.rpartition(":")
    bare = address.removeprefix("[").removesuffix("]")
    if not (first.isdecimal() and last.isdecimal()) or protocol not in ("", "tcp", "udp") or (slash and not protocol):
        raise UsageError(f"--publish {text}: expected HOST-PORT:GUEST-PORT", hint=_FORM)
    if ":" in bare and bare == address:
        raise UsageError(f"--publish {text}: an IPv6 address must be in brackets", hint="for example [::1]:8022:22")
    if not _is_address(bare):
        raise UsageError(f"--publish {text}: '{bare}' is not a valid IP address", hint=_FORM)
    for port in (int(first), int(last)):
        if not 0 < port < 65536:
            raise UsageError(f"--publish {text}: invalid port {port}", hint="ports range from 1 to 65535")
    return Forward(bare, int(first), int(last), protocol or "tcp")


def _is_address(text: str) -> bool:
    """Return whether this is an IP address, for IPv6 optionally with an interface; "" means all addresses."""
    import socket

    try:
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text.partition("%")[0] or "0.0.0.0")
    except OSError:
        return False
    return True


def _check_once(forwards: tuple[Forward, ...]) -> None:
    """Raise UsageError for a host port that is forwarded twice."""
    seen: set[tuple[str, int, str]] = set()
    for each in forwards:
        place = (each.address, each.host, each.protocol)
        if place in seen:
            raise UsageError(
                f"--publish: host port {each.host} is published twice", hint="publish each host port only once"
            )
        seen.add(place)


def apply(setting: RuleContext, forwards: tuple[Forward, ...]) -> None:
    """Forward the ports to the guest's first interface with user networking.

    Uses passt if the interface has it or the host offers it; otherwise QEMU's user networking, with a network card that
    is not in libvirt's XML. Raises UsageError for a guest without user networking.
    """
    if not forwards:
        return
    _check_once(forwards)
    guest = setting.guest
    nic = next((nic for nic in guest.devices("interface") if nic.get("type") in ("user", "vhostuser")), None)
    if nic is None or not setting.is_qemu:
        raise UsageError(
            "--publish requires user networking, which this guest does not have",
            hint="add --network user; a guest on a network or bridge can be reached at its own address",
        )
    backend = path.get(nic, "./backend/@type")
    if backend == "passt" or (backend is None and _offers_passt(setting)):
        path.put(nic, "./backend/@type", "passt")
        for forward in forwards:
            tree.add(nic, _port_forward(forward))
    else:
        setting.note(
            "the host does not offer passt, so the interface with published ports is a QEMU interface in "
            "<qemu:commandline>, which libvirt does not list"
        )
        _by_qemu(guest, nic, forwards)


def _offers_passt(setting: RuleContext) -> bool:
    known = setting.domcaps
    return known is not None and "passt" in (known.device("interface", "backendType") or ())


def _port_forward(forward: Forward) -> Element:
    """Return libvirt's <portForward>, see its "Domain XML format", userspace connection using passt."""
    facts = {"proto": forward.protocol} | ({"address": forward.address} if forward.address else {})
    element = tree.element("portForward", None, facts)
    tree.add(element, tree.element("range", None, {"start": str(forward.host), "to": str(forward.guest)}))
    return element


def _by_qemu(guest: Guest, nic: Element, forwards: tuple[Forward, ...]) -> None:
    """Replace the interface with arguments for QEMU: -netdev user with hostfwd= (QEMU's manual, network options)."""
    ways = "".join(f",hostfwd={each.protocol}:{_bracket(each.address)}:{each.host}-:{each.guest}" for each in forwards)
    model = {"virtio": "virtio-net-pci"}.get(path.text(nic, "./model/@type"), path.get(nic, "./model/@type"))
    mac = path.get(nic, "./mac/@address")
    card = f"{model or 'virtio-net-pci'},netdev=published0" + (f",mac={mac}" if mac else "")
    if guest.is_x86 or guest.is_arm_virt:
        card += f",addr={_SLOT:#x}"
    tree.remove(nic)
    box = guest.ensure("./qemu:commandline")
    for word in ("-netdev", f"user,id=published0{ways}", "-device", card):
        tree.add(box, tree.element("qemu:arg", None, {"value": word}))


def _bracket(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def find_forwards(guest: Guest) -> Iterator[Forward]:
    """Yield the single ports that passt or QEMU forwards to a guest, whoever wrote that into its document."""
    for nic in guest.devices("interface"):
        for forward in tree.children(nic, "portForward"):
            for ports in tree.children(forward, "range"):
                start = ports.get("start", "")
                to = ports.get("to") or start
                if start.isdecimal() and to.isdecimal():
                    yield Forward(forward.get("address", ""), int(start), int(to), forward.get("proto", ""))
    box = tree.child(guest.root, "qemu:commandline")
    for node in tree.children(box, "qemu:arg") if box is not None else ():
        for word in node.get("value", "").split(","):
            yield from _read_rule(word)


def select_tcp(forwards: Iterable[Forward], ports: tuple[int, ...] = (SSH_PORT,)) -> list[Forward]:
    """Return those that lead to one of these TCP ports of the guest."""
    return [forward for forward in forwards if forward.guest in ports and forward.protocol == "tcp"]


def _read_rule(word: str) -> Iterator[Forward]:
    """Yield what QEMU's `hostfwd=PROTOCOL:[ADDRESS]:PORT-[ADDRESS]:PORT` forwards; nothing for another word."""
    head, _, rest = word.partition(":")
    here, _, there = rest.rpartition("-")
    address, _, port = here.rpartition(":")
    to = there.rpartition(":")[2]
    if head.startswith("hostfwd=") and port.isdecimal() and to.isdecimal():
        yield Forward(address.strip("[]"), int(port), int(to), head.removeprefix("hostfwd="))


def check_ports(forwards: tuple[Forward, ...]) -> None:
    """Raise HostError for a port of this machine that is not available."""
    from virtprov.guest.network import ports

    for each in forwards:
        why = ports.refusal(each.address, each.host, each.protocol)
        if why:
            raise HostError(
                f"--publish {_bracket(each.address)}{':' if each.address else ''}{each.host}:{each.guest}: {why}",
                hint="publish another host port"
                if each.host > 1023
                else "users other than root can use ports from 1024",
            )
