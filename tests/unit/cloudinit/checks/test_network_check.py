"""What may be a network-config, and what is said about the rest."""

from __future__ import annotations

import pytest

from virtprov.cloudinit.checks.document_check import CheckedDocument
from virtprov.cloudinit.checks.network_check import check_network_config
from virtprov.cloudinit.value_sources import Source
from virtprov.support.errors import InputError


def network(text: str) -> CheckedDocument:
    return check_network_config(Source("'net'", text.encode()))


@pytest.mark.parametrize(
    "text",
    [
        "version: 2\nethernets: {}\n",
        "network:\n  version: 2\n  ethernets: {}\n",
        "version: 1\nconfig: []\n",
        "network: {version: 1, config: [{type: physical, name: eth0}]}\n",
        "network: {config: disabled}\n",
        "config: disabled\n",
        "version: 2\nrenderer: networkd\nethernets: {}\nbonds: {}\nvrfs: {}\n",
    ],
)
def test_network_configs(text: str) -> None:
    assert network(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("ethernets: {}\n", "the network-config does not contain 'version: 1' or 'version: 2'", "version: 2"),
        ("version: 3\n", "unknown network-config version '3'", ""),
        ("version: '2'\n", "unknown network-config version '2': a text", "version: 2, without quotes"),
        ("version: 1\nethernets: {}\n", "network-config version 1 requires a list 'config'", ""),
        ("network: 5\n", "does not contain anything", ""),
        ("auto lo\niface lo inet loopback\n", "line 1: the network-config is plain text", ""),
        ("version: 2\nethernets:\n  a: b: c\n", "line 3: invalid YAML", ""),
    ],
)
def test_no_network_configs(text: str, words: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        network(text)
    assert str(caught.value).startswith("'net'")
    assert words in str(caught.value)
    assert hint in caught.value.hint


def test_network_config_typos_are_noticed() -> None:
    (said,) = network("version: 2\nethernet: {}\n").warnings
    assert said == "'net': network-config version 2 has no key 'ethernet': did you mean 'ethernets'?"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "version: 2\nethernets: {eth0: {dhcp: true}}",
            "a device below 'ethernets' has no key 'dhcp': did you mean 'dhcp4'?",
        ),
        (
            "version: 2\nbonds: {b: {interface: [a]}}",
            "a device below 'bonds' has no key 'interface': did you mean 'interfaces'?",
        ),
        (
            "version: 2\nvlans: {v: {gateway_4: 1.2.3.4}}",
            "a device below 'vlans' has no key 'gateway_4': did you mean 'gateway4'?",
        ),
        (
            "version: 1\nconfig: [{type: physical, name: e, mac-address: 'a'}]",
            "an entry of 'config' has no key 'mac-address': did you mean 'mac_address'?",
        ),
        (
            "version: 1\nconfig: [{type: physical, name: e, subnets: [{type: static, adress: 1.2.3.4/8}]}]",
            "a subnet has no key 'adress': did you mean 'address'?",
        ),
    ],
)
def test_typos_of_devices_are_noticed(text: str, words: str) -> None:
    assert network(text).warnings == (f"'net': {words}",)


@pytest.mark.parametrize(
    "text",
    [
        "version: 2\nethernets: {e: {match: {macaddress: a}, set-name: x, addresses: [a], nameservers: {}}}",
        "version: 2\nethernets: {e: null}\nbonds: null\nvlans: [a]",
        "version: 1\nconfig: [{type: physical, name: e, subnets: [{type: dhcp}, text]}, {type: nameserver}]",
    ],
)
def test_known_keys_of_devices_are_quiet(text: str) -> None:
    assert network(text).warnings == ()


def test_what_is_beside_the_network_is_said_to_be_ignored() -> None:
    (said,) = network("network: {version: 2}\nethernets: {}\nrenderer: networkd\n").warnings
    assert said == (
        "'net': cloud-init reads only what is below 'network', and ignores 'ethernets' and 'renderer' beside it"
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n"])
def test_an_empty_one_is_no_reason_to_stop(text: str) -> None:
    (said,) = network(text).warnings
    assert said == "'net' is empty: cloud-init configures the network itself"
