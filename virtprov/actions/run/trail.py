"""The recovery log ("trail") of a run: it records each change of a host before the change is made.

It is needed if a run is interrupted: killed, or disconnected from its host. Otherwise the run deletes it. After the
header, each line is an object with one of these keys:

    begin     what is about to be created, as `Artifact.as_json`, with a number (n) and the time (at)
    made      the same after its creation, with what identifies it
    gone      the number of an artifact that no longer exists
    settled   everything is created: from here on only what was moved aside is removed
    complete  everything is done, except for temporary artifacts: the seed that the guest still needs

A log that is not locked belongs to a run that has ended. `trail_reader` reads it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from virtprov.actions.run.artifacts.artifact import Artifact, Evidence
from virtprov.support.errors import HostError, ProvError
from virtprov.support.slow_calls.waiting import Abandoned

if TYPE_CHECKING:
    from virtprov.actions.run.run_log import RunLog
    from virtprov.host.connection import Host

KIND, FORM = "run", 2
Kind = TypeVar("Kind", bound=Artifact)


class Entry:
    """An artifact in the log, and whether its creation was recorded. `began` is in seconds since 1970."""

    __slots__ = ("_trail", "artifact", "began", "is_made", "number", "stays")

    def __init__(self, trail: Trail, number: int, artifact: Artifact, began: float = 0.0) -> None:
        self._trail, self.number = trail, number
        self.artifact, self.began = artifact, began
        self.is_made = self.stays = False

    @property
    def evidence(self) -> Evidence:
        """Return what is known about the artifact besides its name."""
        return Evidence(self.is_made, self.began)

    def note_created(self, artifact: Artifact | None = None) -> None:
        """Record its creation; `artifact` contains what identifies it."""
        self._trail.note_created(self, self.artifact if artifact is None else artifact)

    def note_removed(self) -> None:
        """Record that it no longer exists."""
        self._trail.note_removed(self)

    @contextmanager
    def cleaning_up(self) -> Iterator[None]:
        """Remove what a failed step has begun in this block; if that fails, the artifact stays in the log."""
        self.stays = True
        yield
        self.stays = False


class Trail:
    """A recovery log without a file, for runs that leave nothing behind or are recorded elsewhere."""

    writes = False
    """Whether the run may leave something behind, so that a file is needed."""

    def __init__(self) -> None:
        self.is_kept = False
        self._in_last_step = False
        self._open: dict[int, Entry] = {}
        self._count = 0
        self._lock = threading.RLock()  # several guests may be worked on at a time

    @property
    def is_written(self) -> bool:
        """Whether a later run can read this log."""
        return False

    def begin(self, artifact: Artifact) -> Entry:
        """Record what is about to be created."""
        with self._lock:
            self._count += 1
            entry = Entry(self, self._count, artifact, round(time.time(), 3))
            self._open[entry.number] = entry
            self.write({"begin": artifact.as_json(), "n": entry.number, "at": entry.began}, artifact)
            return entry

    def note_created(self, entry: Entry, artifact: Artifact) -> None:
        """Record that it exists, and what identifies it."""
        with self._lock:
            is_news = not entry.is_made or artifact != entry.artifact
            entry.artifact, entry.is_made = artifact, True
            if is_news and entry.number in self._open:
                self.write({"made": artifact.as_json(), "n": entry.number, "at": entry.began}, artifact)

    def note_removed(self, entry: Entry) -> None:
        """Record that it no longer exists."""
        with self._lock:
            if self._open.pop(entry.number, None) is not None:
                self.write({"gone": True, "n": entry.number}, entry.artifact)

    def artifacts(self, kind: type[Kind]) -> list[Kind]:
        """Return the existing artifacts of a kind."""
        return [entry.artifact for entry in self._open.values() if isinstance(entry.artifact, kind)]

    def passing(self) -> list[Entry]:
        """Return the temporary artifacts that still exist."""
        return [entry for entry in self._open.values() if entry.artifact.passing]

    def note_guest(self, guest: str) -> None:
        """Record the guest of the run."""

    def beat(self) -> None:
        """Record that the run is still active during a long step."""

    @contextmanager
    def last_step(self, is_last: bool = True) -> Iterator[None]:
        """Run one step in this block; the last one needs no record if it is a single call."""
        self._in_last_step = is_last
        try:
            yield
        finally:
            self._in_last_step = False

    def keep(self) -> None:
        """Keep the log, because something is left."""
        self.is_kept = True

    def note_final(self) -> None:
        """Record that nothing will be undone any more."""
        self.write({"settled": True}, None)

    def finish(self) -> None:
        """Finish the plan: without temporary artifacts the log is deleted now."""
        self._open = {number: entry for number, entry in self._open.items() if entry.artifact.passing}
        if self.is_kept:
            return
        if self._open:
            self.write({"complete": True}, None)
        else:
            self.discard()

    def finish_waiting(self, host: Host) -> None:
        """End the run; temporary artifacts that still exist are left to a later run."""
        if not self.is_kept and not any(entry.artifact.is_there(host) for entry in self._open.values()):
            self.discard()

    def discard(self) -> None:
        """Delete the log, because nothing is left."""

    def let_go(self) -> None:
        """Close the file without changing it, so that another run can read it."""

    def write(self, line: dict[str, object], artifact: Artifact | None) -> None:
        """Write a line and flush it to the disk."""


class FileTrail(Trail):
    """The recovery log in the user's state directory; the file is created with the first artifact that may be left."""

    writes = True

    def __init__(self, tool: str, host: Host, warn: Callable[[str], None]) -> None:
        super().__init__()
        self._tool, self._uri, self._warn = tool, host.uri, warn
        self._guest = ""
        self._log: RunLog | None = None
        self._lost = False

    @property
    def is_written(self) -> bool:
        return self._log is not None

    def note_guest(self, guest: str) -> None:
        self._guest = guest

    def beat(self) -> None:
        if self._log is not None:
            try:
                os.utime(self._log.path)
            except OSError:
                return

    def write(self, line: dict[str, object], artifact: Artifact | None) -> None:
        if self._lost or self._log is None and (artifact is None or "begin" not in line):
            return
        if self._log is None and artifact is not None and artifact.is_one_call and self._in_last_step:
            return
        try:
            if self._log is None:
                self._log = self._create()
            self._log.append(line, sync="made" not in line and "gone" not in line)
        except ProvError as problem:
            self._lost = True
            self._warn(
                "cannot write the recovery log: if this run is killed, what it leaves must be removed by hand: "
                f"{problem.message}"
            )

    def _create(self) -> RunLog:
        from virtprov.actions.run.run_log import RunLog

        run = {"tool": self._tool, "uri": self._uri, "guest": self._guest, "time": int(time.time())}
        return RunLog.begin(KIND, FORM, **run, pid=os.getpid(), started=_process_start())

    def discard(self) -> None:
        if self._log is not None:
            self._log.remove()
            self._log = None

    def let_go(self) -> None:
        if self._log is not None:
            self._log.close()


def _process_start() -> int:
    """Return when this process started, in clock ticks since boot (proc(5), stat); 0 if unknown."""
    try:
        with open("/proc/self/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def for_host(tool: str, host: Host, warn: Callable[[str], None]) -> Trail:
    """Return the recovery log of a run on this host; without a file if everything created ends with the run."""
    if host.is_recorded or (host.driver == "test" and not host.is_remote):
        return Trail()
    return FileTrail(tool, host, warn)


@contextmanager
def making(trail: Trail, host: Host, artifact: Artifact) -> Iterator[Entry]:
    """Create an artifact in this block, which must clean up after a failure unless the host is unreachable."""
    entry = trail.begin(artifact)
    try:
        yield entry
    except BaseException as problem:
        unknown = isinstance(problem, HostError) and not host.is_alive
        if entry.stays or unknown or isinstance(problem, Abandoned):
            trail.keep()
        else:
            entry.note_removed()
        raise
    entry.note_created()


@contextmanager
def note_alone(host: Host, artifact: Artifact) -> Iterator[Entry]:
    """Record an artifact that exists only while this block runs, in a recovery log of its own.

    For undo, clean-up and planning, which have no log to write to.
    """
    trail = for_host("virtprov", host, lambda sentence: None)  # the run has warned already if logs cannot be written
    try:
        with making(trail, host, artifact) as entry:
            yield entry
    finally:
        if not trail.is_kept:
            trail.discard()


@contextmanager
def note_nothing(artifact: Artifact) -> Iterator[Entry]:
    """Record nothing."""
    yield Entry(Trail(), 0, artifact)
