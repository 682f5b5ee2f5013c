"""What happens on the way, told to the caller: notes, warnings, progress."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from virtprov.actions.run.plan import Plan, World
    from virtprov.host.connection import Host

    class Hears(Protocol):
        """Where notes, warnings and progress go: a program's listener, or what a command prints."""

        def on_note(self, text: str) -> None: ...
        def on_warning(self, text: str) -> None: ...
        def world(self, host: Host) -> World:
            """Return what steps act upon, with progress, and a record of what they make in case the run is killed."""


TOOL = "virtprov library"
"""Who made something, as the record of unfinished runs names it."""


class Listener:
    """Is told what happens while a function of the library works. Override what you want to hear; this one is silent.

    With `jobs` above 1 the methods are called from several threads. What they raise ends the work, which is then
    undone as after any other failure.
    """

    def on_note(self, text: str) -> None:
        """Take one sentence about what is done, such as which default was chosen."""

    def on_warning(self, text: str) -> None:
        """Take one sentence about what may not be as expected; nothing has failed."""

    def on_progress(self, label: str, done: int, total: int) -> None:
        """Take how far the step called `label` is: `done` of `total` bytes.

        Each step calls this with 0 and 0 when it begins, and a long one again and again. `total` is 0 while it is not
        known.
        """

    def on_password(self, guest: str, password: str) -> None:
        """Take the password that was made up for root of a new guest, before anything is waited for.

        It is in the result as well, but there is none when the wait fails.
        """


class Collector:
    """Keeps notes and warnings for the result, and passes all on to the program's listener."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener or Listener()
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def on_note(self, text: str) -> None:
        """Keep a note."""
        self.notes.append(text)
        self._listener.on_note(text)

    def on_warning(self, text: str) -> None:
        """Keep a warning."""
        self.warnings.append(text)
        self._listener.on_warning(text)

    def on_password(self, guest: str, password: str) -> None:
        """Pass on a password; it is kept nowhere."""
        self._listener.on_password(guest, password)

    def world(self, host: Host) -> World:
        """What steps act upon; progress is told to the listener."""
        from virtprov.actions.run import trail
        from virtprov.actions.run.plan import World
        from virtprov.library.progress import Told

        world = World(host, Told(self._listener.on_progress), self.on_note, self.on_warning)
        world.trail = trail.for_host(TOOL, host, self.on_warning)
        return world


def tell_plan(plan: Plan, hears: Hears) -> None:
    """Pass on what a plan has to say."""
    for sentence in plan.notes:
        hears.on_note(sentence)
    for sentence in plan.warnings:
        hears.on_warning(sentence)


def warn_of_leftovers(hears: Hears) -> None:
    """Warn of what earlier runs that were interrupted may have left behind; no host is asked."""
    from virtprov.actions.run import leftovers
    from virtprov.support.errors import ProvError

    try:
        sentence = leftovers.notice()
    except ProvError:  # without a state directory nothing was written down
        return
    if sentence:
        hears.on_warning(sentence)
