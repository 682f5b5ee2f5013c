"""Where a guest can be reached from this machine, as far as its definition and its networks tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.network import publish
from virtprov.guest.network.publish import SSH_PORT
from virtprov.guest.network.subnets import read_subnet
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.waiting.knock import Service
    from virtprov.guest.document import Guest
    from virtprov.guest.network.subnets import Subnet
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element

WINDOWS_PORTS = (22, 3389, 5985)
"""The ports at which a guest with Windows may answer: ssh, remote desktop, WinRM."""
_LOCAL_MODES = ("nat", "")
"""Modes of virtual networks whose guests only their host can reach ("" is an isolated network)."""


class SshRoute(Record):
    """How this machine reaches the guest.

    With an `address` (and a `port`) the host forwards a port to the guest's ssh; otherwise the guest has addresses of
    its own, which are in one of `subnets` if that is known. `why` is the reason if it cannot be reached; "" if it can.
    `ports` are those of the guest that are of interest; `forwards` are all that lead there: (address, port, port of the
    guest). `jump` is a machine from which a guest can be reached that cannot be reached from here, as for ssh's `-J`.
    """

    why: str = ""
    address: str = ""
    port: int = SSH_PORT
    subnets: tuple[Subnet, ...] = ()
    ports: tuple[int, ...] = (SSH_PORT,)
    forwards: tuple[tuple[str, int, int], ...] = ()
    jump: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the guest can be reached."""
        return not self.why

    def places(self, addresses: list[str]) -> list[tuple[str, int]]:
        """Return where the guest's ssh can be reached if the guest has these addresses.

        A guest may report any address: those outside its networks are left out.
        """
        if self.why:
            return []
        if self.address:
            forwards = self.forwards or ((self.address, self.port, SSH_PORT),)
            return [(address, port) for address, port, _ in forwards]
        return [(address, port) for address in addresses if self._is_inside(address) for port in self.ports]

    def behind_jump(self, addresses: list[str]) -> list[str]:
        """Return those addresses of the guest at which it can be reached from the machine `jump`."""
        return [address for address in addresses if self._is_inside(address)] if self.jump else []

    def service_at(self, place: tuple[str, int]) -> Service:
        """Return what should answer at a place."""
        from virtprov.actions.waiting.knock import SERVICES, SSH

        if not self.address:
            return SERVICES.get(place[1], SSH)
        return next((SERVICES[port] for *known, port in self.forwards if tuple(known) == place), SSH)

    def _is_inside(self, text: str) -> bool:
        from ipaddress import ip_address

        try:
            address = ip_address(text)
        except ValueError:
            return False
        return not self.subnets or any(address in subnet for subnet in self.subnets)


def find_route(guest: Guest, host: Host, ports: tuple[int, ...] = (SSH_PORT,)) -> SshRoute:
    """Return how this machine reaches these ports of a guest; one of its interfaces that it can use is enough."""
    published = _published(guest, host, ports)
    if published is not None:
        return published
    nics = guest.devices("interface")
    if not nics:
        return SshRoute("the guest has no network")
    routes = [_through(nic, host) for nic in nics]
    opened = [route for route in routes if route.is_open]
    if not opened:
        return routes[0]
    known = all(route.subnets for route in opened)
    subnets = tuple(subnet for route in opened for subnet in route.subnets) if known else ()
    return SshRoute(subnets=subnets, ports=ports)


def _through(nic: Element, host: Host) -> SshRoute:
    kind = nic.get("type", "")
    if kind == "user":
        return SshRoute("guests with user networking can only be reached with --publish")
    if kind == "direct" and not host.is_remote:
        return SshRoute("a host cannot reach its own guests through macvtap")
    if kind != "network":
        return SshRoute()
    name = path.text(nic, "./source/@network")
    network = host.networks.find(name)
    if network is None:
        return SshRoute()
    all_subnets = [read_subnet(node) for node in tree.children(tree.parse(network.xml, "the network's document"), "ip")]
    subnets = tuple(subnet for subnet in all_subnets if subnet is not None)
    known = subnets if len(subnets) == len(all_subnets) else ()  # libvirt takes a subnet without its length
    if host.is_remote and network.forward in _LOCAL_MODES:
        why = f"network '{name}' of the remote host is not reachable from here"
        return SshRoute(why, subnets=known, jump=host.ssh_jump)
    return SshRoute(subnets=known)


_ANY = ("", "0.0.0.0", "::")


def _published(guest: Guest, host: Host, ports: tuple[int, ...]) -> SshRoute | None:
    """Return the ports of the host that are forwarded to these of the guest; None without one."""
    forwards = publish.select_tcp(publish.find_forwards(guest), ports)
    if not forwards:
        return None
    if host.is_remote:
        opened = [(host.machine, each.host, each.guest) for each in forwards if each.address in _ANY]
    else:
        opened = [("127.0.0.1" if each.address in _ANY else each.address, each.host, each.guest) for each in forwards]
    if opened:
        address, port, _ = opened[0]
        return SshRoute(address=address, port=port, ports=ports, forwards=tuple(opened))
    first = forwards[0]
    return SshRoute(f"the published port {first.host} of the remote host is only open on its address {first.address}")
