"""Network disks: given by their address, or as volumes of network pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.errors import UsageError, nearest
from virtprov.xml import path as places
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from urllib.parse import SplitResult

SCHEMES = ("http", "https", "ftp", "ftps", "tftp", "nbd", "ssh", "iscsi", "rbd", "gluster", "sheepdog", "nfs")
_WITHOUT_HOST = ("rbd", "sheepdog")
"""Protocols whose servers are set in the configuration of the hypervisor."""
POOLS = {"rbd": "rbd", "gluster": "gluster", "sheepdog": "sheepdog", "iscsi-direct": "iscsi"}
"""Types of pools whose volumes are not files of the host, and their protocols."""


def is_address(text: str) -> bool:
    """Return whether this is the address of a network disk (`nbd+unix:///...`, `http://...`)."""
    scheme, colon, _ = text.partition("://")
    return bool(colon) and scheme.partition("+")[0] in SCHEMES


def refuse_unknown(text: str) -> None:
    """Raise UsageError for an address with an unknown protocol."""
    scheme, colon, _ = text.partition("://")
    if colon and len(scheme) > 1 and scheme.replace("+", "").isalnum() and scheme.islower():
        protocol = scheme.partition("+")[0]
        raise UsageError(
            f"--disk {text}: '{protocol}' is not a network disk protocol",
            hint=nearest(protocol, SCHEMES)
            or f"known protocols: {', '.join(SCHEMES)}; use source.protocol= for others",
        )


def _split(address: str) -> SplitResult:
    """Return the parts of an address; raises UsageError for an invalid one, such as an IPv6 address without `]`."""
    from urllib.parse import urlsplit

    try:
        return urlsplit(address)
    except ValueError:
        hint = "an IPv6 address is written in brackets: [::1]" if "[" in address or "]" in address else "check the URL"
        raise UsageError(f"--disk {address}: invalid URL", hint=hint) from None


def left_out(address: str) -> str:
    """Return a warning about parts of an address that libvirt's XML cannot hold; "" if there are none."""
    parts = _split(address)
    if not parts.username:
        return ""
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if parts.scheme == "ssh":
        return f"--disk {plain}: libvirt's XML cannot hold the user '{parts.username}', so QEMU uses its own account"
    return f"--disk {plain}: the user '{parts.username}' is ignored; use auth.username= and a secret to log in"


def write_address(disk: Element, address: str) -> None:
    """Write `nbd+unix:///NAME?socket=/s`, `http://host:80/file?query` ... as a network source.

    For a UNIX socket without `?socket=`, the path is the socket. Raises UsageError for an address that lacks what
    libvirt requires.
    """
    from urllib.parse import parse_qs

    parts = _split(address)
    try:
        port = parts.port
    except ValueError:
        raise UsageError(f"--disk {address}: the port is not a number up to 65535", hint="use HOST:PORT") from None
    protocol, _, transport = parts.scheme.partition("+")
    socket = parse_qs(parts.query).get("socket", [""])[0]
    name, query = parts.path.lstrip("/"), parts.query
    if transport == "unix" and not socket:
        name, socket = "", parts.path
    _check_whole(address, protocol, parts.hostname or socket, name)
    host = {
        "name": parts.hostname or "",
        "port": str(port or "") if parts.netloc else "",
        "transport": transport,
        "socket": socket,
    }
    source = _source(disk, protocol, name)
    if query and not socket:
        source.set("query", query)
    _add_host(source, host)


def _check_whole(address: str, protocol: str, host: str, name: str) -> None:
    hint = f"use {protocol}://HOST/NAME"
    if not host and protocol not in _WITHOUT_HOST:
        raise UsageError(f"--disk {address}: no host in the address", hint=hint)
    if not name and protocol != "nbd":  # its servers may have a nameless export
        raise UsageError(f"--disk {address}: no disk name in the address", hint=hint)


def write_volume(disk: Element, pool: Element, name: str, where: str) -> None:
    """Write the volume `name` of a pool (given as XML) as a network source; `where` is its path in libvirt.

    QEMU cannot open libvirt's references to volumes in such pools, so the full address is written.
    """
    protocol = POOLS[pool.get("type", "")]
    origin = tree.child(pool, "source")
    source = _source(disk, protocol, _name(protocol, origin, name, where))
    if origin is None:
        return
    for host in tree.children(origin, "host"):
        _add_host(source, {"name": host.get("name", ""), "port": host.get("port", "")})
    auth = tree.child(origin, "auth")
    if auth is not None:
        ours = tree.add(disk, tree.element("auth", None, {"username": auth.get("username", "")}))
        secret = tree.child(auth, "secret")
        if secret is not None:
            kind = {"rbd": "ceph", "iscsi": "iscsi"}.get(protocol, "")
            tree.add(ours, tree.element("secret", None, {**({"type": kind} if kind else {}), **dict(secret.attrib)}))


def _name(protocol: str, origin: Element | None, name: str, where: str) -> str:
    """Return the server's name of the volume."""
    if "://" in where:  # gluster://host/volume/dir/file
        return where.partition("://")[2].partition("/")[2]
    if protocol == "iscsi":  # libvirt: ip-HOST:PORT-iscsi-TARGET-lun-N; a disk's source says TARGET/N
        target, dash, lun = where.partition("-iscsi-")[2].rpartition("-lun-")
        return f"{target}/{lun}" if dash else name
    if origin is None:
        return name
    parts = (places.text(origin, "./name"), places.text(origin, "./dir/@path"), name)
    return "/".join(part.strip("/") for part in parts if part.strip("/"))


def _source(disk: Element, protocol: str, name: str) -> Element:
    """Create a <source> for this protocol; the user's labels and policies are kept."""
    disk.set("type", "network")
    source = places.ensure(disk, "./source")
    for attribute in ("file", "dev", "dir", "pool", "volume", "name", "query"):
        source.attrib.pop(attribute, None)
    source.set("protocol", protocol)
    if name:
        source.set("name", name)
    for old in (*tree.children(source, "host"), *tree.children(disk, "auth")):
        tree.remove(old)
    return source


def _add_host(source: Element, facts: dict[str, str]) -> None:
    kept = {key: value for key, value in facts.items() if value}
    if kept:
        tree.add(source, tree.element("host", None, kept))
