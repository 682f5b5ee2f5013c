"""Events for the caller: notes, warnings, progress."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from virtprov.actions.run.plan import Plan, RunContext
    from virtprov.host.connection import Host

    class Hears(Protocol):
        """Where notes, warnings and progress go: to a program's listener, or to the output of a command."""

        def on_note(self, text: str) -> None: ...
        def on_warning(self, text: str) -> None: ...
        def context(self, host: Host) -> RunContext:
            """Return the context for steps, with progress, and a recovery log in case the run is killed."""


TOOL = "virtprov library"
"""The tool named in recovery logs of the library."""


class Listener:
    """Gets events while a function of the library runs. Override the methods you need; this class ignores all events.

    With `jobs` above 1 the methods are called from several threads. An exception in a method ends the work, which is
    then undone as after any other failure.
    """

    def on_note(self, text: str) -> None:
        """Called with one sentence about what is done, such as a chosen default."""

    def on_warning(self, text: str) -> None:
        """Called with one sentence about a possible problem; nothing has failed."""

    def on_progress(self, label: str, done: int, total: int) -> None:
        """Called with the progress of the step `label`: `done` of `total` bytes.

        Each step calls this with 0 and 0 when it begins, and a long one repeatedly. `total` is 0 while it is unknown.
        """

    def on_password(self, guest: str, password: str) -> None:
        """Called with the generated password for root of a new guest, before the wait.

        The result has the password as well, but there is no result if the wait fails.
        """


class Collector:
    """Collects notes and warnings for the result, and passes all events on to the program's listener."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener or Listener()
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def on_note(self, text: str) -> None:
        """Collect a note."""
        self.notes.append(text)
        self._listener.on_note(text)

    def on_warning(self, text: str) -> None:
        """Collect a warning."""
        self.warnings.append(text)
        self._listener.on_warning(text)

    def on_password(self, guest: str, password: str) -> None:
        """Pass on a password; it is not stored."""
        self._listener.on_password(guest, password)

    def context(self, host: Host) -> RunContext:
        """Return the context for steps; their progress goes to the listener."""
        from virtprov.actions.run import trail
        from virtprov.actions.run.plan import RunContext
        from virtprov.library.progress_relay import RelayedTasks

        context = RunContext(host, RelayedTasks(self._listener.on_progress), self.on_note, self.on_warning)
        context.trail = trail.for_host(TOOL, host, self.on_warning)
        return context


def tell_plan(plan: Plan, hears: Hears) -> None:
    """Pass on the notes and warnings of a plan."""
    for sentence in plan.notes:
        hears.on_note(sentence)
    for sentence in plan.warnings:
        hears.on_warning(sentence)


def warn_of_leftovers(hears: Hears) -> None:
    """Warn of what interrupted runs may have left behind; does not connect to a host."""
    from virtprov.actions.run import leftovers
    from virtprov.support.errors import ProvError

    try:
        sentence = leftovers.notice()
    except ProvError:  # without a state directory nothing was written down
        return
    if sentence:
        hears.on_warning(sentence)
