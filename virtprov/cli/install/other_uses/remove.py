"""virtprov-install --remove: show what goes and what stays, ask, and remove guests."""

from __future__ import annotations

import sys

from virtprov.cli.printing.output import Output, confirm, tell
from virtprov.support.errors import ProvError, UsageError
from virtprov.support.frozen import Record
from virtprov.support.terminal.visible import on_one_line
from virtprov.support.text import join_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

    from virtprov.actions.remove.carry_out import Outcome
    from virtprov.actions.remove.draft import Removal
    from virtprov.actions.request import RemoveRequest
    from virtprov.cli.parser import Parser
    from virtprov.library.removing import Removing

_BESIDE = (
    "remove", "keep_disks", "with_disk", "force_off", "yes", "connect", "wait", "dry_run", "output", "quiet", "debug",
    "color",
)  # fmt: skip
"""The attributes of flags that can be used together."""


class RemovalFlags(Record):
    """What the flags of a removal say: where, what, whether it is only shown, and whether the user is asked."""

    uri: str | None
    request: RemoveRequest
    is_dry_run: bool
    asks: bool


def read(args: Namespace, parser: Parser) -> RemovalFlags:
    """Read the flags of a removal; raises UsageError for flags that cannot be used together."""
    from virtprov.library import removing

    if not args.remove:
        flag = "--keep-disks" if args.keep_disks else "--with-disk" if args.with_disk else "--force-off"
        raise UsageError(f"{flag} can only be used with --remove", hint=f"omit {flag}, or add --remove GUEST")
    other = parser.find_given(args, _BESIDE)
    if other:
        raise UsageError(f"{other} cannot be used with --remove", hint="omit one of them")
    wait = removing.WAIT if args.wait is None else args.wait
    request = removing.to_request(args.remove, args.keep_disks, args.with_disk, args.force_off, wait)
    asks = not (args.yes or args.dry_run)
    if asks and not (sys.stdin and sys.stdin.isatty()):
        raise UsageError(
            "--remove asks for confirmation, but standard input is not a terminal",
            hint="use --dry-run to see what would be removed, and --yes to remove it",
        )
    return RemovalFlags(args.connect, request, args.dry_run, asks)


def main(flags: RemovalFlags, output: Output) -> int:
    """Remove guests; returns 1 if some of them could not be removed."""
    from virtprov.cli.connecting import connect
    from virtprov.library.removing import Removing

    with connect(flags.uri, events=not flags.is_dry_run) as host:
        work = Removing(host, flags.request, output)
        if flags.is_dry_run:
            return _preview(work, output)
        _show(work, output, always=flags.asks)
        if flags.asks and not confirm(_question(work)):
            output.say("Nothing has been removed.")
            output.object("remove", _facts(work, []))
            return 0
        outcomes = work.carry_out()
    return _report(work, outcomes, output)


def _preview(work: Removing, output: Output) -> int:
    for removal in work.planned:
        for line in _list(removal, force_off=work.request.force_off):
            output.line(f"Would {line}")
    output.summary("Nothing has been changed.")
    output.object("remove", _facts(work, []))
    return 0


def _show(work: Removing, output: Output, *, always: bool) -> None:
    """Print what goes and what stays: before a question also with --quiet, and with JSON on standard error."""
    if output.quiet and not always:
        return
    say = output.line if not output.json else lambda sentence: sys.stderr.write(f"{on_one_line(sentence)}\n")
    for removal in work.planned:
        say(f"Guest '{removal.name}' is removed, which cannot be undone:")
        for line in _list(removal, force_off=work.request.force_off):
            say(f"  {line}")


def _list(removal: Removal, *, force_off: bool) -> Iterator[str]:
    """Yield what is done for a guest: "remove disk /srv/web.qcow2", "keep medium /srv/a.iso: ..."."""
    if removal.info.active:
        yield f"{'power off' if force_off else 'shut down'} guest '{removal.name}'"
    for thing in removal.things:
        yield f"remove {thing.describe()}" if thing.goes else f"keep {thing.describe()}: {thing.why}"


def _question(work: Removing) -> str:
    names = join_words(f"'{removal.name}'" for removal in work.planned)
    return f"Remove {names}? This cannot be undone."


def _report(work: Removing, outcomes: list[Outcome], output: Output) -> int:
    """Print the result; the error of a single guest is raised."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    if failed and len(outcomes) == 1:
        assert failed[0].error is not None
        raise failed[0].error
    for outcome in outcomes:
        if outcome.error is None:
            output.summary(f"Removed guest '{outcome.removal.name}'.")
        else:
            problem = f"could not remove guest '{outcome.removal.name}': {outcome.error.message}"
            tell("error", on_one_line(problem))
    output.object("remove", _facts(work, outcomes))
    return ProvError.exit_code if failed else 0


def _facts(work: Removing, outcomes: list[Outcome]) -> dict[str, object]:
    """Return the JSON output; docs/reference/json.md explains each key."""
    results = {outcome.removal.info.uuid: outcome for outcome in outcomes}
    guests: list[dict[str, object]] = []
    for removal in work.planned:
        outcome = results.get(removal.info.uuid)
        error = outcome.error.message if outcome is not None and outcome.error is not None else None
        guests.append(
            {
                "name": removal.name,
                "uuid": removal.info.uuid,
                "running": removal.info.active,
                "removed": outcome is not None and outcome.error is None,
                "things": [thing.facts() for thing in removal.things],
                "error": error,
            }
        )
    failed = sum(outcome.error is not None for outcome in outcomes)
    return {"uri": work.host.uri, "guests": guests, "removed": len(outcomes) - failed, "failed": failed}
