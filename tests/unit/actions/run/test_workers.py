"""Work on many things at a time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from virtprov.actions.run import workers
from virtprov.actions.run.interrupt import Gate
from virtprov.actions.run.workers import AHEAD, in_order
from virtprov.support.errors import ProvError
from virtprov.support.slow_calls import waiting


def tenfold(number: int) -> int:
    if number == 3:
        raise ProvError("three")
    return number * 10


@pytest.mark.parametrize("jobs", [1, 4])
def test_in_order_gives_failures_as_answers(jobs: int) -> None:
    found = list(in_order(tenfold, range(40), jobs))
    assert [item for item, _ in found] == list(range(40))
    assert [answer for item, answer in found if item != 3] == [item * 10 for item in range(40) if item != 3]
    assert isinstance(found[3][1], ProvError)


def test_in_order_works_on_so_many_at_a_time() -> None:
    meeting = threading.Barrier(3)
    assert [answer for _, answer in in_order(lambda _: meeting.wait(60) >= 0, range(6), 3)] == [True] * 6


@pytest.mark.parametrize("jobs", [1, 4])
def test_in_order_leaves_what_has_not_begun(jobs: int) -> None:
    begun: list[int] = []
    answers = in_order(begun.append, range(1000), jobs)
    next(answers)
    answers.close()
    assert begun[0] == 0 and len(begun) <= AHEAD * jobs


@pytest.mark.parametrize("jobs", [1, 4])
def test_in_order_raises_other_failures(jobs: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // number, [1, 0, 1], jobs))


@pytest.mark.parametrize("jobs", [1, 4])
def test_in_order_checks_before_each_item(jobs: int) -> None:
    left = iter(range(3))

    def check() -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    begun: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        list(in_order(begun.append, range(1000), jobs, check))
    assert len(begun) <= 3


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set once the main thread waits for another one, and looks after the user."""
    event = threading.Event()

    class Watch(waiting.Wait):
        def look(self) -> None:
            event.set()
            super().look()

    monkeypatch.setattr(workers, "Wait", Watch)
    yield event
    waiting.state.left, waiting.state.presses = False, 0


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def interrupt_after(event: threading.Event) -> None:
    event.wait(60)
    interrupt()


def test_in_order_hears_an_interrupt_while_a_thread_is_stuck(watched: threading.Event) -> None:
    answered = threading.Event()
    user = threading.Thread(target=interrupt_after, args=(watched,))
    user.start()
    with pytest.raises(KeyboardInterrupt):
        list(in_order(lambda _: answered.wait(60), range(4), 2))
    assert waiting.state.left
    answered.set()
    user.join()


def test_in_order_hears_an_interrupt_after_the_caller_stopped(watched: threading.Event) -> None:
    answered = threading.Event()
    answers = in_order(lambda number: number == 0 or answered.wait(60), range(20), 2)
    assert next(answers) == (0, True)
    watched.clear()
    user = threading.Thread(target=interrupt_after, args=(watched,))
    user.start()
    with pytest.raises(KeyboardInterrupt):
        answers.close()
    assert waiting.state.left
    answered.set()
    user.join()


def test_in_order_leaves_a_stuck_thread_at_the_second_interrupt_of_a_change(watched: threading.Event) -> None:
    answered, gate = threading.Event(), Gate()

    def press() -> None:
        watched.wait(60)
        while not waiting.state.left:  # a signal may follow too closely upon another one
            interrupt()
            answered.wait(0.1)

    user = threading.Thread(target=press)
    user.start()
    with gate.delay_interrupts():
        with pytest.raises(waiting.Abandoned):
            list(in_order(lambda _: answered.wait(60), range(4), 2, gate.check))
        user.join()
    answered.set()


def test_in_order_waits_for_a_thread_that_answers_after_an_interrupt(watched: threading.Event) -> None:
    pressed, done = threading.Event(), list[int]()

    def work(number: int) -> None:
        pressed.wait(60)
        done.append(number)

    def press() -> None:
        watched.wait(60)
        interrupt()
        pressed.set()

    user = threading.Thread(target=press)
    user.start()
    with pytest.raises(KeyboardInterrupt):
        list(in_order(work, range(4), 2))
    user.join()
    assert 0 in done and not waiting.state.left
