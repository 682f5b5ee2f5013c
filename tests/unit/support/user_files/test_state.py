"""The state directory, and files that grow line by line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from virtprov.support.errors import ProvError
from virtprov.support.user_files import state


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_directory_and_files_are_for_their_owner_alone(home: Path) -> None:
    lines = state.Lines.create("edit")
    assert stat.S_IMODE(os.stat(state.directory()).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(lines.path).st_mode) == 0o600
    assert Path(lines.path).parent == home / "state" / "virtprov"


def test_directory_ignores_a_relative_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "here")
    monkeypatch.setenv("HOME", str(home))
    assert state.directory() == str(home / ".local/state/virtprov")


def test_lines_are_read_back_by_place() -> None:
    lines = state.Lines.create("edit")
    places = [lines.append({"n": n, "text": "ä\n" * n}, sync=n == 2) for n in range(3)]
    assert [lines.at(place)["n"] for place in reversed(places)] == [2, 1, 0]
    assert [(place, line["n"]) for place, line in lines] == list(zip(places, range(3), strict=True))
    assert lines.append({"n": 3}) > places[-1]


def test_lines_leave_out_one_that_was_cut_off() -> None:
    lines = state.Lines.create("edit")
    lines.append({"n": 0})
    lines.close()
    with open(lines.path, "ab") as handle:
        handle.write(b'{"n": 1, "te')
    again = state.Lines.open(lines.path)
    assert [line["n"] for _, line in again] == [0]
    assert Path(lines.path).read_bytes().endswith(b'"te')  # reading leaves the file as it is
    again.append({"n": 2})
    assert [line["n"] for _, line in again] == [0, 2]
    again.close()
    assert state.first_line(lines.path) == {"n": 0} and state.last_line(lines.path) == {"n": 2}


def test_last_line_is_read_only_if_it_is_short() -> None:
    lines = state.Lines.create("edit")
    lines.append({"n": "x" * 5000})
    assert state.last_line(lines.path) is None
    lines.append({"n": 1})
    assert state.last_line(lines.path) == {"n": 1}
    assert state.first_line(lines.path + "-none") is None


def test_listing_has_the_newest_first() -> None:
    made = [state.Lines.create("edit").path for _ in range(5)]
    state.Lines.create("install")
    assert state.listing("edit") == made[::-1]


def test_lines_that_are_being_written_are_busy() -> None:
    lines = state.Lines.create("edit")
    code = "import sys\nfrom virtprov.support.user_files import state\ntry:\n    state.Lines.open(sys.argv[1])\n"
    code += "except state.Busy as error:\n    sys.exit(7)\n"
    root = Path(__file__).resolve().parents[4]
    words = [sys.executable, "-c", code, lines.path]
    assert subprocess.run(words, cwd=root, check=False).returncode == 7
    lines.close()
    assert subprocess.run(words, cwd=root, check=False).returncode == 0


def test_directory_that_cannot_be_made(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "file"))
    with pytest.raises(ProvError, match="cannot create the state directory '.*/file/virtprov': not a directory"):
        state.directory()


def test_lines_remove() -> None:
    lines = state.Lines.create("edit")
    lines.remove()
    state.remove(lines.path)
    assert state.listing("edit") == []


def test_lines_removed_before_they_are_locked_are_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    lock, lines = fcntl.flock, state.Lines.create("edit")
    lines.close()

    def too_late(number: int, how: int) -> None:
        os.unlink(lines.path)  # as --clean-up does with a file that has no line yet
        lock(number, how)

    monkeypatch.setattr(fcntl, "flock", too_late)
    with pytest.raises(state.Busy):
        state.Lines.open(lines.path)


def test_lines_are_added_whole_by_several_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    lines = state.Lines.create("edit")
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda n: lines.append({"n": n, "text": "x" * 5000}, sync=False), range(200)))
        read = list(pool.map(lambda place: lines.at(place)["n"], places))
    assert read == list(range(200)) and len(list(lines)) == 200
