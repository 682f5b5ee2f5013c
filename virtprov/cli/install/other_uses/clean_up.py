"""virtprov-install --clean-up: list what earlier runs have left, ask, and remove it."""

from __future__ import annotations

from virtprov.cli.printing.output import Output, confirm
from virtprov.support.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.run.artifacts.artifact import Artifact
    from virtprov.actions.run.leftovers import Leftover, Outcome
    from virtprov.actions.run.trail_reader import Run


def main(uri: str | None, output: Output, *, ask: bool) -> int:
    """Clean up after every interrupted run, or only those on the host `uri`; `ask` before anything is removed.

    Returns 3 if a host could not be reached, whose runs are kept for later.
    """
    from virtprov.actions.run.trail_reader import read_ended_runs

    reports, unreached = [], False
    unreadable: list[str] = []
    for run, log in read_ended_runs(unreadable):
        if uri and run.uri != uri:
            log.close()
            continue
        try:
            outcomes, settled = _clean(run, output, ask)
            why = ""
        except HostError as problem:
            outcomes, settled, why = [], False, problem.message
            output.warn(f"cannot clean up after {run.describe()} now: {problem.message}")
            unreached = True
        if settled:
            log.remove()
        else:
            log.close()
        reports.append(_facts(run, outcomes, settled, why))
    for sentence in unreadable:
        output.warn(sentence)
    if not reports and not unreadable:
        output.summary("Nothing to clean up.")
    output.object("clean-up", {"runs": reports})
    return HostError.exit_code if unreached else 0


def _clean(run: Run, output: Output, ask: bool) -> tuple[list[Outcome], bool]:
    """Clean up after one run; report the result for each item, and return whether nothing is left."""
    from virtprov.actions.remove import carry_out
    from virtprov.actions.run import leftovers
    from virtprov.actions.run.artifacts.artifact import OTHERS
    from virtprov.cli.connecting import connect

    with connect(run.uri) as host:
        found = leftovers.look(run, host)
        for each in found:
            if each.state == OTHERS:
                output.say(f"Not changed: {each.artifact.describe()} ({each.why}).")
        if not found:
            output.summary(f"Nothing to clean up from {run.describe()}.")
            carry_out.forget_logins(run, host, output.say, output.warn)
            return [], True
        kept = _keep_unless_agreed(run, found) if ask else []
        if kept:
            output.say("Nothing has been removed; use --yes to remove without confirmation.")
            return kept, False
        outcomes = leftovers.remove(run, host, found, lambda each: ask and _ask_user(run, [each]))
        carry_out.forget_logins(run, host, output.say, output.warn)
    _tell(outcomes, [each.artifact for each in found if each.state == OTHERS], output)
    return outcomes, all(outcome.settled for outcome in outcomes)


def _keep_unless_agreed(run: Run, found: list[Leftover]) -> list[Outcome]:
    """Ask whether what is ours may go; what is kept when the answer is no, [] otherwise."""
    from virtprov.actions.run import leftovers
    from virtprov.actions.run.artifacts.artifact import OURS, UNSURE

    ours = [each for each in found if each.state == OURS]
    if not ours or _ask_user(run, ours):
        return []
    doubtful = [each for each in found if each.state == UNSURE]
    return [leftovers.Outcome(each.artifact, leftovers.KEPT, "not confirmed") for each in ours + doubtful]


def _tell(outcomes: list[Outcome], untouched: list[Artifact], output: Output) -> None:
    """Say what was removed, and why the rest is still there; of what is `untouched` that is said already."""
    from virtprov.actions.run import leftovers

    for outcome in outcomes:
        if outcome.fate == leftovers.REMOVED:
            output.summary(f"Removed {outcome.artifact.describe()}.")
        elif outcome.artifact not in untouched:
            output.warn(f"could not remove {outcome.artifact.describe()}: {outcome.why}")


def _ask_user(run: Run, leftovers: list[Leftover]) -> bool:
    """Ask whether these items can be removed."""
    listed = ", ".join(each.artifact.describe() for each in leftovers)
    doubt = f" ({leftovers[0].why})" if len(leftovers) == 1 and leftovers[0].why else ""
    return confirm(f"{run.describe()} has left {listed}{doubt}. Remove?")


def _facts(run: Run, outcomes: list[Outcome], settled: bool, why: str) -> dict[str, object]:
    """Return the JSON output for a run; docs/reference/json.md explains each key."""
    return {
        "tool": run.tool,
        "guest": run.guest,
        "uri": run.uri,
        "began": run.time,
        "reached": not why,
        "settled": settled,
        "things": [{**outcome.artifact.facts(), "fate": outcome.fate, "why": outcome.why} for outcome in outcomes],
        "error": why,
    }
