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
    from contextlib import AbstractContextManager
    from types import TracebackType

WAIT_SECONDS = 60.0
"""How long a lock is waited for."""
PAUSE = 0.05
"""Seconds between two tries."""
SAY_AFTER = 1.0
"""Seconds of waiting before the user hears of it."""


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


def take(
    key: str, what: str, say: Callable[[str], None], stop: Callable[[], None] = lambda: None
) -> AbstractContextManager[None]:
    """Take the lock on whatever `key` names, or wait up to WAIT_SECONDS for it; it is held until the block ends.

    `what` says what its holder does: "changing 'web'". `stop` is called between tries, and may raise; `say` is told
    once when it takes long. Raises ProvError when another process keeps the lock. Where it cannot be kept in the state
    directory, the run goes on without.
    """
    import time
    from contextlib import nullcontext

    start = time.monotonic()
    told = False
    while True:
        try:
            path = _path(key)
            number = _try(path)
        except (ProvError, OSError):
            return nullcontext()
        if number is not None:
            return Held(path, number)
        stop()
        passed = time.monotonic() - start
        if passed >= WAIT_SECONDS:
            raise ProvError(
                f"another virtprov-xml has been {what} for {WAIT_SECONDS:.0f} seconds",
                hint="run the command again once that one is done",
            )
        if passed >= SAY_AFTER and not told:
            told = True
            say(f"another virtprov-xml is {what}: waiting until it is done")
        time.sleep(PAUSE)


def _path(key: str) -> str:
    from hashlib import sha256

    return os.path.join(state.directory(), f"lock-{sha256(key.encode()).hexdigest()[:32]}")


def _try(path: str) -> int | None:
    """The open and locked file; None while somebody else has it. Raises OSError where there can be no lock."""
    import fcntl

    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(number), os.stat(path)):
            return number
    except (BlockingIOError, FileNotFoundError):
        pass  # locked, or removed by the one who had it
    except OSError:
        os.close(number)
        raise
    os.close(number)
    return None
