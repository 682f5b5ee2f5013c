"""What a command leaves for later ones: append-only files of JSON lines in the user's state directory.

The directory is $XDG_STATE_HOME/virtprov, else ~/.local/state/virtprov, for its owner alone (0700, files 0600): what is
kept there may hold passwords.
"""

from __future__ import annotations

import contextlib
import os

from virtprov.support.errors import ProvError
from virtprov.support.file_access.files import to_disk
from virtprov.support.file_access.regular import open_regular, reading
from virtprov.support.user_files import dirs, private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO, Self

_SUFFIX = ".jsonl"
_LAST_LINE = 4096


def directory() -> str:
    """The state directory, made when it is missing. Raises ProvError when it cannot be made."""
    path = os.path.join(dirs.state(), "virtprov")
    try:
        private.make_folder(path)
        private.check_folder(path)
    except OSError as error:
        raise _cannot(f"cannot create the state directory '{path}'", error) from None
    return path


class Lines:
    """A file of JSON lines that grows, and that nobody else may have open for writing (`flock`).

    Each line is one object, whole or not there: a line that a crash cut off is not read. Several threads may add
    lines, and read them by their place.
    """

    __slots__ = ("_handle", "_is_whole", "_lock", "path")

    def __init__(self, path: str, handle: BinaryIO) -> None:
        from threading import RLock

        self.path = path
        self._handle = handle
        self._is_whole = False
        self._lock = RLock()

    @classmethod
    def create(cls, kind: str) -> Self:
        """A new file for a run of this kind; names sort by the time they were made. Raises ProvError."""
        import time

        path = os.path.join(directory(), f"{kind}-{time.time_ns():020d}-{os.getpid()}{_SUFFIX}")
        return cls._at(path, os.O_CREAT | os.O_EXCL)

    @classmethod
    def open(cls, path: str) -> Self:
        """A file that is there, to add to it. Raises Busy while another process has it open, ProvError."""
        return cls._at(path, 0)

    @classmethod
    def _at(cls, path: str, flags: int) -> Self:
        import fcntl

        handle = None
        try:
            number = open_regular(path, os.O_RDWR | os.O_APPEND | flags)
            handle = os.fdopen(number, "a+b")
            private.check_file(number, path)
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(number).st_nlink:  # another command has removed it before it was locked
                raise BlockingIOError
            if flags & os.O_CREAT:
                to_disk(os.path.dirname(path))
        except BlockingIOError:
            if handle is not None:
                handle.close()
            raise Busy(f"'{path}' is in use: another command is writing to it") from None
        except OSError as error:
            if handle is not None:
                handle.close()
            raise _cannot(f"cannot write '{path}'", error) from None
        return cls(path, handle)

    def _mend(self) -> None:
        """Close a line that a crash cut off, so that the next one is whole; a file that is only read stays as it is."""
        self._is_whole = True
        end = self._handle.seek(0, os.SEEK_END)
        if end:
            self._handle.seek(end - 1)
            if self._handle.read(1) != b"\n":
                self._handle.write(b"\n")

    def append(self, line: Any, *, sync: bool = True) -> int:
        """Add one object and return its place; with `sync` all lines are on the disk afterwards.

        Raises ProvError when the disk is full or the like.
        """
        import json

        try:
            with self._lock:
                if not self._is_whole:
                    self._mend()
                place = self._handle.seek(0, os.SEEK_END)
                self._handle.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
                self._handle.flush()  # from here on it outlives this process
                if sync:
                    os.fsync(self._handle.fileno())
        except OSError as error:
            raise _cannot(f"cannot write '{self.path}'", error) from None
        return place

    def sync(self) -> None:
        """Have all lines on the disk before this returns. Raises ProvError if they cannot be written."""
        try:
            with self._lock:
                self._handle.flush()
                os.fsync(self._handle.fileno())
        except OSError as error:
            raise _cannot(f"cannot write '{self.path}'", error) from None

    def at(self, place: int) -> Any:
        """The object at a place that `append` returned."""
        import json

        with self._lock:
            self._handle.seek(place)
            return json.loads(self._handle.readline())

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Every object with its place, in order; they may be added to meanwhile."""
        self._handle.flush()
        place = 0
        while True:
            self._handle.seek(place)
            text = self._handle.readline()
            if not text.endswith(b"\n"):
                return
            entry = _object(text)
            if entry is not None:
                yield place, entry
            place += len(text)

    def close(self) -> None:
        """Let the file go. What could not be written was said when it was."""
        with contextlib.suppress(OSError):
            self._handle.close()

    def remove(self) -> None:
        """Let the file go and remove it."""
        self.close()
        remove(self.path)


class Busy(ProvError):
    """Another process has the file open."""


def listing(kind: str) -> list[str]:
    """The files of a kind, the newest first."""
    path = directory()
    start = f"{kind}-"
    names = (name for name in os.listdir(path) if name.startswith(start) and name.endswith(_SUFFIX))
    return [os.path.join(path, name) for name in sorted(names, reverse=True)]


def first_line(path: str) -> Any:
    """The first object of a file, without opening the rest; None when there is none."""
    try:
        with reading(path) as handle:
            return _object(handle.readline())
    except OSError:
        return None


def last_line(path: str) -> Any:
    """The last object of a file, if it is no longer than 4 KiB; else None."""
    try:
        with reading(path) as handle:
            end = handle.seek(0, os.SEEK_END)
            handle.seek(max(0, end - _LAST_LINE))
            tail = handle.read()
    except OSError:
        return None
    head, _, text = tail.rstrip(b"\n").rpartition(b"\n")
    return _object(text) if head or end <= _LAST_LINE else None


def remove(path: str) -> None:
    """Remove a file; no harm when it is gone."""
    with contextlib.suppress(OSError):
        os.unlink(path)


def _object(text: bytes) -> Any:
    import json

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _cannot(what: str, error: OSError) -> ProvError:
    return ProvError(f"{what}: {(error.strerror or str(error)).lower()}")
