"""Where copies go: to pools, to paths, to other formats, and within Ceph."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.standin import StandIn
from tests.unit.actions.clone.conftest import Sized
from virtprov.actions.clone import draft, space
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.request import Checks, CloneRequest, DiskChoice
from virtprov.actions.run.plan import RunContext, apply
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError, UsageError
from virtprov.support.terminal.progress import Progress
from virtprov.xml import path

MIB = 1 << 20


def volume(name: str, fmt: str, where: str, more: str = "", kind: str = "file") -> str:
    return (
        f"<volume type='{kind}'><name>{name}</name><capacity unit='MiB'>8</capacity><allocation unit='MiB'>2"
        f"</allocation><target><path>{where}/{name}</path><format type='{fmt}'/></target>{more}</volume>"
    )


def pool(name: str, kind: str, where: str, volumes: str = "", source: str = "") -> str:
    return (
        f"<pool type='{kind}'><name>{name}</name><source>{source}</source><capacity unit='GiB'>10</capacity>"
        f"<available unit='GiB'>10</available><target><path>{where}</path></target>{volumes}</pool>"
    )


DISKS = """
<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/><source file='/main/one.qcow2'/>
<backingStore type='file'><format type='raw'/><source file='/main/base.img'/></backingStore><target dev='vda'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{here}/one.img'/>
<target dev='vdb'/></disk>
<disk type='network' device='disk'><driver name='qemu' type='raw'/><source protocol='rbd' name='ceph/one'>
<host name='mon1'/></source><target dev='vdc'/></disk>
<disk type='volume' device='disk'><driver name='qemu' type='raw'/><source pool='rbd' volume='one'/>
<target dev='vdd'/></disk>
<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/><source pool='main' volume='one.qcow2'/>
<target dev='vde'/></disk>
<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/vg/one'/><target dev='vdf'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/main/luks.qcow2'>
<encryption format='luks'/></source><target dev='vdg'/></disk>
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Pools of each type, and the guest `one` with a disk of each kind; the pools `main` and `fast` are nowhere."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here/one.img").write_bytes(b"data" * 1000)
    main = volume("one.qcow2", "qcow2", "/main", "<backingStore><path>/main/base.img</path></backingStore>")
    main += volume("luks.qcow2", "qcow2", "/main")
    ceph = volume("one", "raw", "ceph", kind="network")
    logical = volume("one", "raw", "/dev/vg", kind="block")
    pools = [
        pool("main", "dir", "/main", main),
        pool("fast", "dir", "/fast"),
        pool("here", "dir", f"{tmp_path}/here"),
        pool("lvm", "logical", "/dev/vg", logical, "<name>vg</name>"),
        pool("rbd", "rbd", "", ceph, "<name>ceph</name><host name='mon1'/>"),
        pool("parts", "disk", "/dev", "", "<device path='/dev/sdx'/>"),
        pool("off", "dir", "/off"),
    ]
    place = tmp_path / "place.xml"
    place.write_text(
        f"<node>{''.join(pools)}<domain type='test'><name>one</name><memory>65536</memory><os><type>hvm</type></os>"
        f"<devices>{DISKS.format(here=tmp_path / 'here')}</devices></domain></node>"
    )
    with connect(f"test://{place}") as made:
        made.guests.destroy("one")
        made._link.conn.storagePoolLookupByName("off").destroy()
        yield made


def plan(host: Any, *choices: DiskChoice, **more: Any) -> ClonePlan:
    """The plan for a clone of the disks in the choices; all others are shared."""
    others = {f"vd{letter}" for letter in "abcdefg"} - {choice.target for choice in choices}
    given = {"auto": True, "skip": frozenset(others), **more}
    return draft.plan(CloneRequest(original="one", name="two", choices=choices, **given), host)


def disk(made: ClonePlan, target: str) -> Any:
    """The disk's element in the clone."""
    devices = made.plan.domains[0].guest.disks()
    return next(found for found in devices if path.text(found, "./target/@dev") == target)


@pytest.mark.parametrize(
    ("choice", "where"),
    [
        (DiskChoice("vda", pool="fast"), "/fast/two.qcow2"),
        (DiskChoice("vda", format="raw"), "/main/two.img"),
        (DiskChoice("vda", pool="fast", format="raw"), "/fast/two.img"),
        (DiskChoice("vda", pool="lvm"), "/dev/vg/two"),
        (DiskChoice("vda", path="/fast/x.img"), "/fast/x.img"),
        (DiskChoice("vdc"), "ceph/two"),
        (DiskChoice("vdd"), "ceph/two"),
        (DiskChoice("vdf", pool="fast"), "/fast/two.img"),
        (DiskChoice("vdf"), "/dev/vg/two"),
    ],
)
def test_the_path_of_a_copy(host: Host, choice: DiskChoice, where: str) -> None:
    made = plan(host, choice)
    assert [found.path for found in made.disks if found.fate == "copied"] == [where]


@pytest.mark.parametrize(
    ("choice", "xml"),
    [
        (DiskChoice("vda", pool="fast"), {"type": "file", "source": {"file": "/fast/two.qcow2"}, "format": "qcow2"}),
        (DiskChoice("vda", pool="lvm"), {"type": "block", "source": {"dev": "/dev/vg/two"}, "format": "raw"}),
        (DiskChoice("vdc"), {"type": "network", "source": {"protocol": "rbd", "name": "ceph/two"}, "format": "raw"}),
        (DiskChoice("vdd"), {"type": "volume", "source": {"pool": "rbd", "volume": "two"}, "format": "raw"}),
        (DiskChoice("vde"), {"type": "volume", "source": {"pool": "main", "volume": "two.qcow2"}, "format": "qcow2"}),
        (DiskChoice("vde", pool="fast"), {"type": "file", "source": {"file": "/fast/two.qcow2"}, "format": "qcow2"}),
        (DiskChoice("vdf", pool="fast"), {"type": "file", "source": {"file": "/fast/two.img"}, "format": "raw"}),
    ],
)
def test_the_disk_of_the_clone(host: Host, choice: DiskChoice, xml: dict[str, Any]) -> None:
    found = disk(plan(host, choice), choice.target)
    assert found.get("type") == xml["type"]
    assert dict(found.find("./source").attrib) == xml["source"]
    assert found.find("./driver").get("type") == xml["format"]


def test_another_format_has_no_backing_file(host: Host) -> None:
    made = plan(host, DiskChoice("vda", format="raw"))
    (step,) = [step for step in made.plan.steps if step.label.startswith("Copying")]
    assert step.label == "Copying one.qcow2 to two.img as raw"
    assert disk(made, "vda").find("./backingStore") is None
    assert disk(made, "vda").find("./driver").get("cache") == "none"
    kept = plan(host, DiskChoice("vda", format="qcow2"))
    assert disk(kept, "vda").find("./backingStore") is not None


def test_the_pool_of_all_copies(host: Host) -> None:
    made = plan(host, DiskChoice("vda"), DiskChoice("vdf"), DiskChoice("vde", pool="main"), pool="fast", auto=False)
    assert [found.path for found in made.disks if found.fate == "copied"] == [
        "/fast/two.qcow2", "/main/two.qcow2", "/fast/two.img",
    ]  # fmt: skip


def test_files_are_for_the_other_disks_in_order(host: Host) -> None:
    choices = (DiskChoice("vda", path="/fast/a.img"), DiskChoice("vde"))
    made = plan(host, *choices, files=("/fast/b.img",), auto=False)
    assert [found.path for found in made.disks if found.fate == "copied"] == ["/fast/a.img", "/fast/b.img"]


@pytest.mark.parametrize(
    ("choice", "kind", "message"),
    [
        (DiskChoice("vda", pool="fats"), HostError, "storage pool 'fats' not found"),
        (DiskChoice("vda", pool="off"), HostError, "'off' for /off is not active"),
        (DiskChoice("vda", pool="parts"), HostError, "no copy can be made in storage pool 'parts': its type is 'disk'"),
        (DiskChoice("vda", pool="lvm", format="qcow2"), UsageError, "pool 'lvm' holds raw data only"),
        (DiskChoice("vdg", format="raw"), UsageError, "an encrypted disk cannot be converted"),
        (DiskChoice("vdc", pool="fast"), HostError, "vdc: a disk can only be copied within its rbd pool"),
        (DiskChoice("vda", pool="rbd"), HostError, "vda: a disk can only be copied within its rbd pool"),
        (
            DiskChoice("vda", path="/main/one.qcow2"),
            UsageError,
            "--copy vda,path=/main/one.qcow2 is the original's own disk",
        ),
        (DiskChoice("vda", path="/main/luks.qcow2"), UsageError, "is the original's own disk"),
        (DiskChoice("vdf", path="/nowhere/a.img"), UsageError, "the directory /nowhere does not exist"),
        (DiskChoice("vdf", path="/dev/fd/x"), UsageError, "--copy vdf,path=/dev/fd/x: no such device"),
        (DiskChoice("vda", path="/dev/sdx9"), UsageError, "--copy vda,path=/dev/sdx9: no such device"),
    ],
)
def test_what_is_refused(host: Host, choice: DiskChoice, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        plan(host, choice)
    assert caught.value.hint  # type: ignore[attr-defined]


@pytest.mark.parametrize("pool_of", ["parts", ""])
def test_no_file_is_created_beside_a_device(pool_of: str, host: Host, tmp_path: Path) -> None:
    """It would be in memory, whatever its size. A directory of memory that users know is another matter."""
    if not pool_of:
        parts = host._link.conn.storagePoolLookupByName("parts")
        parts.destroy()
        parts.undefine()
    text = host.guests.xml("one", inactive=True).replace("/dev/vg/one", "/dev/null")
    request = CloneRequest(document=text.encode(), name="two", auto=True, skip=frozenset({f"vd{x}" for x in "abcdeg"}))
    with pytest.raises(UsageError, match="no path can be generated for the copy of vdf, which is a device") as caught:
        draft.plan(request, host)
    assert "--copy vdf,path=PATH; or --pool NAME" in caught.value.hint
    made = draft.plan(request._replace(choices=(DiskChoice("vdf", path="/dev/shm/virtprov-two.img"),)), host)
    assert [found.path for found in made.disks if found.fate == "copied"] == ["/dev/shm/virtprov-two.img"]


def test_a_disk_of_ceph_that_no_pool_has(host: Host) -> None:
    text = host.guests.xml("one", inactive=True).replace("ceph/one", "other/one").encode()
    with pytest.raises(HostError, match="vdc is a disk of type 'rbd', which cannot be copied") as caught:
        draft.plan(CloneRequest(document=text, name="two", auto=True, force=frozenset(["vdc"])), host)
    assert "pool of type rbd" in caught.value.hint


def test_a_copy_within_ceph_is_made_and_undone(host: Host) -> None:
    made = plan(host, DiskChoice("vdc"))
    context = RunContext(host, Progress(), print, print)
    (step,) = [step for step in made.plan.steps if step.label == "Copying one to two"]
    undo = step.do(context)
    assert host.storage.volume("rbd", "two") is not None
    assert undo is not None
    undo()
    assert host.storage.volume("rbd", "two") is None


def test_a_given_name_in_ceph(host: Host) -> None:
    made = plan(host, DiskChoice("vdc", path="ceph/mine"), auto=False)
    assert path.text(disk(made, "vdc"), "./source/@name") == "ceph/mine"


def test_a_disk_of_ceph_that_the_user_has_copied_to_a_file(host: Host, tmp_path: Path) -> None:
    made = plan(
        host, DiskChoice("vdc", path=f"{tmp_path}/here/one.img"), preserve=True, checks=Checks(path_in_use=False)
    )
    found = disk(made, "vdc")
    assert found.get("type") == "file"
    assert dict(found.find("./source").attrib) == {"file": f"{tmp_path}/here/one.img"}
    assert len(found.find("./source")) == 0


def test_a_name_that_is_taken_in_ceph(host: Host) -> None:
    apply(plan(host, DiskChoice("vdc")).plan, RunContext(host, Progress(), print, print))
    again = plan(host, DiskChoice("vdc"), replace=True)
    assert [found.path for found in again.disks if found.fate == "copied"] == ["ceph/two-1"]


def test_files_of_this_machine_are_copied_by_this_process(host: Host, tmp_path: Path) -> None:
    made = plan(host, DiskChoice("vdb"))
    assert [type(step).__name__ for step in made.plan.steps] == ["CopyFile", "Define"]
    apply(made.plan, RunContext(host, Progress(), print, print))
    assert (tmp_path / "here/two.img").read_bytes() == b"data" * 1000


def test_an_image_whose_data_is_in_another_file_is_copied_by_the_host(host: Host, tmp_path: Path) -> None:
    name = b"one.data"
    head = b"QFI\xfb" + (3).to_bytes(4, "big") + bytes(16) + (MIB).to_bytes(8, "big")
    head = head.ljust(100, b"\0") + (104).to_bytes(4, "big")
    head += (0x44415441).to_bytes(4, "big") + len(name).to_bytes(4, "big") + name + bytes(8)
    (tmp_path / "here/one.img").write_bytes(head)
    text = host.guests.xml("one", inactive=True)
    text = text.replace("<source file='/main/one.qcow2'", f"<source file='{tmp_path}/here/one.img'")
    request = CloneRequest(document=text.encode(), name="two", auto=True, skip=frozenset(["all"]),
                           choices=(DiskChoice("vda", share=False),), checks=Checks(path_in_use=False))  # fmt: skip
    assert [type(step).__name__ for step in draft.plan(request, host).plan.steps] == ["CopyDisk", "Define"]


# -- space ---------------------------------------------------------------------------------------


def test_copies_are_added_up(host: Host) -> None:
    tight: Any = Sized(host, 3 * MIB)
    choices = (DiskChoice("vda"), DiskChoice("vde"))
    plan(tight, DiskChoice("vda"))
    with pytest.raises(HostError, match="2 copies, the last of /main/one.qcow2, need 4 MiB, but pool 'main' has only"):
        plan(tight, *choices)
    plan(tight, *choices, checks=Checks(disk_size=False))
    plan(tight, *choices, reflink=True)
    with pytest.raises(HostError, match="the copy of /main/one.qcow2 needs 8 MiB"):
        plan(tight, DiskChoice("vda"), sparse=False)
    with pytest.raises(HostError, match="the copy of /main/one.qcow2 needs 8 MiB"):
        plan(tight, DiskChoice("vda", path="/dev/vg/x"))  # LVM allocates everything


def test_pools_of_one_file_system_are_added_up(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    counted = space.Space(host)
    free = 10 * MIB

    class Facts:
        f_bavail, f_frsize = free // 4096, 4096

    monkeypatch.setattr(os, "statvfs", lambda directory: Facts)
    counted.take("a", 6 * MIB, f"{tmp_path}/here", host.storage.pool("here"))
    with pytest.raises(HostError, match="2 copies, the last of b, need 12 MiB, but the file system of .*other has"):
        counted.take("b", 6 * MIB, f"{tmp_path}/other", None)


# -- on another machine --------------------------------------------------------------------------


class Remote(StandIn):
    """The same host, as if it were another machine."""

    is_remote = True

    def __init__(self, host: Host) -> None:
        self.real = host


def copy_step(made: ClonePlan) -> Any:
    """The step that copies the only disk."""
    (step,) = [step for step in made.plan.steps if step.label.startswith("Copying")]
    return step


def test_a_disk_outside_the_pools_of_another_machine_is_copied_there(host: Host) -> None:
    host.guests.define(host.guests.xml("one", inactive=True).replace("/main/one.qcow2", "/elsewhere/x.qcow2"))
    step = copy_step(plan(Remote(host), DiskChoice("vda", path="/fast/y.qcow2")))
    assert type(step).__name__ == "CopyDisk"
    assert (step.source.path, step.source.name, step.source.pool) == ("/elsewhere/x.qcow2", "x.qcow2", "")
    assert (step.target, step.declared, step.source.format) == ("/fast/y.qcow2", "qcow2", "qcow2")
    converted = copy_step(plan(Remote(host), DiskChoice("vda", path="/fast/y.img", format="raw")))
    assert (converted.format, converted.source.path) == ("raw", "/elsewhere/x.qcow2")


def test_files_of_another_machine_are_copied_there(host: Host, tmp_path: Path) -> None:
    step = copy_step(plan(Remote(host), DiskChoice("vda", pool="fast"), reflink=True))
    assert type(step).__name__ == "CopyDisk" and not step.reflink  # libvirt shares the blocks of raw volumes only
    made = plan(Remote(host), DiskChoice("vda", pool="fast"), reflink=True)
    assert "/main/one.qcow2 is copied in full: the host cannot share the blocks of qcow2" in made.plan.warnings
    converted = plan(Remote(host), DiskChoice("vda", pool="fast", format="raw"), reflink=True)
    assert "/main/one.qcow2 is copied in full: blocks are not shared with another format" in converted.plan.warnings


def test_bytes_that_the_host_would_not_copy_go_through_this_machine(host: Host) -> None:
    class Forging(Remote):
        def storage_volume_at(self, where: str, *, fresh: bool = True) -> Any:
            found = self.real.storage.volume_at(where, fresh=fresh)
            return found and found._replace(physical=4096)

    text = host.guests.xml("one", inactive=True).replace("type='qcow2' cache='none'", "type='raw' cache='none'")
    host.guests.define(text)
    step = copy_step(plan(Forging(host), DiskChoice("vda", pool="fast")))
    assert (type(step).__name__, step.source.path, step.size) == ("PourDisk", "/main/one.qcow2", 4096)
    with pytest.raises(HostError, match="/main/one.qcow2 is a raw disk of the original, but its storage pool detects"):
        plan(Remote(host), DiskChoice("vda", pool="fast"))
    with pytest.raises(HostError, match="its storage pool detects qcow2"):
        plan(Forging(host), DiskChoice("vda", pool="fast", format="qcow2"))


def test_a_directory_of_this_machine_that_may_not_be_written(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda where, mode: mode != os.W_OK and real(where, mode))
    step = copy_step(plan(host, DiskChoice("vdb", path=f"{tmp_path}/x.img")))
    assert type(step).__name__ == "CopyDisk"  # through a temporary pool, by libvirt
    assert (step.source.path, step.source.capacity) == (f"{tmp_path}/here/one.img", 4000)


def test_the_host_shares_blocks_of_raw_files_only(host: Host) -> None:
    raw = volume("raw.img", "raw", "/main").replace("<volume type='file'>", "<volume>")
    host._link.conn.storagePoolLookupByName("main").createXML(raw, 0)
    made = plan(host, DiskChoice("vda"), reflink=True)
    assert not copy_step(made).reflink
    assert any(
        "/main/one.qcow2 is copied in full: the host cannot share the blocks of qcow2" in w for w in made.plan.warnings
    )
    text = host.guests.xml("one", inactive=True).replace("/main/one.qcow2", "/main/raw.img").replace("qcow2", "raw", 1)
    request = CloneRequest(
        document=text.encode(), name="two", auto=True, skip=frozenset({f"vd{x}" for x in "bcdefg"}), reflink=True
    )
    shared = draft.plan(request, host)
    assert copy_step(shared).reflink and not any("in full" in text for text in shared.plan.warnings)
    logical = plan(host, DiskChoice("vdf"), reflink=True)
    assert not copy_step(logical).reflink and any("in full" in text for text in logical.plan.warnings)


def test_an_image_that_is_found_beside_its_backing_file_is_copied_by_the_host(host: Host, tmp_path: Path) -> None:
    """The name of the backing file only fits the folder of the original."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    write_qcow2(own / "base.qcow2")
    write_qcow2(own / "top.qcow2", "base.qcow2")
    text = host.guests.xml("one", inactive=True).replace("/main/one.qcow2", f"{own}/top.qcow2", 1)
    request = CloneRequest(document=text.encode(), name="two", auto=True, skip=frozenset({f"vd{x}" for x in "bcdefg"}))
    step = copy_step(draft.plan(request._replace(files=(f"{other}/two.qcow2",)), host))
    assert type(step).__name__ == "CopyDisk" and step.source.backing_path == "base.qcow2"
    beside = copy_step(draft.plan(request, host))
    assert type(beside).__name__ == "CopyFile"
