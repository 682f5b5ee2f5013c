"""Small files of plain web servers, without requests: to import that takes longer than all else that is done for them.

Only the simplest case is handled: an http:// URL without a name and a password, no proxy, an answer of known length.
For anything else, and for whatever goes wrong, `Unusual` is raised, and the caller asks again with `http.Web`, which
can do it all and says what is wrong.
"""

from __future__ import annotations

import os

from virtprov.support import log
from virtprov.support.web.http import LIMIT, Web, translated
from virtprov.support.web.limited import TooSlow, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import BinaryIO

_MOST_LINES = 100
_LINE = 8192
_ANY = 2**63
_PROXIES = ("http_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY")


class Unusual(Exception):
    """This is for `http.Web`."""


class Answer:
    """What a server says: the status, the length of the body (-1: unknown), and the body."""

    __slots__ = ("body", "length", "status")

    def __init__(self, status: int, length: int, body: bytes) -> None:
        self.status, self.length, self.body = status, length, body


def is_plain(url: str) -> bool:
    """Return whether a URL can be asked for here."""
    place = url[7:].partition("/")[0]
    if not url.startswith("http://") or any(os.environ.get(name) for name in _PROXIES):
        return False
    return "@" not in place and "[" not in place and url.isascii() and url.isprintable() and " " not in url


class PlainWeb:
    """A connection to one plain web server, which is kept open between requests.

    `timeout` is in seconds and counts for each silence; `whole` for a request.
    """

    def __init__(self, timeout: float, whole: float) -> None:
        self.timeout, self.whole = timeout, whole
        self._host = ""
        self._socket: socket.socket | None = None
        self._stream: BinaryIO | None = None

    def close(self) -> None:
        """Hang up. Nobody is waited for who still reads: closing the stream would wait for the reader."""
        import contextlib
        import socket

        if self._socket is not None:
            with contextlib.suppress(OSError):  # the server was first
                self._socket.shutdown(socket.SHUT_RDWR)
        if self._stream is not None:
            self._stream.close()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._stream = None

    def ask(self, method: str, url: str, limit: int) -> Answer:
        """Return the answer to GET or HEAD: a file, or that it is not there.

        Raises TooSlow if it takes too long, Unusual for any other answer.
        """
        if not is_plain(url):
            raise Unusual
        log.debug("%s %s", method, url)
        try:
            return within(self.whole, lambda: self._ask(method, url, limit))
        except TooSlow:
            self.close()
            raise
        except (OSError, ValueError, Unusual) as error:
            self.close()
            raise Unusual from error

    def _ask(self, method: str, url: str, limit: int) -> Answer:
        host, _, path = url[7:].partition("#")[0].partition("/")
        stream = self._connect(host)
        assert self._socket is not None
        self._socket.sendall(
            f"{method} /{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: virtprov\r\nAccept: */*\r\n"
            "Accept-Encoding: identity\r\n\r\n".encode()
        )
        status, headers = _head(stream)
        length = int(headers.get("content-length", "-1"))
        if status not in (200, 404, 410) or "transfer-encoding" in headers or length > limit:
            raise Unusual
        if method == "HEAD":
            self._finish(headers)
            return Answer(status, length, b"")
        if length < 0:
            raise Unusual
        body = stream.read(length)
        if len(body) != length:
            raise Unusual
        self._finish(headers)
        return Answer(status, length, body)

    def _connect(self, host: str) -> BinaryIO:
        import socket

        if self._stream is None or host != self._host:
            self.close()
            name, _, port = host.partition(":")
            self._socket = socket.create_connection((name, int(port or 80)), self.timeout)
            self._stream, self._host = self._socket.makefile("rb"), host
        return self._stream

    def _finish(self, headers: dict[str, str]) -> None:
        """Hang up if the server does."""
        if headers.get("connection", "").lower() == "close" or headers[""] != "HTTP/1.1":
            self.close()


class QuickWeb(Web):
    """A `Web` that reads small files the short way, if their server is a plain one."""

    _plain: PlainWeb | None = None
    _is_unusual = False

    def close(self) -> None:
        """Close the sockets."""
        if self._plain is not None:
            self._plain.close()
        super().close()

    def fetch_if_there(self, url: str, *, limit: int = LIMIT) -> bytes | None:
        """Return what is at `url`, None when there is no such file; FetchError as for `Web`."""
        answer = self._ask("GET", url, limit)
        if answer is None:
            return super().fetch_if_there(url, limit=limit)
        return answer.body if answer.status == 200 else None

    def size(self, url: str) -> int | None:
        """Return how large the file at `url` is; see `Web.size`."""
        answer = self._ask("HEAD", url, _ANY)
        if answer is None:
            return super().size(url)
        return answer.length if answer.status == 200 else None

    def _ask(self, method: str, url: str, limit: int) -> Answer | None:
        """Return the answer; None if this is for `Web`, as all later questions are then."""
        if self._is_unusual:
            return None
        self._plain = self._plain or PlainWeb(self.timeout, self.whole)
        try:
            return self._plain.ask(method, url, limit)
        except TooSlow:
            with translated(url, self.timeout, self.whole):  # to leave it imports requests
                raise
        except Unusual:
            self._is_unusual = True
            return None


def _head(stream: BinaryIO) -> tuple[int, dict[str, str]]:
    """Read the head of an answer: its status, its headers, and under "" its version. Raises Unusual."""
    version, _, rest = stream.readline(_LINE).decode("latin-1").strip().partition(" ")
    if version not in ("HTTP/1.0", "HTTP/1.1") or not rest[:3].isdecimal():
        raise Unusual
    headers = {"": version}
    for _ in range(_MOST_LINES):
        raw = stream.readline(_LINE)
        line = raw.decode("latin-1").rstrip("\r\n")
        if not line and raw:
            return int(rest[:3]), headers
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    raise Unusual
