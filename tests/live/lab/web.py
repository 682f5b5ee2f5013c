"""A web server of the lab: files of a folder, also in ranges, and a list of what was sent."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from lab.guests import end
from lab.host import Host

PORT = 8000
PIECE = 1 << 20


class Sent(NamedTuple):
    """One answer: what was asked for, the status, and how many bytes of the file were sent."""

    path: str
    status: int
    size: int


class Web:
    """The running server: its address, and what it has sent so far."""

    def __init__(self, url: str, log: Path) -> None:
        self.url, self.log = url, log

    def sent(self) -> list[Sent]:
        """Return every answer since `forget`."""
        return [Sent(*json.loads(line)) for line in self.log.read_text().splitlines()]

    def forget(self) -> None:
        """Start a new list."""
        self.log.write_text("")


@contextlib.contextmanager
def serving(host: Host, folder: Path, address: str = "192.168.122.1") -> Iterator[Web]:
    """Serve `folder` at an address of `host` while the block runs."""
    log = host.state / "web.log"
    log.write_text("")
    with run_server(host, "lab.web", folder, address, log):
        yield Web(f"http://{address}:{PORT}", log)


@contextlib.contextmanager
def run_server(host: Host, module: str, *words: str | Path) -> Iterator[None]:
    """Run a server of the lab inside of `host` while the block runs; it prints "ready" when it can be asked."""
    command = [sys.executable, "-m", module, *words]
    process = host.start(["env", f"PYTHONPATH={Path(__file__).resolve().parents[1]}", *command])
    assert process.stdout is not None
    try:
        first = process.stdout.readline().strip()
        if first != "ready":
            raise RuntimeError(f"the server {module} did not start: {first}")
        yield
    finally:
        end(process)  # the server goes first: the next one may want its port


class Answering(BaseHTTPRequestHandler):
    """Answers for files below `folder`, and writes a line for each to `log`."""

    folder = Path()
    log = Path()
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        """Send a file, or the part of it that is asked for."""
        path = self.folder / self.path.partition("?")[0].lstrip("/")
        if ".." in path.parts or not path.is_file():
            self.note(404, 0)
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        facts = path.stat()
        start, end = 0, facts.st_size
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted:
            start = int(wanted[1])
            end = min(int(wanted[2]) + 1, end) if wanted[2] else end
        self.note(206 if wanted else 200, end - start if body else 0)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{facts.st_size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", f'"{facts.st_mtime_ns:x}"')
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if body:
            self.pour(path, start, end)

    def pour(self, path: Path, start: int, end: int) -> None:
        """Send a part of a file; a client that has had enough is no failure."""
        with path.open("rb") as file, contextlib.suppress(ConnectionError):
            file.seek(start)
            while start < end:
                piece = file.read(min(PIECE, end - start))
                self.wfile.write(piece)
                start += len(piece)

    def note(self, status: int, size: int) -> None:
        """Write down an answer before it is sent, so that whoever got it finds it in the list."""
        with self.log.open("a") as log:
            log.write(json.dumps([self.path, status, size]) + "\n")

    def log_message(self, *words: object) -> None:
        """Say nothing: nobody reads it."""


def main(folder: str, address: str, log: str) -> None:
    """Serve until this process is ended."""
    Answering.folder, Answering.log = Path(folder), Path(log)
    with ThreadingHTTPServer((address, PORT), Answering) as server:
        print("ready", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
