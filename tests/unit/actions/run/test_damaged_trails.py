"""Files of runs that make no sense: named and passed over, and no command is kept from its work."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.edit import journal, undo
from virtprov.actions.run import leftovers, trail_reader
from virtprov.support.errors import ProvError

RUN = {"tool": "virtprov-install", "uri": "test:///default", "guest": "a", "at": 1700000000, "pid": 7, "started": 1}
THING = {"kind": "volume", "name": "v", "path": "/nowhere/v"}
DEEP = "[" * 50_000 + "]" * 50_000


def line(**words: Any) -> str:
    return json.dumps({"run": {**RUN, **words}}) + "\n"


BEGUN = json.dumps({"begin": THING, "n": 1}) + "\n"
DAMAGED = {
    "far future": line(at=10**18) + BEGUN,
    "beyond numbers": line(at=10**40) + BEGUN,
    "before all": line(at=-(10**18)) + BEGUN,
    "a word": line(at="soon") + BEGUN,
    "nothing": line(at=None) + BEGUN,
    "no process": line(pid={}) + BEGUN,
    "a list": "[1]\n" + BEGUN,
    "a number": "7\n",
    "no kind": line() + '{"begin": {"kind": "moon", "name": "a"}, "n": 1}\n',
    "a deep thing": line() + '{"begin": {"kind": "volume", "name": {}}, "n": 1}\n',
    "no number": line() + '{"begin": {"kind": "volume", "name": "v"}}\n',
    "a number that is none": line() + BEGUN + '{"gone": true, "n": []}\n',
    "only things": BEGUN,
    "of a newer version": json.dumps({"virtprov": {"form": 99}, "more": [1]}) + "\n" + BEGUN,
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "virtprov"
    folder.mkdir(mode=0o700)
    return folder


def put(folder: Path, kind: str, text: str) -> Path:
    path = folder / f"{kind}-{1:020d}-7.jsonl"
    path.touch(0o600)
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_trail_is_named_and_passed_over(text: str, home: Path) -> None:
    path = put(home, "run", text)
    damaged: list[str] = []
    assert list(trail_reader.read_ended_runs(damaged)) == [] and str(path) in damaged[0]
    assert str(path) in leftovers.notice() and path.exists()


def test_lines_that_are_no_lines_are_passed_over(home: Path) -> None:
    put(home, "run", line() + DEEP + "\n" + "9" * 6000 + "\n\xff\n" + BEGUN)
    ((run, lines),) = trail_reader.read_ended_runs([])
    assert len(run.left) == 1 and run.describe()
    lines.close()


def test_a_fifo_in_the_state_folder_is_not_waited_for(home: Path) -> None:
    os.mkfifo(home / f"run-{1:020d}-7.jsonl")
    assert list(trail_reader.read_ended_runs([])) == []


@pytest.mark.parametrize("time", [10**18, 10**40, -(10**18), "soon", None])
def test_a_journal_with_an_impossible_time_is_no_run(time: Any, home: Path) -> None:
    head = {"virtprov": journal.FORM, "uri": "test:///default", "asked": "test:///default", "time": time}
    put(home, "edit", json.dumps(head) + "\n")
    put(home, journal.KIND, json.dumps(head) + "\n")
    with pytest.raises(ProvError):
        undo.last("test:///default", [])
