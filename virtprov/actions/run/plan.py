"""Plan, Step, and apply: the only door through which virtprov changes a host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record
from virtprov.support.waiting import Abandoned

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from virtprov.actions.run.artifact import Artifact
    from virtprov.actions.run.trail import Entry
    from virtprov.guest.document import DomainDocument
    from virtprov.host.connection import Host
    from virtprov.support.progress import Progress

Undo = Callable[[], object]


class World:
    """What steps act upon: the host, how progress is shown, and where sentences for the user go."""

    __slots__ = ("gate", "host", "progress", "say", "tell", "trail", "warn")

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
        from virtprov.actions.run.interrupt import Gate
        from virtprov.actions.run.trail import Trail

        self.gate = Gate()
        self.trail = Trail()
        self.tell: Callable[[int, int], None] = lambda done, total: None

    def advance(self, done: int, total: int) -> None:
        """Report how far a long step is, in bytes; raises KeyboardInterrupt when the user wants to stop."""
        self.tell(done, total)
        self.trail.beat()
        self.gate.check()

    def advance_call(self, done: int, total: int) -> None:
        """As `advance`, for one long call of libvirt, which offers no way to stop it.

        Nothing is raised when the call is over: the step then has something to be undone.
        """
        if 0 < total <= done:
            self.tell(done, total)
            return
        if self.gate.pending:
            self.say("libvirt cannot stop what it is making: once it is done with that, it is removed")
        self.advance(done, total)

    def making(self, artifact: Artifact) -> AbstractContextManager[Entry]:
        """A block that makes the artifact: it is noted in the trail before, and after with what is known of it."""
        from virtprov.actions.run.trail import making

        return making(self.trail, self.host, artifact)

    def undo(self, entry: Entry) -> Undo:
        """How to take down what the entry names, as long as it is the one that was made."""
        return lambda: self._take_down(entry)

    def _take_down(self, entry: Entry) -> None:
        from virtprov.actions.run.artifact import GONE, OTHERS, InUse

        artifact = entry.artifact
        seen = artifact.standing(self.host, entry.evidence)
        if seen.state == OTHERS:
            self.warn(f"{artifact.describe()} stays: {seen.why}")
        elif seen.state != GONE:
            try:
                artifact.take_down(self.host)
            except InUse as problem:
                self.warn(f"{artifact.describe()} stays: {problem.message}")
        entry.note_gone()


class Step(Protocol):
    """One change. `do` makes it and returns how to undo it (None: nothing to undo).

    A step that fails midway cleans up its own half before it raises. Steps that have `final = True` come last in a
    plan: they remove for good what was put aside, so they are not interrupted, and nothing is undone after the first
    of them. What they cannot do they say.
    """

    @property
    def label(self) -> str:
        """What it does, in words for the user."""
        ...

    def do(self, world: World) -> Undo | None:
        """Make the change."""
        ...


class FunctionStep(Record):
    """A step of which there is no more to say than its label and what it does."""

    label: str
    do: Callable[[World], Undo | None]
    final: bool = False


class Plan(Record):
    """What a command is going to do. `domains` are the guest's documents it comes to, the first boot's first."""

    domains: tuple[DomainDocument, ...]
    steps: tuple[Step, ...]
    name: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents as text."""
        return tuple(domain.text for domain in self.domains)


def apply(plan: Plan, world: World) -> None:
    """Do every step in order. When one fails, or the user interrupts, those before it are undone, the last first.

    Raises what the failing step raised; whatever could not be undone is said through `world.warn`. What is made is
    noted in the world's trail, which goes in the end unless something is left over.
    """
    final = [step for step in plan.steps if is_final(step)]
    world.trail.note_guest(plan.name)
    with world.gate.closed():
        _make([step for step in plan.steps if not is_final(step)], world)
        if final:
            world.trail.note_settled()
        for step in final:
            with world.progress.task(step.label):
                step.do(world)
        world.trail.finish()


def is_final(step: Step) -> bool:
    """Whether nothing can be undone any more once this step is reached."""
    return bool(getattr(step, "final", False))


def _make(steps: list[Step], world: World) -> None:
    """Do the steps that can be undone, or undo what is done of them."""
    from contextlib import ExitStack

    with ExitStack() as undos:
        undos.callback(close_trail, world)
        for number, step in enumerate(steps, 1):
            world.gate.check()
            with world.trail.last_step(number == len(steps)), world.progress.task(step.label) as task:
                world.tell = task.update
                undo = step.do(world)
            if undo is not None:
                undos.callback(undo_quietly, step.label, undo, world)
        world.gate.check()
        undos.pop_all()


def close_trail(world: World) -> None:
    """All is undone that could be; the trail stays for what could not."""
    if not world.trail.is_kept:
        world.trail.discard()
    elif world.trail.is_written:
        world.warn("what could not be undone is written down: `virtprov-install --clean-up` removes it later")


def undo_quietly(label: str, undo: Undo, world: World) -> bool:
    """Undo one step and say whether it could be; a failure does not keep the others from being undone."""
    try:
        undo()
    except (ProvError, Abandoned) as problem:
        world.trail.keep()
        why = problem.message if isinstance(problem, ProvError) else "the host does not answer"
        world.warn(f"could not be undone: {label}: {why}")
        return False
    return True
