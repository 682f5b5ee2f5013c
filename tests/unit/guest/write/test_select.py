"""Which elements a selector means."""

from __future__ import annotations

import pytest

from virtprov.guest.document import Guest
from virtprov.guest.write import select, subopts
from virtprov.guest.write.assign import resolve
from virtprov.guest.write.select import ALL, Selector
from virtprov.host.connection import Host
from virtprov.options.catalogue import table
from virtprov.support.errors import UsageError
from virtprov.xml import path

GUEST = Guest.parse(
    """<domain type='kvm'><name>g</name>
<seclabel type='dynamic' model='selinux'/><seclabel type='static' model='dac'/>
<devices>
<disk type='file' device='disk'><source file='/a.img'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
<disk type='block' device='disk'><driver cache='none'/><source dev='/dev/b'/><target dev='vdb' bus='virtio'/></disk>
<hostdev mode='subsystem' type='pci'><source><address bus='0x15' slot='0x00' function='0x1'/></source></hostdev>
<hostdev mode='subsystem' type='usb'><source><vendor id='0x0781'/><product id='0x5567'/></source></hostdev>
<hostdev mode='subsystem' type='usb'><source><address bus='0x03' device='2'/></source></hostdev>
</devices></domain>"""
)


def chosen(group: str, position: str = "", words: str = "", host: Host | None = None) -> list[str]:
    """What is chosen, by target or position."""
    rows = table(group)
    wanted = resolve(rows, subopts.pairs(rows, words)) if words else None
    nodes = select.elements(GUEST, rows)
    found = select.choose(GUEST, rows, Selector(position, wanted, words), host)
    return [path.get(node, "./target/@dev") or str(nodes.index(node)) for node in found]


@pytest.mark.parametrize(
    ("position", "found"),
    [("", ["vda"]), ("1", ["vda"]), ("3", ["vdb"]), ("-1", ["vdb"]), ("-3", ["vda"]), (ALL, ["vda", "sda", "vdb"])],
)
def test_by_position(position: str, found: list[str]) -> None:
    assert chosen("disk", position) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("target.dev=vdb", ["vdb"]),
        ("target=vdb", ["vdb"]),
        ("bus=virtio", ["vda", "vdb"]),
        ("bus=virtio,cache=none", ["vdb"]),
        ("cache=", ["vda", "sda"]),
        ("/a.img", ["vda"]),
        ("path=/dev/b", ["vdb"]),
        ("path=/dev/../dev/b", ["vdb"]),
        ("path=", ["sda"]),
        ("vdb", ["vdb"]),
        ("SDA", ["sda"]),
        ("readonly=yes", ["sda"]),
        ("readonly=no", ["vda", "vdb"]),
    ],
)
def test_by_what_the_xml_says(words: str, found: list[str]) -> None:
    assert chosen("disk", words=words) == found


@pytest.mark.parametrize(
    ("words", "found"), [("15:0.1", ["0"]), ("0781:5567", ["1"]), ("0x0781:0x5567", ["1"]), ("003.002", ["2"])]
)
def test_host_devices_by_their_names(words: str, found: list[str]) -> None:
    assert chosen("hostdev", words=words) == found


def test_a_node_device_is_found_with_the_hosts_help(kvm: Host) -> None:
    assert chosen("hostdev", words="usb_1_1", host=kvm) == ["1"]
    with pytest.raises(UsageError, match="no hostdev device of the guest matches 'usb_1_1'"):
        chosen("hostdev", words="usb_1_1")


def test_groups_of_the_guest_that_repeat() -> None:
    assert chosen("seclabel", words="model=dac") == ["1"]


@pytest.mark.parametrize(
    ("group", "position", "words", "message"),
    [
        ("disk", "4", "", "no disk device number 4: the guest has 3"),
        ("disk", "-4", "", "no disk device number -4: the guest has"),
        ("disk", "0", "", "invalid disk device number 0"),
        ("sound", "", "", "the guest has no sound device"),
        ("sysinfo", "", "", "the guest has no <sysinfo>"),
        ("disk", "", "target.dev=sdz", "no disk device of the guest matches 'target.dev=sdz'"),
        ("disk", "", "size=5", "'size' cannot be used to select a --disk"),
        ("disk", "", "vol=a/b", "'vol' cannot be used to select a --disk"),
        ("disk", "", "clearxml=yes", "'clearxml' cannot be used to select a --disk"),
        ("disk", "", "xpath.set=./a,xpath.value=b", "'xpath' cannot be used to select a --disk"),
    ],
)
def test_what_cannot_be_chosen(group: str, position: str, words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen(group, position, words)


def test_the_hint_lists_what_there_is() -> None:
    with pytest.raises(UsageError) as failure:
        chosen("disk", words="target.dev=vdc")
    assert failure.value.hint == "choose from: target.dev=vda, target.dev=sda, target.dev=vdb"


@pytest.mark.parametrize("selector", [Selector("2"), Selector("", resolve(table("cpu"), []), "model=x")])
def test_among_one_there_is_no_choice(selector: Selector) -> None:
    with pytest.raises(UsageError, match="a guest has only one --cpu"):
        select.check_single(table("cpu"), selector)


@pytest.mark.parametrize("position", ["", "1", "-1", "all"])
def test_the_one_element_may_be_named(position: str) -> None:
    select.check_single(table("cpu"), Selector(position))


def test_a_name_that_only_one_element_has_selects_it() -> None:
    guest = Guest.parse(
        "<domain type='kvm'><devices><interface type='user'><mac address='52:54:00:AA:BB:CC'/></interface>"
        "<channel type='pty'><target type='virtio' name='org.one'/></channel>"
        "<channel type='pty'><target type='virtio' name='org.two'/><alias name='ua-two'/></channel></devices></domain>"
    )
    wanted = (("network", "52:54:00:aa:bb:cc", 0), ("channel", "org.two", 1), ("channel", "ua-two", 1))
    for group, word, number in wanted:
        rows = table(group)
        selector = Selector("", resolve(rows, subopts.pairs(rows, word)), word)
        assert select.choose(guest, rows, selector) == [select.elements(guest, rows)[number]]


def test_each_element_has_a_word_that_selects_it_alone() -> None:
    """Its name, or its position if it has none, or shares it."""
    guest = Guest.parse(
        "<domain><devices><disk><target dev='vda'/></disk><disk/><disk><target dev='hda'/></disk>"
        "<disk><target dev='hda'/></disk><sound model='ich9'/>"
        "<interface><mac address='52:54:00:00:00:01'/></interface></devices></domain>"
    )
    assert select.choices(guest, table("disk")) == ["vda", "2", "3", "4"]
    assert select.choices(guest, table("sound")) == ["1"]
    assert select.choices(guest, table("network")) == ["52:54:00:00:00:01"]
    assert select.choices(guest, table("rng")) == []
