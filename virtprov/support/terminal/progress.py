"""Show progress to the user; only for work that takes longer than a second.

`Progress` itself shows nothing (`--quiet`); `Lines` writes plain lines, `Bar` redraws one line on a terminal. A task
that never reports progress still gets its line, from a timer.
"""

from __future__ import annotations

import time

from virtprov.support.notation.units import show_duration, show_size
from virtprov.support.slow_calls.waiting import state
from virtprov.support.terminal.visible import on_one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TextIO

    Clock = Callable[[], float]

    class Alarm(Protocol):
        """What `threading.Timer` offers."""

        def start(self) -> None: ...
        def cancel(self) -> None: ...

    MakeAlarm = Callable[[float, Callable[[], None]], Alarm]
    Note = Callable[[], str]

PATIENCE = 1.0
LINE_EVERY = 10.0
DRAW_EVERY = 0.1
WINDOW = 10
"""Seconds over which the speed is measured, so that it is that of now, and not of what an earlier run has done."""
_LABEL = 8
"""Columns that a label keeps at least."""


class Task:
    """One task; a context manager. This class shows nothing."""

    def update(self, done: int, total: int = 0) -> None:
        """Report that `done` of `total` bytes are complete (0: the total is unknown)."""

    def __enter__(self) -> Task:
        return self

    def __exit__(self, *failure: object) -> None:
        return None


class Progress:
    """Creates tasks. This class shows nothing: for `--quiet`, and for library calls."""

    def task(self, label: str) -> Task:
        """Return the task called `label` ("Copying disk.qcow2"), to be used in a `with` block."""
        return Task()

    def clock(self, label: str, note: Note) -> Task:
        """Return a task that shows how long it has run and, on a terminal, what `note` returns, again and again."""
        return self.task(label)


def make(stream: TextIO, *, quiet: bool = False) -> Progress:
    """Return the progress for `stream` (standard error): a bar on a terminal, lines otherwise."""
    if quiet:
        return Progress()
    import os

    smart = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return Bar(stream) if smart else Lines(stream)


def columns(stream: TextIO) -> int:
    """The width of the terminal that is written to; 80 where nobody says."""
    import os

    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def _shorten(label: str, width: int) -> str:
    """Return the label with its middle omitted if it is longer than `width`."""
    if len(label) <= width:
        return label
    head = (width - 3) // 2
    return label[:head] + "..." + label[len(label) - (width - 3 - head) :]


def _timer(seconds: float, call: Callable[[], None]) -> Alarm:
    """Return a timer that does not keep the program alive."""
    import threading

    timer = threading.Timer(seconds, call)
    timer.daemon = True
    return timer


class Lines(Progress):
    """Plain lines: one when a task has run for a second, one every ten seconds, one at its end."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic, alarm: MakeAlarm = _timer) -> None:
        self.stream, self.now, self.alarm = stream, clock, alarm

    def task(self, label: str) -> Task:
        """Return a task that writes lines."""
        return _LineTask(label, self.stream, self.now, self.alarm)


class Bar(Progress):
    """A line with a bar, drawn again and again, and taken away at the end of the task."""

    def __init__(self, stream: TextIO, clock: Clock = time.monotonic, alarm: MakeAlarm = _timer) -> None:
        self.stream, self.now, self.alarm = stream, clock, alarm

    def task(self, label: str) -> Task:
        """Return a task that draws a bar."""
        return _BarTask(label, self.stream, self.now, self.alarm)

    def clock(self, label: str, note: Note) -> Task:
        return _ClockTask(label, self.stream, self.now, self.alarm, note)


class _Shown(Task):
    """What both kinds share: when it began, how far it is, when to speak next.

    `every` is how long to keep quiet between two reports, `again` when to speak of a task that reports
    nothing (0: once is enough), in seconds. The timer speaks from its own thread: hence the lock.
    """

    every = 0.0
    again = 0.0

    def __init__(self, label: str, stream: TextIO, clock: Clock, alarm: MakeAlarm) -> None:
        from threading import Lock

        self.label, self.stream, self.clock, self.make_alarm = on_one_line(label), stream, clock, alarm
        self.lock = Lock()
        self.began = clock()
        self.due = self.began + PATIENCE
        self.done = self.total = 0
        self.marks: list[tuple[float, int]] = []
        self.shown = False
        self.over = False
        self.alarm = alarm(PATIENCE, self._ring)

    def __enter__(self) -> Task:
        self.began = self.clock()
        self.due = self.began + PATIENCE
        state.shown += 1
        self.alarm.start()
        return self

    def __exit__(self, *failure: object) -> None:
        state.shown -= 1
        with self.lock:
            self.over = True
            self.alarm.cancel()
            if self.shown:
                self.finish(failed=bool(failure and failure[0]))

    def update(self, done: int, total: int = 0) -> None:
        now = self.clock()
        if done < self.done:  # it begins again
            self.marks = [(now, done)]
        self.done, self.total = done, total or self.total
        if not self.marks:  # bytes that are there at once are those of an earlier run
            self.marks = [(now, done) if now - self.began < 1 else (self.began, 0)]
        if now - self.marks[-1][0] >= 1:
            self.marks = [*self.marks[-WINDOW:], (now, done)]
        if now >= self.due:
            with self.lock:
                self._speak()

    def _ring(self) -> None:
        with self.lock:
            if self.over or (self.shown and not self.again):
                return
            self._speak()
            if self.again:
                self.alarm = self.make_alarm(self.again, self._ring)
                self.alarm.start()

    def _speak(self) -> None:
        self.shown = True
        self.due = self.clock() + self.every
        self.show()
        self.stream.flush()

    def spent(self) -> float:
        return self.clock() - self.began

    def amount(self) -> str:
        """Return "120 MiB of 500 MiB", "120 MiB" or ""."""
        if not self.done:
            return ""
        return show_size(self.done) + (f" of {show_size(self.total)}" if self.total else "")

    def pace(self) -> list[str]:
        """Return how fast it goes and how long it will take: ["50 MiB/s", "8 s left"], as far as that is known."""
        since, before = self.marks[0] if self.marks else (self.began, 0)
        spent, done = self.clock() - since, self.done - before
        if done <= 0 or spent < 1:
            return []
        left = (self.total - self.done) * spent / done
        return [f"{show_size(int(done / spent))}/s", *([f"{show_duration(left)} left"] if left > 0 else [])]

    def show(self) -> None:
        raise NotImplementedError

    def finish(self, *, failed: bool) -> None:
        raise NotImplementedError


class _LineTask(_Shown):
    every = LINE_EVERY

    def show(self) -> None:
        words = ", ".join([self.amount(), *self.pace()]) if self.done else ""
        self.stream.write(f"{self.label}: {words}\n" if words else f"{self.label} ...\n")

    def finish(self, *, failed: bool) -> None:
        if failed:
            return
        size = f"{show_size(self.done)} " if self.done else ""
        self.stream.write(f"{self.label}: done, {size}in {show_duration(self.spent())}\n")
        self.stream.flush()


class _BarTask(_Shown):
    every = DRAW_EVERY
    again = 1.0

    def show(self) -> None:
        _draw(self.stream, self.line(max(20, columns(self.stream) - 1)))

    def line(self, width: int) -> str:
        """Return the text for a terminal of `width` columns: label, share, bar, amount, pace.

        What does not fit is left out: first the bar, then the middle of the label, then the pace.
        """
        words = [self.amount(), *self.pace()] if self.done else [show_duration(self.spent())]
        if not self.total or not self.done:
            return self._fitted(" ... ", words, width)
        share = min(1.0, self.done / self.total)
        room = min(30, width - len(self.label) - len(f" {share:4.0%} [] ") - len(", ".join(words)))
        if room < 5:
            return self._fitted(f" {share:4.0%} ", words, width)
        filled = int(room * share)
        return f"{self.label} {share:4.0%} [{'#' * filled}{'.' * (room - filled)}] {', '.join(words)}"

    def _fitted(self, middle: str, words: list[str], width: int) -> str:
        while True:
            right = middle + ", ".join(words)
            room = width - len(right)
            if room >= min(len(self.label), _LABEL) or len(words) < 2:
                return (_shorten(self.label, max(room, 3)) + right)[:width]
            words = words[:-2] + words[-1:] if len(words) > 2 else words[:-1]

    def finish(self, *, failed: bool) -> None:
        _draw(self.stream, "")
        self.stream.flush()


class _ClockTask(_BarTask):
    """A line with a clock and a note, such as the last line of a guest's console."""

    def __init__(self, label: str, stream: TextIO, clock: Clock, alarm: MakeAlarm, note: Note) -> None:
        super().__init__(label, stream, clock, alarm)
        self.note = note

    def line(self, width: int) -> str:
        """Return the text for a terminal of `width` columns: label, time, and the note in the room that is left."""
        text = self._fitted(" ... ", [show_duration(self.spent())], width)
        room = width - len(text) - len(": ")
        note = make_narrow(self.note()) if room >= _LABEL else ""
        return f"{text}: {note[:room]}" if note else text


def make_narrow(text: str) -> str:
    """Return text on one line in which every character is one column wide: others could break the line."""
    from unicodedata import east_asian_width

    words = " ".join(text.split())
    return "".join(letter if letter.isprintable() and east_asian_width(letter) not in "WF" else "?" for letter in words)


def _draw(stream: TextIO, line: str) -> None:
    """Show a line in place of the last one; a stream for people takes it away before other text."""
    draw = getattr(stream, "draw", None)
    if draw is not None:
        draw(line)
    else:
        stream.write(f"\r{line}\x1b[K")
