"""Ports of this machine."""

from __future__ import annotations

import socket

from virtprov.guest.network import ports


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def test_a_free_port_has_no_refusal() -> None:
    """Of several, because another process may take one meanwhile."""
    for protocol in ("tcp", "udp"):
        assert "" in [ports.refusal("127.0.0.1", free_port(), protocol) for _ in range(5)]


def test_a_port_somebody_has() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert f"udp port {port} is not available" in ports.refusal("127.0.0.1", port, "udp")


def test_an_address_of_another_machine() -> None:
    assert "is not available" in ports.refusal("192.0.2.1", 8022)
