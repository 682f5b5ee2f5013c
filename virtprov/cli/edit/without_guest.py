"""virtprov-xml --build-xml, and --file --in-place: edits without a guest of a host."""

from __future__ import annotations

from virtprov.cli.edit import report
from virtprov.cli.printing.output import Output, confirm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.edit.changing.changes import EditRequest
    from virtprov.actions.edit.changing.outcome import EditResult
    from virtprov.cli.edit.flags import Flags
    from virtprov.host.connection import Host


def write_back(flags: Flags, changes: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    """Change the XML in a file, and write it back if it has changed; returns the exit status."""
    from virtprov.actions.edit.file import FileEdit

    assert flags.file is not None
    edit = FileEdit(flags.file, changes, host)
    if not edit.made.has_changes:
        output.warn("no change: the guest is already configured like this")
    elif flags.schema:
        from virtprov.actions.schema_check import check_change

        output.warn_each(check_change(edit.made.guest.root, edit.made.source.stored.guest.root))
    if flags.print_diff:
        output.diff(edit.made.diff)
    written = bool(edit.made.diff) and not (flags.print_diff or flags.no_define)
    if written and flags.asks:
        report.show(edit.made.diff, output)
        written = confirm(f"Write the change to '{flags.file}'?")
    if written:
        edit.write(agreed=flags.asks, say=output.say)
        output.summary(f"Changed file '{flags.file}'.")
    elif edit.made.diff:
        output.say("Nothing has been changed.")
    output.object("edit", {**_facts(edit.made, changes), "written": written})
    return 0


def build(flags: Flags, changes: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    """Print a new element, for a given guest or an empty one; returns the exit status."""
    from virtprov.actions.edit.changing import outcome
    from virtprov.actions.edit.changing.original import from_host, from_nothing

    source = from_host(host, flags.guest) if host is not None and flags.guest else from_nothing(host)
    result = outcome.make(changes, source, outcome.ApplyOptions(), host)
    for sentence in result.parts[-1].notes:
        output.say(sentence)
    output.warn_each(result.parts[-1].warnings)
    text = outcome.render_elements(result)
    output.document(text)
    output.object("edit", {**_facts(result._replace(diff=""), changes), "xml": text})
    return 0


def _facts(result: EditResult, changes: tuple[EditRequest, ...]) -> dict[str, object]:
    from virtprov.actions.edit import guest_report
    from virtprov.actions.edit.changing.outcome import ApplyOptions
    from virtprov.actions.edit.editor import Edit

    planned = guest_report.report(result, ApplyOptions(), text=False)
    return report.facts(planned, Edit(changes, ApplyOptions()), done=False)
