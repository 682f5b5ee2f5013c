"""Steps that make a guest a template, and that end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.qcow2 import write_qcow2
from virtprov.actions.run import templates
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Evidence
from virtprov.actions.run.artifacts.file_mode import FileMode, ModeChange
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps import template
from virtprov.actions.steps.template import MarkTemplate, SetModes, confirm_free, confirm_template
from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.guest.marks.template_mark import Image, Mark
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError

Around = Callable[[Any], RunContext]
UUID = "5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5e01"
DOMAIN = (
    "<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>{}</name><uuid>{}</uuid>"
    "<memory>1024</memory><os><type>hvm</type></os><devices><disk type='file' device='disk'><source file='{}'/>"
    "<target dev='vda'/></disk></devices><test:runstate>5</test:runstate></domain>"
)


@pytest.fixture
def host(tmp_path: Path, base: Path) -> Iterator[Host]:
    node = tmp_path / "node.xml"
    node.write_text(f"<node>{DOMAIN.format('tmpl', UUID, base)}</node>")
    with connect(f"test://{node}") as found:
        yield found


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def stored(host: Host) -> Guest:
    return Guest.parse(host.guests.xml(UUID, inactive=True))


def test_permissions_are_changed_and_restored(host: Host, base: Path, context_of: Around) -> None:
    context = context_of(host)
    step = SetModes("tmpl", UUID, (ModeChange(str(base), 0o640, 0o444),))
    assert step.label == "Making the disks of 'tmpl' read-only"
    undo = step.do(context)
    assert undo is not None and mode(base) == 0o444
    (artifact,) = context.trail.artifacts(FileMode)
    assert (artifact.before, artifact.after) == ("0640", "0444") and artifact.mark
    undo()
    assert mode(base) == 0o640 and not context.trail.artifacts(FileMode)
    assert SetModes("tmpl", UUID, (ModeChange(str(base), 0o444, 0o640),)).label.startswith("Restoring the permissions")


def test_what_somebody_else_has_changed_stays(host: Host, base: Path, context_of: Around, told: Any) -> None:
    step, context = SetModes("tmpl", UUID, (ModeChange(str(base), 0o640, 0o444),)), context_of(host)
    base.chmod(0o600)
    step.do(context)
    assert mode(base) == 0o600
    base.chmod(0o640)
    undo = step.do(context)
    base.chmod(0o400)
    assert undo is not None
    undo()
    assert mode(base) == 0o400
    assert told.warned == [f"permissions 0444 of {base} is kept: the permissions of the file have been changed since"]


def test_a_file_that_may_not_be_changed_is_a_warning(
    host: Host, base: Path, context_of: Around, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", path)

    monkeypatch.setattr(template, "set_mode", refuse)
    context = context_of(host)
    SetModes("tmpl", UUID, (ModeChange(str(base), 0o640, 0o444),)).do(context)
    (warning,) = told.warned
    assert "Operation not permitted" in warning and f"`chmod 0444 {base}`" in warning
    assert not context.trail.artifacts(FileMode) and not context.trail.is_kept


def test_whose_permissions_they_are(host: Host, base: Path, tmp_path: Path) -> None:
    changed = FileMode(str(base), "0640", "0444")
    assert changed.standing(host, Evidence()).state == GONE
    base.chmod(0o444)
    assert changed.standing(host, Evidence()).state == OURS
    assert changed._replace(mark="1:2").standing(host, Evidence()).state == GONE  # another file
    base.chmod(0o604)
    assert changed.standing(host, Evidence()).state == OTHERS
    assert FileMode(str(tmp_path / "gone"), "0640", "0444").standing(host, Evidence()).state == GONE
    assert FileMode(str(tmp_path), "0640", "0700").standing(host, Evidence()).state == GONE
    with pytest.raises(HostError, match="cannot restore the permissions"):
        FileMode(str(tmp_path / "gone"), "0640", "0444").take_down(host)


def test_the_plan_of_permissions(host: Host, base: Path, tmp_path: Path) -> None:
    path, gone = str(base), str(tmp_path / "gone")
    mark = Mark((Image(path, mode=0o640), Image(gone, mode=0o640), Image("pool/volume"), Image("/dev/null")))
    change = ModeChange(path, 0o640, 0o444)
    assert template.plan_protection(host, mark) == (change,)
    assert template.plan_release(host, stored(host), mark) == ()
    assert template.plan_reversal(host, (change,)) == ()
    base.chmod(0o444)
    assert template.plan_protection(host, mark) == ()
    assert template.plan_release(host, stored(host), mark) == (ModeChange(path, 0o444, 0o640),)
    assert template.plan_reversal(host, (change,)) == (ModeChange(path, 0o444, 0o640),)
    assert template.plan_release(host, stored(host), Mark((Image(path, mode=0o444), Image(path)))) == ()
    assert change.diff() == f"@@ permissions of {path} @@\n-0640\n+0444\n"


def test_the_data_file_of_an_image_is_protected_as_well(host: Host, base: Path, tmp_path: Path) -> None:
    text = DOMAIN.format("tmpl", UUID, base).replace("<source", "<driver name='qemu' type='qcow2'/><source")
    host.guests.define(text)
    write_qcow2(base, data="tmpl.raw")
    data = tmp_path / "tmpl.raw"
    data.write_bytes(b"data")
    data.chmod(0o640)
    made = template.plan_mark(host, stored(host), is_on=True)
    assert [change.path for change in made.modes] == [str(base), str(data)]
    data.chmod(0o444)
    assert templates.find_changed(host, made.guest) == []
    mark = template_mark.read(made.guest)
    assert mark is not None
    assert ModeChange(str(data), 0o444, 0o640) in template.plan_release(host, made.guest, mark)
    data.chmod(0o640)
    data.write_bytes(b"other data")
    assert templates.find_changed(host, made.guest) == [str(data)]


def test_a_mark_does_not_reach_the_files_of_others(host: Host, base: Path, tmp_path: Path) -> None:
    """Programs that copy a guest copy its metadata as well."""
    other = tmp_path / "other.img"
    other.touch()
    other.chmod(0o444)
    assert template.plan_release(host, stored(host), Mark((Image(str(other), mode=0o666),))) == ()


def test_a_guest_is_marked_and_comes_back(host: Host, base: Path, context_of: Around) -> None:
    before = host.guests.xml(UUID, inactive=True)
    undo = MarkTemplate("tmpl", UUID).do(context_of(host))
    mark = template_mark.read(stored(host))
    assert mark is not None and mark.images[0].path == str(base) and mark.images[0].mode == 0o640
    assert undo is not None
    undo()
    assert host.guests.xml(UUID, inactive=True) == before
    host.guests.undefine("tmpl")
    with pytest.raises(HostError, match="'tmpl' is no longer defined"):
        MarkTemplate("tmpl", UUID).do(context_of(host))


def test_a_template_is_checked_again(host: Host, base: Path, context_of: Around) -> None:
    check, context = confirm_template("tmpl", UUID), context_of(host)
    with pytest.raises(HostError, match="'tmpl' is no longer a template"):
        check.do(context)
    MarkTemplate("tmpl", UUID).do(context)
    check.do(context)
    host.guests.start("tmpl")
    with pytest.raises(HostError, match="has been started in the meantime"):
        check.do(context)
    host.guests.destroy("tmpl")
    base.write_bytes(b"longer than before")
    with pytest.raises(HostError, match="has been written to"):
        check.do(context)


def test_a_clone_that_came_in_between_keeps_the_template(
    host: Host, base: Path, tmp_path: Path, context_of: Around
) -> None:
    step = confirm_free(stored(host))
    step.do(context_of(host))
    write_qcow2(tmp_path / "w1.qcow2", str(base))
    with pytest.raises(HostError, match="'tmpl' cannot be an ordinary guest again: .* image .*w1.qcow2"):
        step.do(context_of(host))


def test_a_clone_that_came_in_between_gets_its_read_only_base_back(
    host: Host, base: Path, context_of: Around, tmp_path: Path
) -> None:
    """The end of a template is undone if a clone has come meanwhile: then its disks must not be written to."""
    context = context_of(host)
    assert MarkTemplate("tmpl", UUID).do(context)
    base.chmod(0o444)
    undo = SetModes("tmpl", UUID, (ModeChange(str(base), 0o444, 0o640),)).do(context)
    assert undo is not None and mode(base) == 0o640
    write_qcow2(tmp_path / "clone.qcow2", str(base))
    undo()
    assert mode(base) == 0o444 and context.trail.artifacts(FileMode) == []


def test_a_guest_with_a_saved_state_is_no_template(host: Host) -> None:
    host.guests.start("tmpl")
    host.guests._domains.get("tmpl").managedSave(0)
    with pytest.raises(HostError, match="'tmpl' cannot become a template: it has a saved state") as caught:
        template.plan_mark(host, stored(host), is_on=True)
    assert "`virsh managedsave-remove tmpl`" in caught.value.hint
    host.guests._domains.get("tmpl").managedSaveRemove(0)
    assert template.plan_mark(host, stored(host), is_on=True).modes


def test_a_template_elsewhere_is_only_marked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert template.plan_mark(host, stored(host), is_on=True).warnings == ()
    monkeypatch.setattr(Host, "is_remote", True)
    made = template.plan_mark(host, stored(host), is_on=True)
    assert made.modes == () and template_mark.is_marked(made.guest)
    assert "libvirt cannot change them on a remote host" in made.warnings[0]


def test_autostart_is_recorded_and_restored(host: Host, context_of: Around) -> None:
    from virtprov.actions.run.artifacts.stored_guests import Autostart

    switched = Autostart("tmpl", UUID, on=True)
    assert switched.standing(host, Evidence()).state == GONE
    host.guests.set_autostart("tmpl", True)
    assert switched.standing(host, Evidence(made=False)).state == OURS
    assert switched.describe() == "enabled autostart of 'tmpl'"
    switched.take_down(host)
    assert not host.guests.autostart("tmpl")
    assert Autostart("x", "5f5e2c1a-9b7d-4c3e-8a6f-1d2b3c4d5eff", on=True).standing(host, Evidence()).state == GONE
    assert templates.list_dependent(host, stored(host)) == []
