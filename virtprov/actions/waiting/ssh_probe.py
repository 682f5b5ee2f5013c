"""Knock at a guest's ssh port, or those of other services, in a separate thread, while other sources are asked."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

from virtprov.actions.waiting.knock import SSH, Attempt, look_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.waiting.knock import Service

    Place = tuple[str, int]

EVERY = 0.5
"""How many seconds between two attempts, if the first was refused."""
SECOND_AFTER, LONGEST = 5.0, 30.0
"""How old a connection without an answer gets before another one is tried beside it, and before it is given up.

Each costs a booting guest a process of its sshd: many of them would keep it from getting ready.
"""
MOST = 8
"""How many places are tried: the guest reports its own addresses."""


class SshProbe:
    """Tries the places that it is told until the service answers at one of them, while the `with` block runs.

    `service_at` returns its service. `found` is called from the thread whenever one has answered. `replies` is
    why the others did not, by place.
    """

    def __init__(self, found: Callable[[], None], service_at: Callable[[Place], Service] = lambda place: SSH) -> None:
        self._found, self._service_at = found, service_at
        self._places: tuple[Place, ...] = ()
        self._attempts: list[Attempt] = []
        self._next: dict[Place, float] = {}
        self._again = False
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None
        self.replies: dict[Place, str] = {}
        self.open_at: Place | None = None

    def __enter__(self) -> SshProbe:
        return self

    def __exit__(self, *failure: object) -> None:
        self._stop.set()
        self._changed.set()

    def try_places(self, places: list[Place]) -> None:
        """Set the places to knock at from now on."""
        told = tuple(dict.fromkeys(places))[:MOST]
        if told == self._places:
            return
        self._places = told
        self._changed.set()
        if self._thread is None and told:
            self._thread = threading.Thread(target=self._run, name="knocking", daemon=True)
            self._thread.start()

    def forget(self) -> None:
        """Knock again: the guest has rebooted."""
        self._again, self.open_at = True, None
        self.replies.clear()
        self._changed.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._changed.clear()
            if self._again:
                self._again = False
                self._close()
            if self.open_at is None:
                self._round()
            else:
                self._changed.wait()
        self._close()

    def _close(self) -> None:
        for attempt in self._attempts:
            attempt.end("not waited for")
        self._attempts.clear()

    def _round(self) -> None:
        now = monotonic()
        for place in self._places:
            pending = [attempt for attempt in self._attempts if attempt.place == place]
            is_due = not pending or (len(pending) == 1 and now - pending[0].began >= SECOND_AFTER)
            if is_due and now >= self._next.get(place, 0.0):
                self._attempts.append(Attempt(*place, self._service_at(place)))
        look_at(self._attempts, EVERY)
        for attempt in list(self._attempts):
            if attempt.reply is None and monotonic() - attempt.began >= LONGEST:
                attempt.end("no answer")
            self.replies.setdefault(attempt.place, "no answer yet")
            if attempt.reply is not None:
                self._take(attempt)
            if self.open_at is not None:
                return

    def _take(self, attempt: Attempt) -> None:
        self._attempts.remove(attempt)
        self._next[attempt.place] = monotonic() + EVERY
        self.replies[attempt.place] = attempt.reply or ""
        if not attempt.reply and not self._again:
            self.open_at = attempt.place
            self._close()
            self._found()
