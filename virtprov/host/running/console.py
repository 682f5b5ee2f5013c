"""Read a guest's text console."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from typing import Any

import libvirt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

KEPT = 64 * 1024
"""How much of the end of the output is kept, in bytes."""
PIECE = 4096
READABLE = libvirt.VIR_STREAM_EVENT_READABLE | libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP
_LINE = 300
"""How much of what was read before is looked at again: a line may arrive in several pieces. In bytes."""


class ConsoleReader:
    """Collects the output of the guest's first console while the `with` block runs.

    libvirt's event loop calls when there is something to read. A thread that waited in `recv` would hold the
    connection: libvirt before 10.0 can lose the wake-up of such a thread, and then all other calls wait for the guest
    to print something. Nothing is written to the guest. If the guest has no console, or someone else has it open,
    nothing is read, and `silent` is True.

    `conn` and `domain` must belong to a connection that delivers events.
    """

    def __init__(self, conn: Any, domain: Any) -> None:
        self._conn, self._domain = conn, domain
        self._heard = bytearray()
        self._lock = threading.Lock()
        self._stream: Any = None
        self._alarm: tuple[re.Pattern[str], Callable[[], None]] | None = None
        self.silent = True

    def __enter__(self) -> ConsoleReader:
        self._open()
        return self

    def _open(self) -> None:
        try:
            self._stream = self._conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
            self._domain.openConsole(None, self._stream, libvirt.VIR_DOMAIN_CONSOLE_SAFE)
            self._stream.eventAddCallback(READABLE, self._read, None)
        except libvirt.libvirtError:
            return
        self.silent = False

    def _read(self, stream: Any, events: int, opaque: None) -> None:
        """Read all that there is; called in the thread of the event loop."""
        try:
            while piece := stream.recv(PIECE):
                if not isinstance(piece, bytes):  # -2: nothing more at present
                    return
                with self._lock:
                    self._heard += piece
                    del self._heard[:-KEPT]
                self._ring(len(piece))
        except libvirt.libvirtError:
            pass
        with suppress(libvirt.libvirtError):  # the console has ended: libvirt would call again and again
            stream.eventRemoveCallback()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.silent:
            for end in (self._stream.eventRemoveCallback, self._stream.abort):
                with suppress(libvirt.libvirtError):
                    end()

    def alert(self, pattern: re.Pattern[str], call: Callable[[], None]) -> None:
        """Call a function from the event loop's thread whenever something matches in the latest output."""
        self._alarm = (pattern, call)

    def _ring(self, new: int) -> None:
        if self._alarm is None:
            return
        pattern, call = self._alarm
        with self._lock:
            latest = self._heard[-new - _LINE :].decode(errors="replace")
        if pattern.search(latest):
            call()

    def text(self) -> str:
        """Return the last output of the guest, including control characters."""
        with self._lock:
            return self._heard.decode(errors="replace")

    def forget(self) -> None:
        """Forget what was read so far: what follows is the output of another boot."""
        with self._lock:
            self._heard.clear()

    def tail(self, lines: int = 5) -> list[str]:
        """Return the last lines that are not empty, without control characters."""
        return find_last_lines(self.text(), lines)


_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
"""What moves the cursor, sets colours or titles (ECMA-48: control sequences, operating system commands, escapes)."""
_TAIL = 64 * 1024


def find_last_lines(text: str, lines: int) -> list[str]:
    """Return the last lines of a console's output that are not empty, without control characters and sequences."""
    found = []
    for line in _SEQUENCE.sub("", text[-_TAIL:]).splitlines():
        words = "".join(letter for letter in line if letter.isprintable()).strip()
        if words:
            found.append(words)
    return found[-lines:]
