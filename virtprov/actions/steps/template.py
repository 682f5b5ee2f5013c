"""Steps that make a guest a template, and that end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.run.artifacts.file_mode import FileMode, ModeChange, read_mode, set_mode
from virtprov.actions.run.definition import lock_guest
from virtprov.actions.run.plan import FunctionStep
from virtprov.actions.steps.guest import redefine
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.guest.marks.template_mark import READ_ONLY, Mark
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.xml import keep

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Step, Undo
    from virtprov.guest.host_view import HostView


def plan_protection(host: HostView, mark: Mark) -> tuple[ModeChange, ...]:
    """Return the changes that make the disks of a new template read-only: files of this machine."""
    modes = {image.path: _mode_here(host, image.path) for image in mark.images}
    return tuple(
        ModeChange(path, mode, READ_ONLY) for path, mode in modes.items() if mode is not None and mode != READ_ONLY
    )


def plan_release(host: HostView, guest: Guest, mark: Mark) -> tuple[ModeChange, ...]:
    """Return the changes that restore the permissions from before the mark, of disks that are still read-only.

    Other files that the mark names are not touched: another program may have copied it to another guest.
    """
    from virtprov.actions.run.templates import list_data_files

    own = {DiskSource.of(disk).path_on(host) for disk in template_mark.list_base_disks(guest)}
    own |= set(list_data_files(host, guest))
    return tuple(
        ModeChange(image.path, READ_ONLY, image.mode)
        for image in mark.images
        if image.path in own and image.mode not in (None, READ_ONLY) and _mode_here(host, image.path) == READ_ONLY
    )


def plan_reversal(host: HostView, changes: tuple[ModeChange, ...]) -> tuple[ModeChange, ...]:
    """Return the changes that undo these ones, without files whose permissions have been changed since."""
    return tuple(ModeChange(path, after, before) for path, before, after in changes if _mode_here(host, path) == after)


def _mode_here(host: HostView, path: str) -> int | None:
    """Return the permissions of a regular file of this machine; None for everything else."""
    if host.is_remote or host.is_recorded or not path.startswith("/"):
        return None
    try:
        return read_mode(path)
    except OSError:
        return None


class MarkChange(Record):
    """A guest with another mark, the changes of the permissions of its disks, and warnings."""

    guest: Guest
    modes: tuple[ModeChange, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_mark(host: HostView, guest: Guest, *, is_on: bool) -> MarkChange:
    """Return what makes a guest a template, or ends that. Reads all guests.

    Raises HostError for a guest that cannot be a template, and for a template whose disks are backing images.
    """
    from virtprov.actions.run import templates

    altered = guest.copy()
    if not is_on:
        mark = template_mark.read(guest)
        if mark is None:
            return MarkChange(altered)
        templates.refuse_dependent(host, guest, "an ordinary guest again")
        template_mark.remove(altered)
        return MarkChange(altered, plan_release(host, guest, mark))
    templates.check_candidate(host, guest)
    mark = templates.make_mark(host, guest)
    template_mark.write(altered, mark)
    return MarkChange(
        altered, plan_protection(host, mark), (_UNPROTECTED.format(guest.name),) if host.is_remote else ()
    )


_UNPROTECTED = (
    "the permissions of the disks of '{}' stay as they are, because libvirt cannot change them on a remote host: only "
    "virtprov protects the template"
)


class SetModes(Record):
    """Change the permissions of the disks of the guest `name`; undo restores them.

    Files whose permissions somebody else has changed meanwhile are skipped. If the user may not change a file, that is
    a warning: the mark alone keeps virtprov from writing to it.
    """

    name: str
    uuid: str
    changes: tuple[ModeChange, ...]
    needs_lock = True

    @property
    def label(self) -> str:
        if all(change.after == READ_ONLY for change in self.changes):
            return f"Making the disks of '{self.name}' read-only"
        return f"Restoring the permissions of the disks of '{self.name}'"

    def do(self, context: RunContext) -> Undo | None:
        from contextlib import ExitStack

        with ExitStack() as undos:
            for path, before, after in self.changes:
                artifact = FileMode(path, f"{before:04o}", f"{after:04o}", mark_of(path), self.uuid)
                try:
                    if read_mode(path) != before:
                        continue
                    with context.making(artifact) as entry:
                        set_mode(path, after)
                except OSError as problem:
                    context.warn(
                        f"cannot change the permissions of {path}: {problem.strerror}; its owner or root can do it: "
                        f"`chmod {after:04o} {path}`"
                    )
                    continue
                undos.callback(context.undo(entry))
            return undos.pop_all().close


def confirm_template(name: str, uuid: str) -> Step:
    """Check that a guest is still off and still a template, and that its disks are as the mark says.

    The step raises HostError if not.
    """

    def do(context: RunContext) -> None:
        from virtprov.actions.run import templates

        text = context.host.guests.stored_definition(uuid)
        info = context.host.guests.find(uuid)
        guest = Guest.parse(text) if text else None
        if guest is None or info is None or not template_mark.is_marked(guest):
            raise HostError(f"'{name}' is no longer a template", hint="run the command again")
        if info.active:
            raise HostError(f"template '{name}' has been started in the meantime", hint="shut it down first")
        templates.refuse_changed(context.host, guest)

    return FunctionStep(f"Checking template '{name}'", do)


def confirm_free(guest: Guest) -> Step:
    """Check that nothing depends on the disks of a guest that is no longer a template.

    The mark goes first, and a clone checks it after it has been defined: of two runs at the same time, one fails.
    """

    def do(context: RunContext) -> None:
        from virtprov.actions.run import templates

        templates.refuse_dependent(context.host, guest, "an ordinary guest again")

    return FunctionStep(f"Checking that nothing depends on the disks of '{guest.name}'", do)


class MarkTemplate(Record):
    """Mark an existing guest as a template; undo restores its definition."""

    name: str
    uuid: str

    @property
    def label(self) -> str:
        return f"Marking '{self.name}' as a template"

    def do(self, context: RunContext) -> Undo | None:
        from virtprov.actions.run import templates

        host = context.host
        with lock_guest(host, self.name, self.uuid, context.gate.check, context.say):
            before = host.guests.stored_definition(self.uuid)
            if not before:
                raise HostError(f"'{self.name}' is no longer defined", hint="define it again")
            guest = Guest.parse(before)
            was = guest.text()
            template_mark.write(guest, templates.make_mark(host, guest))
            after = keep.restore(before, was, guest.text())
            undo = redefine(context, self.name, self.uuid, after, before)[1]
        return lambda: undo() if self._is_free(context) else None

    def _is_free(self, context: RunContext) -> bool:
        """Return whether no other run has made a clone meanwhile."""
        from virtprov.actions.run.templates import find_use

        user = find_use(context.host, self.uuid)
        if user:
            context.warn(f"'{self.name}' stays a template: {user}")
        return not user
