"""What a guest is now, for the end of a run and for --info."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.place import place_with
from tests.standin import StandIn
from virtprov.actions.install import result
from virtprov.host.connection import Host
from virtprov.host.facts.info import Address
from virtprov.support.errors import HostError

POOL = """<pool type='dir'><name>images</name><target><path>/srv/images</path></target>
<volume type='file'><name>web.qcow2</name><capacity unit='GiB'>3</capacity><target><path>/srv/images/web.qcow2</path>
<format type='qcow2'/></target></volume></pool>"""
NETWORK = """<network><name>lab</name><ip address='192.168.122.1' prefix='24'><dhcp>
<range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip></network>"""
GUEST = """<domain type='test'><name>web</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01</uuid><memory>65536</memory>
<metadata><libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>
<libosinfo:os id='http://debian.org/debian/12'/></libosinfo:libosinfo>
<virtprov:guest xmlns:virtprov='urn:virtprov:guest:1.0'>
<virtprov:reservation network='lab' address='192.168.122.50' mac='52:54:00:00:00:01'/></virtprov:guest></metadata>
<os><type>hvm</type></os><devices>
<disk type='file' device='disk'><source file='/srv/images/web.qcow2'/><target dev='vda'/></disk>
<disk type='file' device='disk'><source file='/elsewhere/data.img'/><target dev='vdb'/></disk>
<disk type='file' device='cdrom'><target dev='sda'/></disk>
<interface type='network'><mac address='52:54:00:00:00:01'/><source network='lab'/></interface></devices></domain>"""


@pytest.fixture(autouse=True)
def bundled_profiles(only_bundled_profiles: None) -> None:
    """The name of the user comes from the profiles that belong to the code."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Host]:
    with place_with(tmp_path, POOL + NETWORK + GUEST) as host:
        yield host


class Knowing(StandIn):
    """The same host, whose network has given the guest these addresses."""

    def __init__(self, real: Host, *addresses: str) -> None:
        self.real, self.known = real, addresses

    def running_interface_addresses(self, name: str, source: str) -> tuple[Address, ...]:
        return tuple(Address("eth0", "", "", each, 24) for each in self.known)


def describe(host: Any, name: str = "web") -> result.Result:
    return result.describe(host, name)


def test_all_of_it(place: Host) -> None:
    found = describe(Knowing(place, "192.168.122.50", "fd00::1"))
    assert found == result.Result(
        "web",
        "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01",
        "running",
        ("52:54:00:00:00:01",),
        ("192.168.122.50", "fd00::1"),
        ("192.168.122.50",),
        "ssh debian@192.168.122.50",
        (result.Disk("vda", "/srv/images/web.qcow2", 3 << 30), result.Disk("vdb", "/elsewhere/data.img", 0)),
    )


def test_a_guest_that_is_off_keeps_its_reserved_address(place: Host) -> None:
    place.guests.destroy("web")
    found = describe(place)
    assert (found.state, found.addresses, found.ssh) == ("shut off", (), "ssh debian@192.168.122.50")
    assert found.reserved == ("192.168.122.50",)


def test_a_guest_that_cannot_be_reached(place: Host) -> None:
    place.guests.define(
        "<domain type='test'><name>bare</name><memory>9</memory><os><type>hvm</type></os><devices/></domain>"
    )
    found = describe(place, "bare")
    assert (found.addresses, found.reserved, found.ssh, found.disks) == ((), (), "", ())


class Remote(Knowing):
    """The same host, which is another machine."""

    is_remote, is_session, is_recorded = True, False, False
    machine, uri, driver = "far.example", "qemu+ssh://ana@far.example/system", "qemu"

    def __init__(self, real: Host, jump: str, *addresses: str) -> None:
        super().__init__(real, *addresses)
        self.ssh_jump = jump


def test_a_guest_behind_a_remote_host_is_reached_through_it(place: Host) -> None:
    assert describe(Remote(place, "ana@far.example", "10.0.0.7", "192.168.122.50")).ssh == (
        "ssh -J ana@far.example debian@192.168.122.50"
    )
    assert describe(Remote(place, "", "192.168.122.50")).ssh == ""


def test_a_guest_that_is_not_there(place: Host) -> None:
    with pytest.raises(HostError, match="guest 'wbe' not found") as caught:
        describe(place, "wbe")
    assert caught.value.hint == "did you mean 'web'?"
