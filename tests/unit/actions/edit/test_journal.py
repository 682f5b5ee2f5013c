"""The journal of a run: what is written before a change, and what is read from it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.edit import journal
from virtprov.actions.edit.journal import Entry, History
from virtprov.actions.run.artifacts.file_mode import ModeChange
from virtprov.actions.run.definition import digest
from virtprov.support.errors import ProvError
from virtprov.support.user_files import state

ONE = Entry("web", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01", "<a/>", "<b/>")
OTHER = Entry(
    "db", "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e02", None, "<c/>", (False, True), (ModeChange("/x", 0o644, 0o444),)
)


class Place(StandIn):
    is_recorded = False
    uri = "test:///default"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def begun(*entries: Entry) -> tuple[journal.Journal, list[int]]:
    host: Any = Place()
    book = journal.begin(host, None)
    places = [book.note(entry) for entry in entries]
    book.sync()
    return book, places


def the_run() -> History:
    (run,) = journal.runs()
    assert (run.uri, run.asked) == ("test:///default", "test:///default")
    return History(run)


def test_entries_are_read_as_they_were_noted() -> None:
    book, places = begun(ONE, OTHER)
    assert [book.entry(place) for place in places] == [
        entry._replace(place=place) for entry, place in zip((ONE, OTHER), places, strict=True)
    ]


def test_a_finished_run_knows_what_each_guest_was_left_with() -> None:
    book, places = begun(ONE, OTHER)
    book.note_stored(places[0], ONE.uuid, "<b/>")
    book.note_stored(places[1], OTHER.uuid, None)
    book.finish()
    history = the_run()
    assert [(past.name, past.left, past.open) for past in history.guests] == [
        ("web", digest("<b/>"), False),
        ("db", "", False),
    ]
    history.close()


def test_a_run_that_was_cut_off_is_open() -> None:
    book, _ = begun(ONE)
    book._log.close()
    history = the_run()
    assert [(past.name, past.open) for past in history.guests] == [("web", True)]
    history.close()


def test_a_run_that_still_runs_is_busy() -> None:
    book, _ = begun(ONE)
    (run,) = journal.runs()
    with pytest.raises(state.Busy):
        History(run)
    book.discard()


def test_what_was_struck_out_is_not_undone() -> None:
    book, places = begun(ONE, OTHER)
    book.strike(places[0])
    book.finish()
    history = the_run()
    assert [past.name for past in history.guests] == ["db"]
    history.close()


def test_an_undone_run_is_not_offered_again() -> None:
    book, places = begun(ONE, OTHER)
    book.finish()
    history = the_run()
    history.undone(places[:1])
    history.close()
    rest = the_run()
    assert [past.name for past in rest.guests] == ["db"]
    rest.undone(places[1:])
    rest.close()
    assert list(journal.runs()) == []


def test_only_the_last_runs_are_kept() -> None:
    for _ in range(journal.KEPT + 2):
        begun(ONE)[0].finish()
    assert len(list(journal.runs())) == journal.KEPT


def test_a_discarded_journal_and_a_passing_one_leave_no_file() -> None:
    begun(ONE)[0].discard()
    passing = journal.passing()
    place = passing.note(ONE)
    assert passing.entry(place) == ONE._replace(place=place)
    passing.finish()
    assert state.listing(journal.KIND) == []


def test_a_corrupt_journal_is_named() -> None:
    book, _ = begun(ONE)
    book._log.append({"guest": {"name": "web"}})
    book.finish()
    (run,) = journal.runs()
    with pytest.raises(ProvError, match="is corrupt, so the changes of that run cannot be undone") as caught:
        History(run)
    assert run.path in caught.value.message
