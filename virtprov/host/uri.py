"""Connection URIs: the driver, whether the host is another machine, and the transport.

The form is that of libvirt (https://libvirt.org/uri.html): driver[+transport]://[user@][host][:port]/path[?query].
`recorded:///DIR` is our own. Nothing is unquoted: the folder is used as it is written.
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
"""Drivers of libvirt 9 to 12, and our own; other names are passed on to libvirt, too."""


_WEB = {
    "esx": {"https": 443, "http": 80},
    "vpx": {"https": 443, "http": 80},
    "gsx": {"https": 8333, "http": 8222},
    "hyperv": {"https": 5986, "http": 5985},
}
"""Drivers that talk to a web service of the host and not to a libvirt daemon, and its ports.

Sources: https://libvirt.org/drvesx.html and https://libvirt.org/drvhyperv.html.
"""
_PORTS = {"ssh": 22, "libssh": 22, "libssh2": 22, "tcp": 16509, "tls": 16514, "": 16514}
"""The default port of each transport of libvirt's daemons (https://libvirt.org/uri.html)."""


class Uri(Record):
    """A parsed connection URI; `host` has no brackets, `port` is text, "" means that a part is missing."""

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
        """Whether the host's guests may not have the files of this machine.

        Any host name counts, including "localhost": a forwarded port or a program may lead anywhere.
        """
        return bool(self.host) or self.transport == "ext"

    @property
    def is_session(self) -> bool:
        """Whether guests run with the permissions of one user (qemu:///session)."""
        return self.path == "/session"

    @property
    def is_web(self) -> bool:
        """Whether the driver talks to a web service of the host."""
        return self.driver in _WEB and not self.transport

    @property
    def service_port(self) -> int | None:
        """The TCP port of the service that answers; None if the transport has none."""
        if self.port.isdecimal():
            return int(self.port)
        if self.is_web:
            ports = _WEB[self.driver]
            return ports.get(self.option("transport"), ports["https"])
        return _PORTS.get(self.transport)

    @property
    def ssh_jump(self) -> str:
        """The host as ssh's `-J` names it (ssh(1)); "" if libvirt does not use ssh, or uses settings of its own."""
        own = any(self.option(name) for name in ("keyfile", "command", "known_hosts", "sshconfig"))
        if not self.transport.endswith(("ssh", "ssh2")) or own or not self.host or self.host.startswith("-"):
            return ""
        place = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{place}"[not self.user :] + (f":{self.port}" if self.port else "")

    def option(self, name: str) -> str:
        """Return the value of `name` in the query, "" if it is missing."""
        from urllib.parse import parse_qs

        return parse_qs(self.query).get(name, [""])[0]


def parse(text: str) -> Uri:
    """Parse a URI; missing parts are "". Never fails: libvirt decides whether it is valid."""
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
    """Return the folder of a `recorded:` URI, or None for another kind of URI.

    The usual form is `recorded:///DIR`; `recorded:/DIR` and, for a relative path, `recorded://DIR` work, too.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() != RECORDED:
        return None
    return rest.removeprefix("//") if rest.startswith("//") else rest


def quoted_path(path: str) -> str:
    """Return a file's path as the path of a URI: special characters are written as %XX."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~"
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in os.fsencode(path))
