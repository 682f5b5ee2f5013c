"""Handle Ctrl-C at a safe time: between steps, never between a change and the record of how to undo it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from virtprov.support.slow_calls import waiting

_SIGNALS = tuple(
    number for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)) if number is not None
)


class Gate:
    """Delays interrupts while it is closed; `check` raises a delayed one."""

    def __init__(self) -> None:
        self.pending = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.pending = True
        waiting.state.presses += 1

    def check(self) -> None:
        """Raise KeyboardInterrupt if the user wants to stop. Long steps call this repeatedly."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt

    @contextmanager
    def delay_interrupts(self) -> Iterator[None]:
        """Delay interrupts in this block. Has no effect outside of the main thread."""
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
        """Allow interrupts in this block, for steps that only wait."""
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
