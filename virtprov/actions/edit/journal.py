"""What a run did to definitions, on the disk before it does it: the way back, even after a crash.

A journal is a file of the state directory: a first line that names the host and the time, then for each guest its
definition before and after, then what the host made of it, then that the run is over, or undone. A guest that was
planned anew is struck out, as one that was put back is, and stands there a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.definition import digest
from virtprov.actions.run.run_log import RunLog, newer
from virtprov.support import state
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

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

    def __init__(self, log: RunLog, *, lasting: bool) -> None:
        self._log = log
        self.lasting = lasting

    def note(self, entry: Entry) -> int:
        """Write down what is about to be done to a guest; on the disk after the next `sync`."""
        return self._log.append({"guest": entry._asdict()}, sync=False)

    def entry(self, place: int) -> Entry:
        """Read an entry back."""
        return _entry(place, self._log.at(place)["guest"])

    def sync(self) -> None:
        """Have all that was noted on the disk."""
        self._log.sync()

    def left(self, place: int, uuid: str, text: str | None) -> None:
        """Write down the definition that a guest has now; None when it is as it was."""
        self._log.append({"left": place, "uuid": uuid, "as": text and digest(text)}, sync=False)

    def strike(self, place: int) -> None:
        """What was noted of a guest is not done after all."""
        self._log.append({"undone": [place]}, sync=False)

    def finish(self) -> None:
        """The run is over, and can be undone; older ones may be too many now."""
        if not self.lasting:
            self.discard()
            return
        self._log.append({"done": True})
        self._log.close()
        for path in state.listing(KIND)[KEPT:]:
            if not newer(path, state.first_line(path), FORM):
                state.remove(path)

    def discard(self) -> None:
        """Nothing was done, or all of it was undone."""
        self._log.remove()


def begin(host: Host, asked: str | None) -> Journal:
    """The journal of a new run; `asked` is the URI as the user gave it.

    For a recorded host, which forgets what is done to it, one that is gone afterwards. Raises ProvError when the state
    directory cannot be written.
    """
    if host.is_recorded:
        return passing()
    import time

    log = RunLog.begin(KIND, FORM, uri=host.uri, asked=asked or host.uri, time=int(time.time()))
    return Journal(log, lasting=True)


def passing() -> Journal:
    """A journal that is a temporary file: a place to put documents, no way back.

    Its name goes at once, so that a run that is killed leaves nothing of it.
    """
    from virtprov.support.files import private_file

    with private_file(suffix=".jsonl") as path:
        return Journal(RunLog.open(path), lasting=False)


def _entry(place: int, facts: dict[str, Any]) -> Entry:
    start = facts.get("autostart")
    made = Entry(facts["name"], facts["uuid"], facts["before"], facts["after"], None, place)
    return made if start is None else made._replace(autostart=(bool(start[0]), bool(start[1])))


# -- runs that can be undone ---------------------------------------------------------------------


LATEST = 1 << 36
"""No journal is written after this second (in the year 4147): a time beyond is damage."""


class Run(Record):
    """A run of the past: where its journal is, and the host."""

    path: str
    uri: str
    asked: str
    time: int


def runs(warn: Callable[[str], None] = lambda sentence: None) -> Iterator[Run]:
    """Runs that are not undone yet, the last first. Raises ProvError when the state directory cannot be read.

    `warn` hears of files that a newer release wrote: they are left alone.
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
        log = RunLog.reopen(run.path, FORM)
        self.journal = Journal(log, lasting=True)
        with log.reading(
            f"'{run.path}' is damaged, so what that run changed cannot be put back",
            hint="read what definitions it holds, and remove it: then the run before it can be undone",
        ):
            self.guests = _guests(log)

    def undone(self, places: list[int]) -> None:
        """Write down which guests are as they were; the run is undone when none is left."""
        rest = {past.place for past in self.guests} - set(places)
        self.journal._log.append({"undone": True if not rest else places})

    def close(self) -> None:
        """Let the journal go."""
        self.journal._log.close()


def _guests(log: RunLog) -> list[Past]:
    """The guests of a run that are not as they were; raises what wrong types and missing keys raise."""
    found: dict[int, Past] = {}
    gone: set[int] = set()
    for place, line in log:
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
