"""--template in an edit: the mark, permissions and autostart together, what is refused, and how it is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from virtprov.actions.edit import undo
from virtprov.actions.edit.apply import Work
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.run.plan import RunContext
from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.host.connection import Host, connect
from virtprov.library.edit_request import Change
from virtprov.library.editing import Edited, edit
from virtprov.support.errors import HostError, ProvError, UsageError

Around = Callable[[Any], RunContext]
UUID = "5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e01"
GUEST = """<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>tmpl</name>
<uuid>{uuid}</uuid><memory>1024</memory><os><type>hvm</type></os><devices>{disks}</devices>
<test:runstate>{state}</test:runstate></domain>"""
DISK = "<disk type='file' device='disk'><source file='{}'/><target dev='{}'/></disk>"
YES, NO = Change("template", "template", "yes"), Change("template", "template", "no")
MEMORY = Change("edit", "memory", "64")


@pytest.fixture(autouse=True)
def own_state(home: object) -> None:
    """No test sees the runs of another."""


@pytest.fixture
def disks(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "tmpl.img", tmp_path / "data.img"]
    for path in paths:
        path.write_bytes(b"base")
        path.chmod(0o640)
    return paths


@pytest.fixture
def host(tmp_path: Path, disks: list[Path]) -> Iterator[Host]:
    with connect(f"test://{node(tmp_path, disks, 5)}") as found:
        yield found


def node(folder: Path, disks: list[Path], state: int) -> Path:
    path = folder / "node.xml"
    listed = DISK.format(disks[0], "vda") + DISK.format(disks[1], "vdb")
    path.write_text(f"<node>{GUEST.format(uuid=UUID, disks=listed, state=state)}</node>")
    return path


def modes(disks: list[Path]) -> list[int]:
    return [path.stat().st_mode & 0o777 for path in disks]


def mark(host: Host) -> template_mark.Mark | None:
    return template_mark.read(Guest.parse(host.guests.xml(UUID, inactive=True)))


def put_clone_on(disk: Path) -> Path:
    path = disk.parent / "w1.qcow2"
    write_qcow2(path, str(disk))
    return path


def test_a_template_is_made_and_ended(host: Host, disks: list[Path]) -> None:
    host.guests.set_autostart("tmpl", True)
    before = host.guests.xml(UUID, inactive=True)
    (made,) = edit(host, "tmpl", YES).guests
    assert made.changed and made.stored
    found = mark(host)
    assert found is not None and [image.path for image in found.images] == [str(path) for path in disks]
    assert modes(disks) == [0o444, 0o444] and not host.guests.autostart("tmpl")
    assert not edit(host, "tmpl", YES).guests[0].changed
    assert edit(host, "tmpl", NO).guests[0].changed
    assert host.guests.xml(UUID, inactive=True) == before
    assert modes(disks) == [0o640, 0o640] and host.guests.autostart("tmpl")
    assert not edit(host, "tmpl", NO).guests[0].changed


def test_autostart_may_be_chosen_at_the_end(host: Host) -> None:
    host.guests.set_autostart("tmpl", True)
    edit(host, "tmpl", YES)
    edit(host, "tmpl", NO, autostart=False)
    assert not host.guests.autostart("tmpl")


def test_other_changes_come_first(host: Host, disks: list[Path]) -> None:
    """What an edit adds is a part of the template."""
    edit(host, "tmpl", [Change("remove-device", "disk", "2"), YES])
    found = mark(host)
    assert found is not None and [image.path for image in found.images] == [str(disks[0])]
    assert modes(disks) == [0o444, 0o640]


def test_permissions_that_somebody_restored_are_set_again(host: Host, disks: list[Path]) -> None:
    edit(host, "tmpl", YES)
    disks[0].chmod(0o600)
    (made,) = edit(host, "tmpl", YES, dry_run=True).guests
    assert made.changed and modes(disks) == [0o600, 0o444]
    edit(host, "tmpl", YES)
    assert modes(disks) == [0o444, 0o444]
    edit(host, "tmpl", NO)
    assert modes(disks) == [0o640, 0o640]  # as before the first time


def run_undo(host: Host, context: RunContext) -> list[GuestReport | ProvError]:
    history, meant = undo.last(None, [])
    answers = [answer for _, answer in undo.plan(host, history, meant)]
    Work(context).all([answer for answer in answers if isinstance(answer, GuestReport) and answer.first])
    if all(isinstance(answer, GuestReport) for answer in answers):
        history.undone([past.place for past in meant])
    history.close()
    return answers


def test_undo_restores_all_of_it(host: Host, disks: list[Path], context_of: Around) -> None:
    host.guests.set_autostart("tmpl", True)
    before = host.guests.xml(UUID, inactive=True)
    edit(host, "tmpl", YES)
    (report,) = run_undo(host, context_of(host))
    assert isinstance(report, GuestReport)
    assert f"@@ permissions of {disks[0]} @@\n-0444\n+0640" in report.diff
    assert host.guests.xml(UUID, inactive=True) == before
    assert modes(disks) == [0o640, 0o640] and host.guests.autostart("tmpl")


def test_undo_of_permissions_alone(host: Host, disks: list[Path], context_of: Around) -> None:
    edit(host, "tmpl", YES)
    disks[1].chmod(0o600)
    edit(host, "tmpl", YES)
    (report,) = run_undo(host, context_of(host))
    assert isinstance(report, GuestReport) and report.changed
    assert modes(disks) == [0o444, 0o600]


def test_undo_is_refused_once_there_are_clones(host: Host, disks: list[Path], context_of: Around) -> None:
    edit(host, "tmpl", YES)
    clone = put_clone_on(disks[0])
    (error,) = run_undo(host, context_of(host))
    assert "cannot be restored to the state before it became a template" in str(error)
    assert modes(disks) == [0o444, 0o444] and mark(host) is not None
    clone.unlink()
    assert isinstance(run_undo(host, context_of(host))[0], GuestReport)
    assert mark(host) is None


@pytest.mark.parametrize(
    ("changes", "how", "what"),
    [
        (MEMORY, {"start": True}, "started"),
        ([], {"autostart": True}, "started with the host"),
        (Change("remove-device", "disk", "1"), {}, "changed so that it loses"),
        (Change("edit", "disk", "path=/nowhere.img", which="target.dev=vda"), {"checks": "all=off"}, "loses"),
        (NO, {}, "an ordinary guest again"),
    ],
)
def test_what_clones_forbid(changes: Any, how: dict[str, Any], what: str, host: Host, disks: list[Path]) -> None:
    edit(host, "tmpl", YES)
    put_clone_on(disks[0])
    before = host.guests.xml(UUID, inactive=True)
    with pytest.raises(HostError, match="'tmpl' cannot be ") as caught:
        edit(host, "tmpl", changes, **how)
    assert what in caught.value.message and "w1.qcow2" in caught.value.message
    assert host.guests.xml(UUID, inactive=True) == before and modes(disks) == [0o444, 0o444]
    assert edit(host, "tmpl", MEMORY).guests[0].changed  # nothing that the clones would notice


def test_a_running_template_is_not_changed_live(host: Host, disks: list[Path]) -> None:
    """Other programs do not know the mark."""
    edit(host, "tmpl", YES)
    host.guests.start("tmpl")
    edit(host, "tmpl", MEMORY)
    put_clone_on(disks[0])
    with pytest.raises(HostError, match="cannot be changed while it runs"):
        edit(host, "tmpl", Change("edit", "memory", "32"), target="both")


def test_nothing_is_asked_about_a_guest_that_is_no_template(host: Host, disks: list[Path]) -> None:
    put_clone_on(disks[0])
    assert edit(host, "tmpl", [MEMORY, NO]).guests[0].changed


def test_without_clones_nothing_is_forbidden(host: Host) -> None:
    edit(host, "tmpl", YES)
    assert edit(host, "tmpl", MEMORY, start=True).guests[0].started


def test_a_running_guest_is_no_template(tmp_path: Path, disks: list[Path]) -> None:
    with connect(f"test://{node(tmp_path, disks, 1)}") as host:
        with pytest.raises(HostError, match="guest 'tmpl' is running, so it cannot become a template"):
            edit(host, "tmpl", YES)
        host.guests.undefine("tmpl")
        with pytest.raises(HostError, match="'tmpl' is transient"):
            edit(host, "tmpl", YES)


def test_the_value(host: Host) -> None:
    with pytest.raises(UsageError, match="--template maybe: unknown value"):
        edit(host, "tmpl", Change("template", "template", "maybe"))
    found = edit(host, "*", YES)
    assert isinstance(found, Edited) and mark(host) is not None
