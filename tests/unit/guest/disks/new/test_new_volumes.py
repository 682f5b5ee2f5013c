"""New disks: pools that are made when asked for, encryption, and kinds of pools that make none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from virtprov.guest.disks.locate import DiskResolver
from virtprov.guest.disks.new.volumes import Encryption, Making, NewPool, NewVolume
from virtprov.guest.disks.spec import DiskSpec
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

Record = Callable[..., Host]
UUID = "2ec115d7-3a88-3ceb-bc12-0ac909a6fd87"
IMAGES = "<pool type='dir'><name>{}</name><target><path>/srv/{}</path></target></pool>".format
FAR = "qemu+ssh://far/system"


def disk(inside: str = "") -> Element:
    return tree.parse(f"<disk device='disk'>{inside}</disk>")


# -- pools ---------------------------------------------------------------------------------------


def test_a_path_on_another_machine_needs_a_pool(host_of: Record) -> None:
    host = host_of(FAR, {"domains": "kvm"}, inventory=IMAGES("a", "a"))
    made = DiskResolver(host, "g", qemu=True).resolve(disk(), DiskSpec(path="/srv/vm/x.img", size=1))
    assert made.pools == () and (made.volumes[0].pool, made.volumes[0].path) == ("", "/srv/vm/x.img")
    with pytest.raises(
        HostError, match="this directory is not in any storage pool of the remote host, so it cannot be accessed"
    ):
        DiskResolver(host, "g", qemu=True, pool_create=True).resolve(disk(), DiskSpec(path="/srv/vm/x.img"))


def test_a_file_outside_all_pools_is_looked_at_through_a_pool_that_does_not_stay(host_of: Record) -> None:
    host = host_of(FAR, {"domains": "kvm"}, inventory=IMAGES("a", "a"))
    seen: list[str] = []

    @contextmanager
    def peek(directory: str) -> Iterator[None]:
        seen.append(directory)
        host.storage.create_pool(
            f"<pool type='dir'><name>virtprov-1</name><target><path>{directory}</path></target></pool>"
        )
        volume = NewVolume("virtprov-1", "x.qcow2", f"{directory}/x.qcow2", "qcow2", 1 << 30, 0)
        host.storage.create_volume("virtprov-1", volume.xml())
        yield
        host.storage.remove_pool("virtprov-1")

    storage = DiskResolver(host, "g", qemu=True, peek=peek)
    there = disk()
    assert storage.resolve(there, DiskSpec(path="/srv/vm/x.qcow2")) == Making()
    assert path.get(there, "./driver/@type") == "qcow2" and path.get(there, "./source/@file") == "/srv/vm/x.qcow2"
    assert storage.resolve(disk(), DiskSpec(path="/srv/vm/x.qcow2", size=5)) == Making()  # it is there already
    assert storage.resolve(disk(), DiskSpec(path="/srv/vm/y.qcow2", size=1)).volumes[0].pool == ""
    storage.resolve(disk(), DiskSpec(path="/srv/a/z.qcow2", size=1))
    with pytest.raises(HostError, match="not in any storage pool"):
        storage.resolve(disk(), DiskSpec(path="/dev/sdb"))
    assert seen == ["/srv/vm"] * 3
    assert host.storage.pool_names() == ("a",)


def test_a_path_on_another_machine_is_a_whole_one(host_of: Record) -> None:
    host = host_of(FAR, {"domains": "kvm"}, inventory=IMAGES("a", "a"))
    with pytest.raises(UsageError, match="--disk x.img: a path on this host must have the form /FOLDER/FILE"):
        DiskResolver(host, "g", qemu=True, pool_create=True).resolve(disk(), DiskSpec(path="x.img", size=1))
    with pytest.raises(
        HostError, match="this directory is not in any storage pool of the remote host, so it cannot be accessed"
    ) as caught:
        DiskResolver(host, "g", qemu=True).resolve(disk(), DiskSpec(path="/dev/sdb"))
    assert (
        "a pool of type disk, logical, iscsi or scsi gives access to block devices (`virsh pool-create-as`)"
        in caught.value.hint
        and "--target" not in caught.value.hint
    )


def test_a_pool_is_made_when_asked_for(host_of: Record) -> None:
    host = host_of(FAR, {"domains": "kvm"}, inventory=IMAGES("vm", "a"))
    storage = DiskResolver(host, "g", qemu=True, pool_create=True)
    first = storage.resolve(disk(), DiskSpec(path="/srv/vm/x.img", size=1))
    second = storage.resolve(disk(), DiskSpec(path="/srv/vm/y.img", size=1))
    third = storage.resolve(disk(), DiskSpec(path="/data/vm/z.img", size=1))
    assert first.pools == second.pools == (NewPool("vm-1", "/srv/vm"),)
    assert third.pools == (NewPool("vm-2", "/data/vm"),)
    assert [made.volumes[0].pool for made in (first, second, third)] == ["vm-1", "vm-1", "vm-2"]
    assert storage.generated_names == set(), "the user gave the paths"


def test_a_pool_that_is_there_is_used(host_of: Record) -> None:
    host = host_of(FAR, {"domains": "kvm"}, inventory=IMAGES("a", "a"))
    made = DiskResolver(host, "g", qemu=True, pool_create=True).resolve(disk(), DiskSpec(path="/srv/a/x.img", size=1))
    assert (made.pools, made.volumes[0].pool) == ((), "a")


def test_the_directory_of_an_existing_image_becomes_a_pool(tmp_path: Path, host_of: Record) -> None:
    image = tmp_path / "vm" / "x.img"
    image.parent.mkdir()
    image.write_bytes(bytes(512))
    host = host_of(inventory=IMAGES("vm", "a"))
    resolver = DiskResolver(host, "g", qemu=True, pool_create=True, pool_existing=True)
    made = resolver.resolve(disk(), DiskSpec(path=str(image)))
    new = resolver.resolve(disk(), DiskSpec(path=str(image.with_name("y.img")), size=0.001))
    assert made.pools == new.pools == (NewPool("vm-1", str(image.parent)),)
    assert made.volumes == () and new.volumes[0].pool == "vm-1"
    device = resolver.resolve(disk(), DiskSpec(path="/dev/null"))
    assert device.pools == ()
    plain = DiskResolver(host, "g", qemu=True, pool_create=True).resolve(disk(), DiskSpec(path=str(image)))
    assert plain.pools == ()


@pytest.mark.parametrize("kind", ["iscsi", "iscsi-direct", "scsi", "mpath"])
def test_pools_that_only_show_what_is_there(kind: str, host_of: Record) -> None:
    inside = "<host name='h'/><device path='iqn.x:t'/><adapter name='host0'/><initiator><iqn name='i'/></initiator>"
    pool = f"<pool type='{kind}'><name>p</name><source>{inside}</source><target><path>/dev/p</path></target></pool>"
    host = host_of(inventory=pool)
    with pytest.raises(HostError, match="libvirt cannot create volumes in storage pool"):
        DiskResolver(host, "g", qemu=True).resolve(disk(), DiskSpec(pool="p", size=1))


def test_names_that_are_chosen(kvm: Host) -> None:
    storage = DiskResolver(kvm, "fresh", qemu=True)
    storage.resolve(disk(), DiskSpec(pool="images", size=1))
    assert storage.generated_names == {"/srv/images/fresh.qcow2", "images/fresh.qcow2"}


# -- as ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "type", "source"),
    [
        (DiskSpec(vol="images/base.qcow2", source_as="volume"), "volume", {"pool": "images", "volume": "base.qcow2"}),
        (
            DiskSpec(path="/srv/images/base.qcow2", source_as="volume"),
            "volume",
            {"pool": "images", "volume": "base.qcow2"},
        ),
        (DiskSpec(pool="images", size=1, source_as="volume"), "volume", {"pool": "images", "volume": "g.qcow2"}),
        (DiskSpec(vol="fast/db", source_as="volume"), "volume", {"pool": "fast", "volume": "db"}),
        (DiskSpec(vol="fast/db", source_as="path"), "block", {"dev": "/dev/fast/db"}),
    ],
)
def test_how_the_source_is_written(spec: DiskSpec, type: str, source: dict[str, str], kvm: Host) -> None:
    node = disk()
    DiskResolver(kvm, "g", qemu=True).resolve(node, spec)
    written = tree.child(node, "source")
    assert written is not None
    assert (node.get("type"), dict(written.attrib)) == (type, source)


def test_a_reference_written_as_a_path(kvm: Host) -> None:
    node = disk("<source pool='images' volume='base.qcow2'/>")
    DiskResolver(kvm, "g", qemu=True).resolve(node, DiskSpec(source_as="path"))
    written = tree.child(node, "source")
    assert written is not None
    assert (node.get("type"), dict(written.attrib)) == ("file", {"file": "/srv/images/base.qcow2"})


def test_only_a_volume_can_be_referred_to(kvm: Host, tmp_path: Path) -> None:
    (tmp_path / "a.img").touch()
    with pytest.raises(UsageError, match="is not in any storage pool"):
        DiskResolver(kvm, "g", qemu=True).resolve(disk(), DiskSpec(path=str(tmp_path / "a.img"), source_as="volume"))


def test_what_guests_cannot_refer_to(host_of: Record) -> None:
    pool = "<pool type='rbd'><name>c</name><source><name>p</name><host name='m'/></source></pool>"
    with pytest.raises(UsageError, match="volumes of rbd pools such as 'c'"):
        DiskResolver(host_of(inventory=pool), "g", qemu=True).resolve(
            disk(), DiskSpec(pool="c", size=1, source_as="volume")
        )


# -- encryption ----------------------------------------------------------------------------------

LUKS = "<source><encryption format='luks'>{}</encryption></source>".format


@pytest.mark.parametrize(("fmt", "made"), [("", "qcow2"), ("raw", "raw"), ("luks", "raw")])
def test_an_encrypted_disk(fmt: str, made: str, kvm: Host) -> None:
    node = disk(LUKS(f"<secret uuid='{UUID}'/>"))
    (volume,) = DiskResolver(kvm, "g", qemu=True).resolve(node, DiskSpec(pool="images", size=1, format=fmt)).volumes
    assert (volume.format, volume.encryption) == (made, Encryption("luks", UUID))
    secret = node.find("source/encryption/secret")
    assert secret is not None and dict(secret.attrib) == {"uuid": UUID, "type": "passphrase"}
    driver = node.find("driver")
    assert driver is not None and driver.get("type") == made


def test_a_secret_by_its_usage(kvm: Host) -> None:
    node = disk(LUKS("<secret usage='/srv/images/g.qcow2'/>"))
    (volume,) = DiskResolver(kvm, "g", qemu=True).resolve(node, DiskSpec(pool="images", size=1)).volumes
    assert volume.encryption == Encryption("luks", usage="/srv/images/g.qcow2")


def test_a_password_from_a_file_becomes_a_secret(kvm: Host, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hush")
    node, spec = disk(), DiskSpec(pool="images", size=1, password_file=str(tmp_path / "password"))
    (volume,) = DiskResolver(kvm, "g", qemu=True).resolve(node, spec).volumes
    assert volume.encryption is not None and volume.encryption.password_file == str(tmp_path / "password")
    secret = node.find("source/encryption/secret")
    assert secret is not None and secret.get("uuid") == volume.encryption.uuid != ""


@pytest.mark.parametrize("text", ["", "\n", "\r\n"])
def test_a_password_file_without_a_password(text: str, kvm: Host, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(text)
    with pytest.raises(UsageError, match="password: the file does not contain a password"):
        DiskResolver(kvm, "g", qemu=True).resolve(
            disk(), DiskSpec(pool="images", size=1, password_file=str(tmp_path / "password"))
        )


@pytest.mark.parametrize(
    ("inside", "spec", "message"),
    [
        (LUKS(""), DiskSpec(pool="images", size=1), "--disk: no secret given for the encrypted disk"),
        ("", DiskSpec(pool="images", size=1, format="luks"), "--disk: no secret given for the encrypted disk"),
        (LUKS(f"<secret uuid='{UUID}'/>"), DiskSpec(pool="images", size=1, format="vmdk"), "cannot be encrypted"),
        ("", DiskSpec(pool="images", size=1, password_file="/nowhere/at/all"), "the file cannot be read"),
        ("", DiskSpec(pool="images", size=1, password_file="/dev/null/x"), "the file cannot be read"),
        (
            "",
            DiskSpec(pool="images", size=1, format="qcow3"),
            "--disk format=qcow3: libvirt cannot create images in this format",
        ),
        (
            "",
            DiskSpec(pool="images", size=1, backing_store="/srv/images/base.qcow2", backing_format="foo"),
            "--disk backing_format=foo: libvirt does not know this image format",
        ),
        ("", DiskSpec(vol="images/base.qcow2", password_file="/etc/hostname"), "the disk exists"),
        (LUKS("<secret usage='u'/>"), DiskSpec(pool="images", size=1, password_file="/etc/hostname"), "not by usage="),
    ],
)
def test_encryption_that_cannot_be(inside: str, spec: DiskSpec, message: str, kvm: Host) -> None:
    with pytest.raises(UsageError, match=message):
        DiskResolver(kvm, "g", qemu=True).resolve(disk(inside), spec)
