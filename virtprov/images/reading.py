"""Read the small files that say where images are, from servers and from this machine."""

from __future__ import annotations

from virtprov.support.errors import FetchError
from virtprov.support.web.http import MISSING, is_url, leaves_https, refuse_failure, shown
from virtprov.support.web.plain_web import QuickWeb, is_plain


class IndexReader:
    """Reads small files; a context manager, or call `close`. Nothing is kept but the connections."""

    def __init__(self) -> None:
        self._web = QuickWeb()

    def __enter__(self) -> IndexReader:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._web.close()

    def read(self, url: str, limit: int) -> bytes | None:
        """Return what is at a URL, at most `limit` bytes; None if it is not there.

        Raises FetchError for a larger file, for a server that cannot be reached, and for one that leads from https to
        http.
        """
        if not is_url(url):
            return _read_file(url, limit)
        if is_plain(url):
            return self._web.fetch_if_there(url, limit=limit)
        with self._web.ask("GET", url) as answer:
            if answer.status_code in MISSING:
                return None
            refuse_failure(answer, url)
            if leaves_https(answer, url):
                raise FetchError(f"'{shown(url)}' redirects from https to http", hint="use another server")
            return self._web.body_of(answer, url, limit)


def _read_file(url: str, limit: int) -> bytes | None:
    """Return the file at a file:// URL."""
    from virtprov.support.file_access.regular import reading
    from virtprov.support.web.fetch import local_path

    path = local_path(url) or ""
    try:
        with reading(path) as stream:
            data = stream.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise FetchError(f"'{path}' cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(data) > limit:
        from virtprov.support.notation.units import show_size

        raise FetchError(f"'{path}' is larger than {show_size(limit)}", hint="check that this is the right file")
    return data
