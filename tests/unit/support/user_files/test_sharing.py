"""Folders that several runs use: held by many, claimed by one that nobody disturbs."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from virtprov.support.user_files import sharing


def test_a_folder_that_another_run_holds(tmp_path: Path) -> None:
    folder = str(tmp_path)
    number = os.open(folder, os.O_RDONLY)
    fcntl.flock(number, fcntl.LOCK_SH)
    with sharing.claim(folder) as is_free:
        assert not is_free
    os.close(number)
    with sharing.claim(folder) as is_free:
        assert is_free and sharing.is_shared(folder)
    assert not sharing.is_shared(folder)


def test_a_missing_folder(tmp_path: Path) -> None:
    with sharing.claim(str(tmp_path / "none")) as is_free:
        assert is_free
    assert not sharing.is_shared(str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        sharing.hold(str(tmp_path / "none"))


def test_a_folder_that_is_removed_while_it_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    flock = fcntl.flock

    def late(number: int, how: int) -> None:
        folder.rmdir()
        folder.mkdir()
        (tmp_path / "other").mkdir()
        flock(number, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(FileNotFoundError):
        sharing.hold(str(folder))
    monkeypatch.undo()
    assert not sharing.is_shared(str(folder))


@pytest.mark.parametrize(("removals", "is_held"), [(0, True), (2, True), (3, False)])
def test_a_folder_that_another_run_removes_when_it_was_just_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removals: int, is_held: bool
) -> None:
    folder, left = tmp_path / "folder", list(range(removals))
    flock = fcntl.flock

    def removed(number: int, how: int) -> None:
        if left:
            left.pop()
            folder.rmdir()
        flock(number, how)

    monkeypatch.setattr(fcntl, "flock", removed)
    if is_held:
        sharing.make_and_hold(str(folder))
        assert folder.stat().st_mode & 0o777 == 0o700
        monkeypatch.undo()
        other = os.open(folder, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
    else:
        with pytest.raises(FileNotFoundError):
            sharing.make_and_hold(str(folder))
    sharing.is_shared(str(folder))
