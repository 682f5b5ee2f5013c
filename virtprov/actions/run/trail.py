"""The trail of a run: a file that names, before each change of a host, what the change makes.

It is there for a run that comes to no orderly end: killed, or cut off from its host. An orderly one removes it. The
lines, each one object with one of these keys:

    run       who and when, first of all
    begin     what is about to be made, as `Thing.as_json`, with a number of its own (n)
    made      the same once it is there, with what it is known by
    gone      the number of a thing that is no more
    settled   all is made: from here on only what was put aside is removed
    complete  all is done, but for what passes: the seed that the guest still needs

A trail whose file nobody holds a lock on has lost its run. `leftovers` reads it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run import artifact
from virtprov.actions.run.artifact import Thing
from virtprov.support.errors import HostError, ProvError
from virtprov.support.waiting import Abandoned

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.support.state import Lines

KIND = "run"
_ONE_CALL = (artifact.DEFINITION, artifact.START)
"""What a single call of libvirt changes: as a run's last step it is done or not, and nothing is left over."""


class Entry:
    """A thing in the trail. `stays` while a failure would leave it behind."""

    __slots__ = ("number", "stays", "thing", "trail")

    def __init__(self, trail: Trail, number: int, thing: Thing) -> None:
        self.trail, self.number, self.thing = trail, number, thing
        self.stays = False

    def made(self) -> None:
        """It is there, and `thing` says what it is known by."""
        self.trail.made(self)

    def gone(self) -> None:
        """It is no more."""
        self.trail.gone(self.number)


Note = Callable[[Thing], AbstractContextManager[Entry]]


class Trail:
    """A run without a file: nothing that it does outlives it, or somebody else writes it down."""

    def __init__(self) -> None:
        self.stuck = False
        self.last_step = False
        self._open: dict[int, Thing] = {}
        self._count = 0
        self._lock = threading.RLock()  # several guests may be worked on at a time

    def begin(self, thing: Thing) -> Entry:
        """Note what is about to be made."""
        with self._lock:
            self._count += 1
            self._open[self._count] = thing
            self.write({"begin": thing.as_json(), "n": self._count}, thing)
            return Entry(self, self._count, thing)

    def made(self, entry: Entry) -> None:
        """Note that it is there, and what it is known by."""
        entry.thing = entry.thing._replace(made=True)
        with self._lock:
            if self._open.get(entry.number) not in (None, entry.thing):
                self._open[entry.number] = entry.thing
                self.write({"made": entry.thing.as_json(), "n": entry.number}, entry.thing)

    def gone(self, number: int) -> None:
        """Note that it is no more."""
        with self._lock:
            thing = self._open.pop(number, None)
            if thing is not None:
                self.write({"gone": True, "n": number}, thing)

    writes = False
    """Whether what the run makes may outlive it, so that a file tells of it."""

    @property
    def is_written(self) -> bool:
        """Whether a later run can read of this one."""
        return False

    def held(self, kind: str) -> list[Thing]:
        """The things of a kind that are there now."""
        return [thing for thing in self._open.values() if thing.kind == kind]

    def named(self, guest: str) -> None:
        """Note which guest the run is about."""

    def beat(self) -> None:
        """Show that the run is still at work, in the midst of a long step."""

    def settled(self) -> None:
        """Note that nothing is undone any more."""
        self.write({"settled": True}, None)

    def done(self) -> None:
        """The plan is done. What passes is waited for; without such things the trail ends here."""
        self._open = {number: thing for number, thing in self._open.items() if thing.passing}
        if self.stuck:
            return
        if self._open:
            self.write({"complete": True}, None)
        else:
            self.end()

    def passed(self, stands: Callable[[Thing], bool]) -> None:
        """The run is over; whatever of the passing things still stands is left to a later one."""
        if not self.stuck and not any(stands(thing) for thing in self._open.values()):
            self.end()

    def end(self) -> None:
        """Nothing is left over: the trail goes."""

    def write(self, line: dict[str, object], thing: Thing | None) -> None:
        """Have a line on the disk."""


class FileTrail(Trail):
    """The trail in the user's state directory; its file is made with the first thing that could be left over."""

    writes = True

    def __init__(self, tool: str, host: Host, warn: Callable[[str], None]) -> None:
        super().__init__()
        self._tool, self._uri, self._warn = tool, host.uri, warn
        self._guest = ""
        self._lines: Lines | None = None
        self._lost = False

    @property
    def is_written(self) -> bool:
        return self._lines is not None

    def named(self, guest: str) -> None:
        self._guest = guest

    def beat(self) -> None:
        if self._lines is not None:
            try:
                os.utime(self._lines.path)
            except OSError:
                return

    def write(self, line: dict[str, object], thing: Thing | None) -> None:
        if self._lost or self._lines is None and (thing is None or "begin" not in line):
            return
        if self._lines is None and thing is not None and thing.kind in _ONE_CALL and self.last_step:
            return
        try:
            if self._lines is None:
                self._lines = self._create()
            self._lines.append(line, sync="made" not in line and "gone" not in line)
        except ProvError as problem:
            self._lost = True
            self._warn(f"should this run be killed, nothing will tell what it leaves: {problem.message}")

    def _create(self) -> Lines:
        import time

        from virtprov.support import state

        for _ in range(3):
            try:
                lines = state.Lines.create(KIND)
                break
            except state.Busy:  # somebody looked at the new file just now
                continue
        else:
            lines = state.Lines.create(KIND)
        run = {"tool": self._tool, "uri": self._uri, "guest": self._guest, "at": int(time.time()), "pid": os.getpid()}
        lines.append({"run": {**run, "started": _started()}})
        return lines

    def end(self) -> None:
        if self._lines is not None:
            self._lines.remove()
            self._lines = None


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
def making(trail: Trail, host: Host, thing: Thing) -> Iterator[Entry]:
    """A block that makes the thing. One that fails has cleaned up after itself, unless its host is out of reach."""
    import time

    entry = trail.begin(thing._replace(born=round(time.time(), 3)))
    try:
        yield entry
    except BaseException as problem:
        unknown = isinstance(problem, HostError) and not host.is_alive
        if entry.stays or unknown or isinstance(problem, Abandoned):
            trail.stuck = True
        else:
            entry.gone()
        raise
    entry.made()


@contextmanager
def nothing_noted(thing: Thing) -> Iterator[Entry]:
    """A block of which nobody takes note."""
    yield Entry(Trail(), 0, thing)
