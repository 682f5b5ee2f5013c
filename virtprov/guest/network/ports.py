"""Ports of this machine."""

from __future__ import annotations


def refusal(address: str, port: int, protocol: str = "tcp") -> str:
    """Return why a port at an address ("": all of them) is not available; "" if it is.

    `protocol` is "tcp" or "udp". The port is tried, so the answer is only valid at that moment.
    """
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with socket.socket(family, kind) as trial:
        if kind == socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            return f"{protocol} port {port} is not available: {error.strerror or error}"
    return ""
