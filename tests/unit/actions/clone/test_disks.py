"""What becomes of the disks of a copied guest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.actions.clone.conftest import Sized
from virtprov.actions.clone import draft
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.request import Checks, CloneRequest
from virtprov.host.connection import Host
from virtprov.support.errors import HostError, UsageError

Document = Callable[..., bytes]
Apply = Callable[[ClonePlan, Any], list[str]]


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_shared_given_and_forced_disks(kvm: Host, files: Path, document: Document) -> None:
    text = document(files, second="<shareable/>")
    made = draft.plan(CloneRequest(document=text, auto=True), kvm)
    assert [disk.fate for disk in made.disks] == ["copied", "shared", "empty"]
    forced = draft.plan(CloneRequest(document=text, auto=True, force=frozenset(["vdb"])), kvm)
    assert [disk.fate for disk in forced.disks] == ["copied", "copied", "empty"]
    skipped = draft.plan(CloneRequest(document=text, auto=True, skip=frozenset(["vda"])), kvm)
    assert [disk.fate for disk in skipped.disks] == ["shared", "shared", "empty"]
    assert [step.label for step in skipped.plan.steps] == ["Defining guest 'one-clone'"]


def test_disks_that_are_there_are_used_as_they_are(kvm: Host, files: Path, document: Document) -> None:
    paths = (f"{files}/data.img", "/srv/images/base.qcow2")
    request = CloneRequest(document=document(files), name="two", files=paths, preserve=True)
    with pytest.raises(HostError, match="base.qcow2 is in use by guest 'web'"):  # whose disk stands on it
        draft.plan(request, kvm)
    made = draft.plan(request._replace(checks=Checks(path_in_use=False)), kvm)
    assert [disk.path for disk in made.disks[:2]] == list(paths)
    assert len(made.plan.steps) == 1


def test_a_copy_that_does_not_fit_its_pool(kvm: Host) -> None:
    host: Any = Sized(kvm, available=1 << 19)
    request = CloneRequest(original="web", auto=True)
    with pytest.raises(HostError, match="needs 1 MiB, but pool 'images' has only 512 KiB of free space"):
        draft.plan(request, host)
    draft.plan(request._replace(checks=Checks(disk_size=False)), host)
    draft.plan(request._replace(reflink=True), host)
    host.available = 2 << 20
    draft.plan(request, host)
    with pytest.raises(HostError, match="needs 10 GiB"):
        draft.plan(request._replace(sparse=False), host)


def test_a_file_that_is_given_up_is_lost_only_when_all_went_well(
    kvm: Host, files: Path, document: Document, put: Apply, refusing: type[Any]
) -> None:
    (files / "two.img").write_bytes(b"precious")
    paths = (f"{files}/two.img", f"{files}/new.img")
    request = CloneRequest(document=document(files), name="two", files=paths, checks=Checks(path_exists=False))
    host: Any = refusing(kvm)
    made = draft.plan(request, host)
    assert f"the contents of {files}/two.img will be lost" in made.plan.warnings
    with pytest.raises(HostError, match="not defined"):
        put(made, host)
    assert (files / "two.img").read_bytes() == b"precious"
    assert listing(files) == ["data.img", "one.img", "two.img"]
    put(draft.plan(request, kvm), kvm)
    assert (files / "two.img").read_bytes() == (files / "one.img").read_bytes()
    assert listing(files) == ["data.img", "new.img", "one.img", "two.img"]


def test_one_path_is_not_for_two_disks(kvm: Host, files: Path, document: Document) -> None:
    paths = (f"{files}/new.img", f"{files}/new.img")
    with pytest.raises(UsageError, match="new.img is given for two disks"):
        draft.plan(CloneRequest(document=document(files), name="two", files=paths), kvm)


def test_blocks_are_shared_where_they_can_be(kvm: Host, files: Path, document: Document) -> None:
    made = draft.plan(CloneRequest(original="web", auto=True, reflink=True), kvm)
    assert made.plan.warnings == ("/srv/images/web.qcow2 is copied in full: the host cannot share the blocks of qcow2",)
    outside = draft.plan(CloneRequest(document=document(files), auto=True, reflink=True), kvm)
    assert [getattr(step, "reflink", None) for step in outside.plan.steps] == [True, True, None]


def test_given_disks_must_be_there(kvm: Host, files: Path, document: Document) -> None:
    paths = (f"{files}/data.img", f"{files}/nosuch.img")
    request = CloneRequest(document=document(files), name="two", files=paths, preserve=True)
    with pytest.raises(HostError, match="--preserve-data: .*nosuch.img does not exist"):
        draft.plan(request, kvm)
    draft.plan(request._replace(checks=Checks(path_exists=False)), kvm)


@pytest.mark.parametrize(
    ("target", "message"),
    [("one.img", "is the original's own disk"), ("data.img", "already exists and would be overwritten")],
)
def test_no_file_is_written_over(kvm: Host, files: Path, target: str, message: str, document: Document) -> None:
    paths = (f"{files}/{target}", f"{files}/new.img")
    with pytest.raises((UsageError, HostError), match=message):
        draft.plan(CloneRequest(document=document(files), name="two", files=paths), kvm)


def test_images_that_lean_on_their_directory_are_copied_by_the_host(kvm: Host, files: Path, document: Document) -> None:
    (files / "one.img").write_bytes(qcow2_over(b"data.img"))
    beside = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    assert type(beside.plan.steps[0]).__name__ == "CopyFile"
    (files / "sub").mkdir()
    paths = (f"{files}/sub/a.img", f"{files}/sub/b.img")
    apart = draft.plan(CloneRequest(document=document(files), name="two", files=paths), kvm)
    assert [type(step).__name__ for step in apart.plan.steps[:2]] == ["CopyDisk", "CopyFile"]


def qcow2_over(backing: bytes) -> bytes:
    """The header of a qcow2 image of 1 MiB with this backing file (QEMU's docs/interop/qcow2)."""
    head = b"QFI\xfb" + (3).to_bytes(4, "big") + (104).to_bytes(8, "big") + len(backing).to_bytes(4, "big")
    head += (16).to_bytes(4, "big") + (1 << 20).to_bytes(8, "big")
    return head.ljust(104, b"\0") + backing + b"\0" * 512


def test_all_stands_for_every_disk(kvm: Host, files: Path, document: Document) -> None:
    text = document(files, second="<shareable/>")
    skipped = draft.plan(CloneRequest(document=text, auto=True, skip=frozenset(["all"])), kvm)
    assert [disk.fate for disk in skipped.disks] == ["shared", "shared", "empty"]
    forced = draft.plan(CloneRequest(document=text, auto=True, force=frozenset(["all"])), kvm)
    assert [disk.fate for disk in forced.disks] == ["copied", "copied", "empty"]
    both = CloneRequest(document=text, auto=True, force=frozenset(["vdb"]), skip=frozenset(["all"]))
    assert [disk.fate for disk in draft.plan(both, kvm).disks] == ["shared", "copied", "empty"]


GONE = (
    b"<domain type='kvm'><name>one</name><os><type>hvm</type></os><devices><disk type='file' device='disk'>"
    b"<source file='/nowhere/one.img'/><target dev='vda' bus='virtio'/></disk></devices></domain>"
)


def test_disks_of_a_document_may_be_elsewhere(kvm: Host) -> None:
    request = CloneRequest(document=GONE, auto=True)
    with pytest.raises(HostError, match="/nowhere/one.img does not exist") as raised:
        draft.plan(request, kvm)
    assert "--check path_exists=off" in raised.value.hint
    made = draft.plan(request._replace(checks=Checks(path_exists=False)), kvm)
    assert [disk.path for disk in made.disks] == ["/nowhere/one-clone.img"]


def test_no_name_is_made_of_none(kvm: Host) -> None:
    nameless = GONE.replace(b"<name>one</name>", b"")
    request = CloneRequest(document=nameless, auto=True, checks=Checks(path_exists=False))
    with pytest.raises(UsageError, match="the original has no name") as raised:
        draft.plan(request, kvm)
    assert "--name" in raised.value.hint
