"""The log of a run in the state directory, under its trail and its journal: JSON lines behind a head.

The head is the first line. It says in which form the rest is written, and whose run it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from virtprov.support import state
from virtprov.support.errors import ProvError

FORM = "virtprov"
"""The key of the head that holds the number of the form; trails of 0.1.0 have none, and count as 1."""
TRIES = 3
"""How often a log is begun anew when another command looks at the file before it is locked."""


class Unreadable(ProvError):
    """A log that is damaged, or that a newer release wrote: it stays as it is."""


class RunLog(state.Lines):
    """An open log, which nobody else can open meanwhile; `head` is None when not even that is whole."""

    __slots__ = ("head",)

    head: Any

    @classmethod
    def begin(cls, kind: str, form: int, **facts: object) -> Self:
        """Begin a log of this kind with its head, which is on the disk then. Raises ProvError."""
        for left in reversed(range(TRIES)):
            try:
                log = cls.create(kind)
                break
            except state.Busy:
                if not left:
                    raise
        log.head = {FORM: form, **facts}
        log.append(log.head)
        return log

    @classmethod
    def reopen(cls, path: str, form: int) -> Self:
        """Open a log whose form is at most this one.

        Raises state.Busy while its run goes on, Unreadable for a newer form, ProvError.
        """
        log = cls.open(path)
        log.head = next((line for _, line in log), None)
        written = log.head.get(FORM) if isinstance(log.head, dict) else None
        if isinstance(written, int) and written > form:
            log.close()
            raise Unreadable(f"'{path}' was written by a newer release of virtprov, so this one leaves it alone")
        return log


@contextmanager
def reading(sentence: str, hint: str = "") -> Iterator[None]:
    """A block that reads lines: what wrong types and missing keys raise becomes Unreadable with this sentence."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        raise Unreadable(sentence, hint=hint) from problem
