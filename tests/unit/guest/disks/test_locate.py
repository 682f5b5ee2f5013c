"""Disks: what the user wrote -> a source in the XML, and the volumes that must be made for it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.guest.disks.locate import DiskResolver, change_source
from virtprov.guest.disks.new.volumes import Making, NewPool, NewVolume, images_directory
from virtprov.guest.disks.spec import DiskSpec
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError
from virtprov.support.notation.units import GIB
from virtprov.xml import tree
from virtprov.xml.tree import Element

Record = Callable[..., Host]
Show = Callable[..., list[str]]

QEMU = '<driver name="qemu" type="{}"/>'
NEW = '<driver name="qemu" type="{}" discard="unmap"/>'
BLOCK = '<driver name="qemu" type="raw" cache="none" io="native" discard="unmap"/>'


def disk(given: str = "<disk device='disk'/>") -> Element:
    return tree.parse(given)


def resolved(
    host: Host, spec: DiskSpec, given: str = "<disk device='disk'/>", **settings: object
) -> tuple[str, Making]:
    """The disk on one line, and what must be made."""
    node = disk(given)
    made = DiskResolver(host, "g", qemu=host.driver == "qemu", **settings).resolve(node, spec)  # type: ignore[arg-type]
    return "".join(line.strip() for line in tree.to_text(node).splitlines()), made


@pytest.fixture
def bare(host_of: Record) -> Host:
    """A host without any pool."""
    return host_of("qemu:///system", {"domains": "kvm"})


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A directory with images in it, of which no pool knows."""
    (tmp_path / "empty.img").touch()
    (tmp_path / "small.qcow2").write_bytes(struct.pack(">4sIQIIQ", b"QFI\xfb", 3, 0, 0, 16, 3 * GIB).ljust(1024, b"\0"))
    (tmp_path / "boot.iso").write_bytes(b"\0" * 2048)
    return tmp_path


# -- what is there --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "inside"),
    [
        (DiskSpec(path="/srv/images/web.qcow2"), QEMU.format("qcow2") + '<source file="/srv/images/web.qcow2"/>'),
        (DiskSpec(vol="images/base.qcow2"), QEMU.format("qcow2") + '<source file="/srv/images/base.qcow2"/>'),
        (DiskSpec(path="/dev/fast/db"), BLOCK + '<source dev="/dev/fast/db"/>'),
        (DiskSpec(vol="fast/db"), BLOCK + '<source dev="/dev/fast/db"/>'),
        # the format of an image is what it has, whatever format= says; driver.type= overrules it
        (
            DiskSpec(vol="images/base.qcow2", format="raw"),
            QEMU.format("qcow2") + '<source file="/srv/images/base.qcow2"/>',
        ),
        (
            DiskSpec(vol="images/base.qcow2", driver_format="raw"),
            QEMU.format("raw") + '<source file="/srv/images/base.qcow2"/>',
        ),
        (
            DiskSpec(path="/srv/images/base.qcow2", type="dir"),
            QEMU.format("qcow2") + '<source dir="/srv/images/base.qcow2"/>',
        ),
        (
            DiskSpec(path="file:///srv/images/base.qcow2"),
            QEMU.format("qcow2") + '<source file="/srv/images/base.qcow2"/>',
        ),
    ],
)
def test_volumes_that_are_there(spec: DiskSpec, inside: str, kvm: Host) -> None:
    text, made = resolved(kvm, spec)
    assert inside in text.replace("'", '"')
    assert made == Making()


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("<source file='/srv/images/web.qcow2'/>", '<driver name="qemu" type="qcow2"/>'),
        ("<source dev='/dev/fast/db'/>", BLOCK),
        ("<source pool='images' volume='base.qcow2'/>", '<driver name="qemu" type="qcow2"/>'),
        ("<source pool='fast' volume='db'/>", BLOCK),
        ("<source protocol='http' name='x'/>", '<driver name="qemu"/>'),
    ],
)
def test_sources_given_in_full(given: str, made: str, kvm: Host) -> None:
    text, _ = resolved(kvm, DiskSpec(), f"<disk device='disk'>{given}</disk>")
    assert made in text


@pytest.mark.parametrize(
    ("name", "device", "driver"),
    [
        ("empty.img", "disk", QEMU.format("raw")),
        ("small.qcow2", "disk", QEMU.format("qcow2")),
        ("boot.iso", "cdrom", '<driver name="qemu"/>'),
    ],
)
def test_local_files_outside_of_pools(name: str, device: str, driver: str, bare: Host, files: Path) -> None:
    text, made = resolved(bare, DiskSpec(path=str(files / name)), f"<disk device='{device}'/>")
    assert text == f'<disk device="{device}" type="file">{driver}<source file="{files / name}"/></disk>'
    assert made == Making()


def test_a_directory_of_the_host(bare: Host, files: Path) -> None:
    text, _ = resolved(bare, DiskSpec(path=str(files)), "<disk device='floppy'/>")
    assert text == f'<disk device="floppy" type="dir"><driver name="qemu"/><source dir="{files}"/></disk>'


def test_a_format_that_changes_nothing_is_said(bare: Host, kvm: Host, files: Path) -> None:
    for host, spec in ((bare, DiskSpec(path=str(files / "small.qcow2"))), (kvm, DiskSpec(vol="images/base.qcow2"))):
        for said, notes in (("raw", 1), ("qcow2", 0), ("", 0)):
            storage = DiskResolver(host, "g", qemu=True)
            storage.resolve(disk(), spec._replace(format=said))
            assert len(storage.notes) == notes, said
            assert all(
                "already exists in qcow2 format; use driver.type=raw to open it in another format" in note
                for note in storage.notes
            )


@pytest.mark.parametrize(
    ("device", "driver"), [("disk", BLOCK), ("lun", QEMU.format("raw")), ("cdrom", QEMU.format("raw"))]
)
def test_only_disks_get_direct_input_and_output(device: str, driver: str, kvm: Host) -> None:
    text, _ = resolved(kvm, DiskSpec(path="/dev/fast/db"), f"<disk device='{device}'/>")
    assert driver + "<source" in text


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("<driver cache='writeback'/>", '<driver cache="writeback" name="qemu" type="raw" discard="unmap"/>'),
        ("<driver io='threads'/>", '<driver io="threads" name="qemu" type="raw" cache="none" discard="unmap"/>'),
        (
            "<driver discard='ignore'/>",
            '<driver discard="ignore" name="qemu" type="raw" cache="none" io="native"/>',
        ),
    ],
)
def test_what_the_user_says_of_the_driver_stays(given: str, driver: str, kvm: Host) -> None:
    text, _ = resolved(kvm, DiskSpec(path="/dev/fast/db"), f"<disk device='disk'>{given}</disk>")
    assert driver in text


def test_drives_without_a_medium(kvm: Host) -> None:
    assert resolved(kvm, DiskSpec(), "<disk device='cdrom'/>")[0] == '<disk device="cdrom" type="file"/>'
    assert resolved(kvm, DiskSpec(), "<disk device='floppy'/>")[0] == '<disk device="floppy" type="file"/>'


@pytest.mark.parametrize(("kind", "driver"), [("nvme", ""), ("vhostuser", ""), ("network", '<driver name="qemu"/>')])
def test_which_kinds_have_a_driver(kind: str, driver: str, kvm: Host) -> None:
    text, _ = resolved(kvm, DiskSpec(), f"<disk device='disk' type='{kind}'><source name='x'/></disk>")
    assert text == f'<disk device="disk" type="{kind}">{driver}<source name="x"/></disk>'


# -- new disks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "volume"),
    [
        (
            DiskSpec(size=5, pool="images"),
            NewVolume("images", "g.qcow2", "/srv/images/g.qcow2", "qcow2", 5 * GIB, 0),
        ),
        (
            DiskSpec(size=0.5, pool="images"),
            NewVolume("images", "g.qcow2", "/srv/images/g.qcow2", "qcow2", GIB // 2, 0),
        ),
        (
            DiskSpec(size=5, pool="images", format="raw"),
            NewVolume("images", "g.img", "/srv/images/g.img", "raw", 5 * GIB, 0),
        ),
        (
            DiskSpec(size=5, pool="images", sparse=False),
            NewVolume("images", "g.qcow2", "/srv/images/g.qcow2", "qcow2", 5 * GIB, 5 * GIB),
        ),
        (
            DiskSpec(size=5, path="/srv/images/mine.qcow2"),
            NewVolume("images", "mine.qcow2", "/srv/images/mine.qcow2", "qcow2", 5 * GIB, 0),
        ),
        (
            DiskSpec(size=5, path="/srv/images/mine", driver_format="raw"),
            NewVolume("images", "mine", "/srv/images/mine", "raw", 5 * GIB, 0),
        ),
        (
            DiskSpec(backing_store="/srv/images/base.qcow2", pool="images"),
            NewVolume(
                "images", "g.qcow2", "/srv/images/g.qcow2", "qcow2", 3 * GIB, 0, "/srv/images/base.qcow2", "qcow2"
            ),
        ),
        (
            DiskSpec(backing_store="/srv/images/base.qcow2", backing_format="raw", size=9, pool="images"),
            NewVolume("images", "g.qcow2", "/srv/images/g.qcow2", "qcow2", 9 * GIB, 0, "/srv/images/base.qcow2", "raw"),
        ),
    ],
)
def test_new_volumes_in_a_pool_of_files(spec: DiskSpec, volume: NewVolume, kvm: Host) -> None:
    text, made = resolved(kvm, spec)
    assert made == Making((), (volume,))
    driver = (NEW if volume.allocation == 0 else QEMU).format(volume.format)
    assert text == f'<disk device="disk" type="file">{driver}<source file="{volume.path}"/></disk>'


@pytest.mark.parametrize("kind", ["logical", "disk", "rbd"])
@pytest.mark.parametrize(("fmt", "is_refused"), [("qcow2", True), ("vmdk", True), ("raw", False), ("", False)])
def test_pools_of_devices_have_no_image_formats(kind: str, fmt: str, is_refused: bool, host_of: Record) -> None:
    source = "<source><device path='/dev/sdq'/></source>" if kind == "disk" else "<source><name>q</name></source>"
    source = "<source><host name='ceph'/><name>q</name></source>" if kind == "rbd" else source
    pool = f"<pool type='{kind}'><name>q</name>{source}<target><path>/dev</path></target></pool>"
    host = host_of(inventory=pool, pools={"q": [100 * GIB, 0, 100 * GIB]})
    spec = DiskSpec(size=1, pool="q", format=fmt)
    if is_refused:
        with pytest.raises(UsageError, match=f"format={fmt}: storage pool 'q' of type {kind} has no image formats"):
            resolved(host, spec)
    else:
        assert len(resolved(host, spec)[1].volumes) == 1


def test_a_new_logical_volume_is_made_in_full(host_of: Record) -> None:
    pool = "<pool type='logical'><name>lvm</name><target><path>/dev/lvm</path></target></pool>"
    host = host_of(inventory=pool, pools={"lvm": [100 * GIB, 0, 100 * GIB]})
    text, made = resolved(host, DiskSpec(size=5, pool="lvm"))
    assert made.volumes == (NewVolume("lvm", "g", "/dev/lvm/g", "", 5 * GIB, 5 * GIB),)
    assert 'type="block"' in text and '<source dev="/dev/lvm/g"/>' in text


def test_names_count_up_past_volumes_and_disks_of_the_same_guest(kvm: Host) -> None:
    storage = DiskResolver(kvm, "web", qemu=True)
    made = [storage.resolve(disk(), DiskSpec(size=1, pool="images")).volumes[0].name for _ in range(2)]
    assert made == ["web-1.qcow2", "web-2.qcow2"]


@pytest.mark.parametrize("pool", ["", "default"])
def test_the_default_pool_is_made_when_it_is_missing(pool: str, bare: Host) -> None:
    _, made = resolved(bare, DiskSpec(size=5, pool=pool))
    assert made.pools == (NewPool("default", "/var/lib/libvirt/images"),)
    assert made.volumes[0] == NewVolume("default", "g.qcow2", "/var/lib/libvirt/images/g.qcow2", "qcow2", 5 * GIB, 0)


def test_a_pool_of_another_name_over_the_usual_directory_serves(host_of: Record) -> None:
    host = host_of(
        inventory="<pool type='dir'><name>mine</name><target><path>/var/lib/libvirt/images</path></target></pool>"
    )
    _, made = resolved(host, DiskSpec(size=5))
    assert (made.pools, made.volumes[0].pool) == ((), "mine")


def test_images_of_a_session_lie_with_its_user(host_of: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/home/joe/data")
    assert images_directory(host_of("qemu:///session")) == "/home/joe/data/libvirt/images"


def test_a_new_file_in_a_directory_without_a_pool(bare: Host, files: Path) -> None:
    text, made = resolved(bare, DiskSpec(path=str(files / "new.qcow2"), size=1))
    assert made.pools == ()
    assert made.volumes == (NewVolume("", "new.qcow2", str(files / "new.qcow2"), "qcow2", GIB, 0),)
    assert f'<source file="{files}/new.qcow2"/>' in text


def test_the_profile_says_how_large_a_disk_in_a_pool_is(kvm: Host) -> None:
    assert resolved(kvm, DiskSpec(pool="images"), advised_gib=20.0)[1].volumes[0].capacity == 20 * GIB


def test_a_local_backing_image_gives_size_and_format(bare: Host, files: Path) -> None:
    _, made = resolved(bare, DiskSpec(path=str(files / "top.qcow2"), backing_store=str(files / "small.qcow2")))
    (volume,) = made.volumes
    assert (volume.capacity, volume.backing, volume.backing_format) == (3 * GIB, str(files / "small.qcow2"), "qcow2")


@pytest.mark.parametrize(("uri", "fmt"), [("xen:///", "raw"), ("bhyve:///", "raw"), ("qemu:///system", "qcow2")])
def test_formats_by_hypervisor(uri: str, fmt: str, host_of: Record) -> None:
    assert resolved(host_of(uri, {"domains": "any"}), DiskSpec(size=1))[1].volumes[0].format == fmt


@pytest.mark.parametrize(
    ("path", "driver"),
    [("small.qcow2", '<driver name="qemu" type="qcow2"/>'), ("empty.img", '<driver name="qemu" type="raw"/>')],
)
def test_xen_names_its_drivers(path: str, driver: str, host_of: Record, files: Path) -> None:
    text, _ = resolved(host_of("xen:///", {"domains": "xen"}), DiskSpec(path=str(files / path)))
    assert driver in text


def test_xen_takes_block_devices_directly(host_of: Record) -> None:
    volume = "<volume type='block'><name>a</name><capacity>1</capacity><target><path>/dev/v/a</path></target></volume>"
    pool = f"<pool type='logical'><name>v</name><target><path>/dev/v</path></target>{volume}</pool>"
    text, _ = resolved(host_of("xen:///", {"domains": "xen"}, inventory=pool), DiskSpec(path="/dev/v/a"))
    assert text == '<disk device="disk" type="block"><driver name="phy"/><source dev="/dev/v/a"/></disk>'


# -- the volume's document ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("volume", "inside"),
    [
        (NewVolume("p", "a.img", "/a.img", "raw", 10, 10), '<target><format type="raw"/></target>'),
        (NewVolume("p", "a", "/a", "", 10, 10), "<allocation>10</allocation></volume>"),
        (
            NewVolume("p", "a", "/a", "qcow2", 10, 0),
            '<format type="qcow2"/><compat>1.1</compat><features><lazy_refcounts/></features>',
        ),
        (
            NewVolume("p", "a", "/a", "qcow2", 10, 0, "/b", "raw"),
            '<backingStore><path>/b</path><format type="raw"/></backingStore>',
        ),
        (NewVolume("p", "a", "/a", "qcow2", 10, 0, "/b"), "<backingStore><path>/b</path></backingStore>"),
    ],
)
def test_documents(volume: NewVolume, inside: str, show: Show) -> None:
    (text,) = show([tree.parse(volume.xml())])
    assert text.startswith(f"<volume><name>{volume.name}</name><capacity>10</capacity>")
    assert inside in text


def test_a_volume_with_secrets_is_for_its_owner_alone() -> None:
    assert "<mode>0600</mode>" in NewVolume("p", "a", "/a", "raw", 1, 1).xml(mode="0600")


# -- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "kind", "message", "hint"),
    [
        (DiskSpec(), UsageError, "--disk: neither a path nor a size given", "--disk size=20"),
        (DiskSpec(path="/nowhere/x.img"), UsageError, "file or volume not found", "size=GIB"),
        (DiskSpec(path="/srv/images/none.img"), UsageError, "file or volume not found", "size=GIB"),
        (
            DiskSpec(path="/nowhere/x.img", size=1),
            UsageError,
            "the directory /nowhere does not exist",
            "create it first",
        ),
        (DiskSpec(path="/dev/none", size=1), UsageError, "files cannot be created in /dev", "check the path"),
        (
            DiskSpec(path="/srv/attic/x.img", size=1),
            HostError,
            "storage pool 'attic' is not active",
            "virsh pool-start attic",
        ),
        (DiskSpec(pool="imags", size=1), HostError, "no storage pool 'imags'", "did you mean 'images'?"),
        (DiskSpec(pool="attic", size=1), HostError, "'attic' is not active", "virsh pool-start attic"),
        (DiskSpec(pool="images"), UsageError, "--disk: no size given for the new disk", "size=20"),
        (DiskSpec(vol="images/none"), HostError, "no volume 'none'", "virsh vol-list images"),
        (DiskSpec(vol="none/none"), HostError, "no storage pool 'none'", "known pools: attic, fast, images"),
        (DiskSpec(pool="images", backing_store="/no.img"), UsageError, "/no.img: image not found", "check the path"),
        (
            DiskSpec(pool="images", size=1, format="raw", backing_store="/srv/images/base.qcow2"),
            UsageError,
            "a raw disk cannot have a backing image",
            "format=qcow2",
        ),
        (
            DiskSpec(pool="images", size=201),
            HostError,
            "201 GiB can grow larger than pool 'images'",
            "--check disk_size=off",
        ),
        (DiskSpec(pool="images", size=201, sparse=False), HostError, "does not fit into pool 'images'", "smaller"),
    ],
)
def test_refusals(spec: DiskSpec, kind: type[Exception], message: str, hint: str, kvm: Host) -> None:
    with pytest.raises(kind) as caught:
        resolved(kvm, spec)
    assert message in caught.value.message  # type: ignore[attr-defined]
    assert hint in caught.value.hint  # type: ignore[attr-defined]


def test_a_backing_image_is_a_file(kvm: Host, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match="fifo: not a regular file"):
        resolved(kvm, DiskSpec(pool="images", backing_store=str(tmp_path / "fifo")))


@pytest.mark.parametrize("device", ["cdrom", "floppy"])
def test_media_are_never_made(device: str, kvm: Host) -> None:
    with pytest.raises(UsageError, match="not found"):
        resolved(kvm, DiskSpec(path="/srv/images/none.iso", size=1), f"<disk device='{device}'/>")


def test_a_disk_may_outgrow_its_pool_when_nobody_checks(kvm: Host) -> None:
    storage = DiskResolver(kvm, "g", qemu=True, check_space=False)
    assert storage.resolve(disk(), DiskSpec(pool="images", size=201)).volumes[0].capacity == 201 * GIB
    assert storage.notes == ["The disk of 201 GiB can grow larger than pool 'images', which has 200 GiB of free space"]
    with pytest.raises(HostError, match="does not fit"):
        storage.resolve(disk(), DiskSpec(pool="images", size=201, sparse=False))


def test_files_of_a_remote_host_are_not_looked_for_here(host_of: Record, files: Path) -> None:
    host = host_of("qemu+ssh://vm.example.com/system")
    with pytest.raises(UsageError, match="not found"):
        resolved(host, DiskSpec(path=str(files / "empty.img")))
    made = resolved(host, DiskSpec(path=str(files / "full.img"), size=1))[1]
    assert [volume.pool for volume in made.volumes] == [""]  # libvirt is asked there, when it is made


# -- disks that are there ------------------------------------------------------------------------


DISK = "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/old'/><target dev='vda'/></disk>"


def test_an_empty_path_takes_the_medium_out(kvm: Host) -> None:
    disk = tree.parse(DISK)
    assert change_source(DiskResolver(kvm, "g", qemu=True), disk, DiskSpec(path="")) == []
    assert tree.child(disk, "source") is None and tree.child(disk, "target") is not None


def test_another_path_brings_its_own_type(kvm: Host) -> None:
    disk = tree.parse(DISK)
    change_source(DiskResolver(kvm, "g", qemu=True), disk, DiskSpec(path="/dev/fast/db"))
    assert disk.get("type") == "block"
    assert dict(tree.children(disk, "source")[0].attrib) == {"dev": "/dev/fast/db"}


def test_a_new_size_makes_a_new_volume(kvm: Host) -> None:
    disk = tree.parse(DISK)
    (making,) = change_source(DiskResolver(kvm, "g", qemu=True), disk, DiskSpec(pool="images", size=1))
    assert [volume.name for volume in making.volumes] == ["g.qcow2"]


def test_what_is_not_about_the_source_leaves_it(kvm: Host) -> None:
    disk = tree.parse(DISK)
    assert change_source(DiskResolver(kvm, "g", qemu=True), disk, DiskSpec(format="raw")) == []
    assert tree.to_text(disk) == tree.to_text(tree.parse(DISK))


def test_a_local_file_replaces_a_volume(kvm: Host, tmp_path: Path) -> None:
    (tmp_path / "x.img").touch()
    disk = tree.parse("<disk type='volume'><source pool='images' volume='web.qcow2'/></disk>")
    change_source(DiskResolver(kvm, "g", qemu=True), disk, DiskSpec(vol="images/base.qcow2"))
    assert dict(tree.children(disk, "source")[0].attrib) == {"file": "/srv/images/base.qcow2"}


def test_a_pool_without_a_volume(kvm: Host) -> None:
    with pytest.raises(UsageError, match=r"--disk source\.pool=images: no volume given"):
        resolved(kvm, DiskSpec(), "<disk><source pool='images'/></disk>")


@pytest.mark.parametrize(
    ("given", "source", "driver"),
    [
        ("/nowhere/x.qcow2", '<source file="/nowhere/x.qcow2"/>', QEMU.format("qcow2")),
        ("/nowhere/x.img", '<source file="/nowhere/x.img"/>', QEMU.format("raw")),
        ("/dev/nowhere", '<source dev="/dev/nowhere"/>', BLOCK),
    ],
)
def test_a_disk_that_is_elsewhere_is_written_as_it_is_named(kvm: Host, given: str, source: str, driver: str) -> None:
    with pytest.raises(UsageError, match="not found"):
        resolved(kvm, DiskSpec(path=given))
    text, made = resolved(kvm, DiskSpec(path=given), must_exist=False)
    assert source in text
    assert driver in text
    assert made == Making()


@pytest.mark.parametrize("words", ["images/later.vmdk", "none/later.vmdk", "attic/later.vmdk"])
def test_a_volume_that_is_elsewhere_is_referred_to(kvm: Host, words: str) -> None:
    pool, _, name = words.partition("/")
    text, made = resolved(kvm, DiskSpec(vol=words), must_exist=False)
    assert f'<source pool="{pool}" volume="{name}"/>' in text and QEMU.format("vmdk") in text
    assert made == Making()
    with pytest.raises(UsageError, match="the path of the volume"):
        resolved(kvm, DiskSpec(vol=words, source_as="path"), must_exist=False)
