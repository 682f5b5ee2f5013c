"""Which guests are removed, in which order, and which removals are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.actions.remove.conftest import MakeGuest, MakeHost, disk, planned, told
from virtprov.actions.run.artifacts.stored_guests import Guest
from virtprov.actions.run.trail import FileTrail
from virtprov.support.errors import HostError, UsageError

IMAGES = {"base.qcow2": "", "mid.qcow2": "base.qcow2", "top.qcow2": "mid.qcow2", "lone.qcow2": ""}


def test_each_guest_once_by_name_uuid_or_id(domain: MakeGuest, host_with: MakeHost) -> None:
    host = host_with(domain("a"), domain("b", number=2, runs=True))
    info = host.guests.find("b")
    assert info is not None
    keys = ("a", info.uuid, str(info.id), "b")
    assert [removal.name for removal in planned(host, *keys)] == ["a", "b"]


def test_an_unknown_guest_is_named_with_a_hint(domain: MakeGuest, host_with: MakeHost) -> None:
    host = host_with(domain("web1"))
    with pytest.raises(HostError, match=f"^guest 'web2' not found on {host.uri}$") as caught:
        planned(host, "web1", "web2")
    assert caught.value.hint == "did you mean 'web1'?"


def test_a_paused_guest_would_not_shut_down(domain: MakeGuest, host_with: MakeHost) -> None:
    host = host_with(domain("web", runs=True))
    host.guests._domains.get("web").suspend()
    with pytest.raises(HostError, match="guest 'web' is paused, so it cannot shut down") as caught:
        planned(host, "web")
    assert "--force-off" in caught.value.hint and "`virsh resume web`" in caught.value.hint
    assert planned(host, "web", force_off=True)


def test_a_guest_that_another_run_works_on(domain: MakeGuest, host_with: MakeHost, home: Path) -> None:
    host = host_with(domain("web"), domain("other", number=2))
    trail = FileTrail("virtprov-install", host, print)
    trail.note_guest("web")
    trail.begin(Guest("web"))
    with pytest.raises(HostError, match=r"another run of virtprov is working on guest 'web' \(process \d+\)"):
        planned(host, "web")
    assert planned(host, "other")
    trail.let_go()  # as a run that is killed
    assert planned(host, "web")


@pytest.mark.parametrize("child", ["top.qcow2", "mid.qcow2"])
def test_a_guest_with_another_on_its_disk_is_refused(child: str, domain: MakeGuest, host_with: MakeHost) -> None:
    host = host_with(domain("tree", disk("base.qcow2")), domain("leaf", disk(child), number=2), images=IMAGES)
    with pytest.raises(HostError, match=r"guest 'tree' cannot be removed: guest 'leaf' is based on its disk .*/base"):
        planned(host, "tree")
    (removal,) = planned(host, "tree", keep_disks=True)
    assert [thing.kind for thing in removal.going] == ["guest"]


def test_an_image_that_no_guest_has_counts_as_well(domain: MakeGuest, host_with: MakeHost) -> None:
    host = host_with(domain("tree", disk("base.qcow2")), images={"base.qcow2": "", "mid.qcow2": "base.qcow2"})
    with pytest.raises(HostError, match=r"volume 'mid.qcow2' is based on its disk .*/base.qcow2") as caught:
        planned(host, "tree")
    assert "--keep-disks" in caught.value.hint


def test_a_template_with_clones_is_refused_even_with_its_disks(domain: MakeGuest, host_with: MakeHost) -> None:
    mark = "<metadata><v:guest xmlns:v='https://virtprov.org/xmlns/guest/1.0' template='yes'/></metadata>"
    from virtprov.xml.tree import NAMESPACES

    mark = mark.replace("https://virtprov.org/xmlns/guest/1.0", NAMESPACES["virtprov"])
    guests = (domain("tmpl", disk("base.qcow2"), more=mark), domain("leaf", disk("mid.qcow2"), number=2))
    host = host_with(*guests, images={name: IMAGES[name] for name in ("base.qcow2", "mid.qcow2")})
    for keep_disks in (False, True):
        with pytest.raises(HostError, match="template 'tmpl' cannot be removed: guest 'leaf' is based on") as caught:
            planned(host, "tmpl", keep_disks=keep_disks)
        assert "--keep-disks" not in caught.value.hint
    assert [removal.name for removal in planned(host, "tmpl", "leaf")] == ["leaf", "tmpl"]


@pytest.mark.parametrize("names", [("tree", "mid", "leaf"), ("leaf", "tree", "mid"), ("mid", "tree", "leaf")])
def test_clones_come_before_their_base(
    names: tuple[str, ...], domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    files = {"tree": "base.qcow2", "mid": "mid.qcow2", "leaf": "top.qcow2"}
    guests = [domain(name, disk(file), number=number) for number, (name, file) in enumerate(files.items())]
    removals = planned(host_with(*guests, images=IMAGES), *names)
    assert [removal.name for removal in removals] == ["leaf", "mid", "tree"]
    for removal in removals:  # what is below goes as well, so it is not said to stay
        assert told(removal, tmp_path) == [f"- disk {files[removal.name]}", f"- definition of guest '{removal.name}'"]


def test_guests_that_do_not_depend_on_each_other_stay_in_order(domain: MakeGuest, host_with: MakeHost) -> None:
    host = host_with(domain("b"), domain("a", number=2), domain("c", number=3))
    assert [removal.name for removal in planned(host, "b", "c", "a")] == ["b", "c", "a"]


def test_a_base_stays_if_a_disk_on_top_of_it_does(domain: MakeGuest, host_with: MakeHost) -> None:
    """The disk of the other guest would be lost with it."""
    shared = disk("mid.qcow2", inside="<shareable/>")
    host = host_with(
        domain("tree", disk("base.qcow2")),
        domain("leaf", shared, number=2),
        images={"base.qcow2": "", "mid.qcow2": "base.qcow2"},
    )
    with pytest.raises(HostError, match=r"'tree' cannot be removed: .*/mid.qcow2 is based on its disk .*/base.qcow2"):
        planned(host, "tree", "leaf")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/nowhere/a.img", "--with-disk /nowhere/a.img: no such disk of 'web'"),
        ("{}/lone.qcow2", "the disk cannot be removed: it is read-only, so other guests may use it"),
        ("/srv/a.iso", "the disk cannot be removed: other guests may use the medium as well"),
        ("/dev/null", "the disk cannot be removed: it is a device of the host"),
    ],
)
def test_what_is_named_must_be_able_to_go(
    path: str, sentence: str, domain: MakeGuest, host_with: MakeHost, tmp_path: Path
) -> None:
    devices = (
        disk("lone.qcow2", inside="<readonly/>")
        + disk("/srv/a.iso", "raw", device="cdrom", target="sda")
        + disk("/dev/null", "raw", target="vdb")
    )
    host = host_with(domain("web", devices), images=IMAGES)
    with pytest.raises(UsageError, match=sentence):
        planned(host, "web", with_disks=(path.replace("{}", str(tmp_path)),))
