"""Log files of runs in the state directory, used by recovery logs and journals: JSON lines after a header.

The header is the first line. It contains the version of the format, and which run the log belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from virtprov.support.errors import ProvError
from virtprov.support.user_files import state

FORM = "virtprov"
"""The key in the header with the version of the format; recovery logs of 0.1.0 have none and count as 1."""
TRIES = 3
"""How often a log is created again if another command opens the file before it is locked."""


class Unreadable(ProvError):
    """A log that is corrupt or was written by a newer release; it is not changed."""


class RunLog(state.Lines):
    """An open log, locked for others; `head` is None if even the header is incomplete."""

    __slots__ = ("head",)

    head: Any

    @classmethod
    def begin(cls, kind: str, form: int, **facts: object) -> Self:
        """Create a log of this kind; its header is flushed with the first line. Raises ProvError."""
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
        """Open a log of this version or an older one.

        Raises state.Busy while its run is active, Unreadable for a newer version, ProvError.
        """
        log = cls.open(path)
        log.head = next((line for _, line in log), None)
        if sentence := newer(path, log.head, form):
            log.close()
            raise Unreadable(sentence)
        return log

    @contextmanager
    def reading(self, sentence: str, hint: str = "") -> Iterator[None]:
        """Interpret the lines of a log in this block: wrong types and missing keys mean that it is corrupt.

        The log is closed then, and Unreadable is raised with this sentence.
        """
        try:
            yield
        except (AttributeError, LookupError, OSError, OverflowError, TypeError, ValueError) as problem:
            self.close()
            raise Unreadable(sentence, hint=hint) from problem


def newer(path: str, head: Any, form: int) -> str:
    """Return the message for a log with a newer version than `form`; "" otherwise."""
    written = head.get(FORM) if isinstance(head, dict) else None
    if not isinstance(written, int) or written <= form:
        return ""
    return f"'{path}' was written by a newer release of virtprov, so it is ignored"
