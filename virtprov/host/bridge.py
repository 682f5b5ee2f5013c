"""Which bridge of this machine carries its default route, so that guests can share it."""

from __future__ import annotations

import os

_UP = 0x1


def default_route(proc: str = "/proc") -> str | None:
    """The interface of the IPv4 default route with the lowest metric, from /proc/net/route; None: no route."""
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
    """The interface itself when it is a bridge, the bridge it is a port of, or None."""
    place = f"{sys}/class/net/{interface}"
    if os.path.isdir(f"{place}/bridge"):
        return interface
    try:
        return os.path.basename(os.readlink(f"{place}/brport/bridge"))
    except OSError:
        return None


def default_bridge(proc: str = "/proc", sys: str = "/sys") -> str | None:
    """The bridge that carries the default route of this machine; None when it is carried otherwise."""
    interface = default_route(proc)
    return bridge_of(interface, sys) if interface else None
