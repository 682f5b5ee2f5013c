"""The subnets of virtual networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from virtprov.xml.tree import Element

    Subnet = IPv4Network | IPv6Network


def read_subnet(node: Element) -> Subnet | None:
    """Return the subnet of an <ip> element of a <network>; None if it is not written there."""
    from ipaddress import ip_network

    mask = node.get("prefix") or node.get("netmask") or ""
    try:
        return ip_network(f"{node.get('address')}/{mask}", strict=False)
    except ValueError:
        return None
