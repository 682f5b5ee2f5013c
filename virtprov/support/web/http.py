"""Files from the web: the one place that uses requests.

Only http and https. Names and passwords inside an address never show in a message or a log.
"""

from __future__ import annotations

from virtprov.support import log
from virtprov.support.errors import FetchError
from virtprov.support.notation.units import is_whole
from virtprov.support.web.limited import TooSlow, pieces, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Any

    import requests

    Answer = requests.Response  # for those who pass one on: the library itself stays in this file

TIMEOUT = 30.0
WHOLE = 60.0
"""Seconds for an answer's head, for all that is read into memory, and for each CHUNK of a longer file."""
LIMIT = 16 * 1024 * 1024
CHUNK = 64 * 1024
LATER = "try again later, or use another server"
MISSING = (403, 404, 410)
"""What servers say of a file of a tree that is not there; some stores say "forbidden"."""


def is_url(text: str) -> bool:
    """Say whether `text` is an address that this module can fetch."""
    return text.lower().startswith(("http://", "https://"))


def shown(url: str) -> str:
    """Return `url` without what may be secret in it: the name and password, and the values of its query.

    `?token=abc&v=2` becomes `?token=...&v=...`, so that it can still be told from others.
    """
    from urllib.parse import urlsplit, urlunsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        scheme, slashes, rest = url.partition("://")
        place, slash, path = rest.partition("?")[0].partition("/")
        return scheme + slashes + place.rsplit("@", 1)[-1] + slash + path
    pairs = (pair.partition("=") for pair in parts.query.split("&") if pair)
    query = "&".join(f"{name}=..." if found else "..." for name, found, _ in pairs)
    return urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1], query=query, fragment=""))


def remove_credentials(text: str) -> str:
    """Return a text without the names and passwords in the URLs in it."""
    import re

    return re.sub(r"(\w://)[^/@\s]+@", r"\1", text)


class Broken(FetchError):
    """The connection was lost on the way: another try may do. `is_changed`: it starts from the beginning."""

    is_changed = False


class NoPieces(FetchError):
    """The server only sends whole files."""


class Web:
    """A connection to the web that keeps its sockets open between requests.

    `timeout` is in seconds and counts for connecting and for each silence; `whole` for all of an answer that is read
    into memory, see WHOLE. A context manager, or call `close`.
    """

    def __init__(self, *, timeout: float = TIMEOUT, whole: float = WHOLE) -> None:
        self.timeout = timeout
        self.whole = whole
        self._session: requests.Session | None = None

    def close(self) -> None:
        """Close the sockets."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def ask(self, method: str, url: str, headers: dict[str, str] | None = None) -> requests.Response:
        """Send a request and return the response (a context manager), its body not read yet.

        Any status is an answer; FetchError when there is none, `Broken` when the connection was lost.
        Raises FetchError if the server cannot be reached or reports an error.
        """
        import requests

        if not is_url(url):
            raise FetchError(f"'{shown(url)}' is not an http or https URL")
        if self._session is None:
            self._session = requests.Session()
            self._session.headers["User-Agent"] = "virtprov"
        session = self._session
        log.debug("%s %s %s", method, shown(url), headers or "")
        # the file as it is: a size in the answer's head is the file's, and pieces can be asked for
        asked = {"Accept-Encoding": "identity", **(headers or {})}
        with translated(url, self.timeout, self.whole):
            answer = within(
                self.whole,
                lambda: session.request(
                    method, url, headers=asked, timeout=self.timeout, stream=True, allow_redirects=True
                ),
            )
        answer.raw.enforce_content_length = True  # urllib3 before 2.0 takes half a file for the whole
        setattr(answer, "close", _Closing(answer))  # noqa: B010  (it stands in for the method)
        return answer

    def fetch(self, url: str, *, limit: int = LIMIT) -> bytes:
        """Return what is at `url`; FetchError when it is not there or larger than `limit` bytes."""
        with self.ask("GET", url) as answer:
            refuse_failure(answer, url)
            return self.body_of(answer, url, limit)

    def fetch_if_there(self, url: str, *, limit: int = LIMIT) -> bytes | None:
        """The same, but None when there is no such file.

        Some stores say "forbidden" for what they do not have.
        """
        with self.ask("GET", url) as answer:
            if answer.status_code in MISSING:
                return None
            refuse_failure(answer, url)
            return self.body_of(answer, url, limit)

    def body_of(self, answer: requests.Response, url: str, limit: int) -> bytes:
        """Return the body of an answer; FetchError when it is larger than `limit` bytes."""
        data = bytearray()
        with translated(url, self.timeout, self.whole):
            for piece in body(answer, CHUNK, self.whole, self.whole):
                data += piece
                if len(data) > limit:
                    from virtprov.support.notation.units import show_size

                    raise FetchError(
                        f"'{shown(url)}' is larger than {show_size(limit)}", hint="check that this is the right URL"
                    )
        return bytes(data)

    def size(self, url: str) -> int | None:
        """Return how large the file at `url` is, -1 when it is there but nobody says, None when it is not.

        FetchError when the server cannot be reached or breaks down.
        """
        with self.ask("HEAD", url) as answer:
            if answer.status_code in (404, 410):
                return None
            if answer.status_code in (405, 501):
                return self._size_by_range(url)
            refuse_failure(answer, url)
            return length(answer)

    def _size_by_range(self, url: str) -> int | None:
        """Learn the size from a server that does not answer HEAD."""
        with self.ask("GET", url, {"Range": "bytes=0-0"}) as answer:
            if answer.status_code in (404, 410):
                return None
            refuse_failure(answer, url)
            total = answer.headers.get("Content-Range", "").rpartition("/")[2]
            if answer.status_code == 206:
                return int(total) if is_whole(total) else -1
            return length(answer)

    def exists(self, url: str) -> bool:
        """Say whether there is a file at `url`; FetchError when the server cannot be reached."""
        return self.size(url) is not None

    def read(self, url: str, offset: int, size: int) -> bytes:
        """Return up to `size` bytes of the file at `url` from `offset` on; less at its end.

        FetchError when it is not there, NoPieces when the server only sends whole files (and `offset` is not 0).
        Raises FetchError.
        """
        if size <= 0:
            return b""
        with self.ask("GET", url, {"Range": f"bytes={offset}-{offset + size - 1}"}) as answer:
            if answer.status_code == 416:
                return b""
            refuse_failure(answer, url)
            if answer.status_code != 206 and offset:
                raise pieces_error(url)
            data = bytearray()
            with translated(url, self.timeout, self.whole):
                for piece in body(answer, min(CHUNK, size), self.whole, self.whole):
                    data += piece
                    if len(data) >= size:
                        break
        return bytes(data[:size])


def pieces_error(url: str) -> NoPieces:
    """Return the error for a server that only sends whole files."""
    return NoPieces(
        f"the server of '{shown(url)}' does not support partial downloads", hint="download the file and give its path"
    )


def fetch(url: str, *, limit: int = LIMIT) -> bytes:
    """Return what is at `url`; see `Web.fetch`."""
    with Web() as web:
        return web.fetch(url, limit=limit)


class _Closing:
    """Closes an answer, but waits for nobody who still reads it: closing waits for the reader."""

    def __init__(self, answer: requests.Response) -> None:
        self.close = answer.close
        self.is_read = False

    def __call__(self) -> None:
        if self.is_read:
            from threading import Thread

            Thread(target=self.close, name="closing", daemon=True).start()
        else:
            self.close()


def body(answer: requests.Response, size: int, each: float, whole: float | None = None) -> Iterator[bytes]:
    """The body in pieces of `size` bytes. Raises TooSlow when one takes more than `each` seconds, or all `whole`."""
    closing: Any = answer.close
    closing.is_read = True
    yield from pieces(answer.iter_content(size), each, whole=whole)
    closing.is_read = False


def length(answer: requests.Response) -> int:
    text = answer.headers.get("Content-Length", "")
    return int(text) if is_whole(text) else -1


def leaves_https(answer: requests.Response, url: str) -> bool:
    """Return whether an https address has led to one of http."""
    return url.lower().startswith("https:") and not answer.url.lower().startswith("https:")


def refuse_failure(answer: requests.Response, url: str) -> None:
    """Raise FetchError for an answer that is not a success."""
    status = answer.status_code
    if status < 400:
        return
    if status in (404, 410):
        raise FetchError(f"'{shown(url)}' not found (status {status})", hint="check the URL")
    if status in (401, 403, 407):
        raise FetchError(f"the server denies access to '{shown(url)}' (status {status})")
    status_text = f"{status} {answer.reason or ''}".strip()
    hint = "try again later" if status >= 500 or status == 429 else ""
    raise FetchError(f"cannot download '{shown(url)}': the server reports {status_text}", hint=hint)


class translated:
    """Turn what requests raises inside the block into a FetchError about `url`."""

    def __init__(self, url: str, timeout: float, whole: float = WHOLE) -> None:
        self.url, self.timeout, self.whole = shown(url), timeout, whole

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from http.client import HTTPException

        import requests

        # requests lets through what the libraries below say of addresses and answers that make no sense
        if isinstance(error, (requests.RequestException, HTTPException, TooSlow, ValueError)) or (
            error is not None and type(error).__module__.startswith("urllib3.") and isinstance(error, Exception)
        ):
            log.debug("%s", error)
            raise self.words(error) from None

    def words(self, error: Exception) -> FetchError:
        """Return the error that says what went wrong, in our words."""
        from urllib.parse import urlsplit

        import requests.exceptions as kinds

        try:
            host = urlsplit(self.url).hostname or self.url
        except ValueError:
            host = self.url
        reason = str(error)
        if isinstance(error, TooSlow):
            text = f"'{host}' did not send all of '{self.url}' within {self.whole:g} seconds"
            return FetchError(text, hint=LATER)
        if isinstance(error, kinds.SSLError):
            text = f"the certificate of '{host}' is not trusted"
            return FetchError(text, hint="set REQUESTS_CA_BUNDLE to a file with trusted certificates")
        if isinstance(error, kinds.ProxyError):
            text = f"the proxy for '{self.url}' cannot be used"
            return FetchError(text, hint="check https_proxy and no_proxy")
        if isinstance(error, kinds.Timeout):
            return Broken(f"'{host}' did not answer within {self.timeout:g} seconds", hint=LATER)
        if isinstance(error, kinds.TooManyRedirects):
            return FetchError(f"'{self.url}' redirects too many times", hint="check the URL")
        if isinstance(error, kinds.InvalidSchema):  # ours is http or https
            text = f"'{self.url}' redirects to an address that is neither http nor https"
            return FetchError(text, hint="check the URL, or use another server")
        if isinstance(error, kinds.InvalidURL):
            text = f"'{self.url}' is not a valid URL, or redirects to one that is not"
            return FetchError(text, hint="check the URL")
        if isinstance(error, kinds.ChunkedEncodingError) or "Connection broken" in reason:
            return Broken(f"the connection to '{host}' was lost while downloading '{self.url}'", hint=LATER)
        if isinstance(error, kinds.ConnectionError):
            return self.unreachable(host, reason)
        if isinstance(error, ValueError) and not isinstance(error, kinds.RequestException):
            text = f"'{self.url}' cannot be fetched: it is an invalid address or redirects to one"
            return FetchError(text, hint="check the address and where the server redirects it to")
        return FetchError(f"cannot download '{self.url}'", hint="check the URL")

    def unreachable(self, host: str, said: str) -> FetchError:
        """Say why there is no connection to `host`."""
        if any(word in said for word in ("NameResolutionError", "name resolution", "service not known")):
            text = f"unknown host '{host}'"
            return FetchError(text, hint="check the URL and the name server")
        if "refused" in said:
            text = f"'{host}' refused the connection for '{self.url}'"
            return FetchError(text, hint="check that a server is running there")
        return Broken(f"cannot connect to '{host}' for '{self.url}'", hint="check the URL and the network")
