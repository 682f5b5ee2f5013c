"""The journal of a run: changes of definitions, written to disk before they are made, so that they can be undone.

A journal is a file in the state directory. Its first line has the host and the time. Then come, for each guest, the
definition before and after, later the one that the host stored, and finally whether the run has finished or was undone.
If a guest is planned again, its old entry is struck out and a new one is added; entries of undone guests are struck
out, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.file_mode import ModeChange
from virtprov.actions.run.definition import digest
from virtprov.actions.run.run_log import RunLog, newer
from virtprov.support.frozen import Record
from virtprov.support.user_files import state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from virtprov.host.connection import Host

KIND, FORM = "edit", 1
KEPT = 20
"""How many runs are kept."""


class Entry(Record):
    """A guest in a journal; `before` is None if the run created it.

    `left` is the definition after the run, None if the run did not get that far. `autostart` is (before, after), None
    if the run does not change it. `modes` are the changes of permissions of disks. `place` is the position of the entry
    in the file.
    """

    name: str
    uuid: str
    before: str | None
    after: str | None
    autostart: tuple[bool, bool] | None = None
    modes: tuple[ModeChange, ...] = ()
    place: int = -1


class Journal:
    """The journal of one run. Thread-safe."""

    def __init__(self, log: RunLog, *, lasting: bool) -> None:
        self._log = log
        self.lasting = lasting

    def note(self, entry: Entry) -> int:
        """Record a change before it is made; it is on disk after the next `sync`."""
        facts = {**entry._asdict(), "modes": [list(change) for change in entry.modes]}
        return self._log.append({"guest": facts}, sync=False)

    def entry(self, place: int) -> Entry:
        """Read an entry."""
        return _entry(place, self._log.at(place)["guest"])

    def sync(self) -> None:
        """Flush all records to the disk."""
        self._log.sync()

    def note_stored(self, place: int, uuid: str, text: str | None) -> None:
        """Record the current definition of a guest; None if it has not changed."""
        self._log.append({"left": place, "uuid": uuid, "as": text and digest(text)}, sync=False)

    def strike(self, place: int) -> None:
        """Record that a planned change is not made after all."""
        self._log.append({"undone": [place]}, sync=False)

    def finish(self) -> None:
        """Mark the run as finished, so that it can be undone, and delete the oldest journals."""
        if not self.lasting:
            self.discard()
            return
        self._log.append({"done": True})
        self._log.close()
        for path in state.listing(KIND)[KEPT:]:
            if not newer(path, state.first_line(path), FORM):
                state.remove(path)

    def discard(self) -> None:
        """Delete the journal: nothing was done, or everything was undone."""
        self._log.remove()


def begin(host: Host, asked: str | None) -> Journal:
    """Create the journal of a new run; `asked` is the URI given by the user.

    The journal of a recorded host, which does not keep changes, is temporary. Raises ProvError if the state directory
    cannot be written.
    """
    if host.is_recorded:
        return passing()
    import time

    log = RunLog.begin(KIND, FORM, uri=host.uri, asked=asked or host.uri, time=int(time.time()))
    return Journal(log, lasting=True)


def passing() -> Journal:
    """Create a journal in a temporary file, which stores documents but cannot be undone.

    The file is unlinked at once, so nothing remains if the run is killed.
    """
    from virtprov.support.file_access.files import private_file

    with private_file(suffix=".jsonl") as path:
        return Journal(RunLog.open(path), lasting=False)


def _entry(place: int, facts: dict[str, Any]) -> Entry:
    start = facts.get("autostart")
    modes = tuple(ModeChange(str(path), int(before), int(after)) for path, before, after in facts.get("modes", ()))
    entry = Entry(facts["name"], facts["uuid"], facts["before"], facts["after"], None, modes, place)
    return entry if start is None else entry._replace(autostart=(bool(start[0]), bool(start[1])))


# -- runs that can be undone ---------------------------------------------------------------------


LATEST = 1 << 36
"""Journals are never dated later than this second (in the year 4147): later times mean that the file is corrupt."""


class Run(Record):
    """A past run: the path of its journal, and its host."""

    path: str
    uri: str
    asked: str
    time: int


def runs(warn: Callable[[str], None] = lambda sentence: None) -> Iterator[Run]:
    """Return the runs that can be undone, the latest first. Raises ProvError if the state directory cannot be read.

    `warn` is called for files of a newer release, which are ignored.
    """
    for path in state.listing(KIND):
        head, last = state.first_line(path), state.last_line(path)
        if sentence := newer(path, head, FORM):
            warn(sentence)
        if not isinstance(head, dict) or head.get("virtprov") != FORM:
            continue
        if isinstance(last, dict) and last.get("undone") is True:
            continue
        uri, asked, time = head.get("uri"), head.get("asked"), head.get("time")
        if isinstance(uri, str) and isinstance(asked, str) and isinstance(time, int) and 0 <= time < LATEST:
            yield Run(path, uri, asked, time)


class Past(Record):
    """A guest of a past run, without its XML. `left` is the digest of the definition after the run, "" if unknown.

    `open` means that the run was interrupted before it recorded the result for this guest.
    """

    name: str
    uuid: str
    place: int
    left: str
    open: bool


class History:
    """A past run, opened for undoing. Raises state.Busy while it still runs, ProvError if its file is corrupt."""

    def __init__(self, run: Run) -> None:
        self.run = run
        log = RunLog.reopen(run.path, FORM)
        self.journal = Journal(log, lasting=True)
        with log.reading(
            f"'{run.path}' is corrupt, so the changes of that run cannot be undone",
            hint="check the definitions in this file, then delete it: after that, the run before it can be undone",
        ):
            self.guests = _guests(log)

    def undone(self, places: list[int]) -> None:
        """Record which guests are restored; the run counts as undone when none is left."""
        rest = {past.place for past in self.guests} - set(places)
        self.journal._log.append({"undone": True if not rest else places})

    def close(self) -> None:
        """Close the journal."""
        self.journal._log.close()


def _guests(log: RunLog) -> list[Past]:
    """Return the guests of a run that are not restored yet; wrong types and missing keys raise their usual errors."""
    guests: dict[int, Past] = {}
    gone: set[int] = set()
    for place, line in log:
        if "guest" in line:
            entry = _entry(place, line["guest"])
            guests[place] = Past(entry.name, entry.uuid, place, "", True)
        elif "left" in line and line["left"] in guests:
            uuid = line["uuid"] or guests[line["left"]].uuid
            left = line["as"] or ""
            guests[line["left"]] = guests[line["left"]]._replace(uuid=uuid, left=left, open=False)
        elif "undone" in line:
            gone.update(line["undone"] if isinstance(line["undone"], list) else guests)
    return [past for place, past in guests.items() if place not in gone]
