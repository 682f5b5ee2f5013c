"""Ctrl-C at the right moment: between steps, never between a change and the note of how to undo it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from virtprov.support import waiting

_SIGNALS = tuple(
    number
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None))
    if number is not None
)


class Gate:
    """Holds back interrupts while it is closed; `check` lets a held one through."""

    def __init__(self) -> None:
        self.pending = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.pending = True
        waiting.state.presses += 1

    def check(self) -> None:
        """Raise KeyboardInterrupt when the user asked to stop. Long steps call this now and then."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Interrupts are noted, not raised, in this block. Does nothing outside of the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
        for number in heeded:
            signal.signal(number, self._note)
        try:
            yield
        finally:
            for number in heeded:
                signal.signal(number, before[number])

    @contextmanager
    def open(self) -> Iterator[None]:
        """Interrupts are raised at once in this block: for steps that only wait."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self.check()
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        heeded = [number for number, handler in before.items() if handler == self._note]
        for number in heeded:
            signal.signal(number, _raise)
        try:
            yield
        finally:
            for number in heeded:
                signal.signal(number, before[number])


def _raise(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
