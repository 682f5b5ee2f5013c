"""--template: what an edit does besides changing the mark of a template, and what it must not do to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run import templates
from virtprov.actions.steps import template as steps
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.marks import template_mark
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Step
    from virtprov.guest.document import Guest
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import GuestInfo

YES = "yes"


def check(value: str, info: GuestInfo | None, name: str) -> None:
    """Raise HostError for a guest that cannot become a template as it is. `value` is that of --template."""
    if info is None or value != YES:
        return
    if not info.persistent:
        raise HostError(f"'{name}' is transient, so it cannot be a template", hint="define it first")
    if info.active:
        raise HostError(f"guest '{name}' is {info.state}, so it cannot become a template", hint="shut it down first")


def choose_autostart(value: str, guest: Guest, autostart: bool | None) -> bool | None:
    """Return the wanted setting of autostart: a template does not start with the host; afterwards it is as before.

    `guest` is the definition before the edit, `autostart` what the user asks for, None for nothing.
    """
    if value == YES:
        return False
    mark = template_mark.read(guest)
    return True if autostart is None and mark is not None and mark.autostart else autostart


def list_checks(value: str, before: Guest, after: Guest) -> list[Step]:
    """Return the steps that check, after a guest is stored with its new mark, that nothing has interfered."""
    if value == YES:
        return [steps.confirm_template(after.name, after.uuid)]
    return [steps.confirm_free(before)] if value and template_mark.is_marked(before) else []


class Effects(Record):
    """What an edit does to a guest: starts it, changes it while it runs, stores it, and has it started by the host."""

    start: bool
    update: bool
    define: bool
    autostart: bool


def refuse(host: HostView, before: Guest, after: Guest, effects: Effects) -> None:
    """Raise HostError for an edit of a template that would damage its clones. Reads all guests only for these edits."""
    lost = _list_lost(before, after) if effects.define else []
    refused = {
        "started": effects.start,
        "changed while it runs": effects.update,
        "started with the host": effects.define and effects.autostart,
        f"changed so that it loses {', '.join(lost)}": bool(lost),
    }
    what = next((what for what, is_wanted in refused.items() if is_wanted), "")
    if what:
        templates.refuse_dependent(host, before, what)


def _list_lost(before: Guest, after: Guest) -> list[str]:
    """Return the disks that a template no longer has after an edit."""
    left = {DiskSource.of(disk) for disk in template_mark.list_base_disks(after)}
    lost = (DiskSource.of(disk) for disk in template_mark.list_base_disks(before))
    return [source.location or source.name for source in lost if source not in left]
