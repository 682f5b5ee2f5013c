"""Host devices by the names people give them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write import hostdev
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def written(name: str, host: Host | None = None, start: str = "<hostdev/>") -> Element:
    node = tree.parse(start)
    hostdev.write_named(node, name, host)
    return node


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "0x0781:0x5567",
            '<hostdev type="usb" mode="subsystem" managed="yes">'
            '<source><vendor id="0x0781"/><product id="0x5567"/></source></hostdev>',
        ),
        (
            "483:2016",
            '<hostdev type="usb" mode="subsystem" managed="yes">'
            '<source><vendor id="0x0483"/><product id="0x2016"/></source></hostdev>',
        ),
        (
            "001.003",
            '<hostdev type="usb" mode="subsystem" managed="yes">'
            '<source><address bus="1" device="3"/></source></hostdev>',
        ),
        (
            "3:1a:0.7",
            '<hostdev type="pci" mode="subsystem" managed="yes">'
            '<source><address domain="3" bus="26" slot="0" function="7"/></source></hostdev>',
        ),
    ],
)
def test_names_that_say_everything(name: str, text: str) -> None:
    assert tree.same(written(name), tree.parse(text))


def test_a_node_device_of_the_host(kvm: Host) -> None:
    by_name = written("usb_1_1", kvm)
    assert tree.same(by_name, written("0x0781:0x5567"))
    pci = written("pci_0000_00_1f_2", kvm)
    assert tree.same(pci, written("00:1f.2"))


def test_a_place_on_the_bus_becomes_the_ids_of_what_is_plugged_in(kvm: Host) -> None:
    assert tree.same(written("1.1", kvm), written("0x0781:0x5567"))


@pytest.mark.parametrize(("kind", "tag"), [("net", "interface"), ("storage", "block"), ("misc", "char")])
def test_devices_of_containers(kind: str, tag: str) -> None:
    node = written("eth7", start=f"<hostdev type='{kind}'/>")
    assert node.get("mode") == "capabilities"
    assert path.text(node, f"./source/{tag}") == "eth7"


def test_another_device_replaces_the_old_one_and_keeps_the_rest() -> None:
    start = (
        "<hostdev mode='subsystem' type='usb' managed='no'><source startupPolicy='optional'>"
        "<vendor id='0x1'/><product id='0x2'/></source><boot order='1'/></hostdev>"
    )
    node = written("001.003", start=start)
    assert [kid.tag for kid in tree.children(tree.children(node, "source")[0])] == ["address"]
    assert node.get("managed") == "no"
    assert path.text(node, "./source/@startupPolicy") == "optional"
    assert path.text(node, "./boot/@order") == "1"


def test_the_same_device_is_left_as_it_is_written() -> None:
    place = "<source><address bus='0x15' slot='0' function='0x1'/></source>"
    text = f"<hostdev mode='subsystem' type='pci'>{place}</hostdev>"
    assert path.text(written("15:0.1", start=text), "./source/address/@bus") == "0x15"


USB = (
    "<device><name>{name}</name><capability type='usb_device'><bus>{bus}</bus><device>{device}</device>"
    "<product id='{product}'/><vendor id='0x1d6b'/></capability></device>"
)
MDEV = (
    "<device><name>mdev_4b20d080_1b54_4048_85b3_a6a62d165c01</name><capability type='mdev'>"
    "<type id='{kind}'/><iommuGroup number='12'/></capability></device>"
)


@pytest.fixture
def hubs(host_of: Callable[..., Host]) -> Host:
    """A host with two USB hubs of one kind and a third device."""
    devices = [("usb_hub_1", 1, 1, "0x0002"), ("usb_hub_2", 2, 1, "0x0002"), ("usb_3", 2, 3, "0x0003")]
    texts = [USB.format(name=name, bus=bus, device=device, product=product) for name, bus, device, product in devices]
    return host_of(inventory="".join(texts))


def test_ids_of_several_devices_or_of_none_are_refused(hubs: Host, kvm: Host) -> None:
    with pytest.raises(HostError, match="--hostdev 1d6b:2: 2 devices of the host have this name") as failure:
        written("1d6b:2", hubs)
    assert failure.value.hint == "use one of usb_hub_1 and usb_hub_2"
    for name in ("0xdead:0xbeef", "9.9"):
        with pytest.raises(HostError, match=f"--hostdev {name}: the host has no such device"):
            written(name, hubs)
    with pytest.raises(HostError, match=r"--hostdev 81:00\.0: the host has no such device"):
        written("81:00.0", kvm)
    assert path.text(written("1d6b:3", hubs), "./source/product/@id") == "0x0003"


def test_a_host_that_lists_no_devices_of_a_kind_cannot_refuse_one(hubs: Host, host_of: Callable[..., Host]) -> None:
    assert path.text(written("81:00.0", hubs), "./source/address/@bus") == "129"
    assert path.text(written("1:2", host_of()), "./source/vendor/@id") == "0x0001"


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("nvidia-11", {"managed": "yes", "model": "vfio-pci", "display": "off", "ramfb": "off"}),
        ("i915-GVTg_V5_4", {"managed": "yes", "model": "vfio-pci", "display": "off", "ramfb": "off"}),
        ("vfio_ccw-io", {"managed": "no", "model": "vfio-ccw"}),
        ("vfio_ap-passthrough", {"managed": "no", "model": "vfio-ap"}),
    ],
)
def test_mediated_devices_by_their_type(kind: str, attributes: dict[str, str], host_of: Callable[..., Host]) -> None:
    host = host_of(inventory=MDEV.format(kind=kind))
    node = written("mdev_4b20d080_1b54_4048_85b3_a6a62d165c01", host)
    assert dict(node.attrib) == {"type": "mdev", "mode": "subsystem", **attributes}
    kept = written("mdev_4b20d080_1b54_4048_85b3_a6a62d165c01", host, "<hostdev display='on' managed='no'/>")
    assert (kept.get("display"), kept.get("managed")) == ("on", "no")


def test_xen_does_not_detach_devices_by_itself(host_of: Callable[..., Host]) -> None:
    xen = host_of("xen:///system", {"domains": "xen"})
    assert written("00:19.0", xen).get("managed") == "no"
    assert written("00:19.0", xen, "<hostdev managed='yes'/>").get("managed") == "yes"


def test_names_nobody_knows(kvm: Host) -> None:
    with pytest.raises(UsageError, match="this name can only be resolved with a host"):
        written("usb_9_9")
    with pytest.raises(HostError) as failure:
        written("usb_1_2", kvm)
    assert failure.value.hint == "did you mean 'usb_1_1'?"
    with pytest.raises(UsageError, match="a device of type 'system' cannot be assigned to a guest"):
        written("computer", kvm)


def test_a_network_card_of_the_host() -> None:
    node = tree.parse("<interface/>")
    hostdev.settle("network", node, "03:10.0", None)
    assert node.get("type") == "hostdev" and node.get("managed") == "yes"
    address = tree.children(tree.children(node, "source")[0], "address")[0]
    assert dict(address.attrib) == {"type": "pci", "domain": "0", "bus": "3", "slot": "16", "function": "0"}


def test_other_words_and_groups_do_nothing() -> None:
    node = tree.parse("<disk/>")
    hostdev.settle("disk", node, "001.003", None)
    hostdev.settle("hostdev", node, "", None)
    assert tree.to_text(node) == "<disk/>\n"
