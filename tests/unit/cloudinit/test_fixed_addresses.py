"""Fixed addresses of `--network`, and the network-config with them."""

from __future__ import annotations

import pytest
import yaml

from virtprov.cloudinit import seed
from virtprov.cloudinit.fixed_addresses import FixedAddress, Interface, network_config, parse
from virtprov.cloudinit.seed_request import SeedRequest
from virtprov.support.errors import UsageError

MAC, OTHER = "52:54:00:AA:00:01", "52:54:00:aa:00:02"


def test_an_address_with_all_that_belongs_to_it() -> None:
    words = {"static": "192.0.2.5/24,2001:db8::5/64", "gateway": "192.0.2.1, fe80::1", "dns": "192.0.2.53"}
    found = parse(words)
    assert found == FixedAddress(("192.0.2.5/24", "2001:db8::5/64"), ("192.0.2.1", "fe80::1"), ("192.0.2.53",))
    assert found.first == "192.0.2.5"


@pytest.mark.parametrize("text", ["192.0.2.0/31", "192.0.2.5/32", "2001:db8::5/128", "2001:db8::ffff:ffff/64"])
def test_small_networks_and_ends_of_ipv6(text: str) -> None:
    assert parse({"static": text}) == FixedAddress((text,))


def test_the_first_address_of_an_ipv6_network_is_that_of_its_routers() -> None:
    found = parse({"static": "2001:db8::5/64", "gateway": "2001:db8::"})
    assert found is not None and found.gateways == ("2001:db8::",)


def test_without_an_address_there_is_none() -> None:
    assert parse({"model": "virtio"}) is None


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ({"static": "192.0.2.5"}, "static: '192.0.2.5' has no prefix length", "192.0.2.5/24"),
        ({"static": "dhcp"}, "static: 'dhcp' is not an IP address", "static=192.0.2.5/24"),
        ({"static": ""}, "static: address missing", ""),
        ({"static": "192.0.2.300/24"}, "static: '192.0.2.300/24' is not an address", ""),
        ({"static": "192.0.2.5/33"}, "static: '192.0.2.5/33' is not an address", ""),
        ({"static": "192.0.2.0/24"}, "static: 192.0.2.0/24 is the address of the network itself", ""),
        ({"static": "2001:db8::/64"}, "static: 2001:db8::/64 is the address of the network itself", ""),
        ({"static": "192.0.2.255/24"}, "static: 192.0.2.255/24 is the broadcast address", ""),
        ({"static": "127.0.0.2/8"}, "static: 127.0.0.2/8 cannot be the address of a machine", ""),
        ({"static": "224.0.0.5/24"}, "static: 224.0.0.5/24 cannot be", ""),
        ({"gateway": "192.0.2.1"}, "gateway: can only be used with static=", ""),
        ({"dns": "192.0.2.1"}, "dns: can only be used with static=", ""),
        ({"static": "192.0.2.5/24", "gateway": "x"}, "gateway: 'x' is not an IP address", ""),
        ({"static": "192.0.2.5/24", "dns": "ns.example"}, "dns: 'ns.example' is not an IP address", ""),
        ({"static": "192.0.2.5/24", "gateway": "198.51.100.1"}, "gateway: 198.51.100.1 is not in 192.0.2.0/24", "/24"),
        ({"static": "192.0.2.5/24", "gateway": "2001:db8::1"}, "gateway: no address of the family of 2001:db8::1", ""),
        ({"static": "192.0.2.5/24", "gateway": "192.0.2.5"}, "gateway: 192.0.2.5 is the guest's own address", ""),
        ({"static": "192.0.2.5/24", "gateway": "192.0.2.0"}, "gateway: 192.0.2.0 is the address of the network", ""),
        ({"static": "192.0.2.5/24", "gateway": "192.0.2.255"}, "gateway: 192.0.2.255 is the broadcast address", ""),
        ({"static": "192.0.2.5/24", "gateway": "192.0.2.1,192.0.2.2"}, "gateway: two gateways of one family", ""),
    ],
)
def test_addresses_that_cannot_work(words: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert caught.value.message.startswith(f"--network {message}") and hint in caught.value.hint


def test_the_settings_of_all_interfaces() -> None:
    fixed = FixedAddress(("192.0.2.5/24", "2001:db8::5/64"), ("192.0.2.1", "2001:db8::1"), ("192.0.2.53",))
    assert yaml.safe_load(network_config((Interface(MAC, fixed), Interface(OTHER)))) == {
        "version": 2,
        "ethernets": {
            "nic0": {
                "match": {"macaddress": MAC.lower()},
                "dhcp4": False,
                "addresses": ["192.0.2.5/24", "2001:db8::5/64"],
                "routes": [{"to": "0.0.0.0/0", "via": "192.0.2.1"}, {"to": "::/0", "via": "2001:db8::1"}],
                "nameservers": {"addresses": ["192.0.2.53"]},
            },
            "nic1": {"match": {"macaddress": OTHER}, "dhcp4": True, "dhcp-identifier": "mac", "optional": True},
        },
    }


def test_an_address_alone() -> None:
    tree = yaml.safe_load(network_config((Interface(MAC, FixedAddress(("192.0.2.5/24",))),)))
    assert tree["ethernets"]["nic0"] == {
        "match": {"macaddress": MAC.lower()}, "dhcp4": False, "addresses": ["192.0.2.5/24"],
    }  # fmt: skip


def test_a_seed_has_them() -> None:
    request = SeedRequest(interfaces=(Interface(MAC, FixedAddress(("192.0.2.5/24",))),))
    assert b"192.0.2.5/24" in seed.build(request).documents["network-config"]
    assert "network-config" not in seed.build(SeedRequest()).documents
