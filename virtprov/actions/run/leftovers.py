"""Find and remove what interrupted runs have left on their hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, UNSURE, Artifact, Aside, Evidence, InUse
from virtprov.actions.run.artifacts.path_users import users_of
from virtprov.actions.run.artifacts.pools_and_volumes import Pool
from virtprov.actions.run.artifacts.removed import RemovedVolume
from virtprov.actions.run.artifacts.stored_guests import Definition, Guest, StartedGuest
from virtprov.actions.run.templates import find_use
from virtprov.actions.run.trail import KIND
from virtprov.actions.run.trail_reader import DISCARD, Run, read_ended_runs
from virtprov.support.errors import HostError, ProvError
from virtprov.support.frozen import Record
from virtprov.support.user_files import state

if TYPE_CHECKING:
    from virtprov.host.connection import Host

REMOVED, KEPT = "removed", "kept"


class Leftover(Record):
    """An artifact that still exists, who created it (the constants of artifact.py), and the reason for any doubt."""

    artifact: Artifact
    state: str
    why: str = ""


class Outcome(Record):
    """The result for an artifact: REMOVED or KEPT, and why it was kept.

    `settled` means that nothing remains to be done: it no longer exists, or it belongs to someone else.
    """

    artifact: Artifact
    fate: str
    why: str = ""
    settled: bool = False


def notice() -> str:
    """Return one sentence about what earlier runs may have left; "" if there is nothing. Does not connect to a host."""
    if not state.listing(KIND):
        return ""
    runs = []
    unreadable: list[str] = []
    for run, log in read_ended_runs(unreadable):
        log.close()
        runs.append(run)
    if not runs:
        return unreadable[0] if unreadable else ""
    named = [left.artifact.describe() for left in reversed(runs[0].left)]
    listed = ", ".join(dict.fromkeys(named)) or "nothing"
    more = (
        f", and {len(runs) - 1} more {'run was' if len(runs) == 2 else 'runs were'} interrupted too"
        if len(runs) > 1
        else ""
    )
    return (
        f"{runs[0].describe()} was interrupted and may have left {listed}{more}: remove what is left with "
        "`virtprov-install --clean-up`"
    )


def look(run: Run, host: Host) -> list[Leftover]:
    """Return what the run has left, in the order of removal. Raises HostError if the host is unreachable.

    Definitions come first: what only they use can be removed after they are restored.
    """
    _use_pools(run, host)
    doomed = {left.artifact.uuid for left in run.left if isinstance(left.artifact, Guest)}
    own = frozenset(path for left in run.left if (path := _path_of(host, left.artifact)))
    back: dict[str, str] = {}
    removed = {left.artifact.owner for left in run.left if isinstance(left.artifact, RemovedVolume)}
    user_of = users_of(host, run.guests | removed, own, back, all_pools=bool(removed))
    use_of = _remember(lambda uuid: find_use(host, uuid))
    leftovers = []
    for artifact, made, began in sorted(run.left, key=lambda left: not isinstance(left.artifact, Definition)):
        if isinstance(artifact, StartedGuest) and artifact.uuid in doomed:
            continue
        evidence = Evidence(made, began, run.last_seen, user_of, use_of)
        try:
            if run.phase == DISCARD and isinstance(artifact, Aside):
                seen = artifact.waits(host, evidence)
            else:
                seen = artifact.standing(host, evidence)
        except HostError as problem:
            if not host.is_alive:
                raise
            leftovers.append(Leftover(artifact, UNSURE, problem.message))
            continue
        if seen.state != GONE:
            leftovers.append(Leftover(artifact, *seen))
            if isinstance(artifact, Definition) and seen.state != OTHERS:
                back[artifact.uuid] = artifact.before
    return leftovers


def _remember(ask: Callable[[str], str]) -> Callable[[str], str]:
    """Return a function that asks each question once, because an answer may need all guests of the host."""
    known: dict[str, str] = {}

    def answer(question: str) -> str:
        if question not in known:
            known[question] = ask(question)
        return known[question]

    return answer


def _use_pools(run: Run, host: Host) -> None:
    """Use the temporary pools that the run has left, because libvirt refuses another pool for the same directory."""
    for left in run.left:
        if isinstance(left.artifact, Pool) and left.artifact.passing:
            try:
                left.artifact.use(host)
            except HostError:  # its directory is gone
                if not host.is_alive:
                    raise


def _path_of(host: Host, artifact: Artifact) -> str:
    path, pool = getattr(artifact, "path", ""), getattr(artifact, "pool", "")
    if path or not pool:
        return str(path)
    volume = host.storage.volume(pool, getattr(artifact, "name", ""))
    return volume.path if volume is not None else ""


def remove(run: Run, host: Host, leftovers: list[Leftover], sure: Callable[[Leftover], bool]) -> list[Outcome]:
    """Remove what the run created; `sure` decides about artifacts whose origin is unknown.

    What others created or now use is kept. Raises HostError if the host is unreachable.
    """
    outcomes: list[Outcome] = []
    for each in leftovers:
        if each.state == OTHERS or (each.state == UNSURE and not sure(each)):
            outcomes.append(Outcome(each.artifact, KEPT, each.why, settled=each.state == OTHERS))
            continue
        user = _user_after(run, host, each.artifact, outcomes)
        outcomes.append(Outcome(each.artifact, KEPT, user) if user else _take_down(run, host, each.artifact))
    return outcomes


def _user_after(run: Run, host: Host, artifact: Artifact, outcomes: list[Outcome]) -> str:
    """Who uses an artifact because a definition was not restored, in words; "" for nobody."""
    if isinstance(artifact, Definition):
        return ""
    if all(outcome.fate == REMOVED for outcome in outcomes if isinstance(outcome.artifact, Definition)):
        return ""
    return users_of(host, run.guests, frozenset())(_path_of(host, artifact))


def _take_down(run: Run, host: Host, artifact: Artifact) -> Outcome:
    try:
        if run.phase == DISCARD and isinstance(artifact, Aside):
            artifact.discard(host)
        else:
            artifact.take_down(host)
    except ProvError as problem:
        if not host.is_alive:
            raise
        return Outcome(artifact, KEPT, problem.message, settled=isinstance(problem, InUse))
    return Outcome(artifact, REMOVED, settled=True)
