"""Disks that another guest uses, or stands on."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.guest import checks
from virtprov.guest.disks.checks.in_use import disks_are_free, written_below
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError
from virtprov.xml import tree

Record = Callable[..., Host]


@pytest.mark.parametrize(
    ("disk", "used"),
    [
        ("<source file='/srv/images/web.qcow2'/>", "/srv/images/web.qcow2"),
        ("<source file='/srv/images/base.qcow2'/>", "/srv/images/base.qcow2"),  # below the disk of another guest
        ("<source dev='/dev/fast/db'/>", "/dev/fast/db"),
        ("<source file='/srv/images/web.qcow2'/><readonly/>", ""),
        ("<source file='/srv/images/web.qcow2'/><shareable/>", ""),
        ("<source file='/srv/images/new.qcow2'/>", ""),
        ("", ""),
    ],
)
def test_disks_of_other_guests(disk: str, used: str, kvm: Host) -> None:
    node = tree.parse(f"<disk>{disk}</disk>")
    if not used:
        disks_are_free(kvm, [node])
        return
    with pytest.raises(HostError, match=f"disk {used} is in use by guest") as caught:
        disks_are_free(kvm, [node])
    assert "path_in_use=off" in caught.value.hint


def test_images_that_somebody_writes_to_are_no_ground(kvm: Host) -> None:
    """Standing on an image that others only stand on is what such images are for."""
    assert written_below(kvm, []) == []
    assert written_below(kvm, ["/srv/images/base.qcow2", "/nowhere.img"]) == []
    assert written_below(kvm, ["/srv/images/web.qcow2"]) == [("/srv/images/web.qcow2", "web")]


def test_a_volume_by_its_pool_is_the_same_as_by_its_path(host_of: Record) -> None:
    inventory = (
        "<pool type='dir'><name>p</name><target><path>/p</path></target><volume type='file'><name>v.img</name>"
        "<capacity>1</capacity><target><path>/p/v.img</path><format type='raw'/></target></volume></pool>"
        "<domain type='qemu'><name>other</name><memory>1024</memory><os><type>hvm</type></os><devices>"
        "<disk type='volume'><source pool='p' volume='v.img'/><target dev='vda'/></disk></devices></domain>"
    )
    host = host_of(inventory=inventory)
    for source in ("<source file='/p/v.img'/>", "<source pool='p' volume='v.img'/>"):
        with pytest.raises(HostError, match="in use by guest 'other'"):
            disks_are_free(host, [tree.parse(f"<disk>{source}</disk>")])


class Counting(StandIn):
    """A host that counts how often all guests are read."""

    def __init__(self, host: Host) -> None:
        self.real, self.reads = host, 0

    def guests_documents(self, *, inactive: bool = False) -> Iterator[str]:
        self.reads += 1
        yield from self.real.guests.documents(inactive=inactive)


def test_guests_are_read_once_and_only_when_something_was_given(kvm: Host) -> None:
    counting: Any = Counting(kvm)
    others = checks.Others(counting)
    checks.given_macs_are_free(counting, [], others)
    disks_are_free(counting, [], others=others)
    disks_are_free(counting, [tree.parse("<disk><source file='/a'/><readonly/></disk>")], others=others)
    assert counting.reads == 0
    checks.given_macs_are_free(counting, ["52:54:00:99:99:99"], others)
    disks_are_free(counting, [tree.parse("<disk><source file='/srv/images/new.qcow2'/></disk>")], others=others)
    assert counting.reads == 1


def guest_of(*disks: str) -> str:
    inside = "".join(
        f"<disk type='file'>{disk}<target dev='vd{letter}'/></disk>" for letter, disk in zip("abc", disks, strict=False)
    )
    return (
        "<domain type='test'><name>other</name><memory>1024</memory><os><type>hvm</type></os>"
        f"<devices>{inside}</devices></domain>"
    )


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """top.qcow2 stands on middle.qcow2, which stands on base.img; no pool knows of them."""
    (tmp_path / "base.img").write_bytes(b"\0" * 1024)
    for name, below in (("middle.qcow2", "base.img"), ("top.qcow2", str(tmp_path / "middle.qcow2"))):
        head = struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 512, len(below), 16, 1024).ljust(512, b"\0")
        (tmp_path / name).write_bytes((head + below.encode()).ljust(1024, b"\0"))
    return tmp_path


@pytest.fixture
def host_with(tmp_path: Path) -> Iterator[Callable[[str], Host]]:
    """The test driver with guests, on this machine."""
    made: list[Host] = []

    def make(guests: str) -> Host:
        (tmp_path / "node.xml").write_text(f"<node>{guests}</node>")
        made.append(connect(f"test://{tmp_path / 'node.xml'}"))
        return made[-1]

    yield make
    for host in made:
        host.close()


@pytest.mark.parametrize(
    ("driver", "name", "used"),
    [
        ("<driver type='qcow2'/>", "top.qcow2", True),
        ("<driver type='qcow2'/>", "middle.qcow2", True),
        ("<driver type='qcow2'/>", "base.img", True),
        ("", "base.img", True),
        ("<driver type='raw'/>", "base.img", False),  # QEMU will not look into it
        ("<driver type='qcow2'/>", "other.img", False),
    ],
)
def test_chains_of_files_that_no_pool_knows(
    driver: str, name: str, used: bool, images: Path, host_with: Callable[[str], Host]
) -> None:
    (images / "other.img").touch()
    host = host_with(guest_of(f"{driver}<source file='{images}/top.qcow2'/>"))
    ours = [tree.parse(f"<disk><source file='{images / name}'/></disk>")]
    if not used:
        disks_are_free(host, ours)
        return
    with pytest.raises(HostError, match=f"{name} is in use by guest 'other'"):
        disks_are_free(host, ours)


def test_a_chain_that_bites_its_tail(images: Path, host_with: Callable[[str], Host]) -> None:
    content = (images / "middle.qcow2").read_bytes()
    (images / "base.img").write_bytes(content.replace(b"base.img", b"top.qcow")[:1024])
    (images / "top.qcow").write_bytes(content)
    host = host_with(guest_of(f"<driver type='qcow2'/><source file='{images}/top.qcow'/>"))
    (images / "mine.img").touch()
    disks_are_free(host, [tree.parse(f"<disk><source file='{images}/mine.img'/></disk>")])


@pytest.mark.parametrize("name", ["top.qcow2", "base.img"])
def test_another_name_of_the_same_file(name: str, images: Path, host_with: Callable[[str], Host]) -> None:
    (images / "hard.img").hardlink_to(images / name)
    host = host_with(guest_of(f"<driver type='qcow2'/><source file='{images}/top.qcow2'/>"))
    with pytest.raises(HostError, match="hard.img is in use by guest 'other'"):
        disks_are_free(host, [tree.parse(f"<disk><source file='{images}/hard.img'/></disk>")])


def test_a_backing_image_behind_a_link(images: Path, host_with: Callable[[str], Host]) -> None:
    (images / "base.img").rename(images / "real.img")
    (images / "base.img").symlink_to(images / "real.img")
    host = host_with(guest_of(f"<driver type='qcow2'/><source file='{images}/top.qcow2'/>"))
    with pytest.raises(HostError, match="real.img is in use by guest 'other'"):
        disks_are_free(host, [tree.parse(f"<disk><source file='{images}/real.img'/></disk>")])


def test_a_path_with_signs_of_xml(tmp_path: Path, host_with: Callable[[str], Host]) -> None:
    name = "a&b<c'd.img"
    written = name.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
    host = host_with(guest_of(f"<source file='/srv/{written}'/>"))
    disk = tree.parse("<disk><source/></disk>")
    disk[0].set("file", f"/srv/{name}")
    with pytest.raises(HostError, match="in use by guest 'other'"):
        disks_are_free(host, [disk])
