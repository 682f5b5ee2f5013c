"""Download a file completely or not at all, continuing after an interruption."""

from __future__ import annotations

import os
import time

from virtprov.support import log
from virtprov.support.errors import FetchError, UsageError
from virtprov.support.web.http import CHUNK, Broken, Web, is_url, shown
from virtprov.support.web.server_file import FtpFile, Piece, WebFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from io import FileIO
    from typing import Protocol

    from virtprov.support.web.server_file import Sent

    Report = Callable[[int, int], None]  # bytes there, bytes in all (0: nobody knows)

    class Follower(Protocol):
        """Reads the file while it is downloaded; it is told what is there, from the thread of the download."""

        def begin(self, path: str, have: int) -> None:
            """The file is at `path`; only its first `have` bytes stay."""

        def reach(self, have: int) -> None:
            """Its first `have` bytes are there."""


TRIES = 4
DIGITS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
PATIENCE = 600.0
"""Seconds that any download may take; a large file has more."""
SLOWEST = 16 * 1024
"""Bytes in a second that a server sends at least, on average, after PATIENCE."""
UNKNOWN = 6 * 3600.0
"""Seconds that a download of unknown size may take."""
_HOLE = bytes(CHUNK)
"""What is not written, so that it takes no room on the disk."""


def parse_checksum(text: str) -> tuple[str, str]:
    """Return (algorithm, hex digits) of "sha256:ab12..." or of bare digits, told apart by their number.

    Raises UsageError for anything else.
    """
    name, _, digits = text.strip().lower().rpartition(":")
    known = DIGITS.get(len(digits))
    if not known or (name and name.replace("-", "") != known) or set(digits) - set("0123456789abcdef"):
        raise UsageError(f"'{text}' is not a checksum", hint="write sha256: or sha512: and its hexadecimal digits")
    return known, digits


def check_file(path: str, checksum: str, what: str) -> None:
    """Raise FetchError, naming `what`, unless the file at `path` has the checksum."""
    import hashlib

    name, digits = parse_checksum(checksum)
    with open(path, "rb") as handle:
        result = hashlib.file_digest(handle, name).hexdigest()
    if result != digits:
        raise FetchError(
            f"'{what}' has the {name} checksum {result} instead of {digits}",
            hint="the file was damaged or replaced on the way, or the checksum is for another version",
        )


def download(
    url: str,
    path: str,
    *,
    report: Report | None = None,
    checksum: str = "",
    piece: Piece | None = None,
    limits: Limits | None = None,
    pause: float = 1.0,
    follower: Follower | None = None,
    stays_secure: bool = False,
) -> str:
    """Download `url` to `path` (mode 0600), completely or not at all; return the version that the server names, or "".

    `report` is called with (bytes downloaded, total bytes or 0): the `update` of a progress task can be used.
    `checksum` is "sha256:HEX" (or sha512, sha1, md5, or only the digits), `piece` a part of the file at `url` that is
    downloaded instead of all of it. Partial data is kept in `path`.part together with the version of the file, and an
    interrupted download, in this run or an earlier one, continues there if the server still has that version; `pause`
    is the first wait before that, in seconds. A `follower` reads along. With `stays_secure`, an https server may not
    redirect to http. Chunks of zeros become holes of the file. Raises FetchError, also for a wrong checksum, UsageError
    for an invalid one.
    """
    if checksum:
        parse_checksum(checksum)
    source = WebFile(Web(), url, piece, stays_secure=stays_secure) if is_url(url) else FtpFile(url, piece)
    with source:
        work = _Download(source, url, path, report or (lambda done, total: None), checksum, pause, limits)
        work.follower = follower
        return work.run()


def _write(handle: FileIO, data: bytes) -> None:
    """Write all of the data to an unbuffered file, or leave a hole if there are only zeros."""
    if data == (_HOLE if len(data) == len(_HOLE) else bytes(len(data))):
        handle.truncate(handle.seek(len(data), os.SEEK_CUR))
        return
    view = memoryview(data)
    while view:
        view = view[handle.write(view) :]


class Limits:
    """How long a download may take."""

    def __init__(self, patience: float = PATIENCE, slowest: int = SLOWEST, unknown: float = UNKNOWN) -> None:
        self.patience, self.slowest, self.unknown = patience, slowest, unknown
        self.began = time.monotonic()

    def check(self, url: str, total: int) -> None:
        """Raise FetchError if the download of `total` bytes (0: unknown) takes too long."""
        allowed = self.patience + total / self.slowest if total else self.unknown
        if time.monotonic() - self.began > allowed:
            raise FetchError(
                f"the download of '{shown(url)}' takes more than {allowed / 60:.0f} minutes",
                hint="the server is too slow: try another one",
            )


class _Download:
    """The work behind `download`; see there for the arguments."""

    def __init__(
        self,
        source: WebFile | FtpFile,
        url: str,
        path: str,
        report: Report,
        checksum: str,
        pause: float,
        limits: Limits | None,
    ) -> None:
        self.source, self.url, self.path, self.report = source, url, path, report
        self.checksum, self.pause, self.limits = checksum, pause, limits or Limits()
        self.part = f"{path}.part"
        self.note = f"{path}.part.from"
        self.mark = ""
        self.follower: Follower | None = None

    def run(self) -> str:
        """Do it and return the version of the file."""
        number = -1
        try:
            number = self._reserve()
            self._persist()
            if self.checksum:
                self._check()
            os.replace(self.part, self.path)
            self._forget(self.note)
        except OSError as error:
            self._forget(self.part, self.note)  # on a full disk, half a file is in the way
            reason = (error.strerror or str(error)).lower()
            raise FetchError(f"cannot save '{shown(self.url)}' as '{self.path}': {reason}") from None
        except BaseException:
            if not self._have():
                self._forget(self.part, self.note)
            raise
        finally:
            if number >= 0:
                os.close(number)
        return self.mark

    def _reserve(self) -> int:
        """Lock the part, and return the open file that has the lock; take another name if another run has it."""
        import contextlib
        import fcntl

        number = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(number).st_ino == os.stat(self.part).st_ino:
                os.fchmod(number, 0o600)
                return number
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(number)
            raise
        os.close(number)
        self.part = f"{self.path}.{os.getpid()}.part"
        self.note = f"{self.part}.from"
        number = os.open(self.part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with contextlib.suppress(BlockingIOError):  # somebody looks whether it is in use
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return number

    def _persist(self) -> None:
        """Try until the file is here; a try that got further earns another one, and the first pause again."""
        left, reached, pause = TRIES, -1, self.pause
        while True:
            try:
                self._once()
                return
            except Broken as error:
                now = self._have()
                left, pause = (left - 1, pause) if now <= reached else (TRIES - 1, self.pause)
                reached = max(reached, now)
                if left <= 0:
                    raise
                log.debug("%s; trying again in %g s", error, pause)
                time.sleep(pause)
                pause = min(pause * 2, 30.0)

    def _once(self) -> None:
        """One request: the rest of the file, or all of it."""
        have = self._have()
        try:
            with self.source.ask(have, self._noted() if have else "") as sent:
                if sent.start == 0:
                    self._write_note(sent.mark)
                self.mark = sent.mark
                self._save(sent)
        except Broken as error:
            if error.is_changed:
                self._forget(self.note)
                os.truncate(self.part, 0)
            raise

    def _save(self, sent: Sent) -> None:
        """Write what is sent behind what is there, and see that it is all there."""
        have, total = sent.start, sent.total
        if total:
            self._check_room(total - have)
        if self.follower is not None:
            self.follower.begin(self.part, have)
        with open(self.part, "r+b", buffering=0) as handle:
            handle.truncate(have)
            handle.seek(have)
            for data in sent.data:
                _write(handle, data)
                have += len(data)
                if self.follower is not None:
                    self.follower.reach(have)
                self.report(have, total)
                self.limits.check(self.url, total)
        if total and have < total:
            raise Broken(f"the connection was lost after {have} of {total} bytes of '{shown(self.url)}'")
        if total and have > total:
            self._forget(self.note)
            raise FetchError(f"the server sends more than the {total} bytes of '{shown(self.url)}'")

    def _check_room(self, size: int) -> None:
        """Raise FetchError if the disk has no room for `size` more bytes."""
        from virtprov.support.notation.units import show_size

        free = os.statvfs(os.path.dirname(self.part) or ".")
        if free.f_bavail * free.f_frsize < size:
            folder = os.path.dirname(self.path)
            raise FetchError(
                f"no space for '{shown(self.url)}' ({show_size(size)}) in '{folder}': "
                f"{show_size(free.f_bavail * free.f_frsize)} are free",
                hint="delete files there, or set XDG_CACHE_HOME to a folder on another disk",
            )

    def _check(self) -> None:
        try:
            check_file(self.part, self.checksum, shown(self.url))
        except FetchError:
            self._forget(self.part, self.note)
            raise

    def _have(self) -> int:
        """Return how much is here of a version of the file that the server can be asked to go on with."""
        if not self._noted():
            return 0
        try:
            return os.path.getsize(self.part)
        except OSError:
            return 0

    def _noted(self) -> str:
        """Return the mark of the version that the part is of, or "" when it is not known."""
        try:
            with open(self.note, encoding="utf-8") as handle:
                url, _, mark = handle.read(4096).partition("\n")
        except (OSError, UnicodeDecodeError):
            return ""
        return mark if url == self._named() else ""

    def _named(self) -> str:
        """Return how the note calls what is downloaded."""
        return f"{shown(self.url)}{self.source.piece.suffix if self.source.piece else ''}"

    def _write_note(self, mark: str) -> None:
        """Note which version of the file comes."""
        self._forget(self.note)
        if mark and "\n" not in mark:
            number = os.open(self.note, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(number, "w", encoding="utf-8") as handle:
                handle.write(f"{self._named()}\n{mark}")

    @staticmethod
    def _forget(*paths: str) -> None:
        import contextlib

        for path in paths:
            with contextlib.suppress(OSError):
                os.unlink(path)
