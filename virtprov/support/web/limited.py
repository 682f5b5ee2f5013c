"""Read with a time limit from servers that send slowly or forever.

The timeout of a socket only limits silence. A server that sends one byte each second is never silent, nor is one that
repeats "100 Continue", and the wait for a name server happens in C code. Therefore reading is done in a thread; the
waiting thread has a limit for the whole, and reacts to Ctrl-C.
"""

from __future__ import annotations

from typing import TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from queue import SimpleQueue
    from typing import Any

Result = TypeVar("Result")


class TooSlow(Exception):
    """The time is up; the call continues in its thread, and nobody waits for it."""


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return or raise what `call` does within `seconds`; otherwise raise TooSlow."""
    for answer in pieces((call() for _ in (0,)), seconds, whole=seconds):
        return answer
    raise TooSlow


def pieces(source: Iterable[Result], each: float, *, whole: float | None = None) -> Iterator[Result]:
    """Yield the pieces of `source`; raises TooSlow if one takes over `each` seconds, or all over `whole`."""
    from queue import Empty, SimpleQueue
    from threading import Semaphore, Thread
    from time import monotonic

    answers: SimpleQueue[Any] = SimpleQueue()
    ahead = Semaphore(4)  # pieces that may wait to be taken
    state = _State()
    Thread(target=_read, args=(source, answers, ahead, state), name="reading", daemon=True).start()
    end = None if whole is None else monotonic() + whole
    try:
        while True:
            left = each if end is None else min(each, end - monotonic())
            try:
                kind, value = answers.get(timeout=max(0.0, left))
            except Empty:
                raise TooSlow from None
            if kind == "end":
                return
            if kind == "failure":
                raise value
            ahead.release()
            yield value
            if end is not None and monotonic() > end:
                raise TooSlow
    finally:
        state.wanted = False
        ahead.release()


class _State:
    wanted = True


def _read(source: Iterable[Any], answers: SimpleQueue[Any], ahead: Any, state: _State) -> None:
    try:
        for piece in source:
            ahead.acquire()
            if not state.wanted:
                return
            answers.put(("piece", piece))
        answers.put(("end", None))
    except BaseException as failure:  # it is raised in the waiting thread
        answers.put(("failure", failure))
