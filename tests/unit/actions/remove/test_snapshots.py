"""What external snapshots have left beside a guest's disks goes with the guest, if it is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from tests.standin import StandIn
from tests.unit.actions.remove.conftest import MakeGuest, MakeHost, disk, planned, told
from virtprov.guest.disks import snapshot_files
from virtprov.host.connection import Host
from virtprov.support.errors import HostError

ME = "- definition of guest 'web'"
CHAIN = {"a.img": "", "a.s1": "a.img", "a.s2": "a.s1"}


class Snapped(StandIn):
    """A host whose guest has snapshots: the test driver has no external ones."""

    def __init__(self, host: Host, *documents: str) -> None:
        self.real, self.texts = host, documents

    def guests_snapshots(self, key: str) -> tuple[str, ...]:
        return self.texts


def snapshot(folder: Path, before: str, after: str, *, inside: str = "", memory: str = "", target: str = "vda") -> str:
    """The metadata of a snapshot that put the image `after` on top of `before`."""
    guest = disk(before, inside=inside, target=target).replace("{}", str(folder))
    saved = f"<memory snapshot='external' file='{folder / memory}'/>" if memory else "<memory snapshot='no'/>"
    return (
        f"<domainsnapshot><name>s</name>{saved}<disks><disk name='{target}' snapshot='external' type='file'>"
        f"<source file='{folder}/{after}'/></disk><disk name='vdz' snapshot='no'/></disks>"
        f"<domain type='kvm'><name>web</name><devices>{guest}</devices></domain></domainsnapshot>"
    )


def test_the_images_of_snapshots_go_with_their_guest(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    images = {**CHAIN, "branch": "a.img", "memory": ""}
    host = Snapped(
        host_with(domain("web", disk("a.s2")), images=images),
        snapshot(tmp_path, "a.img", "a.s1", memory="memory"),
        snapshot(tmp_path, "a.s1", "a.s2"),
        snapshot(tmp_path, "a.img", "branch", memory="gone"),
    )
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == [
        "- disk a.s2", "- disk a.s1", "- disk a.img", "- disk branch", "- saved state of the memory memory", ME,
    ]  # fmt: skip
    (kept,) = planned(host, "web", keep_disks=True)
    assert told(kept, tmp_path) == [
        "+ disk a.s2: --keep-disks is given",
        "+ disk branch: --keep-disks is given",
        "+ saved state of the memory memory: --keep-disks is given",
        ME,
    ]


def test_a_base_image_of_others_stays(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    images = {"base.img": "", "a.img": "base.img", "a.s1": "a.img"}
    host = Snapped(host_with(domain("web", disk("a.s1")), images=images), snapshot(tmp_path, "a.img", "a.s1"))
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == [
        "- disk a.s1", "- disk a.img", "+ base image base.img: a.s1 is based on it", ME,
    ]  # fmt: skip


def test_an_image_on_which_another_guest_is_based_stays(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    guests = (domain("web", disk("a.s1")), domain("copy", disk("copy.img"), number=2))
    images = {"a.img": "", "a.s1": "a.img", "copy.img": "a.img"}
    host = Snapped(host_with(*guests, images=images), snapshot(tmp_path, "a.img", "a.s1"))
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk a.s1", "+ disk a.img: used by guest 'copy'", ME]


@pytest.mark.parametrize("mark", ["<readonly/>", "<shareable/>"])
def test_a_disk_for_several_guests_stays(mark: str, domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    host = Snapped(
        host_with(domain("web", disk("a.s1")), images={"a.img": "", "a.s1": "a.img"}),
        snapshot(tmp_path, "a.img", "a.s1", inside=mark),
    )
    (removal,) = planned(host, "web")
    assert "+ base image a.img: a.s1 is based on it" in told(removal, tmp_path)


def test_what_is_shared_relates_nothing(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    images = {"a.img": "", "a.s1": "a.img", "d.img": "", "d.s1": "d.img"}
    host = Snapped(
        host_with(domain("web", disk("a.s1")), images=images),
        snapshot(tmp_path, "a.img", "a.s1", inside="<shareable/>"),
        snapshot(tmp_path, "d.img", "d.s1", inside="<shareable/>", target="vdb"),
    )
    (removal,) = planned(host, "web")
    assert "+ disk d.s1: the guest no longer has this disk" in told(removal, tmp_path)


def test_a_disk_that_was_detached_stays(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    images = {"a.img": "", "d.img": "", "d.s1": "d.img"}
    host = Snapped(
        host_with(domain("web", disk("a.img")), images=images), snapshot(tmp_path, "d.img", "d.s1", target="vdb")
    )
    (removal,) = planned(host, "web")
    why = "the guest no longer has this disk"
    assert told(removal, tmp_path) == ["- disk a.img", f"+ disk d.s1: {why}", f"+ disk d.img: {why}", ME]


def test_images_go_even_if_the_disk_above_them_is_gone(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    images = {"a.img": "", "a.s1": "a.img"}
    host = Snapped(
        host_with(domain("web", disk("a.s2")), images=images),
        snapshot(tmp_path, "a.img", "a.s1"),
        snapshot(tmp_path, "a.s1", "a.s2"),
    )
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk a.s1", "- disk a.img", ME]


def test_what_was_branched_from_a_disk_that_stays_stays(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    images = {"a.img": "", "branch": "a.img"}
    host = Snapped(
        host_with(domain("web", disk("a.img", inside="<shareable/>")), images=images),
        snapshot(tmp_path, "a.img", "branch"),
    )
    (removal,) = planned(host, "web")
    assert "+ disk branch: a.img is kept" in told(removal, tmp_path)


def test_what_is_outside_the_pools_goes_if_it_is_named(
    domain: MakeGuest, host_with: MakeHost, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    memory = outside / "memory"
    memory.touch()
    host: Any = Snapped(
        host_with(domain("web", disk("a.s1")), images={"a.img": "", "a.s1": "a.img"}),
        snapshot(tmp_path, "a.img", "a.s1", memory=str(memory)),
    )
    (removal,) = planned(host, "web")
    (kept,) = [thing for thing in removal.things if not thing.goes]
    assert (kept.kind, kept.path) == ("save", str(memory)) and "--with-disk removes it" in kept.why
    (removal,) = planned(host, "web", with_disks=(str(memory),))
    assert all(thing.goes for thing in removal.things)


def test_the_data_file_of_a_disk_goes_with_it(domain: MakeGuest, host_with: MakeHost, tmp_path: Path) -> None:
    host = host_with(domain("web", disk("a.qcow2")), images={"a.qcow2": "", "a.raw": ""})
    write_qcow2(tmp_path / "a.qcow2", data="a.raw")
    (removal,) = planned(host, "web")
    assert told(removal, tmp_path) == ["- disk a.qcow2", "- disk a.raw", ME]


def test_the_driver_is_asked_for_its_snapshots(domain: MakeGuest, host_with: MakeHost) -> None:
    host = host_with(domain("web"))
    assert host.guests.snapshots("web") == ()
    host.guests._domains.get("web").snapshotCreateXML("<domainsnapshot><name>s</name></domainsnapshot>", 0)
    (text,) = host.guests.snapshots("web")
    assert "<name>s</name>" in text
    assert snapshot_files.read(host, (text,)) == snapshot_files.SnapshotFiles()
    with pytest.raises(HostError):
        host.guests.snapshots("nosuch")
