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
        """Begin a log of this kind; its head is on the disk with the first line that is. Raises ProvError."""
        for left in reversed(range(TRIES)):
            try:
                log = cls.create(kind)
                break
            except state.Busy:
                if not left:
                    raise
        log.head = {FORM: form, **facts}
        log.append(log.head, sync=False)
        return log

    @classmethod
    def reopen(cls, path: str, form: int) -> Self:
        """Open a log whose form is at most this one.

        Raises state.Busy while its run goes on, Unreadable for a newer form, ProvError.
        """
        log = cls.open(path)
        log.head = next((line for _, line in log), None)
        if sentence := newer(path, log.head, form):
            log.close()
            raise Unreadable(sentence)
        return log

    @contextmanager
    def reading(self, sentence: str, hint: str = "") -> Iterator[None]:
        """A block that makes sense of the lines: wrong types and missing keys mean that the log is damaged.

        It is closed then, and Unreadable is raised with this sentence.
        """
        try:
            yield
        except (AttributeError, LookupError, OSError, OverflowError, TypeError, ValueError) as problem:
            self.close()
            raise Unreadable(sentence, hint=hint) from problem


def newer(path: str, head: Any, form: int) -> str:
    """What to say of a log with this head when its form is newer than `form`; "" when it is not."""
    written = head.get(FORM) if isinstance(head, dict) else None
    if not isinstance(written, int) or written <= form:
        return ""
    return f"'{path}' was written by a newer release of virtprov, so it is left alone"
