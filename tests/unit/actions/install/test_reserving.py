"""Addresses that a network reserves for a new guest: checked before anything is made, and gone with the guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.place import place_with
from tests.standin import StandIn
from virtprov.actions.install import install_plan
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Evidence
from virtprov.actions.run.artifacts.reservations import Reservation, remove_those_of
from virtprov.actions.run.plan import RunContext, apply
from virtprov.actions.run.trail_reader import from_json
from virtprov.guest.document import Guest
from virtprov.guest.edits import identity
from virtprov.guest.marks.reservations import Reserved, of_guest
from virtprov.host.connection import Host
from virtprov.host.facts.info import Lease
from virtprov.library.install_request import NewGuest, to_request
from virtprov.support.errors import HostError, ProvError, UsageError

NETWORK = """<network><name>lab</name><bridge name='virbr7'/>
<ip address='192.168.122.1' netmask='255.255.255.0'><dhcp>
<range start='192.168.122.2' end='192.168.122.199'/>
<host mac='52:54:00:00:00:01' name='db' ip='192.168.122.5'/></dhcp></ip>
<ip family='ipv6' address='fd00:7::1' prefix='64'><dhcp><range start='fd00:7::10' end='fd00:7::ff'/></dhcp></ip>
</network>"""
BARE = "<network><name>bare</name><bridge name='virbr8'/><ip address='10.9.0.1' prefix='24'/></network>"
MAC = "52:54:00:aa:bb:cc"
OTHER = "52:54:00:aa:bb:cd"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Host]:
    """A host with a network of IPv4 and IPv6, in which an address is reserved, and one without a DHCP server."""
    with place_with(tmp_path, NETWORK + BARE) as host:
        yield host


class Leasing(StandIn):
    """The same host, whose network has given an address away; the test driver has no leases."""

    def __init__(self, real: Host) -> None:
        self.real = real

    def networks_leases(self, name: str) -> tuple[Lease, ...]:
        return (Lease("52:54:00:00:00:09", "192.168.122.77", "printer"), Lease(MAC, "192.168.122.78", ""))


def planned(host: Any, network: str, **more: Any) -> install_plan.InstallPlan:
    guest = NewGuest(
        name="Web_1", memory=64, osinfo="generic", disks="none", networks=network, import_disk=True, **more
    )
    return install_plan.plan(to_request(guest), host)


def network(host: Host) -> str:
    return host.networks.documents("lab")["live"]


def test_an_address_is_reserved_and_listed_in_the_guest(place: Host, context_of: Callable[..., RunContext]) -> None:
    made = planned(place, f"network=lab,mac={MAC},reserve=192.168.122.50")
    assert "192.168.122.50" not in network(place), "planning changes nothing"
    assert made.plan.steps[0].label == "Reserving 192.168.122.50 in network 'lab'"
    apply(made.plan, context_of(place))
    assert f"<host mac='{MAC}' name='web-1' ip='192.168.122.50'/>" in network(place)
    stored = Guest.parse(place.guests.xml("Web_1", inactive=True))
    assert of_guest(stored) == (Reserved("lab", "192.168.122.50", MAC, "web-1"),)


def test_both_versions_of_ip(place: Host, context_of: Callable[..., RunContext]) -> None:
    apply(planned(place, f"network=lab,mac={MAC},reserve=fd00:7::50,reserve=192.168.122.50").plan, context_of(place))
    text = network(place)
    assert f"<host mac='{MAC}' name='web-1' ip='192.168.122.50'/>" in text
    assert f"<host id='00:03:00:01:{MAC}' name='web-1' ip='fd00:7::50'/>" in text


def test_default_means_the_network_of_that_name(place: Host) -> None:
    with pytest.raises(HostError, match="virtual network 'default' does not exist"):
        planned(place, "default,reserve=192.168.122.50")


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("network=lab,reserve=host1", UsageError, "reserve=host1: not an IP address"),
        ("network=lab,reserve=192.168.122.0/24", UsageError, "reserve=192.168.122.0/24: not an IP address"),
        ("network=lab,reserve=192.168.122.50,reserve=192.168.122.51", UsageError, "a second IPv4 address"),
        ("network=lab,reserve=192.168.123.50", HostError, "'lab': the address is outside its subnet"),
        ("network=lab,reserve=fd00:8::50", HostError, "'lab': the address is outside its subnet"),
        ("network=lab,reserve=192.168.122.200", HostError, "outside the range of its DHCP server"),
        ("network=lab,reserve=fd00:7::5", HostError, "outside the range of its DHCP server"),
        ("network=lab,reserve=192.168.122.1", HostError, "this is the address of the host"),
        ("network=lab,reserve=192.168.122.0", HostError, "not the address of a single machine"),
        ("network=lab,reserve=192.168.122.255", HostError, "not the address of a single machine"),
        ("network=lab,reserve=192.168.122.5", HostError, "the address is already reserved for 'db'"),
        (
            "network=lab,mac=52:54:00:00:00:01,reserve=192.168.122.6",
            HostError,
            "192.168.122.5 is already reserved for the MAC",
        ),
        ("network=lab,reserve=192.168.122.77", HostError, "the address is in use by 'printer'"),
        ("network=bare,reserve=10.9.0.5", HostError, "'bare': it has no DHCP server of libvirt for IPv4"),
        ("user,reserve=10.0.2.5", UsageError, "user networking gives every guest the same address"),
        ("bridge=br0,reserve=10.0.2.5", UsageError, "a bridge has no DHCP server"),
    ],
)
def test_addresses_that_cannot_be_reserved(place: Host, text: str, error: type[ProvError], why: str) -> None:
    before = network(place)
    with pytest.raises(error) as caught:
        planned(Leasing(place), text)
    assert why in caught.value.message and caught.value.hint
    assert network(place) == before and "Web_1" not in place.guests.names()


def test_ones_own_lease_is_no_obstacle(place: Host) -> None:
    assert planned(Leasing(place), f"network=lab,mac={MAC},reserve=192.168.122.78").plan.steps


def test_a_guest_that_is_soon_gone_has_none(place: Host) -> None:
    with pytest.raises(UsageError, match="--transient"):
        planned(place, "network=lab,reserve=192.168.122.50", transient=True)


def test_a_name_that_is_taken_is_left_out(place: Host, context_of: Callable[..., RunContext]) -> None:
    place.networks.add_dhcp_host("lab", "<host mac='52:54:00:00:00:02' name='web-1' ip='192.168.122.6'/>", 0)
    apply(planned(place, f"network=lab,mac={MAC},reserve=192.168.122.50").plan, context_of(place))
    assert f"<host mac='{MAC}' ip='192.168.122.50'/>" in network(place)


def test_a_guest_that_cannot_be_made_leaves_no_reservation(place: Host, context_of: Callable[..., RunContext]) -> None:
    before = network(place)
    made = planned(place, f"network=lab,mac={MAC},reserve=192.168.122.50")
    place.guests.define("<domain type='test'><name>Web_1</name><memory>9</memory><os><type>hvm</type></os></domain>")
    with pytest.raises(HostError):
        apply(made.plan, context_of(place))
    assert network(place) == before


def test_two_at_once(place: Host, context_of: Callable[..., RunContext]) -> None:
    """The one that comes second fails, and does not take the other's reservation with it."""
    first, second = (
        planned(place, f"network=lab,mac={mac},reserve=192.168.122.50") for mac in (MAC, "52:54:00:aa:bb:cd")
    )
    apply(first.plan, context_of(place))
    with pytest.raises(HostError):
        apply(second.plan, context_of(place))
    assert f"<host mac='{MAC}' name='web-1' ip='192.168.122.50'/>" in network(place)


# -- whose it is, and how it goes -----------------------------------------------------------------


@pytest.mark.parametrize("address", ["192.168.122.50", "fd00:7::50"])
def test_it_is_told_by_its_interface(place: Host, address: str) -> None:
    ours = Reservation("lab", address, MAC, "web")
    assert from_json(ours.as_json()) == ours
    before = network(place)
    assert ours.standing(place, Evidence()).state == GONE
    place.networks.add_dhcp_host("lab", f"{_text(ours)}", int(":" in address))
    assert ours.standing(place, Evidence()).state == OURS
    theirs = ours._replace(mac="52:54:00:00:00:77")
    assert theirs.standing(place, Evidence()).state == OTHERS
    theirs.take_down(place)
    assert address in network(place)
    ours.take_down(place)
    assert network(place) == before
    assert Reservation("nowhere", address, MAC).standing(place, Evidence()).state == GONE


def _text(reservation: Reservation) -> str:
    from virtprov.xml import tree

    return tree.to_text(reservation.element())


def test_another_spelling_is_the_same_address(place: Host) -> None:
    ours = Reservation("lab", "fd00:7:0:0::50", MAC, "web")
    place.networks.add_dhcp_host("lab", _text(ours._replace(address="fd00:7::50")), 1)
    assert ours.standing(place, Evidence()).state == OURS


def test_they_go_with_the_guest_and_others_stay(place: Host, context_of: Callable[..., RunContext]) -> None:
    before = network(place)
    apply(planned(place, f"network=lab,mac={MAC},reserve=192.168.122.50").plan, context_of(place))
    guest = Guest.parse(place.guests.xml("Web_1", inactive=True))
    place.networks.add_dhcp_host("lab", "<host mac='52:54:00:00:00:02' ip='192.168.122.6'/>", 0)
    assert [each.address for each in remove_those_of(place, guest)] == ["192.168.122.50"]
    assert remove_those_of(place, guest) == ()
    assert network(place) == before.replace(
        "ip='192.168.122.5'/>", "ip='192.168.122.5'/>\n      <host mac='52:54:00:00:00:02' ip='192.168.122.6'/>"
    )


def test_a_copy_has_none_of_its_own(place: Host) -> None:
    guest = planned(place, f"network=lab,mac={MAC},reserve=192.168.122.50").plan.domains[-1].guest.copy()
    identity.renew(guest, "copy", "00000000-0000-0000-0000-000000000001")
    assert "reservation" not in guest.text() and of_guest(guest) == ()


def test_a_reservation_for_an_interface_that_is_gone_is_not_the_guests(place: Host) -> None:
    guest = planned(place, f"network=lab,mac={MAC},reserve=192.168.122.50").plan.domains[-1].guest.copy()
    guest.devices("interface")[0].find("mac").set("address", "52:54:00:00:00:42")  # type: ignore[union-attr]
    assert of_guest(guest) == ()
