"""Plans for copies of guests, applied and undone on a recorded host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.clone import draft
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.request import Checks, CloneRequest
from virtprov.actions.run.plan import World, apply
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError, UsageError
from virtprov.support.progress import Progress
from virtprov.xml import tree

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"


@pytest.fixture
def kvm() -> Iterator[Host]:
    with connect(f"recorded://{HOSTS / 'kvm'}") as host:
        yield host


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with two disk images that no pool knows."""
    (tmp_path / "one.img").write_bytes(b"one" * 1000)
    (tmp_path / "data.img").write_bytes(b"data" * 1000)
    return tmp_path


class Refusing:
    """A host that refuses to define guests."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def __getattr__(self, name: str) -> Any:
        if name == "define_guest":
            raise HostError("not defined")
        return getattr(self.host, name)


def document(folder: Path, *, more: str = "", second: str = "") -> bytes:
    return f"""<domain type='kvm'><name>one</name><uuid>5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e6f</uuid>
<memory>65536</memory><os><type arch='x86_64' machine='pc-q35-8.2'>hvm</type>{more}</os><devices>
<disk type='file' device='disk'><source file='{folder}/one.img'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><source file='{folder}/data.img'/><target dev='vdb' bus='virtio'/>{second}</disk>
<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
</devices></domain>""".encode()


def put(made: ClonePlan, host: Any) -> list[str]:
    """Apply a plan; returns what was said."""
    said: list[str] = []
    apply(made.plan, World(host, Progress(), said.append, said.append))
    return said


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_volumes_are_copied_by_the_host(kvm: Host) -> None:
    made = draft.plan(CloneRequest(original="web", auto=True), kvm)
    put(made, kvm)
    copy = kvm.volume("images", "web-clone.qcow2")
    assert copy is not None and copy.capacity == 10 << 30
    assert kvm.guest("web-clone") is not None and kvm.guest("web") is not None
    assert [tuple(disk) for disk in made.disks] == [
        ("vda", "/srv/images/web.qcow2", "/srv/images/web-clone.qcow2", "copied")
    ]


def test_a_plan_changes_nothing(kvm: Host, files: Path) -> None:
    draft.plan(CloneRequest(original="web", auto=True), kvm)
    draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    assert kvm.guest_names() == ("7", "db", "web")
    assert kvm.volume_names("images") == ("base.qcow2", "web.qcow2")
    assert listing(files) == ["data.img", "one.img"]


def test_files_are_copied_by_ourselves(kvm: Host, files: Path) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    put(made, kvm)
    assert [disk.fate for disk in made.disks] == ["copied", "copied", "empty"]
    assert (files / "one-clone.img").read_bytes() == (files / "one.img").read_bytes()
    assert (files / "data-clone.img").read_bytes() == (files / "data.img").read_bytes()


def test_a_failure_at_the_end_leaves_nothing_behind(kvm: Host, files: Path) -> None:
    request = CloneRequest(document=document(files), auto=True)
    host: Any = Refusing(kvm)
    with pytest.raises(HostError, match="not defined"):
        put(draft.plan(request, host), host)
    assert listing(files) == ["data.img", "one.img"]
    with pytest.raises(HostError, match="not defined"):
        put(draft.plan(CloneRequest(original="web", auto=True), host), host)
    assert kvm.volume_names("images") == ("base.qcow2", "web.qcow2")


def test_a_disk_that_vanished_undoes_the_copies_before_it(kvm: Host, files: Path) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    (files / "data.img").unlink()
    with pytest.raises(Exception, match="data.img cannot be opened"):
        put(made, kvm)
    assert listing(files) == ["one.img"]


def test_an_interrupt_while_copying_leaves_nothing_behind(kvm: Host, files: Path) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    world = World(kvm, Progress(), lambda text: None, lambda text: None)
    first = made.plan.steps[0]

    class Interrupting:
        label = "interrupting"

        def do(self, world: World) -> Any:
            world.gate.pending = True  # as the signal's handler does
            return made.plan.steps[1].do(world)

    with pytest.raises(KeyboardInterrupt):
        apply(made.plan._replace(steps=(first, Interrupting())), world)
    assert listing(files) == ["data.img", "one.img"]


def test_a_replaced_guest_goes_only_after_the_copies_and_comes_back(kvm: Host) -> None:
    request = CloneRequest(original="web", name="db", auto=True, replace=True)
    made = draft.plan(request, kvm)
    assert [type(step).__name__ for step in made.plan.steps] == ["CopyDisk", "Replace", "Define", "DiscardGuest"]
    before = kvm.guest("db")
    kvm.define_guest, kept = None, kvm.define_guest  # type: ignore[method-assign, assignment]
    kvm.define_guest = lambda xml, **how: kept(xml, **how) if "fast/db" in xml else _refuse()  # type: ignore[method-assign]
    with pytest.raises(HostError, match="not defined"):
        put(made, kvm)
    after = kvm.guest("db")
    assert before is not None and after is not None
    assert (after.uuid, after.active) == (before.uuid, before.active)


def _refuse() -> Any:
    raise HostError("not defined")


def test_a_replaced_guest_is_gone_when_all_went_well(kvm: Host) -> None:
    before = kvm.guest("db")
    put(draft.plan(CloneRequest(original="web", name="db", auto=True, replace=True), kvm), kvm)
    after = kvm.guest("db")
    assert before is not None and after is not None and after.uuid != before.uuid


def test_shared_given_and_forced_disks(kvm: Host, files: Path) -> None:
    text = document(files, second="<shareable/>")
    made = draft.plan(CloneRequest(document=text, auto=True), kvm)
    assert [disk.fate for disk in made.disks] == ["copied", "shared", "empty"]
    forced = draft.plan(CloneRequest(document=text, auto=True, force=frozenset(["vdb"])), kvm)
    assert [disk.fate for disk in forced.disks] == ["copied", "copied", "empty"]
    skipped = draft.plan(CloneRequest(document=text, auto=True, skip=frozenset(["vda"])), kvm)
    assert [disk.fate for disk in skipped.disks] == ["shared", "shared", "empty"]
    assert [step.label for step in skipped.plan.steps] == ["Defining the guest 'one-clone'"]


def test_disks_that_are_there_are_used_as_they_are(kvm: Host, files: Path) -> None:
    paths = (f"{files}/data.img", "/srv/images/base.qcow2")
    request = CloneRequest(document=document(files), name="two", files=paths, preserve=True)
    with pytest.raises(HostError, match=r"base.qcow2 is in use by the guest 'web'"):  # whose disk stands on it
        draft.plan(request, kvm)
    made = draft.plan(request._replace(checks=Checks(path_in_use=False)), kvm)
    assert [disk.path for disk in made.disks[:2]] == list(paths)
    assert len(made.plan.steps) == 1


def test_uefi_variables_are_copied_from_where_they_lie(kvm: Host, files: Path) -> None:
    (files / "one_VARS.fd").write_bytes(b"vars")
    text = document(files, more=f"<loader type='pflash'>/code.fd</loader><nvram>{files}/one_VARS.fd</nvram>")
    made = draft.plan(CloneRequest(document=text, auto=True), kvm)
    assert made.nvram == f"{files}/one-clone_VARS.fd"
    put(made, kvm)
    assert (files / "one-clone_VARS.fd").read_bytes() == b"vars"


def test_uefi_variables_that_nobody_can_read_are_left_to_libvirt(kvm: Host, files: Path) -> None:
    text = document(files, more="<loader type='pflash'>/code.fd</loader><nvram>/nowhere/one_VARS.fd</nvram>")
    made = draft.plan(CloneRequest(document=text, auto=True, nvram="/else/where.fd"), kvm)
    assert made.nvram == "/else/where.fd"
    assert "UEFI variables of its own" in made.renewed
    assert "where.fd" in made.plan.documents[0] and len(made.plan.steps) == 3


def test_the_rest_of_the_document_keeps_its_letters(kvm: Host, files: Path) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    old, new = document(files).decode().splitlines(), made.plan.documents[0].splitlines()
    assert len(old) == len(new)
    changed = [line for line, other in zip(old, new, strict=True) if line != other]
    assert [line for line in changed if "<name>" not in line and "<source" not in line] == []


def test_a_copy_that_does_not_fit_its_pool(kvm: Host) -> None:
    host: Any = Sized(kvm, available=1 << 19)
    request = CloneRequest(original="web", auto=True)
    with pytest.raises(HostError, match="needs .* GiB, but the pool 'images' has"):
        draft.plan(request, host)
    draft.plan(request._replace(checks=Checks(disk_size=False)), host)
    draft.plan(request._replace(reflink=True), host)
    host.available = 2 << 20
    draft.plan(request, host)
    with pytest.raises(HostError, match="needs 10.0 GiB"):
        draft.plan(request._replace(sparse=False), host)


class Sized:
    """A host whose pools have so many bytes left."""

    def __init__(self, host: Host, available: int) -> None:
        self.host, self.available = host, available

    def __getattr__(self, name: str) -> Any:
        return getattr(self.host, name)

    def pool_at(self, directory: str) -> Any:
        found = self.host.pool_at(directory)
        return found and found._replace(available=self.available)


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (CloneRequest(original="web"), UsageError, "the copy has no name"),
        (CloneRequest(original="web", name="two"), UsageError, "no file is given for the copy of vda"),
        (CloneRequest(original="web", name="db", auto=True), HostError, "has a guest 'db' already"),
        (CloneRequest(original="db", auto=True), HostError, "'db' is running"),
        (CloneRequest(original="dbb", auto=True), HostError, "has no guest 'dbb'"),
        (CloneRequest(original="web", auto=True, macs=("1",)), UsageError, "'1' is not a MAC address"),
        (CloneRequest(original="web", auto=True, uuid="1"), UsageError, "this is no UUID"),
        (CloneRequest(original="web", auto=True, skip=frozenset("x")), UsageError, "--skip-copy x"),
        (CloneRequest(original="web", auto=True, force=frozenset("x")), UsageError, "--force-copy x"),
        (CloneRequest(original="web", name="web", auto=True, replace=True), UsageError, "the original itself"),
        (CloneRequest(original="web", name="x", files=("/srv/attic/x",)), HostError, "'attic' .* is not active"),
    ],
)
def test_what_is_refused(kvm: Host, request_: CloneRequest, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draft.plan(request_, kvm)


def test_a_file_that_is_given_up_is_lost_only_when_all_went_well(kvm: Host, files: Path) -> None:
    (files / "two.img").write_bytes(b"precious")
    paths = (f"{files}/two.img", f"{files}/new.img")
    request = CloneRequest(document=document(files), name="two", files=paths, checks=Checks(path_exists=False))
    host: Any = Refusing(kvm)
    made = draft.plan(request, host)
    assert f"what is in {files}/two.img now will be lost" in made.plan.warnings
    with pytest.raises(HostError, match="not defined"):
        put(made, host)
    assert (files / "two.img").read_bytes() == b"precious"
    assert listing(files) == ["data.img", "one.img", "two.img"]
    put(draft.plan(request, kvm), kvm)
    assert (files / "two.img").read_bytes() == (files / "one.img").read_bytes()
    assert listing(files) == ["data.img", "new.img", "one.img", "two.img"]


def test_one_path_is_not_for_two_disks(kvm: Host, files: Path) -> None:
    paths = (f"{files}/new.img", f"{files}/new.img")
    with pytest.raises(UsageError, match="new.img is given for two disks"):
        draft.plan(CloneRequest(document=document(files), name="two", files=paths), kvm)


def test_blocks_are_shared_where_they_can_be(kvm: Host, files: Path) -> None:
    made = draft.plan(CloneRequest(original="web", auto=True, reflink=True), kvm)
    assert made.plan.warnings == (
        "/srv/images/web.qcow2 is copied in full: the host cannot share blocks of qcow2",
    )
    outside = draft.plan(CloneRequest(document=document(files), auto=True, reflink=True), kvm)
    assert [getattr(step, "reflink", None) for step in outside.plan.steps] == [True, True, None]


def test_given_disks_must_be_there(kvm: Host, files: Path) -> None:
    paths = (f"{files}/data.img", f"{files}/nosuch.img")
    request = CloneRequest(document=document(files), name="two", files=paths, preserve=True)
    with pytest.raises(HostError, match="there is no .*nosuch.img"):
        draft.plan(request, kvm)
    draft.plan(request._replace(checks=Checks(path_exists=False)), kvm)


@pytest.mark.parametrize(
    ("target", "message"), [("one.img", "the original's own disk"), ("data.img", "exists already")]
)
def test_no_file_is_written_over(kvm: Host, files: Path, target: str, message: str) -> None:
    paths = (f"{files}/{target}", f"{files}/new.img")
    with pytest.raises((UsageError, HostError), match=message):
        draft.plan(CloneRequest(document=document(files), name="two", files=paths), kvm)


def test_images_that_lean_on_their_directory_are_copied_by_the_host(kvm: Host, files: Path) -> None:
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


def test_the_copy_can_be_defined_where_the_original_is(kvm: Host) -> None:
    put(draft.plan(CloneRequest(original="web", auto=True), kvm), kvm)
    put(draft.plan(CloneRequest(original="web", auto=True), kvm), kvm)
    assert kvm.guest_names() == ("7", "db", "web", "web-clone", "web-clone1")
    paths = {
        tree.find_text(tree.parse(kvm.guest_xml(name)), "devices/disk/source/@file")
        for name in ("web", "web-clone", "web-clone1")
    }
    assert paths == {f"/srv/images/{name}.qcow2" for name in ("web", "web-clone", "web-clone1")}
