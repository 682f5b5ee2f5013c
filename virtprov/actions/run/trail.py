"""The trail of a run: a log that names, before each change of a host, what the change makes.

It is there for a run that comes to no orderly end: killed, or cut off from its host. An orderly one removes it. The
lines behind its head, which says who and when, each one object with one of these keys:

    begin     what is about to be made, as `Artifact.as_json`, with a number of its own (n), and when (at)
    made      the same once it is there, with what it is known by
    gone      the number of an artifact that is no more
    settled   all is made: from here on only what was put aside is removed
    complete  all is done, but for what passes: the seed that the guest still needs

A trail whose file nobody holds a lock on has lost its run. `trail_reader` reads it.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from virtprov.actions.run.artifact import Artifact, Evidence
from virtprov.support.errors import HostError, ProvError
from virtprov.support.waiting import Abandoned

if TYPE_CHECKING:
    from virtprov.actions.run.run_log import RunLog
    from virtprov.host.connection import Host

KIND, FORM = "run", 2
Kind = TypeVar("Kind", bound=Artifact)


class Entry:
    """An artifact in the trail, and whether it was noted as made. `began` is in seconds since 1970."""

    __slots__ = ("_trail", "artifact", "began", "is_made", "number", "stays")

    def __init__(self, trail: Trail, number: int, artifact: Artifact, began: float = 0.0) -> None:
        self._trail, self.number = trail, number
        self.artifact, self.began = artifact, began
        self.is_made = self.stays = False

    @property
    def evidence(self) -> Evidence:
        """What is known of the artifact besides what it is called."""
        return Evidence(self.is_made, self.began)

    def note_made(self, artifact: Artifact | None = None) -> None:
        """Note that it is there; `artifact` says what it is known by."""
        self._trail.note_made(self, self.artifact if artifact is None else artifact)

    def note_gone(self) -> None:
        """Note that it is no more."""
        self._trail.note_gone(self)

    @contextmanager
    def cleaning_up(self) -> Iterator[None]:
        """A block that removes what a failed step began; when it fails, the artifact stays in the trail."""
        self.stays = True
        yield
        self.stays = False


class Trail:
    """A run without a file: nothing that it does outlives it, or somebody else writes it down."""

    writes = False
    """Whether what the run makes may outlive it, so that a file tells of it."""

    def __init__(self) -> None:
        self.is_kept = False
        self._in_last_step = False
        self._open: dict[int, Entry] = {}
        self._count = 0
        self._lock = threading.RLock()  # several guests may be worked on at a time

    @property
    def is_written(self) -> bool:
        """Whether a later run can read of this one."""
        return False

    def begin(self, artifact: Artifact) -> Entry:
        """Note what is about to be made."""
        with self._lock:
            self._count += 1
            entry = Entry(self, self._count, artifact, round(time.time(), 3))
            self._open[entry.number] = entry
            self.write({"begin": artifact.as_json(), "n": entry.number, "at": entry.began}, artifact)
            return entry

    def note_made(self, entry: Entry, artifact: Artifact) -> None:
        """Note that it is there, and what it is known by."""
        with self._lock:
            is_news = not entry.is_made or artifact != entry.artifact
            entry.artifact, entry.is_made = artifact, True
            if is_news and entry.number in self._open:
                self.write({"made": artifact.as_json(), "n": entry.number, "at": entry.began}, artifact)

    def note_gone(self, entry: Entry) -> None:
        """Note that it is no more."""
        with self._lock:
            if self._open.pop(entry.number, None) is not None:
                self.write({"gone": True, "n": entry.number}, entry.artifact)

    def artifacts(self, kind: type[Kind]) -> list[Kind]:
        """The artifacts of a kind that are there now."""
        return [entry.artifact for entry in self._open.values() if isinstance(entry.artifact, kind)]

    def note_guest(self, guest: str) -> None:
        """Note which guest the run is about."""

    def beat(self) -> None:
        """Show that the run is still at work, in the midst of a long step."""

    @contextmanager
    def last_step(self, is_last: bool = True) -> Iterator[None]:
        """A block that does one step; what a single call makes in the last one is there or not, and needs no trail."""
        self._in_last_step = is_last
        try:
            yield
        finally:
            self._in_last_step = False

    def keep(self) -> None:
        """Something is left over: the trail outlives its run."""
        self.is_kept = True

    def note_settled(self) -> None:
        """Note that nothing is undone any more."""
        self.write({"settled": True}, None)

    def finish(self) -> None:
        """The plan is done. What passes is waited for; without such artifacts the trail ends here."""
        self._open = {number: entry for number, entry in self._open.items() if entry.artifact.passing}
        if self.is_kept:
            return
        if self._open:
            self.write({"complete": True}, None)
        else:
            self.discard()

    def finish_waiting(self, host: Host) -> None:
        """The run is over; whatever of the passing artifacts is still there is left to a later one."""
        if not self.is_kept and not any(entry.artifact.is_there(host) for entry in self._open.values()):
            self.discard()

    def discard(self) -> None:
        """Nothing is left over: the trail goes."""

    def write(self, line: dict[str, object], artifact: Artifact | None) -> None:
        """Have a line on the disk."""


class FileTrail(Trail):
    """The trail in the user's state directory; its file is made with the first artifact that could be left over."""

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
            self._warn(f"should this run be killed, nothing will tell what it leaves: {problem.message}")

    def _create(self) -> RunLog:
        from virtprov.actions.run.run_log import RunLog

        run = {"tool": self._tool, "uri": self._uri, "guest": self._guest, "time": int(time.time())}
        return RunLog.begin(KIND, FORM, **run, pid=os.getpid(), started=_started())

    def discard(self) -> None:
        if self._log is not None:
            self._log.remove()
            self._log = None

    def let_go(self) -> None:
        """Let the file go as it is."""
        if self._log is not None:
            self._log.close()


def _started() -> int:
    """When this process began, in the kernel's ticks since it booted (proc(5), stat); 0 where nobody says."""
    try:
        with open("/proc/self/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def for_host(tool: str, host: Host, warn: Callable[[str], None]) -> Trail:
    """The trail of a run on that host; one without a file where all that is made ends with the run."""
    if host.is_recorded or (host.driver == "test" and not host.is_remote):
        return Trail()
    return FileTrail(tool, host, warn)


@contextmanager
def making(trail: Trail, host: Host, artifact: Artifact) -> Iterator[Entry]:
    """A block that makes the artifact. One that fails has cleaned up after itself, unless its host is out of reach."""
    entry = trail.begin(artifact)
    try:
        yield entry
    except BaseException as problem:
        unknown = isinstance(problem, HostError) and not host.is_alive
        if entry.stays or unknown or isinstance(problem, Abandoned):
            trail.keep()
        else:
            entry.note_gone()
        raise
    entry.note_made()


@contextmanager
def note_nothing(artifact: Artifact) -> Iterator[Entry]:
    """A block of which nobody takes note."""
    yield Entry(Trail(), 0, artifact)
