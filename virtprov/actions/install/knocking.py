"""Knock at a guest's ssh port in a thread of its own, while other sources are asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from virtprov.support.knock import knock

if TYPE_CHECKING:
    from collections.abc import Callable

    Place = tuple[str, int]

EVERY = 0.5
"""How many seconds between two rounds."""
MOST = 8
"""How many places are tried: the guest reports its own addresses."""


class Knocker:
    """Tries the places that it is told until an ssh server answers at one of them, while the `with` block runs.

    `found` is called once, from the thread.
    """

    def __init__(self, found: Callable[[], None], ask: Callable[[str, int], str] = knock) -> None:
        self._found, self._ask = found, ask
        self._places: tuple[Place, ...] = ()
        self._stop = threading.Event()
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None
        self.replies: dict[Place, str] = {}
        self.open_at: Place | None = None

    def __enter__(self) -> Knocker:
        return self

    def __exit__(self, *failure: object) -> None:
        self._stop.set()
        self._changed.set()

    def try_places(self, places: list[Place]) -> None:
        """Tell where to knock from now on."""
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
        self.open_at = None
        self.replies.clear()
        self._changed.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._changed.clear()
            if self.open_at is None and self._round():
                self._found()
            self._changed.wait(EVERY if self.open_at is None else None)

    def _round(self) -> bool:
        for place in self._places:
            reply = self._ask(*place)
            if self._stop.is_set():
                return False
            self.replies[place] = reply
            if not reply:
                self.open_at = place
                return True
        return False
