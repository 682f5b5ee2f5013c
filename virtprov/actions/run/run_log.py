"""The log of a run in the state directory, under its trail and its journal: JSON lines behind a head.

The head is the first line. It says in which form the rest is written, and whose run it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from virtprov.support import state
from virtprov.support.errors import ProvError

FORM = "virtprov"
"""The key of the head that holds the number of the form; trails of 0.1.0 have none, and count as 1."""


class Unreadable(ProvError):
    """A log that is damaged, or that a newer release wrote: it stays as it is."""


class RunLog:
    """An open log, which nobody else can open meanwhile. Several threads may write to it."""

    __slots__ = ("_lines", "_lock", "head")

    def __init__(self, lines: state.Lines, head: Any = None) -> None:
        self._lines = lines
        self._lock = RLock()
        self.head = head

    @classmethod
    def create(cls, kind: str, form: int, **facts: object) -> RunLog:
        """Begin a log of this kind with its head, which is on the disk then. Raises ProvError."""
        for _ in range(3):
            try:
                lines = state.Lines.create(kind)
                break
            except state.Busy:  # somebody looked at the new file just now
                continue
        else:
            lines = state.Lines.create(kind)
        head = {FORM: form, **facts}
        lines.append(head)
        return cls(lines, head)

    @classmethod
    def open(cls, path: str, form: int) -> RunLog:
        """Open a log whose form is at most this one; its `head` is None when not even that is whole.

        Raises state.Busy while its run goes on, Unreadable for a newer form, ProvError.
        """
        lines = state.Lines.open(path)
        head = state.first_line(path)
        written = head.get(FORM) if isinstance(head, dict) else None
        if isinstance(written, int) and written > form:
            lines.close()
            raise Unreadable(f"'{path}' was written by a newer release of virtprov, so this one leaves it alone")
        return cls(lines, head)

    @property
    def path(self) -> str:
        """Where it is."""
        return self._lines.path

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Every object with its place, the head first."""
        return iter(self._lines)

    def append(self, line: object, *, sync: bool = True) -> int:
        """Add one object and return its place; with `sync` it is on the disk then. Raises ProvError."""
        with self._lock:
            return self._lines.append(line, sync=sync)

    def at(self, place: int) -> Any:
        """The object at a place that `append` returned."""
        with self._lock:
            return self._lines.at(place)

    def sync(self) -> None:
        """Have all that was added on the disk. Raises ProvError."""
        with self._lock:
            self._lines.sync()

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._lines.close()

    def remove(self) -> None:
        """Let the file go and remove it."""
        with self._lock:
            self._lines.remove()


@contextmanager
def reading(sentence: str, hint: str = "") -> Iterator[None]:
    """A block that reads lines: what wrong types and missing keys raise becomes Unreadable with this sentence."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise Unreadable(sentence, hint=hint) from problem
