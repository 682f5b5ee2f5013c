"""Process many items, one after the other or several at a time, with the results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

from virtprov.support.errors import ProvError
from virtprov.support.slow_calls.waiting import SLICE, Wait, state

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AHEAD = 4
"""How many items each worker may be ahead of the result that is waited for."""

GRACE = 0.5
"""Seconds that a thread still has after an interrupt, before it is left."""


def in_order(
    work: Callable[[Item], Answer],
    items: Iterable[Item],
    jobs: int,
    check: Callable[[], None] = lambda: None,
) -> Generator[tuple[Item, Answer | ProvError], None, None]:
    """Call `work` for each item, `jobs` at a time in threads; a ProvError is a result, other exceptions are raised.

    `check` is called before each item, and may raise. If the caller stops early, items that have not begun are dropped,
    and the others are waited for, unless the user stops waiting with Ctrl-C.
    """

    def attempt(item: Item) -> Answer | ProvError:
        try:
            return work(item)
        except ProvError as error:
            return _bare(error)

    if jobs < 2:
        for item in items:
            check()
            yield item, attempt(item)
    else:
        yield from _in_threads(attempt, items, jobs, check)


def _bare(error: ProvError) -> ProvError:
    """Return the error without its traceback, which would keep large documents in memory."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _in_threads(
    work: Callable[[Item], Answer], items: Iterable[Item], jobs: int, check: Callable[[], None]
) -> Generator[tuple[Item, Answer], None, None]:
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import ExitStack

    waiting: deque[tuple[Item, Future[Answer]]] = deque()
    with ExitStack() as ending:
        pool = ending.enter_context(ThreadPoolExecutor(jobs))
        try:
            for item in items:
                check()
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) >= AHEAD * jobs:
                    yield _first(waiting)
            while waiting:
                check()
                yield _first(waiting)
        finally:
            for _, future in waiting:
                future.cancel()
            try:
                for _, future in waiting:
                    if not state.left:
                        _wait_for(future)
            finally:
                if state.left:
                    ending.pop_all()  # nobody waits for the threads


def _first(waiting: deque[tuple[Item, Future[Answer]]]) -> tuple[Item, Answer]:
    """Take out the first item, with its answer; one that is still worked on after an interrupt stays."""
    _wait_for(waiting[0][1])
    item, future = waiting.popleft()
    return item, future.result()


def _wait_for(future: Future[Answer]) -> None:
    """Wait until a thread is done. An interrupt is raised; what the thread waits for may never answer."""
    from concurrent.futures import wait

    watch = Wait()
    try:
        while not wait((future,), SLICE).done:
            watch.look()
    except KeyboardInterrupt:
        state.left = state.left or not wait((future,), GRACE).done
        raise
