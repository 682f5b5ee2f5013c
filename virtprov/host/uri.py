"""Connection URIs: which driver, whether the host is another machine, and by which way it is reached.

The form is libvirt's own (https://libvirt.org/uri.html): driver[+transport]://[user@][host][:port]/path[?query].
`recorded:///DIR` is ours. Nothing is unquoted: the folder is taken as it is written.
"""

from __future__ import annotations

import os

from virtprov.support.frozen import Record

RECORDED = "recorded"
DRIVERS = (
    "qemu",
    "xen",
    "lxc",
    "vz",
    "bhyve",
    "ch",
    "esx",
    "vpx",
    "gsx",
    "hyperv",
    "openvz",
    "vbox",
    "vmwareplayer",
    "vmwarews",
    "vmwarefusion",
    "test",
    RECORDED,
)
"""Drivers that libvirt 9 to 12 can carry, and our own; other names are passed on to libvirt all the same."""


class Uri(Record):
    """One connection URI, taken apart; `host` has no brackets, `port` is text, "" stands for absent."""

    text: str
    driver: str
    transport: str
    user: str
    host: str
    port: str
    path: str
    query: str

    @property
    def is_remote(self) -> bool:
        """Whether files named on this machine may not be there for the host's guests.

        Any named host counts, "localhost" too: a forwarded port may lead anywhere, and so may a program.
        """
        return bool(self.host) or self.transport == "ext"

    @property
    def is_session(self) -> bool:
        """Whether guests run with the rights of one user (qemu:///session), not of the system."""
        return self.path == "/session"

    def option(self, name: str) -> str:
        """What the query says of `name`, "" when nothing."""
        from urllib.parse import parse_qs

        return parse_qs(self.query).get(name, [""])[0]


def parse(text: str) -> Uri:
    """Take a URI apart; what is not there is "". Never fails: libvirt has the last word on the form."""
    scheme, colon, rest = text.partition(":")
    if not colon:
        scheme, rest = "", text
    driver, _, transport = scheme.partition("+")
    rest, _, query = rest.partition("?")
    authority, path = "", rest
    if rest.startswith("//"):
        authority, slash, tail = rest[2:].partition("/")
        path = slash + tail
    user, at, place = authority.rpartition("@")
    host, port = _host_and_port(place if at else authority)
    return Uri(text, driver.lower(), transport.lower(), user, host, port, path, query)


def _host_and_port(place: str) -> tuple[str, str]:
    if place.startswith("["):
        host, _, tail = place[1:].partition("]")
        return host, tail.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port


def recorded_folder(text: str) -> str | None:
    """The folder a `recorded:` URI names, or None when it is another kind of URI.

    `recorded:///DIR` is the form; `recorded:/DIR` and, relative to here, `recorded://DIR` are understood.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() != RECORDED:
        return None
    return rest.removeprefix("//") if rest.startswith("//") else rest


def quoted_path(path: str) -> str:
    """A file's path as the path of a URI: everything but plain characters as %XX."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~"
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in os.fsencode(path))
