"""When a new guest reached which stage."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable

CREATED, INSTALLED, IP, AGENT, SSH, CONSOLE, CLOUD_INIT, COMMANDS, OFF, END = (
    "created", "installed", "ip", "agent", "ssh", "console", "cloud-init", "run", "shutdown", "end",
)  # fmt: skip
"""The stages. CONSOLE is the arrival of the last line that cloud-init writes to the text console; END is the end of the
wait, before the result is printed."""


class Stage(Record):
    """A stage that was reached: how many seconds after the one from which it is counted, and when, since 1970.

    CREATED is counted from the beginning of the command's work, all others from CREATED, when the guest was started.
    """

    stage: str
    seconds: float
    at: float


class Stages:
    """The stages of one guest. `clock` counts seconds, `now` those since 1970."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, now: Callable[[], float] = time.time) -> None:
        self._clock, self._now = clock, now
        self._began = clock()
        self._reached: dict[str, Stage] = {}

    def note(self, stage: str) -> None:
        """Note that a stage is reached; only the first time counts."""
        if stage in self._reached:
            return
        seconds = self._clock() - self._began
        self._reached[stage] = Stage(stage, round(seconds, 3), round(self._now(), 3))
        if stage == CREATED:
            self._began += seconds

    def list(self) -> tuple[Stage, ...]:
        """Return the stages in the order in which they were reached."""
        return tuple(self._reached.values())
