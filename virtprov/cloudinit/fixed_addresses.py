"""Fixed addresses of a guest's network interfaces, and the network-config that sets them (version 2)."""

from __future__ import annotations

from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
    from typing import Any

    Address = IPv4Address | IPv6Address
    WithPrefix = IPv4Interface | IPv6Interface

NAMES = ("static", "gateway", "dns")
"""The sub-options of `--network`."""
_FORM = "for example static=192.0.2.5/24,gateway=192.0.2.1,dns=192.0.2.53, or static=192.0.2.5/24,2001:db8::5/64"
_DEFAULT_ROUTE = {4: "0.0.0.0/0", 6: "::/0"}


class FixedAddress(Record):
    """The addresses of an interface with their prefixes, its gateways (one of each family), and its name servers."""

    addresses: tuple[str, ...]
    gateways: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()

    @property
    def first(self) -> str:
        """Return the first address without its prefix."""
        return self.addresses[0].partition("/")[0]


class Interface(Record):
    """A network interface: its MAC address, and its fixed address (None: DHCP)."""

    mac: str
    fixed: FixedAddress | None = None


def parse(words: Mapping[str, str]) -> FixedAddress | None:
    """Return the fixed address in one use of `--network`; None without one. Raises UsageError for invalid values."""
    given = {name: [part.strip() for part in words.get(name, "").split(",") if part.strip()] for name in NAMES}
    if not given["static"]:
        wrong = next((name for name in NAMES if name in words), "")
        if wrong and wrong != "static":
            raise UsageError(f"--network {wrong}: can only be used with static=", hint=_FORM)
        if wrong:
            raise UsageError("--network static: address missing", hint=_FORM)
        return None
    addresses = [_interface(text) for text in given["static"]]
    gateways = [_address("gateway", text) for text in given["gateway"]]
    servers = [_address("dns", text) for text in given["dns"]]
    _check_gateways(addresses, gateways)
    return FixedAddress(*(tuple(map(str, found)) for found in (addresses, gateways, servers)))


def _interface(text: str) -> WithPrefix:
    import ipaddress

    if "/" not in text:
        address = _address("static", text)
        prefix = 64 if address.version == 6 else 24
        raise UsageError(f"--network static: '{text}' has no prefix length", hint=f"for example {text}/{prefix}")
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        raise UsageError(f"--network static: '{text}' is not an address with a prefix length", hint=_FORM) from None
    address = interface.ip
    _check_machine("static", text, address, interface.network)
    if address.is_multicast or address.is_loopback or address.is_unspecified:
        raise UsageError(f"--network static: {text} cannot be the address of a machine", hint=_FORM)
    return interface


def _check_machine(name: str, text: str, address: Address, network: IPv4Network | IPv6Network) -> None:
    """Raise UsageError for the first and the last address of a network, which no machine has."""
    is_end = network.num_addresses > 2 and address == network.broadcast_address and address.version == 4
    is_start = network.num_addresses > 2 and address == network.network_address
    if is_start or is_end:
        what = "the address of the network itself" if is_start else "the broadcast address of its network"
        raise UsageError(f"--network {name}: {text} is {what}", hint="give the address of one machine in it")


def _address(name: str, text: str) -> Address:
    import ipaddress

    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise UsageError(f"--network {name}: '{text}' is not an IP address", hint=_FORM) from None


def _check_gateways(addresses: Sequence[WithPrefix], gateways: Sequence[Address]) -> None:
    """Raise UsageError for a gateway that cannot be reached, and for two of one family."""
    for gateway in gateways:
        networks = [found.network for found in addresses if found.version == gateway.version]
        if not networks:
            raise UsageError(f"--network gateway: no address of the family of {gateway} is given", hint=_FORM)
        if not gateway.is_link_local and not any(gateway in network for network in networks):
            raise UsageError(
                f"--network gateway: {gateway} is not in {networks[0]}", hint="check the prefix length, such as /24"
            )
        if any(gateway == found.ip for found in addresses):
            raise UsageError(f"--network gateway: {gateway} is the guest's own address", hint="give another address")
        for network in networks:
            if network.version == 4:  # IPv6 routers may have the first address (RFC 4291, 2.6.1)
                _check_machine("gateway", str(gateway), gateway, network)
    if len({gateway.version for gateway in gateways}) < len(gateways):
        raise UsageError("--network gateway: two gateways of one family", hint="give one for IPv4, and one for IPv6")


def network_config(interfaces: Sequence[Interface]) -> bytes:
    """Return the network settings for these interfaces: fixed addresses, otherwise DHCP by MAC address.

    The renderers of netplan pass `dhcp-identifier` on; others ignore it (cloud-init, Networking Config Version 2). The
    boot waits for the first interface only. A default route is written as a network: older renderers do not know the
    word `default`.
    """
    from virtprov.cloudinit.loading import dump

    ethernets: dict[str, dict[str, Any]] = {}
    for number, interface in enumerate(interfaces):
        settings: dict[str, Any] = {"match": {"macaddress": interface.mac.lower()}}
        settings |= _fixed(interface.fixed) if interface.fixed else {"dhcp4": True, "dhcp-identifier": "mac"}
        if number:
            settings["optional"] = True
        ethernets[f"nic{number}"] = settings
    return dump({"version": 2, "ethernets": ethernets}).encode()


def _fixed(fixed: FixedAddress) -> dict[str, Any]:
    settings: dict[str, Any] = {"dhcp4": False, "addresses": list(fixed.addresses)}
    if fixed.gateways:
        settings["routes"] = [{"to": _DEFAULT_ROUTE[6 if ":" in way else 4], "via": way} for way in fixed.gateways]
    if fixed.dns:
        settings["nameservers"] = {"addresses": list(fixed.dns)}
    return settings
