"""Ports of this machine."""

from __future__ import annotations

import socket

from virtprov.guest.network import ports


def test_a_free_port_has_no_refusal() -> None:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    assert ports.refusal("127.0.0.1", port) == ""
    assert ports.refusal("127.0.0.1", port, "udp") == ""


def test_a_port_somebody_has() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert f"udp port {port} is not available" in ports.refusal("127.0.0.1", port, "udp")


def test_an_address_of_another_machine() -> None:
    assert "is not available" in ports.refusal("192.0.2.1", 8022)
