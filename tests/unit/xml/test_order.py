"""Where new children stand among those that are there."""

from __future__ import annotations

from typing import Any

import libvirt
import pytest
from lxml import etree

from virtprov.xml import order, tree


@pytest.mark.parametrize(
    ("inside", "tag", "after"),
    [
        ("name memory devices", "vcpu", "name memory vcpu devices"),
        ("memory devices", "name", "name memory devices"),
        ("name devices", "qemu:commandline", "name devices qemu:commandline"),
        ("name devices unknown", "os", "name os devices unknown"),
        ("name", "unknown", "name unknown"),
        ("devices name", "memory", "devices name memory"),
    ],
)
def test_in_a_domain(inside: str, tag: str, after: str) -> None:
    root = tree.element("domain")
    for word in inside.split():
        root.append(tree.element(word))
    tree.add(root, tree.element(tag))
    assert [kid.tag for kid in root] == [tree.qualify(word) for word in after.split()]


def test_twins_stay_together() -> None:
    node = tree.parse("<x><a/><b/><a/><c/><alias/></x>")
    tree.add(node, tree.element("a", None, {"new": "yes"}))
    assert [kid.tag for kid in node] == ["a", "b", "a", "a", "c", "alias"]
    assert node[3].get("new") == "yes"


DEVICES = [
    '<filesystem type="mount" accessmode="mapped"><driver type="path"/><source dir="/s"/><target dir="/t"/>'
    "<readonly/></filesystem>",
    '<serial type="tcp"><source mode="bind" host="a" service="2"/><protocol type="telnet"/><log file="/x" append="on"/>'
    '<target port="0"/><alias name="ua-c"/></serial>',
    '<rng model="virtio"><rate bytes="3" period="5"/><backend model="random">/dev/random</backend>'
    '<driver iommu="on"/></rng>',
    '<shmem name="a" role="peer"><model type="ivshmem-doorbell"/><size unit="M">4</size><server path="/x"/>'
    '<msi vectors="3" ioeventfd="on"/></shmem>',
    '<vsock model="virtio"><cid address="5"/><driver iommu="on"/></vsock>',
    '<memballoon model="virtio"><stats period="5"/><driver iommu="on"/></memballoon>',
    '<hostdev mode="subsystem" type="pci" managed="yes"><driver name="vfio"/><source>'
    '<address domain="0x0000" bus="0x00" slot="0x03" function="0x0"/></source><boot order="3"/><rom bar="off"/>'
    "</hostdev>",
    '<graphics type="spice" port="5901"><listen type="address" address="1.2.3.4"/><image compression="off"/>'
    '<zlib compression="auto"/><streaming mode="filter"/><mouse mode="client"/><clipboard copypaste="no"/>'
    '<filetransfer enable="no"/><gl enable="no"/></graphics>',
    '<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="/a"/>'
    '<target dev="vda" bus="virtio"/>'
    '<iotune><total_bytes_sec>10</total_bytes_sec></iotune><readonly/><shareable/><serial>S</serial><boot order="1"/>'
    '<alias name="ua-d"/></disk>',
    '<interface type="network"><mac address="52:54:00:00:00:01"/><source network="default"/><target dev="tap7"/>'
    '<model type="virtio"/><filterref filter="f"/><link state="down"/><mtu size="1500"/><boot order="2"/>'
    '<rom bar="off"/></interface>',
]


@pytest.mark.parametrize("text", DEVICES, ids=lambda text: tree.parse(text).tag)
def test_as_libvirt_prints_it(text: str) -> None:
    """Children that are added backwards come out in the order in which libvirt itself prints them."""
    given = tree.parse(text)
    built = tree.element(str(given.tag), None, {str(name): str(value) for name, value in given.attrib.items()})
    for kid in reversed(list(given)):
        tree.add(built, tree.copy(kid))
    mine = [kid.tag for kid in built]
    assert mine == [kid.tag for kid in given]
    link = libvirt.open("test:///default")
    try:
        guest = link.defineXML(
            f"<domain type='test'><name>order</name><memory>8192</memory><os><type>hvm</type></os><devices>{text}"
            "</devices></domain>"
        )
        printed = tree.parse(guest.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)).find(f"./devices/{given.tag!s}")
        guest.undefine()
    finally:
        link.close()
    assert printed is not None
    assert [kid.tag for kid in printed if kid.tag in mine] == mine


def test_every_known_tag_has_one_place() -> None:
    for owner, tags in order._ORDER.items():
        words = tags.split()
        assert len(set(words)) == len(words), owner


class Counted(etree.ElementBase):
    """An element that counts how many children are looked at: by iteration, by their number, or for their count."""

    looked = 0

    def iterchildren(self, *args: Any, **how: Any) -> Any:
        for kid in super().iterchildren(*args, **how):
            Counted.looked += 1
            yield kid

    def __iter__(self) -> Any:
        return self.iterchildren()

    def __len__(self) -> int:
        Counted.looked += super().__len__()
        return super().__len__()

    def __getitem__(self, at: Any) -> Any:
        Counted.looked += at if isinstance(at, int) and at >= 0 else 1
        return super().__getitem__(at)

    def insert(self, at: int, node: Any) -> None:
        Counted.looked += at
        super().insert(at, node)


@pytest.mark.parametrize("tag", ["devices", "qemu:commandline"])
@pytest.mark.parametrize(("kid", "end"), [("hub", ""), ("qemu:arg", ""), ("unknown", "alias")])
def test_a_long_list_grows_without_being_read_again(tag: str, kid: str, end: str) -> None:
    """A hundred kilobytes of arguments for QEMU are ten thousand elements."""
    looked = []
    for count in (10, 1000):
        lookup = etree.ElementDefaultClassLookup(element=Counted)
        parser = etree.XMLParser()
        parser.set_element_class_lookup(lookup)
        root = etree.fromstring(f"<domain><{tag.replace('qemu:', '')}/></domain>", parser)
        parent = root[0]
        parent.tag = tree.qualify(tag)
        for _ in range(count):
            parent.append(tree.element(kid))
        if end:
            parent.append(tree.element(end))
        Counted.looked = 0
        tree.add(parent, tree.element(kid))
        looked.append(Counted.looked)
        tags = [each.tag for each in parent]
        assert tags == [tree.qualify(kid)] * (count + 1) + ([end] if end else [])
    assert looked[0] == looked[1] <= 4
