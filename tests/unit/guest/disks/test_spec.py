"""The words of --disk that rows cannot place."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.guest.disks.locate import DiskSpec, Storage
from virtprov.guest.disks.spec import disk_spec, settle_edit
from virtprov.host.connection import Host
from virtprov.support.errors import UsageError
from virtprov.xml import tree


@pytest.mark.parametrize(
    ("verbs", "given", "spec"),
    [
        ({}, None, DiskSpec()),
        ({"path": "/a"}, None, DiskSpec(path="/a")),
        ({"size": "20"}, None, DiskSpec(size=20.0)),
        ({"size": "0.5", "pool": "p", "sparse": "no"}, None, DiskSpec(size=0.5, pool="p", sparse=False)),
        ({"size": "512M"}, None, DiskSpec(size=0.5)),
        ({"size": "1T", "format": "raw"}, None, DiskSpec(size=1024.0, format="raw")),
        ({"vol": "p/v"}, None, DiskSpec(vol="p/v")),
        ({"upload": "/a", "pool": "p"}, None, DiskSpec(upload="/a", pool="p")),
        (
            {"backing_store": "/b", "backing_format": "raw", "sparse": "yes"},
            None,
            DiskSpec(backing_store="/b", backing_format="raw", sparse=True),
        ),
        ({"size": ""}, None, DiskSpec()),
        (
            {"path": "/a"},
            "<disk type='block'><driver type='qcow2'/></disk>",
            DiskSpec(path="/a", driver_format="qcow2", type="block"),
        ),
    ],
)
def test_words_become_a_wish(verbs: dict[str, str], given: str | None, spec: DiskSpec) -> None:
    assert disk_spec(verbs, tree.parse(given) if given else None) == spec


@pytest.mark.parametrize(
    ("verbs", "message"),
    [
        ({"size": "0"}, "size=0: this is no size"),
        ({"size": "-1"}, "size=-1"),
        ({"size": "much"}, "much"),
        ({"size": "1e15"}, "size=1e15"),
        ({"size": "nan"}, "size=nan"),
        ({"vol": "p/v", "path": "/a"}, "vol= names a volume"),
        ({"vol": "p/v", "pool": "p"}, "vol= names a volume"),
        ({"path": "/a", "pool": "p"}, "path= and pool= exclude each other"),
        ({"upload": "/a", "path": "/b"}, "upload= makes a new volume, so path= has no place beside it"),
        ({"upload": "/a", "vol": "p/v"}, "so vol= has no place"),
        ({"upload": "/a", "backing_store": "/b"}, "so backing_store= has no place"),
        ({"sparse": "perhaps"}, "'perhaps' is neither yes nor no"),
    ],
)
def test_words_that_make_no_sense(verbs: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        disk_spec(verbs, None)
    assert message in caught.value.message
    assert caught.value.hint


DISK = "<disk type='file'><driver name='qemu' type='qcow2'/><source file='/old'/><target dev='vda'/></disk>"


def test_an_empty_path_takes_the_medium_out(kvm: Host) -> None:
    disk = tree.parse(DISK)
    assert settle_edit(Storage(kvm, "g", qemu=True), disk, {"path": ""}) == []
    assert tree.child(disk, "source") is None and tree.child(disk, "target") is not None


def test_another_path_brings_its_own_type(kvm: Host) -> None:
    disk = tree.parse(DISK)
    settle_edit(Storage(kvm, "g", qemu=True), disk, {"path": "/dev/fast/db"})
    assert disk.get("type") == "block"
    assert dict(tree.children(disk, "source")[0].attrib) == {"dev": "/dev/fast/db"}


def test_a_new_size_makes_a_new_volume(kvm: Host) -> None:
    disk = tree.parse(DISK)
    (making,) = settle_edit(Storage(kvm, "g", qemu=True), disk, {"pool": "images", "size": "1"})
    assert [volume.name for volume in making.volumes] == ["g.qcow2"]


def test_what_is_not_about_the_source_leaves_it(kvm: Host) -> None:
    disk = tree.parse(DISK)
    assert settle_edit(Storage(kvm, "g", qemu=True), disk, {"format": "raw"}) == []
    assert tree.to_text(disk) == tree.to_text(tree.parse(DISK))


def test_a_local_file_replaces_a_volume(kvm: Host, tmp_path: Path) -> None:
    (tmp_path / "x.img").touch()
    disk = tree.parse("<disk type='volume'><source pool='images' volume='web.qcow2'/></disk>")
    settle_edit(Storage(kvm, "g", qemu=True), disk, {"vol": "images/base.qcow2"})
    assert dict(tree.children(disk, "source")[0].attrib) == {"file": "/srv/images/base.qcow2"}
