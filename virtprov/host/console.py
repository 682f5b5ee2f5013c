"""Reading along on a guest's text console."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import libvirt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

KEPT = 64 * 1024
"""How much of the end of what was said is kept, in bytes."""
PIECE = 4096


class ConsoleReader:
    """Collects what the guest says on its first console, for as long as the `with` block runs.

    A thread reads; nothing is ever written to the guest. A console that somebody else has open is left alone,
    and so is a guest without one: then there is simply nothing to read, and `silent` says so.
    """

    def __init__(self, conn: Any, domain: Any, name: str) -> None:
        self._conn, self._domain, self._name = conn, domain, name
        self._heard = bytearray()
        self._lock = threading.Lock()
        self._stream: Any = None
        self.silent = True

    def __enter__(self) -> ConsoleReader:
        self._open()
        return self

    def _open(self) -> None:
        try:
            stream = self._conn.newStream(0)
            self._domain.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_SAFE)
        except libvirt.libvirtError:
            return
        self._stream, self.silent = stream, False
        threading.Thread(target=self._read, name=f"console of {self._name}", daemon=True).start()

    def _read(self) -> None:
        with suppress(libvirt.libvirtError):
            while piece := self._stream.recv(PIECE):
                if not isinstance(piece, bytes):
                    return
                with self._lock:
                    self._heard += piece
                    del self._heard[:-KEPT]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            with suppress(libvirt.libvirtError):
                self._stream.abort()

    def text(self) -> str:
        """What the guest said last; control characters are as it sent them."""
        with self._lock:
            return self._heard.decode(errors="replace")

    def tail(self, lines: int = 5) -> list[str]:
        """The last lines that say something, without control characters."""
        found = []
        for line in self.text().splitlines():
            words = "".join(letter for letter in line if letter.isprintable()).strip()
            if words:
                found.append(words)
        return found[-lines:]
