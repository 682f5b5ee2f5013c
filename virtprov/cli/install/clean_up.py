"""virtprov-install --clean-up: what earlier runs left behind is named, asked about, and removed."""

from __future__ import annotations

from virtprov.cli.output import Output, confirm
from virtprov.support.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.run.leftovers import Fate, Found, Run


def main(uri: str | None, output: Output, *, ask: bool) -> int:
    """Go through every run that came to no end, or only those on the host `uri`; `ask` before anything is removed.

    Returns 3 when a host could not be reached, whose runs are kept for later.
    """
    from virtprov.actions.run import leftovers

    reports, unreached = [], False
    damaged: list[str] = []
    for run, lines in leftovers.ended(damaged):
        if uri and run.uri != uri:
            lines.close()
            continue
        try:
            fates, settled = _clean(run, output, ask)
            why = ""
        except HostError as problem:
            fates, settled, why = [], False, problem.message
            output.warn(f"{run.words()} is kept for later: {problem.message}")
            unreached = True
        if settled:
            lines.remove()
        else:
            lines.close()
        reports.append(_facts(run, fates, settled, why))
    for path in damaged:
        output.warn(leftovers.unreadable(path))
    if not reports and not damaged:
        output.summary("Nothing is left over.")
    output.object({"runs": reports})
    return HostError.exit_code if unreached else 0




def _clean(run: Run, output: Output, ask: bool) -> tuple[list[Fate], bool]:
    """Clean up after one run; says what became of what is there, and whether nothing is left."""
    from virtprov.actions.run import leftovers
    from virtprov.host.connection import connect

    with connect(run.uri) as host:
        found = leftovers.look(run, host)
        mine = [each for each in found if each.state == leftovers.OURS]
        doubtful = [each for each in found if each.state == leftovers.UNSURE]
        for each in found:
            if each.state == leftovers.OTHERS:
                output.say(f"Not touched: {each.thing.words()} ({each.why}).")
        if not found:
            output.summary(f"Nothing is left of {run.words()}.")
            return [], True
        if mine and ask and not _agreed(run, mine):
            output.say("It is kept; --yes removes it without asking.")
            kept = [leftovers.Fate(each.thing, leftovers.KEPT, "not agreed to") for each in mine + doubtful]
            return kept, False
        fates = leftovers.remove(run, host, found, lambda each: ask and _agreed(run, [each]))
    for fate in fates:
        if fate.fate == leftovers.REMOVED:
            output.summary(f"Removed {fate.thing.words()}.")
        elif fate.thing not in [each.thing for each in found if each.state == leftovers.OTHERS]:
            output.warn(f"{fate.thing.words()} is left there: {fate.why}")
    return fates, leftovers.is_settled(found, fates)


def _agreed(run: Run, found: list[Found]) -> bool:
    """Ask whether these may go."""
    listed = ", ".join(each.thing.words() for each in found)
    doubt = f" ({found[0].why})" if len(found) == 1 and found[0].why else ""
    return confirm(f"Of {run.words()} there is left {listed}{doubt}. Remove?")


def _facts(run: Run, fates: list[Fate], settled: bool, why: str) -> dict[str, object]:
    """What JSON says of a run; docs/json.md explains each key."""
    return {
        "tool": run.tool,
        "guest": run.guest,
        "uri": run.uri,
        "began": run.at,
        "reached": not why,
        "settled": settled,
        "things": [_thing(fate) for fate in fates],
        "error": why,
    }


def _thing(fate: Fate) -> dict[str, object]:
    thing = fate.thing
    return {
        "kind": thing.kind,
        "name": thing.name,
        "uuid": thing.uuid,
        "pool": thing.pool,
        "path": thing.path,
        "fate": fate.fate,
        "why": fate.why,
    }
