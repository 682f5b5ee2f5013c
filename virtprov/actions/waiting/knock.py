"""Ask a TCP port whether an ssh server answers there, or another service, without waiting for it."""

from __future__ import annotations

import time
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

_MOST = 255
"""The longest first line of an ssh server, in bytes (RFC 4253, 4.2)."""


class Service(NamedTuple):
    """A service in a guest: its port, its name in a sentence, the request it gets, and how its answer begins."""

    name: str
    port: int
    title: str
    hello: bytes
    answer: bytes


SSH = Service("ssh", 22, "an ssh server", b"", b"SSH-")
# a request to connect, as in MS-RDPBCGR 2.2.1.1, in a packet of RFC 1006, which is answered by such a packet
RDP = Service("RDP", 3389, "an RDP server", bytes.fromhex("030000130ee000000000000100080003000000"), b"\x03\x00")
# its port is that of MS-WSMV
WINRM = Service("WinRM", 5985, "a WinRM server", b"GET /wsman HTTP/1.1\r\nHost: guest\r\n\r\n", b"HTTP/1.")
SERVICES = {service.port: service for service in (SSH, RDP, WINRM)}


class Attempt:
    """One connection that waits for the first bytes of an ssh server, or of another service.

    A connection alone is not an answer: a forwarded port accepts it before the guest does. `reply` is None as long
    as nothing is known, "" if the service answers, and otherwise why it does not. `began` is in seconds of `monotonic`.
    """

    def __init__(self, address: str, port: int, service: Service = SSH) -> None:
        import errno
        import os
        import socket

        self.place, self.service = (address, port), service
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
            self._say_hello()
            return
        try:
            piece = self._socket.recv(_MOST)
        except BlockingIOError:
            return
        except OSError as problem:
            self.end((problem.strerror or str(problem)).lower())
            return
        self._heard += piece
        answer = self.service.answer
        if self._heard.startswith(answer):
            self.end("")
        elif not piece or not answer.startswith(self._heard):
            self.end(f"what answers is not {self.service.title}" if piece else "the connection was closed")

    def _say_hello(self) -> None:
        if self._socket is None or not self.service.hello:
            return
        try:
            self._socket.send(self.service.hello)  # a new connection has room for these few bytes
        except OSError as problem:
            self.end((problem.strerror or str(problem)).lower())


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
