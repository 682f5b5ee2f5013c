"""The log of a run: its head, its form, and what cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtprov.actions.run.run_log import RunLog, Unreadable, newer
from virtprov.support.errors import ProvError
from virtprov.support.user_files import state


def test_run_log_begins_with_its_head(home: Path) -> None:
    log = RunLog.begin("run", 2, tool="t")
    place = log.append({"n": 1})
    assert log.head == {"virtprov": 2, "tool": "t"} and log.at(place) == {"n": 1}
    assert [line for _, line in log] == [log.head, {"n": 1}]
    log.close()
    again = RunLog.reopen(log.path, 2)
    assert again.head == log.head
    again.remove()
    assert os.listdir(home) == []


def test_run_log_that_is_written_is_busy() -> None:
    log = RunLog.begin("run", 2)
    with pytest.raises(state.Busy):
        RunLog.reopen(log.path, 2)
    log.close()


def test_run_log_of_a_newer_form_is_unreadable() -> None:
    log = RunLog.begin("run", 3)
    log.close()
    with pytest.raises(Unreadable, match="was written by a newer release of virtprov, so it is ignored"):
        RunLog.reopen(log.path, 2)
    RunLog.reopen(log.path, 3).close()


@pytest.mark.parametrize(("text", "head"), [("", None), ('{"cut', None), ("[5]\n", [5])])
def test_run_log_without_a_head_is_opened_all_the_same(home: Path, text: str, head: object) -> None:
    home.mkdir(parents=True)
    (home / "run-1-1.jsonl").write_text(text)
    log = RunLog.reopen(str(home / "run-1-1.jsonl"), 2)
    assert log.head == head
    log.close()
    assert (home / "run-1-1.jsonl").read_text() == text


def test_run_log_is_begun_anew_when_somebody_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    create, busy = RunLog.create, [True, True]

    def looked_at(kind: str) -> RunLog:
        if busy:
            busy.pop()
            raise state.Busy("somebody looks at it")
        return create(kind)

    monkeypatch.setattr(RunLog, "create", looked_at)
    RunLog.begin("run", 2).remove()
    assert busy == []
    busy += [True] * 3
    with pytest.raises(state.Busy):
        RunLog.begin("run", 2)


@pytest.mark.parametrize("error", [AttributeError, KeyError, TypeError, ValueError])
def test_run_log_whose_lines_make_no_sense_is_damaged(error: type[Exception]) -> None:
    log = RunLog.begin("run", 2)
    with pytest.raises(Unreadable, match="it is damaged") as caught, log.reading("it is damaged"):
        raise error
    assert isinstance(caught.value, ProvError)
    RunLog.reopen(log.path, 2).remove()  # it was let go


@pytest.mark.parametrize(("head", "is_newer"), [({"virtprov": 3}, True), ({"virtprov": 2}, False), ([3], False)])
def test_newer_names_the_file(head: object, is_newer: bool) -> None:
    assert ("'/a' was written by a newer release of virtprov, so it is ignored" in newer("/a", head, 2)) is is_newer
