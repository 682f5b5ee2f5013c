"""Run a blocking call of a library in a thread, so that the caller can do something else meanwhile."""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Background(Generic[Result]):
    """A call that runs in a thread named `name`.

    It is a daemon thread: a call that never ends does not keep the command from exiting.
    """

    def __init__(self, call: Callable[[], Result], name: str) -> None:
        self._call = call
        self._done = threading.Event()
        self._results: list[Any] = []
        self._failure: BaseException | None = None
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as failure:  # it is raised in the waiting thread
            self._failure = failure
        finally:
            self._done.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the call has finished, at most `seconds`; return whether it has."""
        return self._done.wait(seconds)

    def results(self) -> list[Result]:
        """Return the result of a finished call in a list, which is empty if the call failed."""
        return list(self._results)

    def result(self) -> Result:
        """Wait for the call, and return its result or raise its exception, which is only raised once.

        A stored exception would reference itself through its traceback. libvirt objects that only the garbage collector
        frees overwrite the error of the call that has just failed.
        """
        self.wait()
        failure, self._failure = self._failure, None
        if failure is None:
            results: Result = self._results[0]
            return results
        try:
            raise failure
        finally:
            del failure
