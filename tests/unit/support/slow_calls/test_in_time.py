"""Answers in time: what is asked in a process of its own, how long it is waited for, and what is kept."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import forked as forks
from tests.forked import Forked
from virtprov.support.errors import ProvError
from virtprov.support.slow_calls import in_time

if TYPE_CHECKING:
    from virtprov.support.slow_calls.in_time import Ask, Question

PLACE, GUESTS = "qemu:///system", ("guests",)
PATIENT = 300.0
pytestmark = pytest.mark.filterwarnings(forks.IGNORE)


class Clock:
    """A clock that shows the given times, the last one again and again."""

    def __init__(self, *times: float) -> None:
        self.times = list(times)

    def __call__(self) -> float:
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "cache" / "virtprov"


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forked]:
    """Wait for the processes that a test has started."""
    forked = Forked(monkeypatch)
    yield forked
    forked.wait()


def patiently(number: int, seconds: float) -> bool:
    return in_time.readable(number, PATIENT)


def ask(call: Ask, question: Question = GUESTS) -> list[str]:
    """Ask without a limit."""
    return in_time.ask(PLACE, question, call, clock=Clock(0.0), ready=patiently, began=0.0)


def keep(texts: list[str], question: Question = GUESTS) -> None:
    number = os.open(os.devnull, os.O_WRONLY)
    in_time.answer(PLACE, question, lambda asked: texts, number)


def no_answer(question: Question) -> list[str]:
    """Fail, so that nothing is kept before a test looks."""
    raise ProvError("no answer")


def test_what_is_asked_is_answered() -> None:
    assert ask(lambda question: [*question, "web"]) == ["guests", "web"]


def test_no_more_than_the_limit_is_waited() -> None:
    keep(["web"])
    waited: list[float] = []

    def never(number: int, seconds: float) -> bool:
        waited.append(seconds)
        return False

    found = in_time.ask(PLACE, GUESTS, no_answer, clock=Clock(10.05), ready=never, began=10.0)
    assert found == ["web"]
    assert waited == [pytest.approx(0.25)]


def test_time_that_has_passed_before_counts() -> None:
    keep(["web"])

    def ready(number: int, seconds: float) -> bool:
        raise AssertionError("there is no time left")

    assert in_time.ask(PLACE, GUESTS, no_answer, clock=Clock(10.3), ready=ready, began=10.0) == ["web"]


@pytest.fixture
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process that asks keep no answer, which could be there before a test looks."""
    monkeypatch.setattr(in_time, "_keep", lambda place, question, texts: None)


@pytest.mark.usefixtures("nothing_is_kept")
def test_an_answer_that_comes_in_parts_has_no_longer() -> None:
    """The first part comes in time, the end does not."""
    waits = iter((True, False))
    clock = Clock(0.0, 0.2)

    def ready(number: int, seconds: float) -> bool:
        return next(waits) and in_time.readable(number, PATIENT)

    assert in_time.ask(PLACE, GUESTS, lambda _: ["web"], clock=clock, ready=ready, began=0.0) == []


@pytest.mark.usefixtures("nothing_is_kept")
def test_without_an_answer_and_with_nothing_kept_there_is_nothing() -> None:
    assert in_time.ask(PLACE, GUESTS, lambda _: ["web"], clock=Clock(1.0), ready=patiently, began=0.0) == []


def test_an_answer_that_comes_too_late_is_there_the_next_time(forked: Forked) -> None:
    reading, writing = os.pipe()

    def late(question: Question) -> list[str]:
        os.close(writing)
        os.read(reading, 1)
        return ["web"]

    assert in_time.ask(PLACE, GUESTS, late, clock=Clock(1.0), ready=patiently, began=0.0) == []
    os.close(writing)
    forked.wait()
    os.close(reading)
    assert in_time.kept(PLACE, GUESTS) == ["web"]


def test_a_host_that_fails_gives_what_is_kept() -> None:
    keep(["web"])

    def fail(question: Question) -> list[str]:
        raise ProvError("there is no such host")

    assert ask(fail) == ["web"]


def test_a_bug_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(question: Question) -> list[str]:
        os.write(1, b"said")
        os.write(2, b"written")
        raise RuntimeError

    assert ask(fail) == []
    assert capfd.readouterr() == ("", "")


def test_the_process_has_no_terminal_and_a_time_to_live(monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    monkeypatch.setenv("SSH_ASKPASS", "/bin/true")
    monkeypatch.setenv("DISPLAY", ":0")

    def look(question: Question) -> list[str]:
        files = [os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)]
        leader = str(os.getsid(0) == os.getpid())
        left = signal.alarm(0)
        return [
            *files,
            leader,
            str(0 < left <= in_time.LIFE),
            os.environ.get("SSH_ASKPASS", os.environ.get("DISPLAY", "")),
        ]

    assert ask(look) == ["/dev/null", "/dev/null", "/dev/null", "True", "True", ""]


def test_only_one_process_asks_a_place(forked: Forked) -> None:
    """The second one finds the first at work, and has what is kept at once."""
    keep(["old"])
    reading, writing = os.pipe()

    def slow(question: Question) -> list[str]:
        os.close(writing)
        os.read(reading, 1)
        return ["new"]

    told, tell = os.pipe()

    def slow_and_told(question: Question) -> list[str]:
        os.write(tell, b".")
        return slow(question)

    in_time.ask(PLACE, GUESTS, slow_and_told, clock=Clock(1.0), ready=patiently, began=0.0)
    os.read(told, 1)
    assert ask(lambda _: ["second"]) == ["old"]
    os.close(writing)
    forked.wait()
    for number in (reading, told, tell):
        os.close(number)


def test_answers_are_kept_apart() -> None:
    keep(["web"])
    keep(["vda"], ("devices", "web", "disk"))
    assert in_time.kept(PLACE, GUESTS) == ["web"]
    assert in_time.kept(PLACE, ("devices", "web", "disk")) == ["vda"]
    assert in_time.kept("test:///default", GUESTS) == []


def test_only_its_owner_can_read_what_is_kept(cache: Path) -> None:
    keep(["web"])
    (path,) = cache.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_latest_answers_are_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_time, "MOST_KEPT", 2)
    for name in ("a", "b", "a", "c"):
        keep([name], ("volumes", name))
    assert [in_time.kept(PLACE, ("volumes", name)) for name in "abc"] == [["a"], [], ["c"]]


def test_huge_answers_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_time, "MOST_TEXTS", 2)
    assert ask(lambda _: ["a", "b", "c"]) == ["a", "b"]


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", '{"guests": "web"}', '{"guests": [1]}', "[" * 100_000, '{"guests": null}', "\xff"]
)
def test_damaged_files_keep_nothing(cache: Path, damaged: str) -> None:
    keep(["web"])
    (path,) = cache.iterdir()
    path.write_bytes(damaged.encode("latin-1"))
    assert in_time.kept(PLACE, GUESTS) == []
    keep(["new"])
    assert json.loads(path.read_text()) == {"guests": ["new"]}


def test_without_processes_there_is_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(["web"])

    def fail() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", fail)
    before = len(os.listdir("/proc/self/fd"))
    assert ask(lambda _: []) == ["web"]
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_limits() -> None:
    """What a user waits for is 300 ms."""
    assert in_time.LIMIT == 0.3
    began = time.monotonic()
    reading, writing = os.pipe()
    assert not in_time.readable(reading, 0.01)
    assert time.monotonic() - began >= 0.01
    os.close(reading)
    os.close(writing)
