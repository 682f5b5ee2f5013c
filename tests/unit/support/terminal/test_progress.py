"""Progress: only what takes longer than a second is worth a word."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable

import pytest

from virtprov.support.terminal import progress

MIB = 1024**2


class Time:
    """A clock and timers that move when told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waiting: list[Timer] = []

    def __call__(self) -> float:
        return self.now

    def alarm(self, seconds: float, call: Callable[[], None]) -> Timer:
        return Timer(self, seconds, call)

    def move(self, seconds: float) -> None:
        self.now += seconds
        for timer in list(self.waiting):
            if timer.due <= self.now:
                self.waiting.remove(timer)
                timer.call()


class Timer:
    def __init__(self, time: Time, seconds: float, call: Callable[[], None]) -> None:
        self.time, self.seconds, self.call, self.due = time, seconds, call, 0.0

    def start(self) -> None:
        self.due = self.time.now + self.seconds
        self.time.waiting.append(self)

    def cancel(self) -> None:
        if self in self.time.waiting:
            self.time.waiting.remove(self)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_said_about_what_is_quick() -> None:
    for kind in (progress.Lines, progress.Bar):
        time, out = Time(), io.StringIO()
        with kind(out, time, time.alarm).task("Copying") as task:
            task.update(1, 2)
            time.move(0.9)
            task.update(2, 2)
        time.move(10)
        assert out.getvalue() == ""
        assert time.waiting == []


def test_lines_every_ten_seconds() -> None:
    time, out = Time(), io.StringIO()
    with progress.Lines(out, time, time.alarm).task("Copying a") as task:
        for second in range(1, 25):
            task.update(second * MIB, 100 * MIB)
            time.move(1)
    assert out.getvalue().splitlines() == [
        "Copying a: 1 MiB of 100 MiB",
        "Copying a: 12 MiB of 100 MiB, 1 MiB/s, 1 min 28 s left",
        "Copying a: 22 MiB of 100 MiB, 1 MiB/s, 1 min 18 s left",
        "Copying a: done, 24 MiB in 24 s",
    ]


def test_the_speed_is_that_of_now_and_of_this_run() -> None:
    time, out = Time(), io.StringIO()
    with progress.Lines(out, time, time.alarm).task("Downloading a") as task:
        task.update(900 * MIB, 1000 * MIB)  # an earlier run has downloaded these
        for second in range(1, 12):
            time.move(1)
            task.update((900 + 4 * second) * MIB, 1000 * MIB)
        for second in range(1, 11):
            time.move(1)
            task.update((944 + second) * MIB, 1000 * MIB)
        time.move(1)
        task.update(MIB, 1000 * MIB)  # the server has another file by now
        time.move(9)
        task.update(10 * MIB, 1000 * MIB)
    assert [line.partition(", ")[2] for line in out.getvalue().splitlines()[1:]] == [
        "4 MiB/s, 14 s left",
        "1 MiB/s, 46 s left",
        "1 MiB/s, 16 min 30 s left",
        "10 MiB in 31 s",
    ]


def test_a_task_that_never_reports_still_gets_a_line() -> None:
    time, out = Time(), io.StringIO()
    with progress.Lines(out, time, time.alarm).task("Starting"):
        time.move(1.5)
    assert out.getvalue() == "Starting ...\nStarting: done, in 2 s\n"


def test_a_failed_task_is_not_done() -> None:
    time, out = Time(), io.StringIO()
    with pytest.raises(KeyError), progress.Lines(out, time, time.alarm).task("Starting"):
        time.move(2)
        raise KeyError
    assert out.getvalue() == "Starting ...\n"


def test_a_bar_draws_over_itself_and_goes() -> None:
    time, out = Time(), Terminal()
    with progress.Bar(out, time, time.alarm).task("Copying") as task:
        time.move(2)
        task.update(25 * MIB, 100 * MIB)
        task.update(26 * MIB, 100 * MIB)
        time.move(0.2)
        task.update(50 * MIB, 100 * MIB)
    drawn = out.getvalue().split("\r")
    assert "25%" not in drawn[1]
    assert drawn[-1] == "\x1b[K"
    assert any("50% [" in text and "50 MiB of 100 MiB, 22.7 MiB/s" in text for text in drawn)
    assert not any("26 MiB" in text for text in drawn)
    assert "\n" not in out.getvalue()


def test_a_bar_of_a_task_that_never_reports_shows_the_time() -> None:
    time, out = Time(), Terminal()
    with progress.Bar(out, time, time.alarm).task("Starting"):
        for _ in range(3):
            time.move(1)
    time.move(10)
    drawn = [text for text in out.getvalue().split("\r") if text]
    assert drawn == ["Starting ... 1 s\x1b[K", "Starting ... 2 s\x1b[K", "Starting ... 3 s\x1b[K", "\x1b[K"]
    assert time.waiting == []


def test_the_real_timer_speaks() -> None:
    class Loud(io.StringIO):
        def flush(self) -> None:
            spoken.set()

    spoken, out = threading.Event(), Loud()
    lines = progress.Lines(out, alarm=lambda seconds, call: progress._timer(0.0, call))
    with lines.task("Starting"):
        assert spoken.wait(60)
    assert out.getvalue().startswith("Starting ...\n")


@pytest.mark.parametrize("width", [20, 40, 79, 200])
def test_a_bar_never_wraps(width: int) -> None:
    time = Time()
    task = progress.Bar(Terminal(), time, time.alarm).task("A rather long label of a task")
    assert isinstance(task, progress._BarTask)
    time.move(5)
    for done, total in ((0, 0), (7 * MIB, 0), (7 * MIB, 9 * MIB), (9 * MIB, 9 * MIB), (10 * MIB, 9 * MIB)):
        task.update(done, total)
        assert len(task.line(width)) <= width


def test_which_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(progress.make(Terminal()), progress.Bar)
    assert isinstance(progress.make(io.StringIO()), progress.Lines)
    assert type(progress.make(Terminal(), quiet=True)) is progress.Progress
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(progress.make(Terminal()), progress.Lines)


def test_silence() -> None:
    with progress.Progress().task("x") as task:
        task.update(1, 2)


@pytest.mark.parametrize("width", range(60, 201, 7))
@pytest.mark.parametrize(
    "label", ["Copying a", "Uploading debian-12-generic-amd64-20240702-1796.qcow2 to volume web.qcow2"]
)
def test_a_line_fits_the_terminal(width: int, label: str) -> None:
    time, out = Time(), Terminal()
    with progress.Bar(out, time, time.alarm).task(label) as task:
        time.move(10)
        task.update(1200 * MIB, 5000 * MIB)
        line = task.line(width)  # type: ignore[attr-defined]
        assert len(line) <= width and " 24% " in line
        assert "1.2 GiB of 4.9 GiB" in line and "120 MiB/s" in line and "32 s left" in line
        assert line.startswith(label[:4])
        narrow = task.line(40)  # type: ignore[attr-defined]
        assert len(narrow) <= 40 and " 24% " in narrow and "1.2 GiB of 4.9 GiB" in narrow
        task.update(0, 0)
        assert task.line(width).endswith(" ... 10 s")  # type: ignore[attr-defined]


# -- clocks ---------------------------------------------------------------------------------------


def clock(note: Callable[[], str], kind: type[progress.Bar] | type[progress.Lines] = progress.Bar) -> list[str]:
    """Return what a terminal of 80 columns shows in four seconds of waiting."""
    time, out = Time(), Terminal()
    with kind(out, time, time.alarm).clock("Waiting until 'web' powers off", note):
        for _ in range(4):
            time.move(1)
    return out.getvalue().split("\r")


def test_a_clock_runs_and_shows_the_newest_note() -> None:
    notes = iter(["", "Loading modules", "Loading\tmodules 2", "done"])
    drawn = clock(lambda: next(notes))
    assert [line.removesuffix("\x1b[K") for line in drawn[1:]] == [
        "Waiting until 'web' powers off ... 1 s",
        "Waiting until 'web' powers off ... 2 s: Loading modules",
        "Waiting until 'web' powers off ... 3 s: Loading modules 2",
        "Waiting until 'web' powers off ... 4 s: done",
        "",
    ]


@pytest.mark.parametrize("letter", ["x", "\u4e00", "\x1b", "\u202e", "\U0001f600"])
def test_a_note_never_breaks_the_line(letter: str) -> None:
    for line in clock(lambda: letter * 200)[1:-1]:
        shown = line.removesuffix("\x1b[K")
        assert len(shown) == 79
        assert set(shown[len("Waiting until 'web' powers off ... 1 s: ") :]) == {letter if letter == "x" else "?"}


def test_without_a_terminal_there_is_no_note() -> None:
    assert clock(lambda: "Loading", progress.Lines) == [
        "Waiting until 'web' powers off ...\nWaiting until 'web' powers off: done, in 4 s\n"
    ]
