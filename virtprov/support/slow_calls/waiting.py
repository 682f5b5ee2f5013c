"""Waiting for somebody who may not answer: what the user is told meanwhile, and how the user leaves.

While a change is made, Ctrl-C is held back until it can be undone (`actions/run/interrupt.py`). A call that does not
come back would hold it back for ever: so each Ctrl-C is counted here, and the second one during a wait ends that wait.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SLICE = 0.2
"""Seconds between two looks at what the user wants."""
LONG = 3.0
"""Seconds after which a wait is told of."""
ENOUGH = 2
"""So many times Ctrl-C end a wait that holds the first one back."""


class Abandoned(KeyboardInterrupt):
    """The user left something that goes on: nobody knows what comes of it."""


class _State:
    """What is known of the whole process.

    `presses` counts the interrupts that were held back, `shown` the tasks that show progress, `doing` is what the
    host is asked to do just now ("start the guest 'web'"), and `left` whether a call was left that goes on.
    """

    presses = 0
    shown = 0
    doing = ""
    left = False
    tell: Callable[[str], None] = staticmethod(lambda sentence: None)


state = _State()


class Wait:
    """One wait, which calls `look` every SLICE seconds of it."""

    __slots__ = ("_about", "_began", "_presses", "_told", "_warned")

    def __init__(self, about: str = "") -> None:
        self._about = about
        self._began = 0.0
        self._presses = state.presses
        self._told = self._warned = False

    def look(self) -> None:
        """Tell of a long wait once, and raise Abandoned when the user does not want to wait any longer."""
        from time import monotonic

        now = monotonic()
        self._began = self._began or now - SLICE
        if not self._told and now - self._began >= LONG:
            self._told = True
            if not state.shown:
                doing = f" to {state.doing}" if state.doing else ""
                state.tell(f"Waiting for {self._about or 'the host'}{doing} ...")
        pressed = state.presses - self._presses
        if pressed and not self._warned:
            self._warned = True
            state.tell(
                "The host has not answered yet; its work is undone as soon as it answers. Press Ctrl-C again to quit "
                "now."
            )
        if pressed >= ENOUGH:
            state.left = True
            raise Abandoned


def pause(seconds: float) -> None:
    """Sleep so long; raises Abandoned as `Wait.look` does."""
    from time import monotonic, sleep

    wait, end = Wait(), monotonic() + seconds
    while (rest := end - monotonic()) > 0:
        sleep(min(rest, SLICE))
        wait.look()
