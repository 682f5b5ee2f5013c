"""Plan, Step and apply: the only way in which virtprov changes a host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record
from virtprov.support.slow_calls.waiting import Abandoned

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from virtprov.actions.run.artifacts.artifact import Artifact
    from virtprov.actions.run.trail import Entry
    from virtprov.guest.document import DomainDocument
    from virtprov.host.connection import Host
    from virtprov.support.terminal.progress import Progress, Task

Undo = Callable[[], object]
Guard = Callable[[bool], object]
"""Raises an error if something has spoiled a copy; called with True at the end of the copy."""


def _allow(is_last: bool) -> None:
    """Let every copy go on."""


class RunContext:
    """The environment of steps: the host, progress, and messages for the user."""

    __slots__ = ("gate", "guard", "host", "progress", "say", "stages", "tell", "trail", "warn")

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
        from virtprov.actions.run.stages import Stages
        from virtprov.actions.run.trail import Trail

        self.gate = Gate()
        self.stages = Stages()
        self.trail = Trail()
        self.tell: Callable[[int, int], None] = lambda done, total: None
        self.guard: Guard = _allow

    def advance(self, done: int, total: int) -> None:
        """Report the progress of a long step in bytes; raises KeyboardInterrupt if the user wants to stop."""
        self.tell(done, total)
        self.trail.beat()
        self.gate.check()

    def advance_copy(self, done: int, total: int) -> None:
        """Report the progress of the copy of a disk; also raises the error of `guard` for what would spoil the copy."""
        self.advance(done, total)
        self.guard(False)

    def advance_copy_call(self, done: int, total: int) -> None:
        """Do the same for a libvirt call, as `advance_call`."""
        self.advance_call(done, total)
        if not 0 < total <= done:
            self.guard(False)

    def advance_call(self, done: int, total: int) -> None:
        """Report the progress of a long libvirt call, which cannot be stopped.

        Nothing is raised after the call has finished, because the step then has to be undone.
        """
        if 0 < total <= done:
            self.tell(done, total)
            return
        if self.gate.pending:
            self.say("this libvirt call cannot be cancelled; its result will be removed when it finishes")
        self.advance(done, total)

    def making(self, artifact: Artifact) -> AbstractContextManager[Entry]:
        """Record in the recovery log what is created in this block, before and after."""
        from virtprov.actions.run.trail import making

        return making(self.trail, self.host, artifact)

    def undo(self, entry: Entry) -> Undo:
        """Return how to remove the artifact of an entry, if it is still the one that was created."""
        return lambda: self._take_down(entry)

    def _take_down(self, entry: Entry) -> None:
        from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, InUse

        artifact = entry.artifact
        seen = artifact.standing(self.host, entry.evidence)
        if seen.state == OTHERS:
            self.warn(f"{artifact.describe()} is kept: {seen.why}")
        elif seen.state != GONE:
            try:
                artifact.take_down(self.host)
            except InUse as problem:
                self.warn(f"{artifact.describe()} is kept: {problem.message}")
        entry.note_removed()


class Step(Protocol):
    """One change. `do` makes the change and returns how to undo it (None: nothing to undo).

    A step that fails has to clean up after itself before it raises. Steps with `final = True` are the last in a plan:
    they delete what was moved aside, so they are not interrupted, and nothing is undone after the first of them. If
    they fail, they only warn. Steps with `needs_lock = True` change a guest that exists: an edit with one of them keeps
    other runs from changing that guest meanwhile.
    """

    @property
    def label(self) -> str:
        """What the step does, for the user."""
        ...

    def do(self, context: RunContext) -> Undo | None:
        """Make the change."""
        ...


class FunctionStep(Record):
    """A step that consists of a label and a function."""

    label: str
    do: Callable[[RunContext], Undo | None]
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


def apply(plan: Plan, context: RunContext) -> None:
    """Carry out every step in order; after a failure or an interrupt, undo the previous ones in reverse order.

    Raises the exception of the failed step; what could not be undone is reported with `context.warn`. What is created
    is recorded in the recovery log, which is deleted at the end unless something is left.
    """
    final = [step for step in plan.steps if is_final(step)]
    context.trail.note_guest(plan.name)
    with context.gate.delay_interrupts():
        _make([step for step in plan.steps if not is_final(step)], context)
        if final:
            context.trail.note_final()
        for step in final:
            with context.progress.task(step.label):
                step.do(context)
        context.trail.finish()


def is_final(step: Step) -> bool:
    """Return whether nothing can be undone from this step on."""
    return bool(getattr(step, "final", False))


def _make(steps: list[Step], context: RunContext) -> None:
    """Carry out the steps that can be undone; undo them if one fails."""
    from contextlib import ExitStack

    with ExitStack() as undos:
        undos.callback(close_trail, context)
        for number, step in enumerate(steps, 1):
            context.gate.check()
            with context.trail.last_step(number == len(steps)), _task(step, context) as task:
                context.tell = task.update
                undo = step.do(context)
            if undo is not None:
                undos.callback(undo_quietly, step.label, undo, context)
        context.gate.check()
        undos.pop_all()


def _task(step: Step, context: RunContext) -> Task:
    """Return the task that shows the progress of a step; the parts of some steps show their own."""
    if getattr(step, "shows_itself", False):
        from virtprov.support.terminal.progress import Task

        return Task()
    return context.progress.task(step.label)


def close_trail(context: RunContext) -> None:
    """Close the recovery log after undoing; it is kept if something could not be undone."""
    if not context.trail.is_kept:
        context.trail.discard()
    elif context.trail.is_written:
        context.warn("some changes could not be undone; remove them later with `virtprov-install --clean-up`")


def undo_quietly(label: str, undo: Undo, context: RunContext) -> bool:
    """Undo one step and return whether that succeeded; a failure does not stop the undo of other steps."""
    try:
        undo()
    except (ProvError, Abandoned) as problem:
        context.trail.keep()
        why = problem.message if isinstance(problem, ProvError) else "the host does not answer"
        context.warn(f'could not undo "{label}": {why}')
        return False
    return True
