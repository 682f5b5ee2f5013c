"""Read the recovery logs of runs that have ended: which run it was, its progress, and what it may have left."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

from virtprov.actions.run.artifacts.artifact import Artifact, Aside
from virtprov.actions.run.artifacts.base_images import Base, ImageFiles
from virtprov.actions.run.artifacts.directory_access import SearchRight
from virtprov.actions.run.artifacts.file_mode import FileMode
from virtprov.actions.run.artifacts.local_files import AsideFile, Download, File
from virtprov.actions.run.artifacts.pools_and_volumes import DeletedSeed, Pool, Secret, Volume
from virtprov.actions.run.artifacts.removed import RemovedGuest, RemovedSecret, RemovedVolume
from virtprov.actions.run.artifacts.reservations import Reservation
from virtprov.actions.run.artifacts.stored_guests import AsideGuest, Autostart, Definition, Guest, StartedGuest
from virtprov.actions.run.run_log import RunLog, Unreadable
from virtprov.actions.run.trail import FORM, KIND
from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record
from virtprov.support.user_files import state

UNDO, DISCARD, PASSED = "undo", "discard", "passed"
"""The progress of a run: steps to undo; only what was moved aside is left; only temporary artifacts are left."""
KINDS: dict[str, type[Artifact]] = {
    kind.kind: kind
    for kind in (
        Pool, Volume, Secret, File, Download, AsideFile, SearchRight, Guest, StartedGuest, Definition, AsideGuest,
        DeletedSeed, FileMode, Autostart, RemovedGuest, RemovedVolume, RemovedSecret, ImageFiles, Base, Reservation,
    )
}  # fmt: skip


class Left(Record):
    """What a run may have left: the artifact, whether its creation was recorded, and when it began."""

    artifact: Artifact
    made: bool
    began: float


class Run(Record):
    """A run that has ended: its log, its start, and what it may have left, the latest first.

    `time` and `last_seen` are in seconds since 1970. `phase` is one of the constants above. `guests` are the UUIDs of
    the guests it created, which may use the other artifacts.
    """

    path: str
    tool: str
    uri: str
    guest: str
    time: int
    pid: int
    last_seen: float
    phase: str
    left: tuple[Left, ...]
    guests: frozenset[str]

    def describe(self) -> str:
        """Return the command and its time."""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.time))
        about = f" for '{self.guest}'" if self.guest else ""
        return f"{self.tool}{about} on {self.uri} (started at {when})"


def read_ended_runs(unreadable: list[str]) -> Iterator[tuple[Run, RunLog]]:
    """Yield every run that has ended, the newest first, with its log, which stays locked until it is closed.

    `unreadable` gets a sentence for each log that cannot be read; such logs are kept.
    """
    damaged = "recovery log '{}' of an interrupted run is corrupt: check the items it lists, then delete it"
    for path in state.listing(KIND):
        try:
            log = RunLog.reopen(path, FORM)
            with log.reading(damaged.format(path)):
                run = _read(log)
        except Unreadable as problem:
            unreadable.append(problem.message)
            continue
        except ProvError:  # its run goes on, or it may not be read
            continue
        if run is None:  # killed before its first line was whole: nothing was made
            log.remove()
        else:
            yield run, log


def find_active(uri: str, guest: str) -> int:
    """Return the process of a run that is working on this guest of the host `uri`; 0 for none, -1 if it is unknown."""
    for path in state.listing(KIND):
        head = state.first_line(path)
        if not isinstance(head, dict) or (head.get("uri"), head.get("guest")) != (uri, guest):
            continue
        try:
            state.Lines.open(path).close()
        except state.Busy:
            process = head.get("pid")
            return process if isinstance(process, int) else -1
        except ProvError:  # it may not be read
            continue
    return 0


def _read(log: RunLog) -> Run | None:
    """Return the run of a log, None for an empty one; wrong types and missing keys raise their usual errors."""
    last_seen = os.stat(log.path).st_mtime
    if log.head is None:
        if log.is_cut_off():
            return None
        raise ValueError("no line of the log can be read")
    old = "virtprov" not in log.head
    head = {**log.head["run"], "time": log.head["run"]["at"]} if old else log.head
    time.localtime(int(str(head["time"])))  # raises for a time that is none
    phase, left = UNDO, dict[int, Left]()
    for _, line in list(log)[1:]:
        if "settled" in line:
            phase = DISCARD
        elif "complete" in line:
            phase = PASSED
        elif "gone" in line:
            left.pop(line["n"], None)
        else:
            left[line["n"]] = _parse_artifact(line, old)
    made_guests = (one.artifact.uuid for one in left.values() if isinstance(one.artifact, Guest | StartedGuest))
    return Run(
        log.path, str(head["tool"]), str(head["uri"]), str(head["guest"]), int(str(head["time"])),
        int(str(head["pid"])), last_seen, phase,
        tuple(one for one in reversed(left.values()) if _has_to_go(one.artifact, phase)), frozenset(made_guests),
    )  # fmt: skip


def _has_to_go(artifact: Artifact, phase: str) -> bool:
    """Return whether the artifact must be removed for a run with this progress."""
    return phase == UNDO or artifact.passing or (phase == DISCARD and isinstance(artifact, Aside))


def _parse_artifact(line: dict[str, Any], old: bool) -> Left:
    facts = dict(line.get("made") or line["begin"])
    if old:
        was_made, began = facts.pop("made", False), facts.pop("born", 0.0)
        return Left(from_json(_of_old(facts)), was_made is True, float(began))
    return Left(from_json(facts), "made" in line, float(line["at"]))


def from_json(facts: dict[str, Any]) -> Artifact:
    """Return the artifact that `as_json` wrote, ignoring unknown fields; raises KeyError, TypeError, ValueError."""
    kind = KINDS[facts["kind"]]
    defaults: dict[str, Any] = kind._defaults  # type: ignore[attr-defined]
    known = {name: facts[name] for name in kind._fields if name in facts}  # type: ignore[attr-defined]
    for name, value in known.items():
        if type(value) is not type(defaults.get(name, "")):
            raise ValueError(f"{name}={value!r}")
    return kind(**known)


def _of_old(facts: dict[str, Any]) -> dict[str, Any]:
    """Convert the format of 0.1.0, which had the same fields for all kinds, to the current one."""
    kind, number = facts["kind"], facts.get("number", -1)
    if kind == Pool.kind:
        facts["volumes"] = max(number, 0)
    elif kind == StartedGuest.kind:
        facts["run"] = number
    elif kind == SearchRight.kind:
        facts["uid"] = number
    elif kind == AsideGuest.kind:
        facts["persistent"] = number != 0
    elif kind == Definition.kind:
        facts["digest"] = facts.get("mark", "")
    return facts
