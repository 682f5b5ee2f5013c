"""Whether an ssh server answers at a port; a connection alone is no answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from virtprov.actions.waiting.knock import RDP, SSH, WINRM, Attempt, Service, look_at

LONG = 60.0
"""Seconds: far longer than anything here takes."""


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
        thread.join(LONG)


def answer(port: int, service: Service = SSH) -> str | None:
    """What comes of an attempt."""
    attempt = Attempt("127.0.0.1", port, service)
    while attempt.reply is None:
        look_at([attempt], LONG)
    return attempt.reply


def in_pieces(connection: socket.socket) -> None:
    for piece in (b"S", b"SH", b"-2.0-OpenSSH_9.2\r\n"):
        connection.sendall(piece)


@pytest.mark.parametrize(
    ("serve", "reply"),
    [
        (lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), ""),
        (in_pieces, ""),
        (lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n"), "what answers is not an ssh server"),
        (lambda connection: connection.sendall(b"SS"), "the connection was closed"),
        (lambda connection: None, "the connection was closed"),
    ],
)
def test_what_answers(serve: Callable[[socket.socket], None], reply: str) -> None:
    with server(serve) as port:
        assert answer(port) == reply


def test_who_accepts_and_says_nothing_is_not_waited_for() -> None:
    done = threading.Event()

    def wait(connection: socket.socket) -> None:
        done.wait(LONG)

    with server(wait) as port:
        attempt = Attempt("127.0.0.1", port)
        look_at([attempt], LONG)  # it is connected
        look_at([attempt], 0)
        assert attempt.reply is None and attempt.is_connected
        done.set()
        attempt.end("given up")
        assert attempt.reply == "given up" and attempt.fileno() == -1


def test_nobody_listens(closed_port: int) -> None:
    assert answer(closed_port) == "connection refused"


def test_an_address_that_is_none() -> None:
    assert Attempt("300.1.1.1:5", 22).reply


def confirm(connection: socket.socket) -> None:
    """Accept a remote desktop (RFC 1006, X.224)."""
    heard = connection.recv(64)
    assert len(heard) == int.from_bytes(heard[2:4], "big") and heard[4] == len(heard) - 5 and heard[5] == 0xE0
    connection.sendall(bytes.fromhex("030000130ed000000000000209080002000000"))


def refuse(connection: socket.socket) -> None:
    """Answer as WinRM does to somebody who has not logged in."""
    assert connection.recv(256).startswith(b"GET /wsman HTTP/1.1\r\n")
    connection.sendall(b"HTTP/1.1 405 \r\nServer: Microsoft-HTTPAPI/2.0\r\n\r\n")


def greet(connection: socket.socket) -> None:
    connection.recv(256)
    connection.sendall(b"220 mail.example ESMTP\r\n")


@pytest.mark.parametrize(
    ("service", "serve", "reply"),
    [
        (RDP, confirm, ""),
        (WINRM, refuse, ""),
        (RDP, greet, "what answers is not an RDP server"),
        (WINRM, greet, "what answers is not a WinRM server"),
        (RDP, lambda connection: connection.recv(64), "the connection was closed"),
    ],
)
def test_other_services(service: Service, serve: Callable[[socket.socket], None], reply: str) -> None:
    with server(serve) as port:
        assert answer(port, service) == reply


def test_another_service_that_accepts_and_says_nothing() -> None:
    """A forwarded port does so before the guest listens."""
    done = threading.Event()

    def wait(connection: socket.socket) -> None:
        done.wait(LONG)

    with server(wait) as port:
        attempt = Attempt("127.0.0.1", port, RDP)
        look_at([attempt], LONG)
        look_at([attempt], 0)
        assert attempt.reply is None
        attempt.end("given up")
        done.set()
