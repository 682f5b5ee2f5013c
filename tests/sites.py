"""Servers of our own for the web and for FTP, which can be told to misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

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


@contextmanager
def running(server: Site | FtpSite) -> Iterator[None]:
    """Serve while the block runs."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class FtpHandler(StreamRequestHandler):
    """Answers what clients say before and while they fetch a file (RFC 959, 2428, 3659)."""

    server: FtpSite

    def handle(self) -> None:
        self.rest = 0
        self.data: socket.socket | None = None
        self.say("220 hello")
        for raw in self.rfile:
            line = raw.decode().rstrip()
            self.server.seen.append(line)
            word, _, rest = line.partition(" ")
            if word == "QUIT":
                return
            getattr(self, f"do_{word}", self.unknown)(rest)

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def unknown(self, rest: str) -> None:
        self.say("502 unknown")

    def do_USER(self, rest: str) -> None:
        self.say("331 password")

    def do_PASS(self, rest: str) -> None:
        self.say("230 in" if self.server.password in ("", rest) else "530 Login incorrect.")

    def do_TYPE(self, rest: str) -> None:
        self.say("200 fine")

    def do_SIZE(self, rest: str) -> None:
        data = self.server.files.get(rest)
        self.say("550 no" if data is None else f"213 {len(data)}")

    def do_MDTM(self, rest: str) -> None:
        self.say("213 20260101000000" if rest in self.server.files else "550 no")

    def do_REST(self, rest: str) -> None:
        self.rest = int(rest)
        self.say("350 fine")

    def do_EPSV(self, rest: str) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.say(f"229 here (|||{self.listener.getsockname()[1]}|)")

    def do_PASV(self, rest: str) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.say(f"227 here (127,0,0,1,{port // 256},{port % 256})")

    def do_RETR(self, rest: str) -> None:
        data = self.server.files.get(rest)
        if data is None:
            self.listener.close()
            self.say("550 no such file")
            return
        end = self.server.cut.pop(0) if self.server.cut else len(data)
        with self.listener:
            self.say("150 coming")
            link, _ = self.listener.accept()
        with link:
            try:
                link.sendall(data[self.rest : end])
            except OSError:
                return
        self.rest = 0
        self.say("226 done" if end >= len(data) else "426 broken")


class FtpSite(ThreadingTCPServer):
    """An FTP server, with what it serves and what it was asked. `cut` ends the next transfers at these bytes."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), FtpHandler)
        self.files: dict[str, bytes] = {}
        self.seen: list[str] = []
        self.cut: list[int] = []
        self.password = ""
        self.url = f"ftp://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""
