"""Reading a file that still grows, begins anew, or is given up."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from virtprov.images.fetching.follow import PIECE, Restarted, Stopped, Tail, run


def test_a_reader_gets_all_as_it_comes(tmp_path: Path) -> None:
    path, found, seen = tmp_path / "file", [], threading.Event()
    data = os.urandom(PIECE * 2 + 100)
    with Tail() as tail:

        def read() -> None:
            for piece in tail.read(lambda done: seen.set() if done == PIECE else None):
                found.append(piece)

        reader = threading.Thread(target=read)
        reader.start()
        path.write_bytes(data[:PIECE])
        tail.begin(str(path), PIECE)
        assert seen.wait(30)
        path.write_bytes(data)
        tail.reach(len(data))
        path.rename(tmp_path / "other")
        tail.complete()
        reader.join(30)
    assert b"".join(found) == data


def test_what_is_behind_the_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    with Tail() as tail:
        tail.begin(str(path), 3)
        tail.complete()
        assert b"".join(tail.read()) == b"abc"


def test_a_file_that_begins_anew_restarts_its_readers(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old version")
    with Tail() as tail:
        tail.begin(str(path), 11)
        reader = tail.read()
        assert next(reader) == b"old version"
        tail.begin(str(path), 11)  # it goes on where it was
        path.write_bytes(b"new")
        tail.begin(str(path), 0)
        tail.reach(3)
        tail.complete()
        with pytest.raises(Restarted):
            next(reader)
        assert b"".join(tail.read()) == b"new"
        times: list[int] = []

        def work() -> None:
            times.append(1)
            if len(times) < 3:
                raise Restarted

        run(work)
        assert len(times) == 3


def test_readers_can_be_stopped(tmp_path: Path) -> None:
    with Tail() as tail:
        tail.stop()
        with pytest.raises(Stopped):
            next(tail.read())


def test_a_file_that_another_program_shortens(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"short")
    with Tail() as tail:
        tail.begin(str(path), 100)
        tail.complete()
        with pytest.raises(OSError, match="was shortened"):
            list(tail.read())


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with Tail() as tail, pytest.raises(OSError):
        tail.begin(str(tmp_path / "pipe"), 0)
