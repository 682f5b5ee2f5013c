"""Find the addresses of a new guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.waiting import agent_answers
from virtprov.support.errors import HostError
from virtprov.support.text import shell_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host

SOURCES = ("lease", "agent", "arp")
"""The sources of addresses: the DHCP server of a virtual network, the guest agent, the host's ARP table."""
LOCAL = ("127.", "::1", "fe80:", "169.254.")
"""Addresses at which other machines cannot reach the guest."""


def of(host: Host, name: str) -> list[str]:
    """Return the addresses of a running guest, without loopback and link-local addresses."""
    for source in SOURCES:
        found = list_usable(_ask(host, name, source))
        if found:
            return found
    return []


def list_usable(texts: Iterable[str]) -> list[str]:
    """Return the addresses among these texts at which other machines can reach the guest, each once.

    Other texts are omitted: a guest, or another host, may report anything, and the result is written to files of ssh.
    """
    from ipaddress import ip_address

    found: dict[str, None] = {}
    for text in texts:
        try:
            address = str(ip_address(text))
        except ValueError:
            continue
        if not address.startswith(LOCAL):
            found[address] = None
    return list(found)


def _ask(host: Host, name: str, source: str) -> list[str]:
    """Return what a source knows; the agent is asked by us, because libvirt would wait for its answer for ever."""
    if source == "agent":
        return agent_answers.addresses(host, name)
    try:
        return [address.address for address in host.running.interface_addresses(name, source)]
    except HostError:  # this one cannot tell
        return []


def missing(host: Host, name: str, guest: Guest) -> str:
    """Return a warning if a guest with a network has no known address; "" otherwise."""
    kinds = [nic.get("type") for nic in guest.devices("interface")]
    if all(kind == "user" for kind in kinds) or of(host, name):
        return ""
    return (
        f"no network address of '{name}' is known from libvirt's DHCP server, the guest agent or ARP; check with "
        f"`virsh console {shell_word(name)}`, or later with `virsh domifaddr {shell_word(name)} --source lease`"
    )
