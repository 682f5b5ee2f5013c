"""--network: what it is connected to, port forwarding, links."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write import assign, subopts
from virtprov.guest.write.assign import Assignments
from virtprov.options.catalogue import table
from virtprov.support.errors import UsageError
from virtprov.xml import tree

Built = Callable[[str, str], str]
Say = Callable[[str, str], Assignments]


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("bridge=br0", '<interface type="bridge"><source bridge="br0"/></interface>'),
        ("bridge:br0", '<interface type="bridge"><source bridge="br0"/></interface>'),
        ("network=lab,portgroup=p", '<interface type="network"><source network="lab" portgroup="p"/></interface>'),
        ("network:lab", '<interface type="network"><source network="lab"/></interface>'),
        ("user,model=virtio", '<interface type="user"><model type="virtio"/></interface>'),
        ("source=br0,type=bridge", '<interface type="bridge"><source bridge="br0"/></interface>'),
        (
            "type=direct,source=eth0,source_mode=vepa",
            '<interface type="direct"><source mode="vepa" dev="eth0"/></interface>',
        ),
        ("type=vdpa,source=/dev/v", '<interface type="vdpa"><source dev="/dev/v"/></interface>'),
        ("user,source=eth0", '<interface type="user"/>'),
        ("mac=RANDOM", "<interface/>"),
        ("mac=52:54:00:00:00:01", '<interface><mac address="52:54:00:00:00:01"/></interface>'),
        ("link_state=yes", '<interface><link state="up"/></interface>'),
        ("link.state=off", '<interface><link state="down"/></interface>'),
        ("link.state=down", '<interface><link state="down"/></interface>'),
        ("rom_bar=on,filterref=f", '<interface><filterref filter="f"/><rom bar="on"/></interface>'),
        (
            "virtualport_type=802.1Qbg,virtualport_typeid=0x12,virtualport.parameters.instanceid=i",
            '<interface><virtualport type="802.1Qbg"><parameters typeid="18" instanceid="i"/>'
            "</virtualport></interface>",
        ),
        (
            "type=hostdev,source.address.type=pci,source.address.slot=0x07",
            '<interface type="hostdev"><source><address type="pci" slot="7"/></source></interface>',
        ),
    ],
)
def test_places(built: Built, text: str, xml: str) -> None:
    assert built("network", text) == xml


def test_the_network_card_of_the_host_is_looked_up_later(say: Say) -> None:
    assert say("network", "hostdev=pci_0000_00_09_0").verbs == {"hostdev": "pci_0000_00_09_0"}


@pytest.mark.parametrize(
    ("words", "xml"),
    [
        ("8080", '<portForward proto="tcp"><range start="8080"/></portForward>'),
        ("8080:80", '<portForward proto="tcp"><range start="8080" to="80"/></portForward>'),
        ("7000-8000/udp", '<portForward proto="udp"><range start="7000" end="8000"/></portForward>'),
        (
            "127.0.0.1:2222:22",
            '<portForward proto="tcp" address="127.0.0.1"><range start="2222" to="22"/></portForward>',
        ),
        (
            "2001:db8:ac10:fd01::1:10:3000-4000:30",
            '<portForward proto="tcp" address="2001:db8:ac10:fd01::1:10">'
            '<range start="3000" end="4000" to="30"/></portForward>',
        ),
        ("[::1]:5000", '<portForward proto="tcp" address="::1"><range start="5000"/></portForward>'),
    ],
)
def test_port_forwarding(built: Built, words: str, xml: str) -> None:
    assert built("network", f"passt,portForward={words}") == (
        f'<interface type="user"><backend type="passt"/>{xml}</interface>'
    )


def test_port_forwardings_are_numbered(built: Built) -> None:
    text = "portForward1=22,portForward0.proto=tcp,portForward0.range1.start=6000,portForward0.range0.start=4000"
    assert built("network", text) == (
        '<interface><portForward proto="tcp"><range start="4000"/><range start="6000"/></portForward>'
        '<portForward proto="tcp"><range start="22"/></portForward></interface>'
    )


@pytest.mark.parametrize("words", ["", "x", "80-", "80:http", "80/", "1.2.3.4", "a:b:c"])
def test_port_forwardings_that_make_no_sense(say: Say, words: str) -> None:
    with pytest.raises(UsageError, match="invalid port forwarding"):
        say("network", f"portForward={words}")


@pytest.mark.parametrize(
    ("before", "text", "after"),
    [
        (
            '<source network="default"/>',
            "source=br0,type=bridge",
            '<interface type="bridge"><source bridge="br0"/></interface>',
        ),
        ('<source network="default"/>', "bridge=br0", '<interface type="bridge"><source bridge="br0"/></interface>'),
        (
            '<source network="default" portgroup="p"/>',
            "source=lab",
            '<interface type="network"><source portgroup="p" network="lab"/></interface>',
        ),
    ],
)
def test_a_new_source_takes_the_place_of_the_old_one(before: str, text: str, after: str) -> None:
    rows = table("network")
    node = tree.parse(f'<interface type="network">{before}</interface>')
    assign.write(node, assign.resolve(rows, subopts.pairs(rows, text)))
    assert tree.same(node, tree.parse(after)), tree.to_text(node)


def test_matching_by_source_goes_by_the_type_that_is_there() -> None:
    rows = table("network")
    node = tree.parse('<interface type="bridge"><source bridge="br0"/></interface>')
    for text, fits in (("source=br0", True), ("bridge=br0", True), ("source=br1", False), ("network=br0", False)):
        assert assign.matches(node, assign.resolve(rows, subopts.pairs(rows, text))) is fits, text
