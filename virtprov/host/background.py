"""A call that blocks inside libvirt, made in a thread, so that somebody can look after it meanwhile."""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class Background(Generic[Result]):
    """A call that goes on in a thread named `name`.

    The thread is a daemon: what still waits for a host does not keep the command from ending.
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
        """Wait until the call is over, so long at most; whether it is."""
        return self._done.wait(seconds)

    def results(self) -> list[Result]:
        """What a finished call returned: nothing when it failed."""
        return list(self._results)

    def result(self) -> Result:
        """Wait for the call, and return what it returned or raise what it raised, which is told once.

        A failure that were kept would hold itself through its traceback. Objects of libvirt that only the garbage
        collector finds wipe out the error of whatever call has just failed.
        """
        self.wait()
        failure, self._failure = self._failure, None
        if failure is None:
            found: Result = self._results[0]
            return found
        try:
            raise failure
        finally:
            del failure
