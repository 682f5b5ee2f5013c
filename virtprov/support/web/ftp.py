"""Files from FTP servers: the same questions as `http.Web` answers, and the same limits."""

from __future__ import annotations

from virtprov.support import log
from virtprov.support.errors import FetchError
from virtprov.support.web.http import CHUNK, LIMIT, TIMEOUT, WHOLE, Broken, shown
from virtprov.support.web.limited import TooSlow, pieces, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ftplib
    from collections.abc import Iterator
    from socket import socket
    from types import TracebackType

_GONE = ("550", "553")
"""What servers answer for a file that is not there (RFC 959, 4.2.2)."""


class Ftp:
    """A connection to FTP servers; logs in as anonymous unless the address has a name. A context manager.

    `timeout` is in seconds and counts for each silence; `whole` for each request whose answer is read into memory.
    """

    def __init__(self, *, timeout: float = TIMEOUT, whole: float = WHOLE) -> None:
        self.timeout, self.whole = timeout, whole
        self._server: ftplib.FTP | None = None
        self._place: tuple[str, int, str, str] = ("", 0, "", "")

    def __enter__(self) -> Ftp:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def fetch_if_there(self, url: str, *, limit: int = LIMIT) -> bytes | None:
        """Return what is at `url`, None when there is no such file; FetchError when it is larger than `limit` bytes."""
        with _translated(url, self) as told:
            data = self._read(url, 0, limit + 1)
        if told.is_missing:
            return None
        if len(data) > limit:
            from virtprov.support.notation.units import show_size

            raise FetchError(f"'{shown(url)}' is larger than {show_size(limit)}")
        return data

    def size(self, url: str) -> int | None:
        """Return how large the file at `url` is, -1 when the server does not say, None when it is not there."""
        size: int | None = None
        with _translated(url, self) as told:
            server, path = self._ready(url)
            within(self.whole, lambda: server.voidcmd("TYPE I"))
            size = within(self.whole, lambda: server.size(path))
        return None if told.is_missing else -1 if size is None else size

    def read(self, url: str, offset: int, size: int) -> bytes:
        """Return up to `size` bytes of the file at `url` from `offset` on; less at its end. Raises FetchError."""
        data = b""
        with _translated(url, self) as told:
            data = self._read(url, offset, size)
        if told.is_missing:
            raise missing_error(url)
        return data

    def changed(self, url: str) -> str:
        """Return when the file was changed, as the server writes it; "" when it does not say."""
        answer = ""
        with _translated(url, self):
            server, path = self._ready(url)
            try:
                answer = within(self.whole, lambda: server.sendcmd(f"MDTM {path}"))
            except self._words() as error:
                log.debug("%s", error)
        return answer.partition(" ")[2].strip()[:40] if answer.startswith("213") else ""

    def stream(self, url: str, offset: int) -> Iterator[bytes]:
        """Yield the file at `url` from `offset` on. Raises FetchError."""
        with _translated(url, self) as told:
            link = self._open(url, offset)
            try:
                yield from pieces(iter(lambda: link.recv(CHUNK), b""), self.whole)
            finally:
                link.close()
                self.close()  # an answer that nobody waits for would be taken for that of the next question
        if told.is_missing:
            raise missing_error(url)

    def _read(self, url: str, offset: int, size: int) -> bytes:
        link = self._open(url, offset)
        data = bytearray()
        try:
            for piece in pieces(iter(lambda: link.recv(CHUNK), b""), self.whole, whole=self.whole):
                data += piece
                if len(data) >= size:
                    break
        finally:
            link.close()
        if len(data) >= size or self._server is None:
            self.close()
        else:
            within(self.whole, self._server.voidresp)
        return bytes(data[:size])

    def _open(self, url: str, offset: int) -> socket:
        server, path = self._ready(url)

        def ask() -> socket:
            server.voidcmd("TYPE I")
            return server.transfercmd(f"RETR {path}", offset or None)

        return within(self.whole, ask)

    def _ready(self, url: str) -> tuple[ftplib.FTP, str]:
        """Return the connection to the server of `url`, which is opened if need be, and the path there."""
        import ftplib
        from urllib.parse import unquote, urlsplit

        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or 21, unquote(parts.username or ""), unquote(parts.password or ""))
        log.debug("FTP %s", shown(url))
        if self._server is None or place != self._place:
            self.close()
            server = ftplib.FTP(timeout=self.timeout)

            def connect() -> None:
                server.connect(place[0], place[1])
                server.login(place[2], place[3])

            within(self.whole, connect)
            self._server, self._place = server, place
        return self._server, unquote(parts.path)

    @staticmethod
    def _words() -> tuple[type[Exception], ...]:
        import ftplib

        return (ftplib.error_perm, ftplib.error_temp, ftplib.error_reply, ftplib.error_proto)


def missing_error(url: str) -> FetchError:
    """Return the error for a file that is not there."""
    return FetchError(f"'{shown(url)}' not found on the FTP server", hint="check the URL")


class _translated:
    """Turn what ftplib raises inside the block into a FetchError about `url`.

    That there is no such file is no error: `is_missing` says it.
    """

    def __init__(self, url: str, client: Ftp) -> None:
        self.url, self.client = shown(url), client
        self.is_missing = False

    def __enter__(self) -> _translated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        import ftplib

        if isinstance(error, ftplib.error_perm) and str(error)[:3] in _GONE:
            self.is_missing = True
            return True
        if isinstance(error, (OSError, EOFError, ftplib.Error, TooSlow, ValueError)):
            log.debug("%s", error)
            self.client.close()
            raise self._sentence(error) from None
        return False

    def _sentence(self, error: Exception) -> FetchError:
        import ftplib
        import socket
        from urllib.parse import urlsplit

        try:
            host = urlsplit(self.url).hostname or self.url
        except ValueError:
            host = self.url
        if isinstance(error, TooSlow):
            text = f"'{host}' did not send all of '{self.url}' within {self.client.whole:g} seconds"
            return FetchError(text, hint="try again later, or use another server")
        if isinstance(error, socket.gaierror):
            return FetchError(f"unknown host '{host}'", hint="check the URL and the name server")
        if isinstance(error, TimeoutError):
            return Broken(f"'{host}' did not answer within {self.client.timeout:g} seconds")
        if isinstance(error, ConnectionRefusedError):
            text = f"'{host}' refused the connection for '{self.url}'"
            return FetchError(text, hint="check that a server is running there")
        if isinstance(error, ftplib.error_perm) and str(error).startswith("530"):
            return FetchError(f"the FTP server '{host}' denies access to '{self.url}'", hint="check name and password")
        if isinstance(error, ftplib.Error):
            reason = " ".join(str(error).split())[:200]
            return FetchError(f"cannot download '{self.url}': the server reports {reason}", hint="try again later")
        if isinstance(error, ValueError):
            return FetchError(f"'{self.url}' is not a valid FTP address", hint="check the URL")
        return Broken(f"the connection to '{host}' was lost while downloading '{self.url}'")
