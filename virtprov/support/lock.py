"""Locks between processes of one user: a file in the state directory for each thing that is locked.

A lock goes with its process, however that ends. Its file goes with the lock; one that a killed process leaves behind is
empty and locks nothing.
"""

from __future__ import annotations

import os

from virtprov.support import state
from virtprov.support.errors import ProvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

PAUSE = 0.05
"""Seconds between two tries."""
SAY_AFTER = 1.0
"""Seconds of waiting before the user hears of it."""


class Busy(ProvError):
    """Another process has the lock, and has not let go of it in time."""


class Held:
    """A lock that is held until the block ends."""

    __slots__ = ("_number", "_path")

    def __init__(self, path: str, number: int) -> None:
        self._path = path
        self._number = number

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        state.remove(self._path)  # before the lock goes: whoever opens it now makes a new file
        os.close(self._number)


def take(key: str, seconds: float, stop: Callable[[], None], waiting: Callable[[], None]) -> Held:
    """Take the lock on whatever `key` names, or wait up to `seconds` for it.

    `stop` is called between tries, and may raise; `waiting` once, when it takes long. Raises Busy when another process
    keeps it, ProvError when there is no state directory or the file cannot be made.
    """
    import time

    path = _path(key)
    start = time.monotonic()
    told = False
    while True:
        number = _try(path)
        if number is not None:
            return Held(path, number)
        stop()
        passed = time.monotonic() - start
        if passed >= seconds:
            raise Busy(f"'{path}' is locked by another process")
        if passed >= SAY_AFTER and not told:
            told = True
            waiting()
        time.sleep(PAUSE)


def _path(key: str) -> str:
    from hashlib import sha256

    return os.path.join(state.directory(), f"lock-{sha256(key.encode()).hexdigest()[:32]}")


def _try(path: str) -> int | None:
    """The open and locked file; None while somebody else has it."""
    import fcntl

    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ProvError(f"'{path}' cannot be made: {(error.strerror or str(error)).lower()}") from None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(number), os.stat(path)):
            return number
    except (BlockingIOError, FileNotFoundError):
        pass  # locked, or removed by the one who had it
    except OSError as error:
        os.close(number)
        raise ProvError(f"'{path}' cannot be locked: {(error.strerror or str(error)).lower()}") from None
    os.close(number)
    return None
