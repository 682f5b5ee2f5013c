"""Addresses that the DHCP server of a virtual network reserves for a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Artifact, Evidence, Standing
from virtprov.guest.marks.reservations import of_guest
from virtprov.xml import tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtprov.guest.document import Guest
    from virtprov.guest.marks.reservations import Reserved
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


class Reservation(Artifact):
    """The `address` that `network` reserves for the interface `mac`; `name` is the name that its DNS gives it."""

    kind = "reservation"
    network: str
    address: str
    mac: str
    name: str = ""
    is_one_call = True

    def describe(self) -> str:
        return f"reservation of {self.address} in network '{self.network}'"

    def element(self) -> Element:
        """Return libvirt's <host> for it; for IPv6, which knows no MAC addresses, with the DUID made of the MAC.

        DUID-LL, RFC 8415, 11.4: type 3, hardware type 1 (Ethernet), the MAC. Guests that have another one are
        recognized by the name that they send.
        """
        facts = {"id": f"00:03:00:01:{self.mac}"} if is_ipv6(self.address) else {"mac": self.mac}
        if self.name:
            facts["name"] = self.name
        return tree.element("host", None, {**facts, "ip": self.address})

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        entries = list(self._entries(host))
        if not entries:
            return Standing(GONE)
        if any(self._is_own(entry) for _, _, entry in entries):
            return Standing(OURS)
        return Standing(OTHERS, "the address is now reserved for another interface")

    def take_down(self, host: Host) -> None:
        for state, index, entry in self._entries(host):
            if self._is_own(entry):
                host.networks.remove_dhcp_host(self.network, tree.to_text(entry), index, state)

    def _is_own(self, entry: Element) -> bool:
        ours = self.element()
        return all((entry.get(key) or "").lower() == (ours.get(key) or "").lower() for key in ("mac", "id"))

    def _entries(self, host: Host) -> Iterator[tuple[str, int, Element]]:
        """Yield each reservation of the address: in which document of the network, of which <ip>, and the <host>."""
        for state, text in host.networks.documents(self.network).items():
            for index, entry in reserved(tree.parse(text, "the network's document")):
                if same_address(entry.get("ip", ""), self.address):
                    yield state, index, entry


def reserved(network: Element) -> Iterator[tuple[int, Element]]:
    """Yield each <host> of a <network>, with the position of its <ip> element."""
    for index, subnet in enumerate(tree.children(network, "ip")):
        dhcp = tree.child(subnet, "dhcp")
        for entry in tree.children(dhcp, "host") if dhcp is not None else ():
            yield index, entry


def is_ipv6(address: str) -> bool:
    """Return whether a valid address is one of IPv6."""
    return ":" in address


def same_address(one: str, other: str) -> bool:
    """Return whether two texts are the same address: IPv6 has several spellings."""
    from ipaddress import ip_address

    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return one == other


def remove_those_of(host: Host, guest: Guest) -> tuple[Reservation, ...]:
    """Remove the reservations that were made with a guest that is gone, and return them. Raises HostError."""
    return release(host, of_guest(guest))


def release(host: Host, reserved: Iterable[Reserved]) -> tuple[Reservation, ...]:
    """Remove reservations, and return them; those that are for another interface by now are kept. Raises HostError."""
    gone = []
    for each in reserved:
        reservation = Reservation(*each)
        if reservation.standing(host, Evidence()).state == OURS:
            reservation.take_down(host)
            gone.append(reservation)
    return tuple(gone)
