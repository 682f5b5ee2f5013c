import os
import signal

import pytest

from virtprov.actions.run.plan import Plan, RunContext, Undo, apply
from virtprov.support.errors import HostError
from virtprov.support.terminal.progress import Progress


class Log:
    """Steps that write down what happens to them."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def step(self, name: str, *, fails: bool = False, undoable: bool = True, interrupts: bool = False) -> "Noted":
        return Noted(self, name, fails, undoable, interrupts)


class Noted:
    def __init__(self, log: Log, name: str, fails: bool, undoable: bool, interrupts: bool) -> None:
        self.log, self.label = log, name
        self.fails, self.undoable, self.interrupts = fails, undoable, interrupts

    def do(self, context: RunContext) -> Undo | None:
        if self.interrupts:
            os.kill(os.getpid(), signal.SIGINT)
        if self.fails:
            raise HostError(f"{self.label} failed")
        self.log.lines.append(f"do {self.label}")
        return (lambda: self.log.lines.append(f"undo {self.label}")) if self.undoable else None


def context() -> RunContext:
    said: list[str] = []
    return RunContext(None, Progress(), said.append, said.append)  # type: ignore[arg-type]


def test_apply_does_steps_in_order() -> None:
    log = Log()
    apply(Plan((), (log.step("a"), log.step("b"))), context())
    assert log.lines == ["do a", "do b"]


def test_apply_undoes_backwards_after_a_failure() -> None:
    log = Log()
    with pytest.raises(HostError, match="c failed"):
        steps = (log.step("a"), log.step("x", undoable=False), log.step("b"), log.step("c", fails=True))
        apply(Plan((), steps), context())
    assert log.lines == ["do a", "do x", "do b", "undo b", "undo a"]


def test_apply_undoes_the_interrupted_step_too() -> None:
    log = Log()
    with pytest.raises(KeyboardInterrupt):
        apply(Plan((), (log.step("a"), log.step("b", interrupts=True), log.step("c"))), context())
    assert log.lines == ["do a", "do b", "undo b", "undo a"]


def test_apply_is_interrupted_in_the_last_step_too() -> None:
    log = Log()
    with pytest.raises(KeyboardInterrupt):
        apply(Plan((), (log.step("a", interrupts=True),)), context())
    assert log.lines == ["do a", "undo a"]


def test_apply_puts_back_the_handlers_of_signals() -> None:
    before = signal.getsignal(signal.SIGINT)
    apply(Plan((), ()), context())
    assert signal.getsignal(signal.SIGINT) is before


def test_apply_says_what_cannot_be_undone() -> None:
    log = Log()
    said: list[str] = []

    class Stuck(Noted):
        def do(self, context: RunContext) -> Undo | None:
            def undo() -> None:
                raise HostError("it will not go")

            return undo

    stuck = Stuck(log, "stuck", False, True, False)
    place = RunContext(None, Progress(), said.append, said.append)  # type: ignore[arg-type]
    with pytest.raises(HostError, match="z failed"):
        apply(Plan((), (log.step("a"), stuck, log.step("z", fails=True))), place)
    assert log.lines == ["do a", "undo a"]
    assert said == ['could not undo "stuck": it will not go']


def test_advance_call_says_that_it_cannot_be_stopped() -> None:
    said: list[str] = []
    place = RunContext(None, Progress(), said.append, said.append)  # type: ignore[arg-type]
    place.advance_call(1, 2)
    assert said == []
    place.gate.pending = True
    place.advance_call(2, 2)  # it is over, so there is something to undo
    with pytest.raises(KeyboardInterrupt):
        place.advance_call(1, 2)
    assert said == ["this libvirt call cannot be cancelled; its result will be removed when it finishes"]


def test_apply_undoes_nothing_after_the_first_final_step() -> None:
    log = Log()

    class Final(Noted):
        final = True

    final = Final(log, "gone for good", False, False, True)
    apply(Plan((), (log.step("a"), final, Final(log, "more", False, False, False))), context())
    assert log.lines == ["do a", "do gone for good", "do more"]
