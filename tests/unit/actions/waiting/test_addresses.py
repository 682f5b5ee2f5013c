"""Whether the new guest can be reached, by everybody who may know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.waiting.addresses import missing, of
from virtprov.guest.document import Guest
from virtprov.host.facts.info import Address
from virtprov.host.failures import AgentSilent

NIC = "<domain><devices><interface type='{}'/></devices></domain>"


class Known(StandIn):
    """A host that knows these addresses by their sources; of all others nobody knows."""

    def __init__(self, **addresses: str) -> None:
        self.addresses = addresses

    def running_interface_addresses(self, name: str, source: str) -> tuple[Address, ...]:
        if source not in self.addresses:
            raise AgentSilent("nobody answers")
        return tuple(Address("eth0", "", "ipv4", each, 24) for each in self.addresses[source].split())

    def running_agent(self, name: str, command: str) -> str:
        assert json.loads(command) == {"execute": "guest-network-get-interfaces"}
        if "agent" not in self.addresses:
            raise AgentSilent("nobody answers")
        known = [{"ip-address": each} for each in self.addresses["agent"].split()]
        return json.dumps({"return": [{"name": "lo"}, {"name": "eth0", "ip-addresses": known}]})


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        ({"lease": "192.168.122.5"}, ["192.168.122.5"]),
        ({"agent": "127.0.0.1 fe80::1 10.0.0.7"}, ["10.0.0.7"]),
        ({"lease": "", "agent": "127.0.0.1", "arp": "10.0.0.9"}, ["10.0.0.9"]),
        ({"agent": "127.0.0.1"}, []),
        (
            {"lease": "web.example 10.0.0.8/24 \x1b[31m 2001:DB8:0::7 FE80::1 10.0.0.8 2001:db8::7"},
            ["2001:db8::7", "10.0.0.8"],
        ),
        ({"lease": "ProxyCommand=true", "arp": "10.0.0.9"}, ["10.0.0.9"]),
        ({}, []),
    ],
)
def test_addresses(addresses: dict[str, str], found: list[str]) -> None:
    host: Any = Known(**addresses)
    assert of(host, "web") == found
    assert bool(missing(host, "web", Guest.parse(NIC.format("network")))) is not bool(found)


@pytest.mark.parametrize("end", ["", "nonsense"])
def test_a_guest_cannot_report_addresses_without_end(end: str) -> None:
    host: Any = Known(agent=" ".join([*(f"10.0.0.{number}" for number in range(1, 100)), end]))
    assert len(of(host, "web")) == 32


def test_a_guest_that_nobody_could_reach_anyway() -> None:
    host: Any = Known()
    assert missing(host, "web", Guest.parse(NIC.format("user"))) == missing(host, "web", Guest.new("")) == ""
    assert missing(host, "web", Guest.parse(NIC.format("bridge"))).startswith(
        "no network address of 'web' is known from libvirt's DHCP server, the guest agent or ARP; check with `virsh "
        "console web`, or later with `virsh domifaddr web --source lease`"
    )
