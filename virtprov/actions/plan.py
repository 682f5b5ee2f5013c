"""Plan, Step, and apply: the only door through which virtprov changes a host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from virtprov.support.errors import ProvError
from virtprov.support.record import Record

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.support.progress import Progress

Undo = Callable[[], object]


class World:
    """What steps act upon: the host, how progress is shown, and where sentences for the user go."""

    __slots__ = ("gate", "host", "progress", "say", "tell", "warn")

    def __init__(
        self,
        host: Host,
        progress: Progress,
        say: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        self.host = host
        self.progress = progress
        self.say = say
        self.warn = warn
        from virtprov.actions.interrupt import Gate

        self.gate = Gate()
        self.tell: Callable[[int, int], None] = lambda done, total: None

    def advance(self, done: int, total: int) -> None:
        """Report how far a long step is, in bytes; raises KeyboardInterrupt when the user wants to stop."""
        self.tell(done, total)
        self.gate.check()


class Step(Protocol):
    """One change. `do` makes it and returns how to undo it (None: nothing to undo).

    A step that fails midway cleans up its own half before it raises.
    """

    @property
    def label(self) -> str:
        """What it does, in words for the user."""
        ...

    def do(self, world: World) -> Undo | None:
        """Make the change."""
        ...


class Plan(Record):
    """What a command is going to do. `documents` are the XML texts it comes to, the first boot's first."""

    documents: tuple[str, ...]
    steps: tuple[Step, ...]
    name: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def apply(plan: Plan, world: World) -> None:
    """Do every step in order. When one fails, or the user interrupts, those before it are undone, the last first.

    Raises what the failing step raised; whatever could not be undone is said through `world.warn`.
    """
    from contextlib import ExitStack

    with world.gate.closed(), ExitStack() as undos:
        for step in plan.steps:
            world.gate.check()
            with world.progress.task(step.label) as task:
                world.tell = task.update
                undo = step.do(world)
            if undo is not None:
                undos.callback(_quietly, step.label, undo, world)
        world.gate.check()
        undos.pop_all()


def _quietly(label: str, undo: Undo, world: World) -> None:
    """Undo one step; a failure is said, and does not keep the others from being undone."""
    try:
        undo()
    except ProvError as problem:
        world.warn(f"could not be undone: {label}: {problem.message}")
