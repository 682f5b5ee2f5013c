"""Addresses of images: relative ones, those of a mirror, and what servers say of them."""

from __future__ import annotations

from virtprov.images.address_templates import base_name, fill
from virtprov.support.errors import FetchError
from virtprov.support.web.http import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_WEB = ("http", "https")


def join(base: str, place: str) -> str:
    """Return an address relative to another one.

    Raises FetchError for an address that is not allowed: an index on a server may not name a file of this machine.
    """
    from urllib.parse import urljoin, urlsplit

    try:
        whole = urljoin(base, place)
        parts, old = urlsplit(whole), urlsplit(base)
    except ValueError:
        whole = ""
    allowed = _WEB if whole and old.scheme in _WEB else ("file",)
    if not whole or parts.scheme not in allowed or not place.isprintable() or " " in place:
        raise FetchError(f"'{shown(base)}' leads to an address that cannot be used: '{place[:200]}'")
    return whole


def beside(url: str, template: str, values: Mapping[str, str]) -> str:
    """Return the address of a file that belongs to an image: `{file}` is the image's name, `{stem}` without ending."""
    name = base_name(url)
    known = {**values, "file": name, "stem": name.rpartition(".")[0] or name}
    return join(url, fill(template, known))


def mirrored(url: str, mirror: str) -> str:
    """Return an address on a mirror: scheme and host are those of the mirror, the path comes after the mirror's."""
    if not mirror:
        return url
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    return mirror + urlunsplit(("", "", parts.path, parts.query, ""))
