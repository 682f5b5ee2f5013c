"""What the user names as a source: a path, a file:// address or an http(s) address."""

from __future__ import annotations

from virtprov.support.errors import FetchError

LIMIT = 16 * 1024 * 1024


def local_path(source: str) -> str | None:
    """Return the path that `source` names (with ~ and file:// understood), or None for a web address.

    Raises FetchError for an address of a kind nobody here can fetch (ftp:// ...).
    """
    import os.path

    scheme, found, rest = source.partition("://")
    if not found or not scheme.isalnum():
        return os.path.expanduser(source)
    if scheme.lower() == "file":
        from urllib.parse import unquote

        host, slash, path = rest.partition("/")
        if host not in ("", "localhost"):
            raise FetchError(f"'{source}' names a file on another machine", hint="write file:///path")
        return unquote(slash + path)
    if scheme.lower() in ("http", "https"):
        return None
    raise FetchError(f"'{source}' cannot be fetched: {scheme}:// is not supported", hint="use http or https")


def read(source: str, *, limit: int = LIMIT, what: str = "file") -> bytes:
    """Return what is at `source`, a path or an address.

    `limit` is in bytes, `what` says what the file is to be. Raises
    InputError for a path that cannot be read and FetchError for an address that cannot be fetched.
    """
    path = local_path(source)
    if path is not None:
        from virtprov.support.files import read_bytes

        return read_bytes(path, limit=limit, what=what)
    from virtprov.support import http

    return http.fetch(source, limit=limit)
