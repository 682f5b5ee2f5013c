"""virtprov-xml: the report of an edit, as text and as JSON."""

from __future__ import annotations

import sys

from virtprov.cli import standard_input
from virtprov.cli.edit import seed_facts
from virtprov.cli.printing.output import show_diff
from virtprov.support.errors import UsageError
from virtprov.support.terminal.visible import on_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from virtprov.actions.edit.changing.changes import EditRequest
    from virtprov.actions.edit.changing.original import Source
    from virtprov.actions.edit.changing.outcome import ApplyOptions
    from virtprov.actions.edit.editor import Edit
    from virtprov.actions.edit.guest_report import GuestReport
    from virtprov.actions.live.effects import Effect
    from virtprov.cli.edit.flags import Flags
    from virtprov.cli.printing.output import Output

DIFFERS = 10
"""The exit status of --verify if something does not match."""


def document(file: str | None) -> Source:
    """Read the XML of a guest from a file; None or "-" is standard input. Raises ProvError."""
    from virtprov.actions.edit.changing import original

    if file not in (None, "-"):
        return original.from_file(*original.read_file(file))
    if sys.stdin is not None and sys.stdin.isatty():
        raise UsageError(
            "no guest given, and standard input is a terminal",
            hint="give a guest name, or pipe XML in: virsh dumpxml GUEST | virtprov-xml --edit ...",
        )
    return original.from_bytes(standard_input.read("XML"))


def off(planned: GuestReport, flags: Flags, wanted: ApplyOptions) -> list[str]:
    """Return the warning for a guest that is off, if the running guest was to be changed."""
    info = planned.info
    if info is None or info.active or not wanted.update or wanted.lenient or wanted.verify:
        return []
    return [f"'{info.name}' is not running, so --{flags.plane} changes nothing"]


def show(difference: str, output: Output) -> None:
    """Show the diff to confirm."""
    show_diff(sys.stderr if output.json else sys.stdout, difference)
    sys.stdout.flush()


def difference(planned: GuestReport, *, named: bool = False) -> str:
    """Return the diffs of the XML, of the running guest's XML, and of autostart.

    With `named`, the headers contain the name of the guest.
    """
    name = on_one_line(planned.name)
    old, new = (f"{name} (before)", f"{name} (after)") if named else ("Original XML", "Altered XML")
    text = _rename_sides(planned.diff, old, new) + _rename_sides(
        planned.live_diff, f"{old}, running", f"{new}, running"
    )
    if planned.autostart is not None:
        was, now = ("yes" if on else "no" for on in planned.autostart)
        text += ("" if planned.diff else f"--- {old}\n+++ {new}\n") + f"@@ autostart @@\n-{was}\n+{now}\n"
    if planned.modes:
        text += "" if text else f"--- {old}\n+++ {new}\n"
        text += "".join(change.diff() for change in planned.modes)
    return text


def _rename_sides(diff: str, old: str, new: str) -> str:
    """Return a unified diff with other names in its first two lines."""
    return f"--- {old}\n+++ {new}\n" + diff.split("\n", 2)[2] if diff else ""


def sentences(planned: GuestReport) -> list[str]:
    """Return sentences on what was done to a guest."""
    name = planned.name
    done = []
    if planned.updates:
        pending = planned.course is not None and planned.course.pending
        done.append(f"{'Requested the change of' if pending else 'Changed'} the running guest '{name}'.")
    if planned.stores and planned.kept:
        done.append(_of_definition(planned))
    if planned.turns and planned.autostart is not None:
        done.append(f"{'Enabled' if planned.autostart[1] else 'Disabled'} autostart of '{name}'.")
    if planned.sets_modes:
        from virtprov.guest.marks.template_mark import READ_ONLY

        is_on = all(change.after == READ_ONLY for change in planned.modes)
        done.append("Its disks are read-only now." if is_on else "The permissions of its disks are restored.")
    if planned.wanted.start:
        done.append(f"Started guest '{name}'.")
    return done


def _of_definition(planned: GuestReport) -> str:
    """What became of the definition, and when that takes effect."""
    if planned.info is None:
        return f"Defined guest '{planned.name}'."
    what = "the rest of the change" if planned.updates else "it"
    later = f"; {what} takes effect after the guest has been powered off and started again."
    return f"Changed the definition of '{planned.name}'{later if planned.waits else '.'}"


def _describe_request(request: EditRequest) -> dict[str, object]:
    """Return one requested change as text."""
    return {
        "action": request.action,
        "group": request.group,
        "which": request.selector.words or request.selector.position,
        "values": [text]
        if (text := request.seed_text or request.value)
        else [_hide_password(use.text) for use in request.uses],
    }


def _hide_password(text: str) -> str:
    """Return typed text without a display's password, as in diffs."""
    import re

    from virtprov.xml.diff import passwords

    return text if passwords.shown else re.sub(r"((?:^|,)(?:passwd|password)=)[^,]*", r"\1********", text)


def facts(planned: GuestReport, edit: Edit, *, done: bool, several: bool = False) -> dict[str, object]:
    """What JSON says; docs/reference/json.md explains each key.

    The document may hold passwords, but not where it is compared.
    """
    from virtprov.xml.diff import hide_passwords

    changes = [_describe_request(request) for request in edit.changes]
    if edit.autostart is not None:
        word = "yes" if edit.autostart else "no"
        changes.append({"action": "autostart", "group": "", "which": "", "values": [word]})
    return {
        "name": planned.name,
        "uuid": planned.uuid,
        "action": changes[0]["action"],
        "group": changes[0]["group"],
        "changes": changes,
        "changed": planned.changed,
        "defined": done and planned.stores,
        "kept": planned.kept,
        "updated": done and planned.updates,
        "started": done and planned.wanted.start,
        "autostart": None if planned.autostart is None else planned.autostart[1],
        "permissions": [change.facts() for change in planned.modes],
        "effects": _effects(planned),
        "diff": difference(planned, named=several),
        "xml": hide_passwords(planned.text) if planned.wanted.verify else planned.text,
        **seed_facts.facts(planned.seeds, planned.passwords if done else []),
    }


def _effects(planned: GuestReport) -> list[dict[str, str]]:
    course, info, wanted = planned.course, planned.info, planned.wanted
    if course is None or info is None:
        return []
    return (course if wanted.update else course.put_off(persistent=info.persistent or wanted.define)).facts()


def tell_effects(guests: Mapping[str, tuple[Effect, ...]], output: Output) -> None:
    """Show when running guests take a change; `guests` maps their names to the lines of each."""
    told = {name: rows for name, rows in guests.items() if rows}
    if not told:
        return
    who = f"the running guest '{next(iter(told))}'" if len(told) == 1 else f"{len(told)} running guests"
    output.say(f"Effect on {who}:")
    for line in table(told):
        output.say(f"  {line}")


def table(guests: Mapping[str, tuple[Effect, ...]]) -> list[str]:
    """Return one line for each effect, the earliest first; guests with the same effect share a line."""
    from virtprov.actions.live.effects import BOOT, NEVER, NOW
    from virtprov.support.text import join_words

    shared: dict[Effect, list[str]] = {}
    for name, rows in guests.items():
        for row in dict.fromkeys(rows):
            shared.setdefault(row, []).append(name)
    lines = []
    for row, names in sorted(shared.items(), key=lambda item: (NOW, BOOT, NEVER).index(item[0].when)):
        who = ""
        if len(guests) > 1:
            few = 0 < len(names) <= _FEW
            who = f" [{join_words(names) if few else f'{len(names)} guests'}]"
        lines.append(f"{row.when:9}  {row.what}{f' ({row.why})' if row.why else ''}{who}")
    return lines


_FEW = 3
"""Up to this many guests are named in a line of the table; more are counted."""
