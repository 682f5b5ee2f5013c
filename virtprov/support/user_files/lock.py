"""Locks between processes of one user: a file in the state directory for each lock.

A lock is released with its process, however that ends. Its file is deleted when the lock is released; the file of a
killed process is empty and locks nothing.
"""

from __future__ import annotations

import os

from virtprov.support.errors import ProvError
from virtprov.support.user_files import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from types import TracebackType

WAIT_SECONDS = 60.0
"""How many seconds to wait for a lock."""
PAUSE = 0.05
"""How many seconds between two attempts."""
SAY_AFTER = 1.0
"""How many seconds to wait before the user is told."""


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
    key: str,
    what: str,
    say: Callable[[str], None],
    stop: Callable[[], None] = lambda: None,
    *,
    who: str = "run of virtprov",
    patience: float | None = None,
) -> AbstractContextManager[None]:
    """Lock whatever `key` names, waiting up to `patience` seconds; the lock is held until the block ends.

    `patience` is WAIT_SECONDS unless given. `what` describes what its holder, `who`, does: "changing
    'web'". `stop` is called between attempts, and may raise; `say` is called once if it takes long. Raises ProvError if
    another process keeps the lock. If the state directory cannot hold locks, the run continues without.
    """
    import time
    from contextlib import nullcontext

    start = time.monotonic()
    limit = WAIT_SECONDS if patience is None else patience
    reported = False
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
        if passed >= limit:
            raise ProvError(
                f"another {who} has been {what} for more than {limit:.0f} seconds",
                hint="run the command again when the other one has finished",
            )
        if passed >= SAY_AFTER and not reported:
            reported = True
            say(f"waiting for another {who}, which is {what}")
        time.sleep(PAUSE)


def _path(key: str) -> str:
    from hashlib import sha256

    return os.path.join(state.directory(), f"lock-{sha256(key.encode()).hexdigest()[:32]}")


def _try(path: str) -> int | None:
    """Return the open and locked file; None while another process has the lock. Raises OSError if locks do not work."""
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
