"""Carry out the plan of each guest, and undo everything if one guest cannot be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.actions.edit.store_steps import RestoreDefinition, StoreDefinition
from virtprov.actions.run import definition
from virtprov.actions.run.plan import RunContext, close_trail, undo_quietly
from virtprov.actions.run.workers import in_order
from virtprov.support.errors import ProvError
from virtprov.support.slow_calls.waiting import Abandoned
from virtprov.support.terminal.progress import Progress

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from virtprov.actions.edit.guest_report import Failed, GuestReport
    from virtprov.actions.run.plan import Step, Undo

    Undos = list[tuple[GuestReport, str, Undo]]

TRIES = 5
"""How often a change is retried when the definition keeps being changed by others."""


class Aborted(ProvError):
    """A guest could not be changed, so the changes of the others were undone. `failed` is the guest's name.

    `clean` is False if some changes could not be undone.
    """

    def __init__(self, failed: str, cause: ProvError) -> None:
        super().__init__(cause.message, hint=cause.hint)
        self.exit_code = cause.exit_code
        self.failed = failed
        self.cause = cause
        self.clean = True


class Work:
    """Carries out the plans, `jobs` guests at a time, and undoes them in reverse order.

    With `keep_going` guests that cannot be changed are skipped. `clean` is False if some changes could not be undone.
    """

    def __init__(self, context: RunContext, *, keep_going: bool = False, jobs: int = 1) -> None:
        from threading import Lock

        self.context = context
        self.keep_going = keep_going
        self.jobs = jobs
        self.clean = True
        self._alone = False
        self._stopping = False
        self._is_over = False
        self._lock = Lock()  # for what threads change: `clean`, the undos, and the guests in work
        self._undos: Undos = []
        self._in_work: dict[str, None] = {}

    def all(self, reports: list[GuestReport]) -> list[Failed]:
        """Change all guests; with `keep_going` skip and return those that cannot be changed.

        Raises Aborted when a guest cannot be changed and KeyboardInterrupt when the user stops; all changes are undone
        before.
        """
        context = self.context
        self._alone = len(reports) == 1
        if self._alone:
            context.trail.note_guest(reports[0].name)
        whole = Progress() if self._alone else context.progress
        with context.gate.delay_interrupts(), whole.task(f"Changing {len(reports)} guests"):
            try:
                failed = self._first(reports)
                gone = {name for name, _ in failed}
                self._last([report for report in reports if report.name not in gone])
                context.gate.check()
            except BaseException as error:
                self._back_all()
                self._tell_of_abandoned()
                close_trail(context)
                self.clean = self.clean and context.host.is_alive
                if isinstance(error, Aborted):
                    error.clean = self.clean
                raise
            context.trail.finish()
        return failed

    def _first(self, reports: list[GuestReport]) -> list[Failed]:
        from contextlib import closing

        failed: list[Failed] = []
        with closing(in_order(self._change_guest, reports, self.jobs, self._check)) as answers:
            for report, answer in answers:
                if isinstance(answer, ProvError):
                    if not self.keep_going:
                        self._stopping = True
                        raise Aborted(report.name, answer)
                    failed.append((report.name, answer))
                else:
                    report.done = True
        return failed

    # -- one guest -----------------------------------------------------------------------------------------

    def _change_guest(self, report: GuestReport) -> None:
        """Run all steps of one guest on its current definition, holding its lock."""
        with self._lock:
            self._in_work[report.name] = None
        try:
            self._one_locked(report)
        except Abandoned:
            raise
        except BaseException:
            self._end_work(report)
            raise
        self._end_work(report)

    def _end_work(self, report: GuestReport) -> None:
        with self._lock:
            self._in_work.pop(report.name, None)

    def _one_locked(self, report: GuestReport) -> None:
        with self._lock_guest(report, self._stop):
            for _ in range(TRIES):
                try:
                    return self._attempt(report)
                except definition.DefinitionChanged:
                    if report.again is None:
                        raise
                report.again()
            raise definition.DefinitionChanged(
                f"the definition of '{report.name}' keeps being changed by someone else", hint="try again later"
            )

    def _lock_guest(self, report: GuestReport, stop: Callable[[], None]) -> AbstractContextManager[None]:
        from contextlib import nullcontext

        if not any(getattr(step, "needs_lock", False) for step in report.first):
            return nullcontext()
        return definition.lock_guest(self.context.host, report.name, report.uuid, stop, self.context.say)

    def _attempt(self, report: GuestReport) -> None:
        """Run every step; if one fails, undo the previous ones at once.

        Raises Moved, before anything is done, if the definition is not the one that was read.
        """
        context = self._context_of(report)
        undos: Undos = []
        self._look_first(report)
        try:
            for number, step in enumerate(report.first, 1):
                self._stop()
                is_last = self._alone and number == len(report.first) and not report.last
                with context.trail.last_step(is_last), context.progress.task(step.label) as task:
                    context.tell = task.update
                    undo = step.do(context)
                if undo is not None:
                    undos.append((report, step.label, undo))
        except BaseException as error:
            begun = bool(undos)
            self._undo(undos)
            if isinstance(error, definition.DefinitionChanged) and begun:
                raise ProvError(error.message, hint=error.hint) from None
            raise
        with self._lock:
            if not self._is_over:
                self._undos += undos
                return
        self._undo(undos)  # the user has stopped waiting for the host, which has answered after all

    def _look_first(self, report: GuestReport) -> None:
        """Check that the guest is still the one that was read, before anything is created for it."""
        for step in report.first[1:]:
            if isinstance(step, (StoreDefinition, RestoreDefinition)):
                step.look(self.context.host)

    def _check(self) -> None:
        """Raise KeyboardInterrupt if the user wants to stop; then the threads stop as well."""
        try:
            self.context.gate.check()
        except KeyboardInterrupt:
            self._stopping = True
            raise

    def _stop(self) -> None:
        """Raise KeyboardInterrupt in every thread when the user wants to stop, or another guest has failed."""
        if self._stopping or self.context.gate.pending:
            raise KeyboardInterrupt

    def _context_of(self, report: GuestReport) -> RunContext:
        """Return the context for the steps of one guest; messages about many guests are collected first."""
        if self._alone:
            return self.context
        context = RunContext(self.context.host, Progress(), report.notes.append, report.warnings.append)
        context.gate, context.trail = self.context.gate, self.context.trail
        return context

    # -- after all of them, and back -----------------------------------------------------------------------

    def _last(self, reports: list[GuestReport]) -> None:
        """Run the final steps, which cannot be undone; equal steps are run once."""
        done: list[Step] = []
        for report in reports:
            for step in report.last:
                if step not in done:
                    done.append(step)
                    try:
                        with self._context_of(report).progress.task(step.label):
                            undo = step.do(self._context_of(report))
                    except ProvError as error:
                        raise Aborted(report.name, error) from error
                    self._undos += [] if undo is None else [(report, step.label, undo)]

    def _back_all(self) -> None:
        """Undo the changes of guests that are already done, each under its lock."""
        with self._lock:
            undos, self._undos, self._is_over = self._undos, [], True
        self._undo([(report, label, self._under_lock(report, undo)) for report, label, undo in undos])

    def _tell_of_abandoned(self) -> None:
        """Warn of guests that the host may still change: the user did not wait for its answer."""
        with self._lock:
            names = list(self._in_work)
        for name in names:
            self.clean = False
            self.context.trail.keep()
            self.context.warn(
                f"'{name}' may still be changed, because the host has not answered; `virtprov-xml --undo` restores it"
            )

    def _under_lock(self, report: GuestReport, undo: Undo) -> Undo:
        def do() -> None:
            with self._lock_guest(report, lambda: None):
                undo()

        return do

    def _undo(self, undos: Undos) -> None:
        while undos:
            _, label, undo = undos.pop()
            went = undo_quietly(label, undo, self.context)
            with self._lock:
                self.clean = self.clean and went
