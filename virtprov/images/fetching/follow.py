"""Read a file while it is still being downloaded, in other threads: to hash it and to unpack it on the way."""

from __future__ import annotations

import os
from contextlib import suppress

from virtprov.support.file_access.regular import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

PIECE = 1 << 18
"""Bytes that are read at a time."""


class Restarted(Exception):
    """What was read is no longer part of the file: the reader begins again."""


class Stopped(Exception):
    """Nobody wants the result any longer."""


class Tail:
    """A file that grows. The download calls `begin` and `reach`, readers call `read`, each in a thread of its own.

    The file is opened once each time it is begun, and stays open until the block ends: it may get another name.
    """

    def __init__(self) -> None:
        from threading import Condition

        self._news = Condition()
        self._handles: list[int] = []
        self._path = ""
        self._have = self._generation = 0
        self._is_complete = self._is_stopped = False

    def __enter__(self) -> Tail:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            with suppress(OSError):
                os.close(handle)

    # -- for the download -------------------------------------------------------------------------

    def begin(self, path: str, have: int) -> None:
        """Let readers know that the file is at `path`, and that only its first `have` bytes stay. Raises OSError."""
        with self._news:
            if path != self._path or have < self._have:
                self._handles.append(open_regular(path))
                self._path = path
                self._generation += 1
            self._have = have
            self._news.notify_all()

    def reach(self, have: int) -> None:
        """Let readers know that its first `have` bytes are there."""
        with self._news:
            self._have = have
            self._news.notify_all()

    def complete(self) -> None:
        """Let readers know that all of it is there."""
        with self._news:
            self._is_complete = True
            self._news.notify_all()

    def stop(self) -> None:
        """Make all readers raise Stopped."""
        with self._news:
            self._is_stopped = True
            self._news.notify_all()

    # -- for readers ------------------------------------------------------------------------------

    def read(self, advance: Callable[[int], None] = lambda done: None) -> Iterator[bytes]:
        """Yield the file from its beginning, waiting for what is not there yet; `advance` gets the bytes read.

        Raises Restarted, Stopped, OSError.
        """
        generation, at = -1, 0
        while True:
            with self._news:
                while not (self._is_stopped or self._is_complete) and (
                    not self._handles or (self._generation == generation and at >= self._have)
                ):
                    self._news.wait()
                if self._is_stopped:
                    raise Stopped
                if generation not in (-1, self._generation):
                    raise Restarted
                generation, have = self._generation, self._have
                handle = self._handles[-1] if self._handles else -1
                is_complete = self._is_complete
            if at >= have:
                if is_complete:
                    return
                continue
            data = os.pread(handle, min(PIECE, have - at), at)
            if not data:
                with self._news:
                    is_same = self._generation == generation
                if is_same:
                    raise OSError(f"'{self._path}' was shortened by another program")
                continue
            at += len(data)
            yield data
            advance(at)


def run(work: Callable[[], None]) -> None:
    """Do the work of a reader, again if the file begins anew."""
    while True:
        try:
            work()
            return
        except Restarted:
            continue
