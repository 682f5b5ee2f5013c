"""Ports of the host that lead into a guest."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.network import publish
from virtprov.guest.network.publish import Forward, parse
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.host.connection import connect
from virtprov.osinfo.find_profile import generic
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import tree

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"
USER = "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='{model}'/>{rest}</interface>"


def published(host: str, nic: str, *texts: str) -> tuple[str, list[str]]:
    """What a guest with that interface says once the ports are published, and the notes."""
    text = f"<domain type='kvm'><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>{nic}</devices></domain>"
    guest = Guest.parse(text, "test")
    with connect(f"recorded://{HOSTS / host}") as found:
        setting = RuleContext(guest, found, generic())
        publish.apply(setting, tuple(parse(each) for each in texts))
    return tree.to_text(guest.root), setting.notes


@pytest.mark.parametrize(
    ("text", "forward"),
    [
        ("8022:22", Forward("", 8022, 22)),
        ("127.0.0.1:8080:80/tcp", Forward("127.0.0.1", 8080, 80)),
        ("[fe80::1%eth0]:80:80", Forward("fe80::1%eth0", 80, 80)),
        ("[::1]:5353:53/udp", Forward("::1", 5353, 53, "udp")),
    ],
)
def test_what_is_understood(text: str, forward: Forward) -> None:
    assert parse(text) == forward


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("22", "expected HOST-PORT:GUEST-PORT"),
        ("8022:ssh", "expected HOST-PORT:GUEST-PORT"),
        ("8022:22/sctp", "expected HOST-PORT:GUEST-PORT"),
        ("8022:22/", "expected HOST-PORT:GUEST-PORT"),
        ("", "expected HOST-PORT:GUEST-PORT"),
        ("::1:8022:22", "an IPv6 address must be in brackets"),
        ("1.2.3:8022:22", "'1.2.3' is not a valid IP address"),
        ("udp:53:53", "'udp' is not a valid IP address"),
        ("8022:0", "invalid port 0"),
        ("65536:22", "invalid port 65536"),
    ],
)
def test_what_is_not(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(text)


def test_passt_where_the_host_offers_it() -> None:
    text, notes = published("kvm", USER.format(model="virtio", rest=""), "8022:22", "127.0.0.1:8080:80/udp")
    assert '<backend type="passt"/>' in text and "qemu:commandline" not in text and notes == []
    assert '<portForward proto="tcp">' in text and '<range start="8022" to="22"/>' in text
    assert '<portForward proto="udp" address="127.0.0.1">' in text and '<range start="8080" to="80"/>' in text


def test_passt_that_is_asked_for_is_taken_as_it_is() -> None:
    text, _ = published("far", USER.format(model="virtio", rest="<backend type='passt'/>"), "8022:22")
    assert '<range start="8022" to="22"/>' in text and "qemu:commandline" not in text


def test_qemu_itself_where_there_is_no_passt() -> None:
    text, notes = published("far", USER.format(model="virtio", rest=""), "8022:22", "[::1]:53:53/udp")
    assert "<interface" not in text
    assert 'value="user,id=published0,hostfwd=tcp::8022-:22,hostfwd=udp:[::1]:53-:53"' in text
    assert 'value="virtio-net-pci,netdev=published0,mac=52:54:00:00:00:01,addr=0x1c"' in text
    assert (
        "the host does not offer passt, so the interface with published ports is a QEMU interface in "
        "<qemu:commandline>, which libvirt does not list"
    ) in notes[0]


def test_the_card_stays_of_its_model() -> None:
    assert 'value="e1000e,netdev=published0' in published("far", USER.format(model="e1000e", rest=""), "1:1")[0]


@pytest.mark.parametrize("nic", ["", "<interface type='network'><source network='default'/></interface>"])
def test_a_guest_without_user_networking(nic: str) -> None:
    with pytest.raises(UsageError, match="--publish requires user networking, which this guest does not have"):
        published("kvm", nic, "8022:22")


def test_a_port_that_is_to_lead_to_two_places() -> None:
    with pytest.raises(UsageError, match="--publish: host port 8022 is published twice"):
        published("kvm", USER.format(model="virtio", rest=""), "8022:22", "8022:23")
    published("kvm", USER.format(model="virtio", rest=""), "8022:22", "8022:22/udp", "127.0.0.1:8022:23")


def test_nothing_published_changes_nothing() -> None:
    assert "portForward" not in published("kvm", USER.format(model="virtio", rest=""))[0]


def test_a_port_that_is_taken() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(HostError, match=f"--publish 127.0.0.1:{port}:22: tcp port {port} is not available"):
            publish.check_ports((Forward("127.0.0.1", port, 22),))
