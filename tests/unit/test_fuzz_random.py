"""The random search of tools/fuzz.py: the same inputs for the same seed; findings are saved and can be kept."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests import forked
from tools import fuzz_random

# A child that needs a lock of another thread would stand still, and be ended as any hang is.
pytestmark = pytest.mark.filterwarnings(forked.IGNORE)
SEEDS = (b"edit disk\ncache=none", b"edit memory\n512")


def change(data: bytes, luck: random.Random) -> bytes:
    """Insert a random byte."""
    place = luck.randrange(len(data) + 1)
    return data[:place] + bytes((luck.randrange(256),)) + data[place:]


@contextlib.contextmanager
def nothing_around() -> Iterator[None]:
    yield


def search(folder: Path, run: Callable[[bytes], int], *, count: int = 0, seconds: float = 0, seed: str = "one") -> int:
    target = fuzz_random.Target("options", run, lambda: SEEDS, change, nothing_around)
    return fuzz_random.fuzz([target], seed, seconds, count, str(folder))


def fails_on_high_bytes(data: bytes) -> int:
    if max(data) > 127:
        raise ValueError("too high")
    return 0


def restored(printed: str, folder: Path) -> Path:
    """The file that the printed command makes."""
    command = next(line for line in printed.splitlines() if "python3 -c" in line)
    (folder / "tests/data/fuzz/options").mkdir(parents=True)
    subprocess.run(["sh", "-c", command], cwd=folder, check=True)
    (path,) = (folder / "tests/data/fuzz/options").iterdir()
    return path


def test_a_finding_is_made_smaller_and_can_be_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(tmp_path, fails_on_high_bytes, count=200) == 1
    printed = capfd.readouterr().out
    assert printed.count("FINDING options: ValueError tests/unit/test_fuzz_random.py:") == 1
    assert "options: 200 inputs in" in printed and "1 findings" in printed
    data = restored(printed, tmp_path).read_bytes()
    assert len(data) == 1 and data[0] > 127
    assert [path.read_bytes() for path in tmp_path.glob("options-*")] == [data]


def test_no_finding(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(tmp_path, lambda data: 2, count=50) == 0
    assert "options: 50 inputs in" in capfd.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_an_unexpected_exit_code_is_a_finding(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert search(tmp_path, lambda data: 7, count=5) == 1
    assert "FINDING options: exit code 7" in capfd.readouterr().out


def test_a_crash_is_a_finding(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def crash(data: bytes) -> int:
        if max(data) > 127:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    assert search(tmp_path, crash, count=200) == 1
    printed = capfd.readouterr().out
    assert "FINDING options: crash: the process ended with -9" in printed
    assert max(restored(printed, tmp_path).read_bytes()) > 127


def test_a_hang_is_a_finding(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(data: bytes) -> int:
        while max(data) > 127:
            pass
        return 0

    monkeypatch.setattr(fuzz_random, "HANG", 3)
    assert search(tmp_path, hang, count=200) == 1
    printed = capfd.readouterr()
    assert "FINDING options: hang: aborted, or more than 3 s for one input" in printed.out and "in hang" in printed.err
    assert max(restored(printed.out, tmp_path).read_bytes()) > 127


def inputs(folder: Path, seed: str) -> Sequence[bytes]:
    """All inputs of a search."""
    log = folder / f"{seed}.log"

    def note(data: bytes) -> int:
        with log.open("ab") as stream:
            stream.write(data.hex().encode() + b"\n")
        return data[0] % 2

    assert search(folder, note, count=60, seed=seed) == 0
    lines = log.read_bytes().splitlines()
    log.unlink()
    return lines


def test_the_same_seed_gives_the_same_inputs(tmp_path: Path) -> None:
    first = inputs(tmp_path, "one")
    assert len(first) == 60
    assert inputs(tmp_path, "one") == first
    assert inputs(tmp_path, "two") != first


def test_the_time_is_shared(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    names = ("first", "second")
    targets = [fuzz_random.Target(name, lambda data: 0, lambda: SEEDS, change, nothing_around) for name in names]
    assert fuzz_random.fuzz(targets, "one", 0.2, 0, str(tmp_path)) == 0
    printed = capfd.readouterr().out
    assert [line.partition(":")[0] for line in printed.splitlines()] == ["first", "second"]
    assert " 0 inputs" not in printed


def test_each_target_is_tried_even_if_no_time_is_left(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    targets = [fuzz_random.Target("late", lambda data: 0, lambda: SEEDS, change, nothing_around)]
    assert fuzz_random.fuzz(targets, "one", 0, 0, str(tmp_path)) == 0
    assert capfd.readouterr().out.startswith("late: 1 inputs in ")
