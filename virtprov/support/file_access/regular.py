"""Opening what is to be a file, or a disk: nothing that waits for a writer, or never ends."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

HANDED_OVER = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")
"""How a shell calls what it hands over open, as in `<(pass show disk)`."""


def open_regular(path: str, flags: int = os.O_RDONLY, mode: int = 0o600, *, pipes: bool = False) -> int:
    """Open a regular file or a disk and return its number; never waits for the other end of a FIFO.

    `pipes` allows what the caller's shell handed over open as well, and /dev/null. Raises OSError, its words "not a
    regular file" for anything else.
    """
    import errno

    number = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, mode)
    try:
        if not _fits(path, number, pipes):
            raise OSError(errno.EINVAL, "not a regular file", path)
        os.set_blocking(number, True)
    except BaseException:
        os.close(number)
        raise
    return number


def reading(path: str, *, pipes: bool = False) -> BinaryIO:
    """The same, as a file to read bytes from."""
    return open(open_regular(path, pipes=pipes), "rb")


def is_regular(path: str) -> bool:
    """Whether there is a regular file or a disk at `path`; True also where nobody can tell: then opening it does."""
    try:
        return _is_plain(os.stat(path).st_mode)
    except (OSError, ValueError):
        return True


def _fits(path: str, number: int, pipes: bool) -> bool:
    import errno
    import stat

    facts = os.fstat(number)
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if _is_plain(facts.st_mode):
        return True
    null = stat.S_ISCHR(facts.st_mode) and facts.st_rdev == os.makedev(1, 3)
    return pipes and (null or os.path.abspath(path).startswith(HANDED_OVER))


def _is_plain(mode: int) -> bool:
    import stat

    return stat.S_ISREG(mode) or stat.S_ISBLK(mode)
