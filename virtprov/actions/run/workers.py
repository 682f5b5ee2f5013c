"""Work on many things, one after the other or several at a time, with the answers in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, TypeVar

from virtprov.support.errors import ProvError

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AHEAD = 4
"""How many things each worker may be ahead of the one whose answer is waited for."""


def in_order(
    work: Callable[[Item], Answer],
    items: Iterable[Item],
    jobs: int,
    check: Callable[[], None] = lambda: None,
) -> Generator[tuple[Item, Answer | ProvError], None, None]:
    """Call `work` for each item, `jobs` at a time in threads; a ProvError is an answer, others are raised.

    `check` is called before an item is begun, and may raise. When the caller stops early, what has not begun is not
    done, and what has is waited for.
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
    """The error alone: where it came from would keep alive all that was at hand there, documents among it."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _in_threads(
    work: Callable[[Item], Answer], items: Iterable[Item], jobs: int, check: Callable[[], None]
) -> Generator[tuple[Item, Answer], None, None]:
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[tuple[Item, Future[Answer]]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for item in items:
                check()
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) >= AHEAD * jobs:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                check()
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()
