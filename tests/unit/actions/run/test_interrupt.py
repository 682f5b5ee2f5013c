"""Ctrl-C at the right moment."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from virtprov.actions.run.interrupt import Gate

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Begin with handlers that raise, and put back what was there."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    kept = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, interrupt)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_gate_closed_holds_signals_back(number: int) -> None:
    gate = Gate()
    with gate.delay_interrupts():
        send(number)
        assert gate.pending
        with pytest.raises(KeyboardInterrupt):
            gate.check()
        assert not gate.pending
        gate.check()


@pytest.mark.parametrize("number", SIGNALS)
def test_gate_opened_lets_signals_through_at_once(number: int) -> None:
    gate = Gate()
    with gate.delay_interrupts(), pytest.raises(KeyboardInterrupt), gate.open():
        send(number)


def test_gate_opening_lets_a_held_signal_through() -> None:
    gate = Gate()
    with gate.delay_interrupts():
        send(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), gate.open():
            pytest.fail("the block must not be entered")


def test_gate_closes_again_behind_an_open_block() -> None:
    gate = Gate()
    with gate.delay_interrupts():
        with gate.open():
            pass
        send(signal.SIGINT)
        assert gate.pending


def test_gate_puts_back_the_handlers() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    gate = Gate()
    with gate.delay_interrupts(), gate.open():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_gate_puts_back_the_handlers_when_the_block_fails() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(ValueError, match="broken"), Gate().delay_interrupts():
        raise ValueError("broken")
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_gate_leaves_a_signal_ignored_that_was() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    gate = Gate()
    with gate.delay_interrupts():
        send(signal.SIGHUP)
        assert not gate.pending


def test_gate_does_nothing_in_other_threads() -> None:
    seen: list[str] = []

    def work() -> None:
        gate = Gate()
        with gate.delay_interrupts(), gate.open():
            seen.append("inside")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == ["inside"]
