"""Controllers and the smaller devices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write import assign, subopts
from virtprov.guest.write.assign import Assignments
from virtprov.options.catalogue import says_none, table
from virtprov.options.model import devices_of
from virtprov.support.errors import UsageError
from virtprov.xml import tree

Built = Callable[[str, str], str]
Say = Callable[[str, str], Assignments]

COUNTS = {
    "disk": (109, 35),
    "network": (78, 19),
    "filesystem": (61, 1),
    "rng": (57, 8),
    "serial": (55, 5),
    "parallel": (55, 5),
    "channel": (55, 5),
    "console": (55, 5),
    "controller": (50, 2),
    "smartcard": (49, 0),
    "redirdev": (49, 1),
    "graphics": (47, 10),
    "memdev": (43, 6),
    "tpm": (40, 3),
    "input": (37, 0),
    "video": (37, 7),
    "hostdev": (33, 3),
    "memballoon": (33, 0),
    "shmem": (33, 0),
    "vsock": (32, 2),
    "sound": (30, 0),
    "watchdog": (27, 0),
    "panic": (26, 1),
    "iommu": (11, 0),
    "pstore": (8, 0),
    "audio": (7, 0),
}
"""How many names and how many older spellings virt-install 5.1 takes in each device group."""

OURS = {
    "network": ("static", "gateway", "dns"),
    "disk": (
        "upload",
        "as",
        "encryption.password_file",
        "source.encryption.format",
        "source.encryption.engine",
        "source.encryption.secret.type",
        "source.encryption.secret.uuid",
        "source.encryption.secret.usage",
    ),
}
"""Names that virt-install does not have."""


@pytest.mark.parametrize("group", COUNTS)
def test_as_many_names_as_virt_install(group: str) -> None:
    rows = table(group).rows
    names, old = COUNTS[group]
    ours = OURS.get(group, ())
    assert [row.name for row in rows if row.name in ours] == list(ours)
    assert sum(not row.hidden and row.name not in ours for row in rows) == names
    assert sum(len(row.old) + row.hidden for row in rows) >= old


@pytest.mark.parametrize(
    ("group", "text", "xml"),
    [
        (
            "filesystem",
            "/s,/t,mode=mapped",
            '<filesystem accessmode="mapped"><source dir="/s"/><target dir="/t"/></filesystem>',
        ),
        (
            "filesystem",
            "name,/,type=template",
            '<filesystem type="template"><source name="name"/><target dir="/"/></filesystem>',
        ),
        ("filesystem", "type=file,source=/i", '<filesystem type="file"><source file="/i"/></filesystem>'),
        ("filesystem", "source=/b,type=block", '<filesystem type="block"><source dev="/b"/></filesystem>'),
        ("filesystem", "type=ram,source=512", '<filesystem type="ram"><source usage="512"/></filesystem>'),
        (
            "controller",
            "usb,model=ich9-ehci1,address=0:0:4.7,index=0",
            '<controller type="usb" model="ich9-ehci1" index="0">'
            '<address type="pci" domain="0" bus="0" slot="4" function="7"/></controller>',
        ),
        (
            "controller",
            "address=0x1:0x1f.2",
            '<controller><address type="pci" domain="0" bus="1" slot="31" function="2"/></controller>',
        ),
        ("controller", "usb,master=4", '<controller type="usb"><master startport="4"/></controller>'),
        (
            "controller",
            "pci,target.busNr=252,target.node=1,pcihole64=3,pcihole64.unit=KiB",
            '<controller type="pci"><target busNr="252"><node>1</node></target>'
            '<pcihole64 unit="KiB">3</pcihole64></controller>',
        ),
        ("input", "default,bus=usb", '<input bus="usb"/>'),
        ("input", "evdev,source.repeat=yes", '<input type="evdev"><source repeat="on"/></input>'),
        ("sound", "default", "<sound/>"),
        ("sound", "codec0.type=micro,codec2.type=output", '<sound><codec type="micro"/><codec type="output"/></sound>'),
        ("sound", "hda,audio.id=2", '<sound model="hda"><audio id="2"/></sound>'),
        ("watchdog", "default,action=pause", '<watchdog action="pause"/>'),
        ("memballoon", "none", '<memballoon model="none"/>'),
        ("tpm", "/dev/tpm0", '<tpm><backend><device path="/dev/tpm0"/></backend></tpm>'),
        (
            "tpm",
            "passthrough,path=/d,version=2.0,active_pcr_banks.sha1=on,backend.active_pcr_banks.sha256=no",
            '<tpm><backend type="passthrough" version="2.0"><device path="/d"/>'
            "<active_pcr_banks><sha1/></active_pcr_banks></backend></tpm>",
        ),
        ("tpm", "default", "<tpm/>"),
        ("panic", "0x505", '<panic model="isa"><address type="isa" iobase="0x505"/></panic>'),
        (
            "panic",
            "iobase=507,,address.type=isa,address.iobase=0x500",
            '<panic><address iobase="0x500" type="isa"/></panic>',
        ),
        ("panic", "default", "<panic/>"),
        (
            "memdev",
            "dimm,target_size=256,target.label_size=1,source.alignsize=2,source_nodemask=1,2,source.pmem=on",
            '<memory model="dimm"><source><alignsize>2048</alignsize><nodemask>1,2</nodemask><pmem/></source>'
            "<target><size>262144</size><label><size>1024</size></label></target></memory>",
        ),
        (
            "memdev",
            "virtio-mem,target.dynamicMemslots=yes,target.address_base=0x18",
            '<memory model="virtio-mem"><target dynamicMemslots="yes"><address base="0x18"/></target></memory>',
        ),
        ("vsock", "auto_cid=on", '<vsock><cid auto="yes"/></vsock>'),
        ("vsock", "cid=17", '<vsock><cid address="17"/></vsock>'),
        (
            "shmem",
            "shmem0,role=master,size=8,size.unit=M",
            '<shmem name="shmem0" role="master"><size unit="M">8</size></shmem>',
        ),
        (
            "pstore",
            "backend=acpi-erst,path=/p,size=8",
            '<pstore backend="acpi-erst"><path>/p</path><size>8</size></pstore>',
        ),
        ("iommu", "intel,driver.eim=off", '<iommu model="intel"><driver eim="off"/></iommu>'),
        ("audio", "type=none,id=1", '<audio type="none" id="1"/>'),
        (
            "hostdev",
            "name=x,acpi.nodeset=0,2,rom_bar=off,driver.iommufd=on",
            '<hostdev><driver iommufd="yes"/><rom bar="off"/><acpi nodeset="0,2"/></hostdev>',
        ),
    ],
)
def test_places(built: Built, group: str, text: str, xml: str) -> None:
    assert built(group, text) == xml


def test_words_left_for_the_host(say: Say) -> None:
    assert say("hostdev", "0x062a:0x0001,driver_name=vfio").verbs == {"name": "0x062a:0x0001"}
    assert say("controller", "num_pcie_root_ports=2").verbs == {"num_pcie_root_ports": "2"}


def _built(text: str) -> list[str]:
    rows = table("controller")
    uses = devices_of(rows, subopts.pairs(rows, text))
    return [tree.to_text(assign.build(rows, assign.resolve(rows, use))).strip() for use in uses]


def test_usb2_is_four_controllers() -> None:
    made = _built("usb2,index=1")
    assert len(made) == 4
    assert all('index="1"' in each for each in made)
    assert [f'startport="{port}"' in each for port, each in zip((0, 2, 4), made[1:], strict=True)] == [True] * 3


def test_usb3_is_one() -> None:
    assert _built("usb3") == ['<controller type="usb" model="qemu-xhci" ports="15"/>']
    assert _built("scsi") == ['<controller type="scsi"/>']


@pytest.mark.parametrize(
    "text", ["address=foobar", "address=1.2", "address=0:1d.2", "address=0:0:0:1.2", "usb2", "index=x"]
)
def test_controller_refusals(say: Say, text: str) -> None:
    with pytest.raises(UsageError):
        say("controller", text)


def test_the_lone_word_none() -> None:
    assert says_none("disk", "none")
    assert not says_none("disk", "none,device=cdrom")
    assert says_none("pstore", " none, ")
    assert not says_none("memballoon", "none")  # a model of its own
    assert not says_none("cpu", "none")


@pytest.mark.parametrize(
    ("text", "fits"), [("address.slot=31", True), ("address.slot=0x1f", True), ("address.slot=3", False)]
)
def test_numbers_match_however_they_are_written(say: Say, text: str, fits: bool) -> None:
    node = tree.parse('<input type="mouse"><address type="pci" slot="0x1f"/></input>')
    assert assign.matches(node, say("input", text)) is fits


def test_a_new_source_of_a_file_system_goes_by_the_type_that_is_there(say: Say) -> None:
    node = tree.parse('<filesystem type="file"><source file="/a"/><target dir="t"/></filesystem>')
    assert assign.matches(node, say("filesystem", "/a,t"))
    assign.write(node, say("filesystem", "/b"))
    assert tree.same(node, tree.parse('<filesystem type="file"><source file="/b"/><target dir="t"/></filesystem>'))
