from __future__ import annotations

import pytest

from virtprov.host.connection import Host, connect
from virtprov.host.facts.info import Address
from virtprov.host.failures import NotNow, NotSupported, NotThere

PLUGGED = """
<domain type='test'><name>net</name><memory>1024</memory><os><type>hvm</type></os><devices>
<interface type='network'><mac address='52:54:00:aa:bb:cc'/><source network='lan'/></interface>
</devices></domain>
<network><name>lan</name><bridge name='virbr9'/><ip address='192.168.77.1' netmask='255.255.255.0'>
<dhcp><range start='192.168.77.2' end='192.168.77.254'/></dhcp></ip></network>
"""


def test_addresses_of_a_running_guest(make_host) -> None:  # type: ignore[no-untyped-def]
    host: Host = make_host(PLUGGED)
    (address,) = host.running.interface_addresses("net")
    assert isinstance(address, Address)
    assert (address.family, address.prefix, address.mac) == ("ipv4", 24, "52:54:00:aa:bb:cc")
    assert address.address.startswith("192.168.77.") and address.interface
    assert host.running.interface_addresses("net", "agent") == (address,), "the test driver answers for every source"


def test_a_guest_that_is_off_has_no_addresses(make_host) -> None:  # type: ignore[no-untyped-def]
    host: Host = make_host(PLUGGED)
    host.guests.destroy("net")
    with pytest.raises(NotNow, match="^cannot read the addresses of the guest 'net': "):
        host.running.interface_addresses("net")


def test_the_agent_where_the_driver_has_none() -> None:
    with connect("test:///default") as host, pytest.raises(NotSupported):
        host.running.agent("test", '{"execute": "guest-ping"}')


def test_questions_about_nobody(kvm: Host) -> None:
    for call in (kvm.running.interface_addresses, kvm.running.watch, lambda name: kvm.running.agent(name, "{}")):
        with pytest.raises(NotThere, match="has no guest 'nobody'"):
            call("nobody")
