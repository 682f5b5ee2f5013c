"""Addresses that networks give away and reserve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from virtprov.host.base import Link
from virtprov.host.connection import Host
from virtprov.host.facts.info import Lease
from virtprov.host.inventory.networks import LIVE, STORED, Networks

HOST = "<host mac='52:54:00:00:00:01' ip='192.168.122.50'/>"


class Network:
    """A network that is off or active, stored or not, and has given addresses away."""

    def __init__(self, *, active: bool = True, persistent: bool = True) -> None:
        self.active, self.persistent = active, persistent
        self.updates: list[tuple[Any, ...]] = []

    def isActive(self) -> bool:
        return self.active

    def isPersistent(self) -> bool:
        return self.persistent

    def XMLDesc(self, flags: int) -> str:
        return f"<network><name>{flags}</name></network>"

    def DHCPLeases(self) -> list[dict[str, Any]]:
        return [
            {"mac": "52:54:00:00:00:01", "ipaddr": "192.168.122.5", "hostname": "web"},
            {"mac": None, "ipaddr": "fd00::5", "hostname": None},
        ]

    def update(self, *words: Any) -> None:
        self.updates.append(words)


def networks(network: Network) -> Networks:
    class Conn:
        def networkLookupByName(self, name: str) -> Network:
            return network

    return Networks(Link(Conn(), "qemu:///system"))


def test_leases() -> None:
    assert networks(Network()).leases("default") == (
        Lease("52:54:00:00:00:01", "192.168.122.5", "web"),
        Lease("", "fd00::5", ""),
    )


def test_a_driver_without_leases(make_host: Callable[[str], Host]) -> None:
    host = make_host("<network><name>lab</name><bridge name='virbr9'/></network>")
    assert host.networks.leases("lab") == () and host.networks.leases("nosuch") == ()
    assert host.networks.documents("nosuch") == {}
    assert list(host.networks.documents("lab")) == [LIVE], "the test driver has one document"


@pytest.mark.parametrize(
    ("active", "persistent", "documents", "flags"),
    [
        (True, True, {LIVE: 0, STORED: libvirt.VIR_NETWORK_XML_INACTIVE}, 3),
        (False, True, {STORED: libvirt.VIR_NETWORK_XML_INACTIVE}, 2),
        (True, False, {LIVE: 0}, 1),
    ],
)
def test_a_reservation_holds_now_and_later(
    active: bool, persistent: bool, documents: dict[str, int], flags: int
) -> None:
    network = Network(active=active, persistent=persistent)
    there = networks(network)
    assert there.documents("lab") == {
        state: f"<network><name>{number}</name></network>" for state, number in documents.items()
    }
    there.add_dhcp_host("lab", HOST, 1)
    add, section = libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST
    assert network.updates == [(add, section, 1, HOST, flags)]


def test_a_reservation_is_removed_from_one_document() -> None:
    network = Network()
    networks(network).remove_dhcp_host("lab", HOST, 0, STORED)
    delete, section = libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST
    assert network.updates == [(delete, section, 0, HOST, libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG)]
