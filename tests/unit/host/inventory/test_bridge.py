from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.host.inventory.bridge import bridge_of, default_bridge, default_route

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


def row(interface: str, destination: str, flags: str, metric: int, mask: str) -> str:
    return f"{interface}\t{destination}\t0102A8C0\t{flags}\t0\t0\t{metric}\t{mask}\t0\t0\t0\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A /proc without routes, and a /sys with the bridge br0, its port eth0, and eth1 on its own."""
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(HEAD)
    net = tmp_path / "sys/class/net"
    (net / "br0/bridge").mkdir(parents=True)
    (net / "eth0/brport").mkdir(parents=True)
    (net / "eth0/brport/bridge").symlink_to("../../br0")
    (net / "eth1").mkdir()
    return tmp_path


@pytest.mark.parametrize(("interface", "bridge"), [("br0", "br0"), ("eth0", "br0"), ("eth1", None), ("missing", None)])
def test_bridge_of(machine: Path, interface: str, bridge: str | None) -> None:
    assert bridge_of(interface, str(machine / "sys")) == bridge


def test_the_default_route_with_the_lowest_metric_counts(machine: Path) -> None:
    (machine / "proc/net/route").write_text(
        HEAD
        + row("eth1", "00000000", "0003", 600, "00000000")
        + row("br0", "00000000", "0003", 100, "00000000")
        + row("eth9", "00000000", "0000", 0, "00000000")  # a route that is not up
        + row("eth0", "0000FEA9", "0001", 0, "0000FFFF")
    )
    assert default_route(str(machine / "proc")) == "br0"
    assert default_bridge(str(machine / "proc"), str(machine / "sys")) == "br0"


def test_a_default_route_that_no_bridge_carries(machine: Path) -> None:
    (machine / "proc/net/route").write_text(HEAD + row("eth1", "00000000", "0003", 0, "00000000"))
    assert default_bridge(str(machine / "proc"), str(machine / "sys")) is None


def test_no_default_route(machine: Path) -> None:
    assert default_bridge(str(machine / "proc"), str(machine / "sys")) is None
    assert default_bridge(str(machine / "nowhere"), str(machine / "sys")) is None
