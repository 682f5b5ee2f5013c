"""Notice when the original of a clone is started while its disks are copied: the copies would not be consistent."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.daemon.events import GuestEvent, Watch

EVERY = 1.0
"""Seconds between two questions for the state of the guest; its events arrive without a question."""


class SourceWatch:
    """Watches a guest while the `with` block runs; `check` raises HostError if it has been started in it.

    A driver without events is asked for the state of the guest, now and then.
    """

    def __init__(self, host: Host, name: str) -> None:
        self._host, self._name = host, name
        self._next = 0.0
        self._stack = ExitStack()
        self._watch: Watch | None = None

    def __enter__(self) -> SourceWatch:
        try:
            self._watch = self._stack.enter_context(self._host.running.watch(self._name))
        except HostError:  # it has no events, or the guest is gone, which the copy does not mind
            self._watch = None
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.close()

    def check(self, is_last: bool) -> None:
        """Raise HostError if the guest was started; with `is_last`, its state is asked for in any case."""
        if self._watch is not None and self._watch.wait_for(_is_start, 0) is not None:
            raise self._started()
        if is_last or time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            info = self._host.guests.find(self._name)
            if info is not None and info.active:
                raise self._started()

    def _started(self) -> HostError:
        return HostError(
            f"guest '{self._name}' was started while its disks were copied: the copies would not be consistent",
            hint=f"shut it down with `virsh shutdown {self._name}`, and clone it again",
        )


def _is_start(event: GuestEvent) -> bool:
    return event.kind == "started"
