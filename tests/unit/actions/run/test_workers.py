"""Work on many things at a time."""

from __future__ import annotations

import threading

import pytest

from virtprov.actions.run.workers import AHEAD, in_order
from virtprov.support.errors import ProvError


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
