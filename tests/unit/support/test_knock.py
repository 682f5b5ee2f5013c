"""Whether an ssh server answers at a port; a connection alone is no answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from virtprov.support.knock import knock


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server of one connection on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            connection, _ = listening.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


def in_pieces(connection: socket.socket) -> None:
    for piece in (b"S", b"SH", b"-2.0-OpenSSH_9.2\r\n"):
        connection.sendall(piece)


@pytest.mark.parametrize(
    ("serve", "reply"),
    [
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), ""),
        (in_pieces, ""),
        (lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n"), "what answers is not an ssh server"),
        (lambda connection: None, "the connection was closed"),
    ],
)
def test_what_answers(serve: Callable[[socket.socket], None], reply: str) -> None:
    with server(serve) as port:
        assert knock("127.0.0.1", port, 10) == reply


def test_who_accepts_and_says_nothing() -> None:
    done = threading.Event()

    def wait(connection: socket.socket) -> None:
        done.wait(10)

    with server(wait) as port:
        assert knock("127.0.0.1", port, 0.05) == "no answer"
        done.set()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert knock("127.0.0.1", port, 10) == "connection refused"
