"""`--network reserve=ADDRESS`: check the address before anything is made, and plan the step that reserves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.network.subnets import read_subnet
from virtprov.options.network import RESERVE
from virtprov.support.errors import HostError, UsageError
from virtprov.support.text import shell_word
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from virtprov.actions.request import InstallRequest
    from virtprov.actions.run.plan import Step
    from virtprov.guest.document import Guest
    from virtprov.guest.network.subnets import Subnet
    from virtprov.guest.write.compose import NewDevice
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element

    Address = IPv4Address | IPv6Address


def plan(request: InstallRequest, guest: Guest, devices: list[NewDevice], host: Host) -> tuple[Step, ...]:
    """Return the steps that reserve the addresses of a new guest, and list them in its metadata.

    Raises UsageError for an address that makes no sense or a card whose addresses libvirt does not give away, HostError
    for one that the network does not have, or that is taken.
    """
    from virtprov.actions.run.artifacts.reservations import Reservation
    from virtprov.actions.steps.reserve import Reserve
    from virtprov.guest.marks import reservations

    steps: list[Step] = []
    for device in devices:
        for address in _parse(device.use.said.verbs.get(RESERVE, "") if device.use.group == "network" else ""):
            _refuse(request, device.element, address, is_session=host.is_session)
            network, mac = path.text(device.element, "./source/@network"), path.text(device.element, "./mac/@address")
            index, name = _Network(host, network).check(address, mac.lower(), _dns_name(guest))
            reservation = Reservation(network, str(address), mac.lower(), name)
            reservations.mark(guest, reservations.Reserved(*reservation))
            steps.append(Reserve(reservation, index))
    return tuple(steps)


def _dns_name(guest: Guest) -> str:
    from virtprov.support.text import host_name

    return host_name(guest.name)


def _parse(text: str) -> list[Address]:
    """Return the addresses of one card: at most one for each version of IP. Raises UsageError."""
    from ipaddress import ip_address

    results: list[Address] = []
    for word in text.split():
        try:
            address = ip_address(word)
        except ValueError:
            raise UsageError(
                f"--network reserve={word}: not an IP address", hint="give one address, such as reserve=192.168.122.50"
            ) from None
        if any(other.version == address.version for other in results):
            raise UsageError(
                f"--network reserve={word}: a second IPv{address.version} address for the same interface",
                hint="give one IPv4 and one IPv6 address at most",
            )
        results.append(address)
    return results


def _refuse(request: InstallRequest, nic: Element, address: Address, *, is_session: bool) -> None:
    """Raise UsageError for a card or a guest for which no address can be reserved."""
    kind = nic.get("type", "")
    if kind != "network" or is_session:
        why = {
            "network": "guests of a session have none",
            "user": "user networking gives every guest the same address",
            "bridge": "a bridge has no DHCP server",
        }
        raise UsageError(
            f"--network reserve={address}: only a virtual network of libvirt can reserve addresses; "
            f"{why.get(kind, f'this interface has the type {kind!r}')}",
            hint="use --network network=NAME,reserve=ADDRESS, or configure the address inside the guest with "
            "--cloud-init network-config=FILE",
        )
    if request.transient:
        raise UsageError(
            f"--network reserve={address} and --transient cannot be used together: the reservation would stay "
            "when the guest is gone",
            hint="omit one of them",
        )


class _Network:
    """A virtual network, asked whether it can reserve an address."""

    def __init__(self, host: Host, name: str) -> None:
        self.host, self.name = host, name
        self.documents = [tree.parse(text, "the network's document") for text in host.networks.documents(name).values()]

    def check(self, address: Address, mac: str, dns_name: str) -> tuple[int, str]:
        """Return the position of the <ip> that has the address, and the DNS name for it.

        The name is "" if another address has it. A network that does not exist is reported by the checks of the host.
        Raises HostError if the address cannot be reserved.
        """
        if not self.documents:
            return 0, dns_name
        index = self._find_subnet(address)
        self._check_reservations(address, mac)
        self._check_leases(address, mac)
        names = {entry.get("name") for entry in self._reserved()}
        if dns_name in names and address.version == 6:
            raise self._error(address, f"the name '{dns_name}' already has an address there")
        return index, "" if dns_name in names else dns_name

    def _error(self, address: Address, why: str, hint: str = "") -> HostError:
        return HostError(
            f"--network reserve={address}: network '{self.name}': {why}",
            hint=hint or f"`virsh net-dumpxml {shell_word(self.name)}` shows its addresses and reservations",
        )

    def _find_subnet(self, address: Address) -> int:
        """Return the position of the <ip> with the address."""
        subnets = tree.children(self.documents[0], "ip")
        known = []
        for index, node in enumerate(subnets):
            subnet = read_subnet(node)
            dhcp = tree.child(node, "dhcp")
            if subnet is None or dhcp is None or subnet.version != address.version:
                continue
            if address in subnet:
                self._check_place(address, subnet, node, dhcp)
                return index
            known.append(str(subnet))
        if not known:
            raise self._error(
                address,
                f"it has no DHCP server of libvirt for IPv{address.version}",
                "use another network, or reserve the address in the DHCP server that serves this one",
            )
        raise self._error(address, "the address is outside its subnet", f"give an address of {' or '.join(known)}")

    def _check_place(self, address: Address, subnet: Subnet, node: Element, dhcp: Element) -> None:
        """Raise HostError for an address that no guest can have."""
        if str(address) == node.get("address"):
            raise self._error(address, "this is the address of the host")
        if address.version == 4 and address in (subnet.network_address, subnet.broadcast_address):
            raise self._error(address, "this is not the address of a single machine")
        from ipaddress import ip_address

        ranges = [(each.get("start", ""), each.get("end", "")) for each in tree.children(dhcp, "range")]
        if ranges and not any(ip_address(start) <= address <= ip_address(end) for start, end in ranges):  # type: ignore[operator]
            listed = " or ".join(f"{start} to {end}" for start, end in ranges)
            raise self._error(
                address, "the address is outside the range of its DHCP server", f"give an address from {listed}"
            )

    def _reserved(self) -> list[Element]:
        from virtprov.actions.run.artifacts.reservations import reserved

        return [entry for document in self.documents for _, entry in reserved(document)]

    def _check_reservations(self, address: Address, mac: str) -> None:
        from virtprov.actions.run.artifacts.reservations import same_address

        for entry in self._reserved():
            owner = entry.get("name") or entry.get("mac") or entry.get("id") or "another guest"
            if same_address(entry.get("ip", ""), str(address)):
                raise self._error(address, f"the address is already reserved for '{owner}'", "give another address")
            if address.version == 4 and entry.get("mac", "").lower() == mac:
                raise self._error(
                    address,
                    f"{entry.get('ip')} is already reserved for the MAC address {mac}",
                    "omit reserve=, or give another MAC address",
                )

    def _check_leases(self, address: Address, mac: str) -> None:
        from virtprov.actions.run.artifacts.reservations import same_address

        for lease in self.host.networks.leases(self.name):
            if same_address(lease.address, str(address)) and lease.mac.lower() != mac:
                owner = lease.hostname or lease.mac or "another guest"
                raise self._error(address, f"the address is in use by '{owner}'", "give another address")
