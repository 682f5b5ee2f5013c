"""Files and folders that several runs use at the same time: none removes what another one still uses."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_held: dict[str, int] = {}
"""Open folders of this process, each with a shared lock; the system lets go of them when the process ends."""


def hold(folder: str) -> None:
    """Tell other runs that this one uses a folder, until it ends. Raises OSError, also if it is just being removed."""
    import fcntl

    if folder not in _held:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(number, fcntl.LOCK_SH)
            if not os.path.samestat(os.fstat(number), os.stat(folder)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), folder)
        except BaseException:
            os.close(number)
            raise
        _held[folder] = number


def make_and_hold(folder: str) -> None:
    """Create a folder for this user only, and hold it; another run may just be removing it. Raises OSError."""
    from virtprov.support.user_files import private

    for left in (2, 1, 0):
        private.make_folder(folder)
        try:
            hold(folder)
            return
        except FileNotFoundError:
            if not left:
                raise


def is_shared(folder: str) -> bool:
    """Return whether another run uses a folder. This one no longer does."""
    number = _held.pop(folder, -1)
    try:
        number = number if number >= 0 else os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    return _close_and_ask(number)


def is_being_written(path: str) -> bool:
    """Return whether a run holds the lock of a file, as it does while it writes the file."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    return _close_and_ask(number)


def _close_and_ask(number: int) -> bool:
    """Return whether another run has a lock on an open file or folder, and close it."""
    try:
        return not _lock_alone(number)
    finally:
        os.close(number)


def _lock_alone(number: int) -> bool:
    """Lock an open file or folder for this run alone; return False if another one has a lock on it."""
    import fcntl

    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def claim(folder: str) -> AbstractContextManager[bool]:
    """Yield whether no other run uses a folder; if so, none begins to while the block runs. A missing one is unused."""
    from contextlib import contextmanager

    @contextmanager
    def window() -> Iterator[bool]:
        try:
            number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            yield True
            return
        try:
            yield _lock_alone(number)
        finally:
            os.close(number)

    return window()
