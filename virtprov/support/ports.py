"""Ports of this machine."""

from __future__ import annotations


def refusal(address: str, port: int, protocol: str = "tcp") -> str:
    """Why nobody could listen on a port at an address ("": all of them); "" when it is free.

    `protocol` is "tcp" or "udp". It is tried out, so the answer holds for the moment.
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
            return f"{protocol} port {port} cannot be had here: {error.strerror or error}"
    return ""
