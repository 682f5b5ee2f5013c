"""Hosts in tests that answer some questions by themselves and hand the others to a real host."""

from __future__ import annotations

from typing import Any

PARTS = ("guests", "running", "storage", "secrets", "networks", "devices", "capabilities")


class StandIn:
    """A host whose method `guests_find` answers for `guests.find`, and so on for every part of a host.

    What it does not define is asked of `real`, another host; without one there is no such method.
    """

    real: Any = None

    def __getattr__(self, name: str) -> Any:
        if name in PARTS:
            return _Part(self, name)
        if self.real is None:
            raise AttributeError(name)
        return getattr(self.real, name)

    def method_of(self, part: str, name: str) -> Any:
        """The method `name` of a part of this host."""
        own = getattr(type(self), f"{part}_{name}", None)
        if own is not None:
            return own.__get__(self)
        if self.real is None:
            raise AttributeError(f"{part}.{name}")
        return getattr(getattr(self.real, part), name)


class _Part:
    def __init__(self, host: StandIn, part: str) -> None:
        self._host, self._part = host, part

    def __getattr__(self, name: str) -> Any:
        return self._host.method_of(self._part, name)
