"""Ask a TCP port whether an ssh server answers there, without waiting for it."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

_MOST = 255
"""The longest first line of an ssh server, in bytes (RFC 4253, 4.2)."""
_SSH = b"SSH-"


class Attempt:
    """One connection, on which the first bytes of an ssh server are waited for.

    A connection alone is no answer: a forwarded port accepts it before the guest does. `reply` is None as long as
    nothing is known, "" if an ssh server answers, and otherwise why none does. `began` is in seconds of `monotonic`.
    """

    def __init__(self, address: str, port: int) -> None:
        import errno
        import os
        import socket

        self.place = (address, port)
        self.began = time.monotonic()
        self.reply: str | None = None
        self.is_connected = False
        self._heard = b""
        self._socket: socket.socket | None = None
        try:
            family, kind, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
            self._socket = socket.socket(family, kind)
            self._socket.setblocking(False)
            number = self._socket.connect_ex(where)
            if number not in (0, errno.EINPROGRESS):
                self.end(os.strerror(number).lower())
        except OSError as problem:
            self.end((problem.strerror or str(problem)).lower())

    def fileno(self) -> int:
        """Return the number of the socket, for select."""
        return self._socket.fileno() if self._socket is not None else -1

    def end(self, reply: str) -> None:
        """Close the connection; `reply` is what came of it."""
        if self.reply is None:
            self.reply = reply
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def look(self) -> None:
        """Take what has arrived."""
        import os
        import socket

        if self._socket is None:
            return
        if not self.is_connected:
            number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self.end(os.strerror(number).lower())
            self.is_connected = not number
            return
        try:
            piece = self._socket.recv(_MOST)
        except BlockingIOError:
            return
        except OSError as problem:
            self.end((problem.strerror or str(problem)).lower())
            return
        self._heard += piece
        if self._heard.startswith(_SSH):
            self.end("")
        elif not piece or not _SSH.startswith(self._heard):
            self.end("what answers is not an ssh server" if piece else "the connection was closed")


def look_at(attempts: Iterable[Attempt], seconds: float) -> None:
    """Wait up to `seconds` until something arrives on one of the connections, and take it."""
    import select

    known = [attempt for attempt in attempts if attempt.reply is None]
    if not known:
        time.sleep(seconds)
        return
    reading = [attempt for attempt in known if attempt.is_connected]
    writing = [attempt for attempt in known if not attempt.is_connected]
    readable, writable, _ = select.select(reading, writing, [], seconds)
    for attempt in (*readable, *writable):
        attempt.look()
