"""Can the new guest be reached? Its addresses, by everybody who may know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host

SOURCES = ("lease", "agent", "arp")
"""Who is asked: the DHCP server of a virtual network, the guest's agent, the host's ARP table."""
_LOCAL = ("127.", "::1", "fe80:", "169.254.")
"""Addresses at which nobody else reaches the guest."""


def of(host: Host, name: str) -> list[str]:
    """The addresses at which others reach a running guest, without those of its own loopback and link."""
    for source in SOURCES:
        try:
            found = [each.address for each in host.running.interface_addresses(name, source)]
        except HostError:  # this one cannot tell
            continue
        reached = [address for address in found if not address.startswith(_LOCAL)]
        if reached:
            return list(dict.fromkeys(reached))
    return []


def missing(host: Host, name: str, guest: Guest) -> str:
    """What to warn of when a guest with a network has no address that anybody knows; "" otherwise."""
    kinds = [nic.get("type") for nic in guest.devices("interface")]
    if all(kind == "user" for kind in kinds) or of(host, name):
        return ""
    return (
        f"no network address of '{name}' is known: neither libvirt's DHCP, nor the guest's agent, nor ARP tells one;"
        f" look at it with `virsh console {name}`, or ask later with `virsh domifaddr {name} --source lease`"
    )
