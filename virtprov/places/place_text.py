"""Read what the user typed for a place or a medium."""

from __future__ import annotations

import os

from virtprov.places.place import Medium
from virtprov.support.errors import UsageError, nearest

SCHEMES = ("http", "https", "ftp")
"""The schemes of servers that trees and ISOs are read from."""


def check_location(text: str) -> str:
    """Return the place of `--location`: a URL, or a path without `~` or file://. Raises UsageError for other places."""
    place = _place(text, "--location")
    _refuse_unknown_sub_option(text, place)
    return place


def _refuse_unknown_sub_option(text: str, place: str) -> None:
    """Raise UsageError for `TREE,WORD=VALUE`, unless it is an existing path or in the query of a URL."""
    start, comma, last = text.rpartition(",")
    word, equals, value = last.partition("=")
    if not (comma and start and equals) or "?" in start or "/" in value or not word.replace("_", "").isalpha():
        return
    if scheme_of(place) or not os.path.exists(place):
        raise UsageError(
            f"--location has no sub-option '{word}'",
            hint=nearest(word, ("kernel", "initrd"))
            or "its sub-options are kernel= and initrd=; in a URL write %2C for a comma",
        )


def parse_medium(text: str) -> Medium:
    """Return the medium of `--cdrom`: PATH, URL or vol=POOL/VOLUME. Raises UsageError for other places."""
    if text.startswith("vol="):
        pool, slash, volume = text[4:].partition("/")
        if not (pool and slash and volume):
            raise UsageError(f"--cdrom {text}: not a volume", hint="write vol=POOL/VOLUME")
        return Medium(vol=text[4:])
    return Medium(_place(text, "--cdrom"))


def scheme_of(place: str) -> str:
    """Return the scheme of a URL in small letters; "" for a path."""
    scheme, separator, _ = place.partition("://")
    return scheme.lower() if separator and scheme.isalnum() else ""


def _place(text: str, flag: str) -> str:
    """Return a path or a URL that can be read."""
    if not text:
        raise UsageError(f"{flag} is empty", hint="give a path or a URL")
    if text.lower().startswith("nfs:"):
        server, _, path = text[4:].lstrip("/").partition("/")
        raise UsageError(
            f"{flag} {text}: NFS servers are not read directly",
            hint=f"mount it and give the directory: `mount -t nfs {server.rstrip(':')}:/{path.lstrip('/')} /mnt`",
        )
    scheme = scheme_of(text)
    if scheme in SCHEMES:
        return text
    if scheme not in ("", "file"):
        hint = "use a path, or an http, https or ftp URL"
        raise UsageError(f"{flag} {text}: {scheme}:// is not supported", hint=hint)
    from virtprov.support.web.fetch import local_path

    return local_path(text) or text
