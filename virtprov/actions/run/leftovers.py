"""What runs left that came to no orderly end: read from their trails, looked for on their hosts, removed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from virtprov.actions.run import artifact, teardown
from virtprov.actions.run.artifact import Thing
from virtprov.actions.run.teardown import GONE, OTHERS, OURS, UNSURE, Witness
from virtprov.actions.run.trail import KIND
from virtprov.support import state
from virtprov.support.errors import HostError, ProvError
from virtprov.support.frozen import Record
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.host.connection import Host

UNDO, DISCARD, PASSED = "undo", "discard", "passed"
"""How far a run came: its steps are to be undone; only what was put aside is left; only what passes is left."""
REMOVED, KEPT = "removed", "kept"


class Run(Record):
    """A run that has ended: its file, who and when, and what may be left of it, the last made first.

    `at` and `last_seen` are seconds since 1970. `phase` is one of the words above. `guests` are the UUIDs of those it
    made, which may use the rest.
    """

    path: str
    tool: str
    uri: str
    guest: str
    at: int
    pid: int
    last_seen: float
    phase: str
    things: tuple[Thing, ...]
    guests: frozenset[str]

    def words(self) -> str:
        """Who it was, and when."""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.at))
        about = f" of '{self.guest}'" if self.guest else ""
        return f"the {self.tool}{about} on {self.uri} that began at {when}"


class Found(Record):
    """A thing that is still there: whose it is (`teardown`'s words), and why where that is not clear."""

    thing: Thing
    state: str
    why: str = ""


class Fate(Record):
    """What became of a thing: REMOVED or KEPT, and why it was kept."""

    thing: Thing
    fate: str
    why: str = ""


# -- trails --------------------------------------------------------------------------------------


def ended(damaged: list[str]) -> Iterator[tuple[Run, state.Lines]]:
    """Every run that nobody continues, the newest first, with its file, which is ours until it is closed.

    `damaged` gets the path of each file that cannot be understood; these stay.
    """
    for path in state.listing(KIND):
        try:
            lines = state.Lines.open(path)
        except (state.Busy, ProvError):
            continue
        try:
            run = _read(path, lines)
        except (AttributeError, LookupError, OSError, OverflowError, TypeError, ValueError):
            lines.close()
            damaged.append(path)
            continue
        if run is None:  # killed before its first line was whole: nothing was made
            lines.remove()
        else:
            yield run, lines


def _read(path: str, lines: state.Lines) -> Run | None:
    """The run of a file, None for one without a line; raises what wrong types, missing keys, impossible times raise."""
    last_seen = os.stat(path).st_mtime
    run: dict[str, object] = {}
    phase, held = UNDO, dict[int, Thing]()
    for _, line in lines:
        if "run" in line:
            run = line["run"]
        elif "settled" in line:
            phase = DISCARD
        elif "complete" in line:
            phase = PASSED
        elif "gone" in line:
            held.pop(line["n"], None)
        else:
            held[line["n"]] = artifact.from_json(line.get("made") or line["begin"])
    if not run:
        if held or phase != UNDO:
            raise ValueError("nothing tells whose run it is")
        return None
    time.localtime(int(str(run["at"])))
    wanted = tuple(thing for thing in reversed(held.values()) if _is_left(thing, phase))
    guests = frozenset(thing.uuid for thing in held.values() if thing.kind in (artifact.GUEST, artifact.START))
    return Run(
        path, str(run["tool"]), str(run["uri"]), str(run["guest"]), int(str(run["at"])), int(str(run["pid"])),
        last_seen, phase, wanted, guests,
    )  # fmt: skip


def _is_left(thing: Thing, phase: str) -> bool:
    """Whether the thing has to go, for a run that came this far."""
    return phase == UNDO or thing.passing or (phase == DISCARD and thing.kind in artifact.DISCARDED)


def notice() -> str:
    """One sentence about what earlier runs may have left; "" when there is nothing. Asks no host."""
    if not state.listing(KIND):
        return ""
    runs = []
    damaged: list[str] = []
    for run, lines in ended(damaged):
        lines.close()
        runs.append(run)
    if not runs:
        return unreadable(damaged[0]) if damaged else ""
    listed = ", ".join(dict.fromkeys(thing.words() for thing in reversed(runs[0].things))) or "nothing"
    more = f", and so {'has' if len(runs) == 2 else 'have'} {len(runs) - 1} more" if len(runs) > 1 else ""
    return (
        f"{runs[0].words()} came to no end and may have left {listed}{more}:"
        " `virtprov-install --clean-up` removes what is there"
    )


def unreadable(path: str) -> str:
    """What to say of a file that cannot be understood."""
    return f"'{path}' tells of a run that came to no end, but is damaged: read what it names, then remove it"


# -- hosts ---------------------------------------------------------------------------------------


def look(run: Run, host: Host) -> list[Found]:
    """What of the run is there, in the order in which it is to be removed. Raises HostError for a host that is gone."""
    doomed = {thing.uuid for thing in run.things if thing.kind == artifact.GUEST}
    witness = Witness(_users(host, run.guests), run.last_seen)
    found = []
    for thing in run.things:
        if thing.kind == artifact.START and thing.uuid in doomed:
            continue
        try:
            seen = teardown.waits(host, thing) if _is_discarded(run, thing) else teardown.standing(host, thing, witness)
        except HostError as problem:
            if not host.is_alive:
                raise
            found.append(Found(thing, UNSURE, problem.message))
            continue
        if seen.state != GONE:
            found.append(Found(thing, *seen))
    return found


def _is_discarded(run: Run, thing: Thing) -> bool:
    return run.phase == DISCARD and thing.kind in artifact.DISCARDED


def remove(run: Run, host: Host, found: list[Found], sure: Callable[[Found], bool]) -> list[Fate]:
    """Remove what the run made; `sure` decides about things of which nothing tells who made them.

    What others made, or use by now, stays. Raises HostError when the host is gone.
    """
    fates = []
    for each in found:
        if each.state == OTHERS or (each.state == UNSURE and not sure(each)):
            fates.append(Fate(each.thing, KEPT, each.why))
            continue
        try:
            fates.append(_remove(run, host, each.thing))
        except ProvError as problem:
            if not host.is_alive:
                raise
            fates.append(Fate(each.thing, KEPT, problem.message))
    return fates


def _remove(run: Run, host: Host, thing: Thing) -> Fate:
    if thing.kind == artifact.POOL and teardown.in_use(host, thing):
        return Fate(thing, KEPT, "it holds what others made")
    if _is_discarded(run, thing):
        teardown.discard(host, thing)
    else:
        teardown.take_down(host, thing)
    return Fate(thing, REMOVED)


def is_settled(found: list[Found], fates: list[Fate]) -> bool:
    """Whether nothing of the run is left: what was kept is known to be somebody else's."""
    others = [each.thing for each in found if each.state == OTHERS]
    pools = [fate.thing for fate in fates if fate.thing.kind == artifact.POOL]
    return all(fate.fate == REMOVED or fate.thing in others or fate.thing in pools for fate in fates)


def _users(host: Host, own: frozenset[str]) -> Callable[[str], str]:
    """Who uses a path: the name of a guest that is none of the run's own, or ""."""
    known: dict[str, str] = {}
    read = False

    def user_of(path: str) -> str:
        nonlocal read
        if not read:
            known.update(_paths_in_use(host, own))
            read = True
        return known.get(path, "")

    return user_of


def _paths_in_use(host: Host, own: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every path that a guest names as a disk's source, with the guest's name; `own` are the UUIDs to leave out."""
    for inactive in (False, True):
        for text in host.guest_documents(inactive=inactive):
            root = tree.parse(text)
            if tree.find_text(root, "uuid") in own:
                continue
            name = tree.find_text(root, "name")
            for source in root.iterfind("devices/disk/source"):
                for path in filter(None, (source.get("file"), source.get("dev"))):
                    yield path, name
                pool, volume = source.get("pool"), source.get("volume")
                known = host.volume(pool, volume) if pool and volume else None
                if known is not None:
                    yield known.path, name


__all__ = [
    "KEPT", "OTHERS", "OURS", "REMOVED", "UNSURE",
    "Fate", "Found", "Run", "ended", "look", "notice", "remove", "unreadable",
]  # fmt: skip
