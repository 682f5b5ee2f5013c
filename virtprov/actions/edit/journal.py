"""What a run did to definitions, on the disk before it does it: the way back, even after a crash.

A journal is a file of the state directory: a first line that names the host and the time, then for each guest its
definition before and after, then what the host made of it, then that the run is over, or undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.definition import digest
from virtprov.support import state
from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from virtprov.actions.run.plan import Step, Undo, World
    from virtprov.host.connection import Host

KIND, FORM = "edit", 1
KEPT = 20
"""How many runs are kept."""


class Entry(Record):
    """A guest in a journal; `before` is None for one that the run defined anew.

    `left` tells the definition that the run left: None when it did not get so far. `autostart` is (before, after),
    None when the run does not change it. `place` is where the entry stands.
    """

    name: str
    uuid: str
    before: str | None
    after: str | None
    autostart: tuple[bool, bool] | None = None
    place: int = -1


class Journal:
    """The journal of one run. Several threads may write to it."""

    def __init__(self, lines: state.Lines, *, lasting: bool) -> None:
        from threading import Lock

        self._lines = lines
        self._lock = Lock()
        self.lasting = lasting

    def note(self, entry: Entry) -> int:
        """Write down what is about to be done to a guest; on the disk after the next `sync`."""
        with self._lock:
            return self._lines.append({"guest": entry._asdict()}, sync=False)

    def entry(self, place: int) -> Entry:
        """Read an entry back."""
        with self._lock:
            return _entry(place, self._lines.at(place)["guest"])

    def sync(self) -> None:
        """Have all that was noted on the disk."""
        with self._lock:
            self._lines.sync()

    def left(self, place: int, uuid: str, text: str | None) -> None:
        """Write down the definition that a guest has now; None when it is as it was."""
        with self._lock:
            self._lines.append({"left": place, "uuid": uuid, "as": text and digest(text)}, sync=False)

    def finish(self) -> None:
        """The run is over, and can be undone; older ones may be too many now."""
        if not self.lasting:
            self.discard()
            return
        with self._lock:
            self._lines.append({"done": True}, sync=self.lasting)
            self._lines.close()
        state.keep(KIND, KEPT)

    def blank(self) -> None:
        """All of it was undone, so nothing need be kept."""
        self.lasting = False

    def settle(self, back: bool) -> None:
        """The run is over: nothing is left of it when all is `back` as it was, else it can be undone."""
        self.discard() if back else self.finish()

    def discard(self) -> None:
        """Nothing was done, or all of it was undone."""
        with self._lock:
            self._lines.remove()


def begin(host: Host, asked: str | None, *, spill: bool = False) -> Journal | None:
    """The journal of a new run; `asked` is the URI as the user gave it.

    None for a recorded host, which forgets what is done to it; with `spill` a journal that is gone afterwards.
    Raises ProvError when the state directory cannot be written.
    """
    if host.is_recorded:
        return passing() if spill else None
    import time

    journal = Journal(state.Lines.create(KIND), lasting=True)
    journal._lines.append({"virtprov": FORM, "uri": host.uri, "asked": asked or host.uri, "time": int(time.time())})
    return journal


def passing() -> Journal:
    """A journal that is a temporary file: a place to put documents, no way back.

    Its name goes at once, so that a run that is killed leaves nothing of it.
    """
    from virtprov.support.files import private_file

    with private_file(suffix=".jsonl") as path:
        return Journal(state.Lines.open(path), lasting=False)


def _entry(place: int, facts: dict[str, Any]) -> Entry:
    start = facts.get("autostart")
    made = Entry(facts["name"], facts["uuid"], facts["before"], facts["after"], None, place)
    return made if start is None else made._replace(autostart=(bool(start[0]), bool(start[1])))


# -- a single guest ------------------------------------------------------------------------------


class Noted(Record):
    """A step that changes a guest's definition, with its journal: noted before, and what came of it after."""

    step: Step
    journal: Journal
    entry: Entry

    @property
    def label(self) -> str:
        return self.step.label

    def do(self, world: World) -> Undo | None:
        place = self.journal.note(self.entry)
        self.journal.sync()
        undo = self.step.do(world)
        info = world.host.guest(self.entry.uuid or self.entry.name)
        if info is not None:
            now = world.host.guest_xml(info.name, inactive=True, secure=True)
            self.journal.left(place, info.uuid, None if now == self.entry.before else now)
        return undo


def is_back(host: Host, entry: Entry) -> bool:
    """Whether a guest is as it was before."""
    from virtprov.host.failures import NotThere

    try:
        now = host.guest_xml(entry.uuid or entry.name, inactive=True, secure=True)
    except NotThere:
        return entry.before is None
    except ProvError:
        return False
    return now == entry.before


# -- runs that can be undone ---------------------------------------------------------------------


LATEST = 1 << 36
"""No journal is written after this second (in the year 4147): a time beyond is damage."""


class Run(Record):
    """A run of the past: where its journal is, and the host."""

    path: str
    uri: str
    asked: str
    time: int


def runs() -> Iterator[Run]:
    """Runs that are not undone yet, the last first. Raises ProvError when the state directory cannot be read."""
    for path in state.listing(KIND):
        head, last = state.first_line(path), state.last_line(path)
        if not isinstance(head, dict) or head.get("virtprov") != FORM:
            continue
        if isinstance(last, dict) and last.get("undone") is True:
            continue
        uri, asked, time = head.get("uri"), head.get("asked"), head.get("time")
        if isinstance(uri, str) and isinstance(asked, str) and isinstance(time, int) and 0 <= time < LATEST:
            yield Run(path, uri, asked, time)


class Past(Record):
    """A guest of a past run, without its documents. `left` is the mark of what the run left, "" where it is not known.

    `open` says that the run was cut off before it noted what came of this guest.
    """

    name: str
    uuid: str
    place: int
    left: str
    open: bool


class History:
    """A past run, opened to be undone. Raises state.Busy while it goes on, ProvError when its file is damaged."""

    def __init__(self, run: Run) -> None:
        self.run = run
        lines = state.Lines.open(run.path)
        self.journal = Journal(lines, lasting=True)
        try:
            self.guests = _guests(lines)
        except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as problem:
            lines.close()
            raise ProvError(
                f"'{run.path}' is damaged, so what that run changed cannot be put back",
                hint="read what definitions it holds, and remove it: then the run before it can be undone",
            ) from problem

    def undone(self, places: list[int]) -> None:
        """Write down which guests are as they were; the run is undone when none is left."""
        rest = {past.place for past in self.guests} - set(places)
        self.journal._lines.append({"undone": True if not rest else places})

    def close(self) -> None:
        """Let the journal go."""
        self.journal._lines.close()


def _guests(lines: state.Lines) -> list[Past]:
    """The guests of a run that are not as they were; raises what wrong types and missing keys raise."""
    found: dict[int, Past] = {}
    gone: set[int] = set()
    for place, line in lines:
        if "guest" in line:
            entry = _entry(place, line["guest"])
            found[place] = Past(entry.name, entry.uuid, place, "", True)
        elif "left" in line and line["left"] in found:
            uuid = line["uuid"] or found[line["left"]].uuid
            left = line["as"] or ""
            found[line["left"]] = found[line["left"]]._replace(uuid=uuid, left=left, open=False)
        elif "undone" in line:
            gone.update(line["undone"] if isinstance(line["undone"], list) else found)
    return [past for place, past in found.items() if place not in gone]
