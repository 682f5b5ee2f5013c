"""Find the bridge of this machine with its default route, so that guests can share it."""

from __future__ import annotations

import os

_UP = 0x1


def default_route(proc: str = "/proc") -> str | None:
    """Return the interface of the IPv4 default route with the lowest metric, from /proc/net/route, or None."""
    try:
        with open(f"{proc}/net/route", encoding="ascii", errors="replace") as table:
            rows = [line.split() for line in table][1:]
    except OSError:
        return None
    routes = [
        (int(row[6]), row[0])
        for row in rows
        if len(row) >= 8 and row[1] == row[7] == "00000000" and int(row[3], 16) & _UP
    ]
    return min(routes)[1] if routes else None


def bridge_of(interface: str, sys: str = "/sys") -> str | None:
    """Return the interface itself if it is a bridge, the bridge of which it is a port, or None."""
    place = f"{sys}/class/net/{interface}"
    if os.path.isdir(f"{place}/bridge"):
        return interface
    try:
        return os.path.basename(os.readlink(f"{place}/brport/bridge"))
    except OSError:
        return None


def default_bridge(proc: str = "/proc", sys: str = "/sys") -> str | None:
    """Return the bridge with this machine's default route; None if the route does not use a bridge."""
    interface = default_route(proc)
    return bridge_of(interface, sys) if interface else None
