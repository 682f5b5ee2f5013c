"""A web server of our own, which can be told to misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from virtprov.support import log

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Serves `server.files` with ranges; `server.rules` (path -> function) go first."""

    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        rule = self.server.rules.get(self.path)
        if rule is not None:
            rule(self)
            return
        data = self.server.files.get(self.path)
        if data is None:
            self.reply(404, b"")
            return
        self.ranged(data)

    do_HEAD = do_GET

    def ranged(self, data: bytes, tag: str = '"v1"') -> None:
        """Answer with all of `data` or the range asked for, if its version is still `tag`."""
        asked, version = self.headers.get("Range"), self.headers.get("If-Range", tag)
        if not asked or version != tag:
            self.reply(200, data, ETag=tag)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(data)), len(data) - 1)
        if start >= len(data):
            self.reply(416, b"", **{"Content-Range": f"bytes */{len(data)}"})
            return
        span = f"bytes {start}-{end}/{len(data)}"
        self.reply(206, data[start : end + 1], ETag=tag, **{"Content-Range": span})

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def cut(self, status: int, body: bytes, size: int, **headers: str) -> None:
        """Promise `size` bytes, send `body` and hang up."""
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *words: object) -> None:
        pass


class Site(ThreadingHTTPServer):
    """The server, with what it serves and what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.rules: dict[str, Answer] = {}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Site()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def no_old_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test mask the words of another."""
    monkeypatch.setattr(log, "_secrets", set())
