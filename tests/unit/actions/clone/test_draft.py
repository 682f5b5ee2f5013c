"""Plans for copies of guests, applied and undone on a recorded host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.clone import draft
from virtprov.actions.clone.draft import ClonePlan
from virtprov.actions.request import CloneRequest
from virtprov.actions.run.artifacts.local_files import File
from virtprov.actions.run.plan import RunContext, apply
from virtprov.actions.run.trail import FileTrail
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError, UsageError
from virtprov.support.terminal.progress import Progress
from virtprov.xml import path, tree

HOSTS = Path(__file__).resolve().parents[3] / "data" / "hosts"
Document = Callable[..., bytes]
Apply = Callable[[ClonePlan, Any], list[str]]


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_volumes_are_copied_by_the_host(kvm: Host, put: Apply) -> None:
    made = draft.plan(CloneRequest(original="web", auto=True), kvm)
    put(made, kvm)
    copy = kvm.storage.volume("images", "web-clone.qcow2")
    assert copy is not None and copy.capacity == 10 << 30
    assert kvm.guests.find("web-clone") is not None and kvm.guests.find("web") is not None
    assert [tuple(disk) for disk in made.disks] == [
        ("vda", "/srv/images/web.qcow2", "/srv/images/web-clone.qcow2", "copied")
    ]


def test_a_plan_changes_nothing(kvm: Host, files: Path, document: Document) -> None:
    draft.plan(CloneRequest(original="web", auto=True), kvm)
    draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    assert kvm.guests.names() == ("7", "db", "web")
    assert kvm.storage.volume_names("images") == ("base.qcow2", "web.qcow2")
    assert listing(files) == ["data.img", "one.img"]


def test_files_are_copied_by_ourselves(kvm: Host, files: Path, document: Document, put: Apply) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    put(made, kvm)
    assert [disk.fate for disk in made.disks] == ["copied", "copied", "empty"]
    assert (files / "one-clone.img").read_bytes() == (files / "one.img").read_bytes()
    assert (files / "data-clone.img").read_bytes() == (files / "data.img").read_bytes()


def test_the_directory_of_copies_becomes_a_pool(kvm: Host, files: Path, document: Document, put: Apply) -> None:
    request = CloneRequest(document=document(files), auto=True, directory_pools=True)
    made = draft.plan(request, kvm)
    put(made, kvm)
    pool = kvm.storage.pool_at(str(files))
    assert pool is not None and pool.name == files.name and pool.active
    again = draft.plan(CloneRequest(original="web", auto=True, directory_pools=True), kvm)
    assert not any("pool" in step.label for step in again.plan.steps)


def test_a_failure_at_the_end_leaves_nothing_behind(
    kvm: Host, files: Path, document: Document, put: Apply, refusing: type[Any]
) -> None:
    request = CloneRequest(document=document(files), auto=True)
    host: Any = refusing(kvm)
    with pytest.raises(HostError, match="not defined"):
        put(draft.plan(request, host), host)
    assert listing(files) == ["data.img", "one.img"]
    with pytest.raises(HostError, match="not defined"):
        put(draft.plan(CloneRequest(original="web", auto=True), host), host)
    assert kvm.storage.volume_names("images") == ("base.qcow2", "web.qcow2")


def test_a_disk_that_vanished_undoes_the_copies_before_it(
    kvm: Host, files: Path, document: Document, put: Apply
) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    (files / "data.img").unlink()
    with pytest.raises(Exception, match="cannot open .*data.img"):
        put(made, kvm)
    assert listing(files) == ["one.img"]


def test_an_interrupt_while_copying_leaves_nothing_behind(kvm: Host, files: Path, document: Document) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    context = RunContext(kvm, Progress(), lambda text: None, lambda text: None)
    first = made.plan.steps[0]

    class Interrupting:
        label = "interrupting"

        def do(self, context: RunContext) -> Any:
            context.gate.pending = True  # as the signal's handler does
            return made.plan.steps[1].do(context)

    with pytest.raises(KeyboardInterrupt):
        apply(made.plan._replace(steps=(first, Interrupting())), context)
    assert listing(files) == ["data.img", "one.img"]


def test_a_replaced_guest_goes_only_after_the_copies_and_comes_back(kvm: Host, put: Apply) -> None:
    request = CloneRequest(original="web", name="db", auto=True, replace=True)
    made = draft.plan(request, kvm)
    assert [type(step).__name__ for step in made.plan.steps] == ["CopyDisk", "Replace", "Define", "FunctionStep"]
    before = kvm.guests.find("db")
    kvm.guests.define, kept = None, kvm.guests.define  # type: ignore[method-assign, assignment]
    kvm.guests.define = lambda xml, **how: kept(xml, **how) if "fast/db" in xml else _refuse()  # type: ignore[method-assign]
    with pytest.raises(HostError, match="not defined"):
        put(made, kvm)
    after = kvm.guests.find("db")
    assert before is not None and after is not None
    assert (after.uuid, after.active) == (before.uuid, before.active)


def _refuse() -> Any:
    raise HostError("not defined")


def test_a_replaced_guest_is_gone_when_all_went_well(kvm: Host, put: Apply) -> None:
    before = kvm.guests.find("db")
    put(draft.plan(CloneRequest(original="web", name="db", auto=True, replace=True), kvm), kvm)
    after = kvm.guests.find("db")
    assert before is not None and after is not None and after.uuid != before.uuid


def test_uefi_variables_are_copied_from_where_they_lie(kvm: Host, files: Path, document: Document, put: Apply) -> None:
    (files / "one_VARS.fd").write_bytes(b"vars")
    text = document(files, more=f"<loader type='pflash'>/code.fd</loader><nvram>{files}/one_VARS.fd</nvram>")
    made = draft.plan(CloneRequest(document=text, auto=True), kvm)
    assert made.nvram == f"{files}/one-clone_VARS.fd"
    put(made, kvm)
    assert (files / "one-clone_VARS.fd").read_bytes() == b"vars"


def test_uefi_variables_that_nobody_can_read_are_left_to_libvirt(kvm: Host, files: Path, document: Document) -> None:
    text = document(files, more="<loader type='pflash'>/code.fd</loader><nvram>/nowhere/one_VARS.fd</nvram>")
    made = draft.plan(CloneRequest(document=text, auto=True, nvram="/else/where.fd"), kvm)
    assert made.nvram == "/else/where.fd"
    assert "new UEFI variables" in made.renewed
    assert "where.fd" in made.plan.documents[0] and len(made.plan.steps) == 3


def test_the_rest_of_the_document_keeps_its_letters(kvm: Host, files: Path, document: Document) -> None:
    made = draft.plan(CloneRequest(document=document(files), auto=True), kvm)
    old, new = document(files).decode().splitlines(), made.plan.documents[0].splitlines()
    assert len(old) == len(new)
    changed = [line for line, other in zip(old, new, strict=True) if line != other]
    assert [line for line in changed if "<name>" not in line and "<source" not in line] == []


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        (CloneRequest(original="web"), UsageError, "no name given for the clone"),
        (CloneRequest(original="web", name="two"), UsageError, "no file given for the copy of vda"),
        (CloneRequest(original="web", name="db", auto=True), HostError, "guest 'db' already exists on the host"),
        (CloneRequest(original="db", auto=True), HostError, "'db' is running"),
        (CloneRequest(original="dbb", auto=True), HostError, "guest 'dbb' not found on "),
        (CloneRequest(original="web", auto=True, macs=("1",)), UsageError, "'1' is not a MAC address"),
        (CloneRequest(original="web", auto=True, uuid="1"), UsageError, "'1' is not a UUID"),
        (CloneRequest(original="web", auto=True, skip=frozenset("x")), UsageError, "--skip-copy x"),
        (CloneRequest(original="web", auto=True, force=frozenset("x")), UsageError, "--force-copy x"),
        (CloneRequest(original="web", name="web", auto=True, replace=True), UsageError, "the original itself"),
        (CloneRequest(original="web", name="x", files=("/srv/attic/x",)), HostError, "'attic' .* is not active"),
    ],
)
def test_what_is_refused(kvm: Host, request_: CloneRequest, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        draft.plan(request_, kvm)


def test_the_copy_can_be_defined_where_the_original_is(kvm: Host, put: Apply) -> None:
    put(draft.plan(CloneRequest(original="web", auto=True), kvm), kvm)
    put(draft.plan(CloneRequest(original="web", auto=True), kvm), kvm)
    assert kvm.guests.names() == ("7", "db", "web", "web-clone", "web-clone1")
    paths = {
        path.text(tree.parse(kvm.guests.xml(name)), "./devices/disk/source/@file")
        for name in ("web", "web-clone", "web-clone1")
    }
    assert paths == {f"/srv/images/{name}.qcow2" for name in ("web", "web-clone", "web-clone1")}


def test_a_name_that_another_run_is_giving_is_not_chosen(kvm: Host, files: Path, document: Any, home: Path) -> None:
    """The other run copies disks before it defines the guest: two of them would copy everything twice."""
    other = FileTrail("virtprov-clone", kvm, print)
    other.note_guest("one-clone")
    other.begin(File("/srv/images/one-clone.img"))
    request = CloneRequest(document=document(files), auto=True)
    assert draft.plan(request, kvm).plan.name == "one-clone1"
    given = request._replace(name="one-clone")
    with pytest.raises(HostError, match=r"another run of virtprov is working on guest 'one-clone' \(process \d+\)"):
        draft.plan(given, kvm)
    assert draft.plan(given._replace(planning=True), kvm).plan.name == "one-clone"
    other.let_go()  # as a run that is killed
    assert draft.plan(request, kvm).plan.name == "one-clone"


def test_addresses_are_of_the_range_of_the_hypervisor(kvm: Host, tmp_path: Path) -> None:
    text = (
        b"<domain type='%s'><name>one</name><memory>1</memory><os><type>hvm</type></os><devices>%s</devices></domain>"
    )
    nic = b"<interface type='bridge'><mac address='00:16:3e:00:00:01'/><source bridge='br0'/></interface>"
    (mac,) = draft.plan(CloneRequest(document=text % (b"kvm", nic), auto=True), kvm).macs
    assert mac.startswith("52:54:00:")
    with connect(f"recorded://{HOSTS / 'xen'}") as xen:
        (mac,) = draft.plan(CloneRequest(document=text % (b"xen", nic), auto=True), xen).macs
    assert mac.startswith("00:16:3e:") and mac != "00:16:3e:00:00:01"


def test_a_clone_has_the_passwords_of_the_original(kvm: Host) -> None:
    kvm.guests.define(
        "<domain type='test'><name>shown</name><memory>1024</memory><os><type>hvm</type></os>"
        "<devices><graphics type='vnc' passwd='sesame'/></devices></domain>"
    )
    made = draft.plan(CloneRequest(original="shown", auto=True), kvm)
    assert "sesame" in made.plan.documents[0]


def test_the_name_of_a_clone_is_checked_like_any_other(kvm: Host) -> None:
    with pytest.raises(UsageError, match="the name 'a/b' contains a slash"):
        draft.plan(CloneRequest(original="web", name="a/b", auto=True), kvm)


def test_variables_that_are_there_are_not_overwritten(kvm: Host, files: Path, document: Any) -> None:
    text = document(files, more=f"<loader type='pflash'>/code.fd</loader><nvram>{files}/one_VARS.fd</nvram>")
    (files / "one_VARS.fd").write_bytes(b"vars")
    (files / "two_VARS.fd").write_bytes(b"others")
    request = CloneRequest(document=text, name="two", auto=True)
    with pytest.raises(HostError, match="two_VARS.fd already exists"):
        draft.plan(request, kvm)
    made = draft.plan(request._replace(nvram=f"{files}/two_VARS.fd"), kvm)  # these are to be used
    assert made.nvram == f"{files}/two_VARS.fd"
    assert not any("VARS" in step.label for step in made.plan.steps)


def test_variables_of_the_guest_that_is_replaced_stay_until_it_goes(kvm: Host, files: Path, document: Any) -> None:
    boot = "<os><type>hvm</type><loader type='pflash'>/code.fd</loader>"
    (files / "one_VARS.fd").write_bytes(b"vars")
    for name in ("old_VARS.fd", "old_VARS-1.fd"):
        (files / name).touch()
    boot += f"<nvram>{files}/old_VARS.fd</nvram></os>"
    kvm.guests.define(f"<domain type='test'><name>old</name><memory>1024</memory>{boot}</domain>")
    text = document(files, more=f"<loader type='pflash'>/code.fd</loader><nvram>{files}/one_VARS.fd</nvram>")
    made = draft.plan(CloneRequest(document=text, name="old", auto=True, replace=True), kvm)
    assert made.nvram == f"{files}/old_VARS-2.fd"
