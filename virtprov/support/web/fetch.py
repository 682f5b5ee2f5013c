"""Sources given by the user: a path, a file:// URL or an http(s) URL."""

from __future__ import annotations

from virtprov.support.errors import FetchError

LIMIT = 16 * 1024 * 1024


def local_path(source: str) -> str | None:
    """Return the path for `source` (~ and file:// are resolved), or None for an http(s) URL.

    Raises FetchError for URLs that are not supported (ftp:// ...).
    """
    import os.path

    scheme, separator, rest = source.partition("://")
    if not separator or not scheme.isalnum():
        return os.path.expanduser(source)
    if scheme.lower() == "file":
        from urllib.parse import unquote

        host, slash, path = rest.partition("/")
        if host not in ("", "localhost"):
            raise FetchError(f"'{source}' is a file on another machine", hint="use file:///path")
        return unquote(slash + path)
    if scheme.lower() in ("http", "https"):
        return None
    raise FetchError(f"cannot download '{source}': {scheme}:// is not supported", hint="use http or https")


def read(source: str, *, limit: int = LIMIT, what: str = "file") -> bytes:
    """Return the contents of `source`, a path or a URL.

    `limit` is in bytes, `what` describes the expected file. Raises InputError for a path that cannot be read and
    FetchError for a URL that cannot be downloaded.
    """
    path = local_path(source)
    if path is not None:
        from virtprov.support.file_access.files import read_bytes

        return read_bytes(path, limit=limit, what=what)
    from virtprov.support.web import http

    return http.fetch(source, limit=limit)
