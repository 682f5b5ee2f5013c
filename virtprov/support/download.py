"""Download a file completely or not at all, continuing after an interruption."""

from __future__ import annotations

import os
import time

from virtprov.support import log
from virtprov.support.errors import FetchError, UsageError
from virtprov.support.http import CHUNK, Broken, Web, body, length, refuse_failure, shown, translated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.support.http import Answer

    Report = Callable[[int, int], None]  # bytes there, bytes in all (0: nobody knows)

TRIES = 4
DIGITS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


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
        found = hashlib.file_digest(handle, name).hexdigest()
    if found != digits:
        raise FetchError(
            f"'{what}' has the {name} checksum {found} instead of {digits}",
            hint="the file was damaged or replaced on the way, or the checksum is for another version",
        )


def download(url: str, path: str, *, report: Report | None = None, checksum: str = "", pause: float = 1.0) -> int:
    """Download `url` to `path`, completely or not at all, and return its size in bytes.

    `report` is called with (bytes downloaded, total bytes or 0): the `update` of a progress task can be used.
    `checksum` is "sha256:HEX" (or sha512, sha1, md5, or only the digits). Partial data is kept in `path`.part together
    with the version of the file, and an interrupted download, in this run or an earlier one, continues there if the
    server still has that version; `pause` is the first wait before that, in seconds. Raises FetchError, also for a
    wrong checksum, UsageError for an invalid one.
    """
    if checksum:
        parse_checksum(checksum)
    with Web() as web:
        return _Download(web, url, path, report or (lambda done, total: None), checksum, pause).run()


class _Download:
    """The work behind `download`; see there for the arguments."""

    def __init__(self, web: Web, url: str, path: str, report: Report, checksum: str, pause: float) -> None:
        self.web, self.url, self.path, self.report = web, url, path, report
        self.checksum, self.pause = checksum, pause
        self.part = f"{path}.part"
        self.note = f"{path}.part.from"

    def run(self) -> int:
        """Do it and return the size in bytes."""
        try:
            self._persist()
            if self.checksum:
                self._check()
            size = os.path.getsize(self.part)
            os.replace(self.part, self.path)
            self._forget(self.note)
        except OSError as error:
            said = (error.strerror or str(error)).lower()
            raise FetchError(f"cannot save '{shown(self.url)}' as '{self.path}': {said}") from None
        return size

    def _persist(self) -> None:
        """Try until the file is here; a try that got further earns another one."""
        left, reached, pause = TRIES, -1, self.pause
        while True:
            try:
                self._once()
                return
            except Broken as error:
                now = self._have()
                left = left - 1 if now <= reached else TRIES - 1
                reached = max(reached, now)
                if left <= 0:
                    raise
                log.debug("%s; trying again in %g s", error, pause)
                time.sleep(pause)
                pause = min(pause * 2, 30.0)

    def _once(self) -> None:
        """One request: the rest of the file, or all of it."""
        have, headers = self._have(), {}
        if have:
            headers = {"Range": f"bytes={have}-", "If-Range": self._noted()}
        with self.web.ask("GET", self.url, headers) as answer:
            if answer.status_code == 416 and answer.headers.get("Content-Range") == f"bytes */{have}":
                return  # an earlier run was stopped between the last byte and the new name
            if answer.status_code == 416:
                self._forget(self.part, self.note)
                raise Broken(f"'{shown(self.url)}' changed on the server")
            refuse_failure(answer, self.url)
            follows = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if answer.status_code != 206 or not follows:
                have = 0
                self._write_note(answer)
            self._save(answer, have)

    def _save(self, answer: Answer, have: int) -> None:
        """Write the body behind the first `have` bytes of the part, and see that it is all there."""
        rest = length(answer)
        total = have + rest if rest >= 0 else 0
        with open(self.part, "r+b" if have else "wb") as handle:
            handle.seek(have)
            handle.truncate()
            with translated(self.url, self.web.timeout, self.web.whole):
                for piece in body(answer, CHUNK, self.web.whole):
                    handle.write(piece)
                    have += len(piece)
                    self.report(have, total)
        if total and have < total:
            raise Broken(f"the connection was lost after {have} of {total} bytes of '{shown(self.url)}'")

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
        return mark if url == shown(self.url) else ""

    def _write_note(self, answer: Answer) -> None:
        """Note which version of the file comes; a weak ETag does not promise the same bytes."""
        mark = answer.headers.get("ETag", "")
        if not mark or mark.startswith("W/"):
            mark = answer.headers.get("Last-Modified", "")
        self._forget(self.note)
        if mark and "\n" not in mark:
            with open(self.note, "w", encoding="utf-8") as handle:
                handle.write(f"{shown(self.url)}\n{mark}")

    @staticmethod
    def _forget(*paths: str) -> None:
        for path in paths:
            if os.path.exists(path):
                os.unlink(path)
