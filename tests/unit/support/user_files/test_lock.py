"""Locks between processes: held by one at a time, gone with it, and waited for no longer than one wants."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from virtprov.support.errors import ProvError
from virtprov.support.user_files import lock

ROOT = Path(__file__).resolve().parents[4]
HOLD = """
import sys
from virtprov.support.user_files import lock
with lock.take("web", "changing 'web'", print):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "virtprov"


@pytest.fixture
def holder(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it gets a line, or is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def take() -> AbstractContextManager[None]:
    return lock.take("web", "changing 'web'", lambda sentence: None)


def test_a_lock_is_a_private_file_that_goes_again(home: Path) -> None:
    with take():
        (name,) = os.listdir(home)
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert "web" not in name
    assert os.listdir(home) == []


def test_two_processes_exclude_one_another(holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(lock, "WAIT_SECONDS", 0)
        with pytest.raises(ProvError, match="another run of virtprov has been changing 'web' for more than 0 seconds"):
            take()
        with lock.take("another", "changing it", print):
            pass
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    with take():
        pass


def test_a_killed_process_holds_nothing(holder: subprocess.Popen[str], home: Path) -> None:
    holder.kill()
    holder.wait()
    assert len(os.listdir(home)) == 1
    with take():
        pass
    assert os.listdir(home) == []


def test_the_user_hears_of_waiting_once_and_may_stop(
    holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "SAY_AFTER", 0)
    monkeypatch.setattr(lock, "PAUSE", 0)
    said: list[str] = []
    tries = 0

    def stop() -> None:
        nonlocal tries
        tries += 1
        if tries == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lock.take("web", "changing 'web'", said.append, stop)
    assert said == ["waiting for another run of virtprov, which is changing 'web'"]


def test_many_threads_are_in_it_one_by_one() -> None:
    inside = 0
    most = []

    def work() -> None:
        nonlocal inside
        with take():
            inside += 1
            most.append(inside)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_without_a_state_directory_the_run_goes_on(home: Path) -> None:
    home.touch()
    with take(), take():
        assert home.is_file()


def test_a_file_that_cannot_be_made_holds_nobody_up(home: Path) -> None:
    Path(lock._path("web")).mkdir()
    with take(), take():
        assert len(os.listdir(home)) == 1


def test_the_holder_is_named_and_waited_for_as_long_as_wanted(holder: subprocess.Popen[str]) -> None:
    with pytest.raises(ProvError, match="another virtprov-install has been fetching 'x' for more than 0 seconds"):
        lock.take("web", "fetching 'x'", print, who="virtprov-install", patience=0.0)
