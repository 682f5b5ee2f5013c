"""A file on a server, or a piece of it, as a download asks for it: all of it, or the rest."""

from __future__ import annotations

from virtprov.support.errors import FetchError
from virtprov.support.frozen import Record
from virtprov.support.web.http import (
    CHUNK,
    Broken,
    body,
    leaves_https,
    length,
    pieces_error,
    refuse_failure,
    shown,
    translated,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

    from virtprov.support.web.http import Answer, Web


class Piece(Record):
    """A part of a file, in bytes."""

    offset: int
    size: int

    @property
    def suffix(self) -> str:
        """Return what is added to a URL to name the piece."""
        return f"#{self.offset}+{self.size}"


class Sent(Record):
    """What a server sends: `data` from byte `start` on, of `total` bytes (0: unknown), of the version `mark`."""

    start: int
    total: int
    mark: str
    data: Iterable[bytes]


class WebFile:
    """A file on a web server; with `stays_secure`, it is not read through http if its address is https."""

    def __init__(self, web: Web, url: str, piece: Piece | None, *, stays_secure: bool = False) -> None:
        self.web, self.url, self.piece = web, url, piece
        self.stays_secure = stays_secure

    def __enter__(self) -> WebFile:
        return self

    def __exit__(self, *failure: object) -> None:
        self.web.close()

    def ask(self, have: int, mark: str) -> AbstractContextManager[Sent]:
        """Ask for what follows the first `have` bytes, which are of the version `mark`. Raises FetchError."""
        from contextlib import contextmanager

        @contextmanager
        def window() -> Iterator[Sent]:
            headers = {"If-Range": mark} if mark else {}
            if have or self.piece is not None:
                headers["Range"] = self._range(have)
            with self.web.ask("GET", self.url, headers) as answer:
                if self.stays_secure and leaves_https(answer, self.url):
                    raise FetchError(
                        f"'{shown(self.url)}' redirects from https to http, and its checksum is not known",
                        hint="give checksum=sha256:..., or the http address itself",
                    )
                yield self._sent(answer, have)

        return window()

    def _range(self, have: int) -> str:
        if self.piece is None:
            return f"bytes={have}-"
        return f"bytes={self.piece.offset + have}-{self.piece.offset + self.piece.size - 1}"

    def _sent(self, answer: Answer, have: int) -> Sent:
        span = answer.headers.get("Content-Range", "")
        whole = self.piece.size == have if self.piece is not None else span == f"bytes */{have}"
        if answer.status_code == 416 and have and whole:
            return Sent(have, have, version(answer), ())  # stopped between the last byte and the new name
        if answer.status_code == 416:
            raise changed_error(self.url)
        refuse_failure(answer, self.url)
        offset = self.piece.offset if self.piece is not None else 0
        follows = answer.status_code == 206 and span.startswith(f"bytes {offset + have}-")
        if self.piece is not None and not follows:
            raise changed_error(self.url) if have else pieces_error(self.url)
        start = have if follows else 0
        rest = length(answer)
        total = start + rest if rest >= 0 else 0
        return Sent(start, self.piece.size if self.piece is not None else total, version(answer), self._data(answer))

    def _data(self, answer: Answer) -> Iterator[bytes]:
        with translated(self.url, self.web.timeout, self.web.whole):
            yield from body(answer, CHUNK, self.web.whole)


class FtpFile:
    """A file on an FTP server."""

    def __init__(self, url: str, piece: Piece | None) -> None:
        from virtprov.support.web.ftp import Ftp

        if not url.lower().startswith("ftp://"):
            raise FetchError(f"'{shown(url)}' is not an http, https or ftp URL")
        self.ftp, self.url, self.piece = Ftp(), url, piece

    def __enter__(self) -> FtpFile:
        return self

    def __exit__(self, *failure: object) -> None:
        self.ftp.close()

    def ask(self, have: int, mark: str) -> AbstractContextManager[Sent]:
        """Ask for what follows the first `have` bytes, which are of the version `mark`. Raises FetchError."""
        from contextlib import contextmanager

        @contextmanager
        def window() -> Iterator[Sent]:
            from virtprov.support.web.ftp import missing_error

            size = self.ftp.size(self.url)
            if size is None:
                raise missing_error(self.url)
            now = f"{size} {self.ftp.changed(self.url)}" if size >= 0 else ""
            if have and now != mark:
                raise changed_error(self.url)
            total = self.piece.size if self.piece is not None else max(size, 0)
            if have and have == total:
                yield Sent(have, total, now, ())
                return
            yield Sent(have, total, now, self._data(have, total))

        return window()

    def _data(self, have: int, total: int) -> Iterator[bytes]:
        """Yield the rest; the end of a piece is ours to find."""
        offset = self.piece.offset if self.piece is not None else 0
        left = total - have
        for data in self.ftp.stream(self.url, offset + have):
            if self.piece is None:
                yield data
                continue
            yield data[:left]
            left -= len(data)
            if left <= 0:
                return


def version(answer: Answer) -> str:
    """Return what a web server calls this version of a file; a weak ETag does not promise the same bytes."""
    mark: str = answer.headers.get("ETag", "")
    return mark if mark and not mark.startswith("W/") else answer.headers.get("Last-Modified", "")


def changed_error(url: str) -> Broken:
    """Return the error for a file that is not the one that was begun."""
    error = Broken(f"'{shown(url)}' changed on the server")
    error.is_changed = True
    return error
