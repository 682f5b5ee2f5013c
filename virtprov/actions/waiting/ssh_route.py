"""Where a guest can be reached from this machine, as far as its definition and its networks tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest import publish
from virtprov.guest.subnets import read_subnet
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.document import Guest
    from virtprov.guest.subnets import Subnet
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element

SSH_PORT = 22
_LOCAL_MODES = ("nat", "")
"""Modes of virtual networks whose guests only their host can reach ("" is an isolated network)."""


class SshRoute(Record):
    """How this machine reaches the guest.

    With an `address` (and a `port`) the host forwards a port to the guest's ssh; otherwise the guest has addresses of
    its own, which are in one of `subnets` if that is known. `why` tells why the guest cannot be reached; "" if it can.
    """

    why: str = ""
    address: str = ""
    port: int = SSH_PORT
    subnets: tuple[Subnet, ...] = ()

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
            return [(self.address, self.port)]
        return [(address, SSH_PORT) for address in addresses if self._is_inside(address)]

    def _is_inside(self, text: str) -> bool:
        from ipaddress import ip_address

        try:
            address = ip_address(text)
        except ValueError:
            return False
        return not self.subnets or any(address in subnet for subnet in self.subnets)


def find_route(guest: Guest, host: Host) -> SshRoute:
    """Return how this machine reaches a guest; one of its interfaces that it can use is enough."""
    published = _published(guest, host)
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
    return SshRoute(subnets=tuple(subnet for route in opened for subnet in route.subnets) if known else ())


def _through(nic: Element, host: Host) -> SshRoute:
    kind = nic.get("type", "")
    if kind == "user":
        return SshRoute("guests with user networking can only be reached with --publish")
    if kind == "direct" and not host.is_remote:
        return SshRoute("a host does not reach its own guests through macvtap")
    if kind != "network":
        return SshRoute()
    name = path.text(nic, "./source/@network")
    network = host.networks.find(name)
    if network is None:
        return SshRoute()
    if host.is_remote and network.forward in _LOCAL_MODES:
        return SshRoute(f"network '{name}' of the remote host is not reachable from here")
    found = [read_subnet(node) for node in tree.children(tree.parse(network.xml, "the network's document"), "ip")]
    subnets = tuple(subnet for subnet in found if subnet is not None)
    return SshRoute(subnets=subnets if len(subnets) == len(found) else ())  # libvirt takes a subnet without its length


_ANY = ("", "0.0.0.0", "::")


def _published(guest: Guest, host: Host) -> SshRoute | None:
    """Return the host's port that is forwarded to the guest's ssh; None without one."""
    forwards = (each for each in publish.find_forwards(guest) if each.guest == SSH_PORT and each.protocol == "tcp")
    found = next(forwards, None)
    if found is None:
        return None
    if not host.is_remote:
        return SshRoute(address="127.0.0.1" if found.address in _ANY else found.address, port=found.host)
    if found.address in _ANY:
        return SshRoute(address=host.machine, port=found.host)
    return SshRoute(f"the published port {found.host} of the remote host is only open on its address {found.address}")
