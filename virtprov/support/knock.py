"""Ask a TCP port whether something answers there."""

from __future__ import annotations

SECONDS = 1.0
"""How long to wait for each answer."""
_MOST = 255
"""The longest first line of an ssh server, in bytes (RFC 4253, 4.2)."""
SSH = b"SSH-"


def knock(address: str, port: int, seconds: float = SECONDS) -> str:
    """Return why no ssh server answers at an address; "" if one does.

    A connection alone is no answer: a forwarded port accepts it before the guest does. The server is not trusted: it
    has `seconds` to send its first bytes.
    """
    import socket

    try:
        with socket.create_connection((address, port), seconds) as connection:
            connection.settimeout(seconds)
            heard = b""
            while len(heard) < len(SSH):
                piece = connection.recv(_MOST)
                if not piece:
                    return "the connection was closed"
                heard += piece
    except TimeoutError:
        return "no answer"
    except OSError as problem:
        return (problem.strerror or str(problem)).lower()
    return "" if heard.startswith(SSH) else "what answers is not an ssh server"
