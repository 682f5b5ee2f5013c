"""Rows shared by several device groups: the source of a character device, and security labels."""

from __future__ import annotations

from virtprov.options.model import INT, ONOFF, TEXT, YESNO, Kind, Pair, Row

CHAR_TYPES = (
    "null",
    "vc",
    "pty",
    "dev",
    "file",
    "pipe",
    "stdio",
    "udp",
    "tcp",
    "unix",
    "spicevmc",
    "spiceport",
    "nmdm",
    "qemu-vdagent",
    "dbus",
)
"""Kinds of character devices; libvirt's formatdomain page, "Consoles, serial, parallel & channel devices"."""

_LOOPBACK = "127.0.0.1"


def seclabels(name: str, path: str, *old: str) -> tuple[Row, ...]:
    """Return the rows for `<seclabel>` elements below a source; `old` are older prefixes of their names."""

    def spelled(last: str) -> tuple[str, ...]:
        return tuple(f"{each}[0-9]*.{last}" for each in old)

    return (
        Row(
            f"{name}[0-9]*.model",
            f"{path}[#]/@model",
            old=spelled("model"),
            values=("none", "dac", "selinux", "apparmor"),
        ),
        Row(f"{name}[0-9]*.relabel", f"{path}[#]/@relabel", YESNO, old=spelled("relabel")),
        Row(f"{name}[0-9]*.label", f"{path}[#]/label", old=spelled("label"), commas=True),
    )


def char_source(name: str = "", path: str = "./", old: dict[str, tuple[str, ...]] | None = None) -> tuple[Row, ...]:
    """Return the rows for the source of a character device; `name` and `path` are the prefixes of each row.

    A device with two ends, such as UDP, has one source for each mode: `bind` listens, `connect` sends. `old` has older
    spellings by the last part of the name.
    """
    older = old or {}
    source = f"{path}source"
    bind, connect = f"{source}[@mode='bind']", f"{source}[@mode='connect']"

    def row(last: str, place: str, kind: Kind = TEXT, values: tuple[str, ...] = ()) -> Row:
        return Row(name + last, place, kind, old=older.get(last, ()), values=values)

    return (
        row("source.path", f"{source}/@path"),
        row("source.mode", f"{source}/@mode", values=("bind", "connect")),
        row("source.host", f"{source}/@host"),
        row("source.service", f"{source}/@service", INT),
        row("source.bind_host", f"{bind}/@host"),
        row("source.bind_service", f"{bind}/@service", INT),
        row("source.connect_host", f"{connect}/@host"),
        row("source.connect_service", f"{connect}/@service", INT),
        row("source.tls", f"{source}/@tls", YESNO),
        row("source.master", f"{source}/@master"),
        row("source.slave", f"{source}/@slave"),
        row("source.channel", f"{source}/@channel"),
        row("source.clipboard.copypaste", f"{source}/clipboard/@copypaste", YESNO),
        row("source.mouse.mode", f"{source}/mouse/@mode", values=("client", "server")),
        *seclabels(f"{name}source.seclabel", f"{source}/seclabel"),
        row("protocol.type", f"{path}protocol/@type", values=("raw", "telnet", "telnets", "tls")),
        row("log.file", f"{path}log/@file"),
        row("log.append", f"{path}log/@append", ONOFF),
    )


def host_and_port(text: str) -> tuple[str, str]:
    """Split `host:port`; the port is "" if there is none.

    An IPv6 address needs brackets; without them it is a host as a whole. A port alone is one of this machine.
    """
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":")
    host, colon, port = text.rpartition(":")
    if not colon or ":" in host:
        return text, ""
    return host or _LOOPBACK, port


def split_hosts(pairs: list[Pair], services: dict[str, str]) -> list[Pair]:
    """Split `host:port` values; `services` has, for the key of each host, the key of its port."""
    result: list[Pair] = []
    for key, value in pairs:
        host, port = host_and_port(value) if key in services and value else (value, "")
        result.append((key, host))
        if port:
            result.append((services[key], port))
    return result


def arrange_ends(pairs: list[Pair], prefix: str = "") -> list[Pair]:
    """Split addresses, and give those without the name of an end to the right end of the source.

    They normally belong to the first end. If only the other end is named, they belong to the one that is not: in
    `mode=bind,host=a,connect_host=b`, `host` means `bind_host`. The result has `bind` first, then `connect`.
    """
    source = f"{prefix}source."
    split = split_hosts(pairs, {f"{source}{end}host": f"{source}{end}service" for end in ("", *_PREFIXES)})
    named = {end for end in _ENDS if any(key.startswith(f"{source}{end}_") for key, _ in split)}
    mode = next((value for key, value in split if key == f"{source}mode"), None) or ""
    end = _end_without_name(mode, named)
    if end:
        new = {f"{source}{word}": f"{source}{end}_{word}" for word in ("host", "service")}
        split = [(new.get(key, key), value) for key, value in split]
    if end or len(named) == 2:
        split = [pair for pair in split if pair[0] != f"{source}mode"]
    order = [f"{source}{start}" for start in _PREFIXES]
    return sorted(split, key=lambda pair: next((at for at, start in enumerate(order) if pair[0].startswith(start)), 2))


_ENDS = ("bind", "connect")
_PREFIXES = ("bind_", "connect_")


def _end_without_name(mode: str, named: set[str]) -> str:
    """Return the end that is meant by sub-options without an end; "" if they belong to the first end."""
    if named == {"connect"} and mode == "bind":
        return "bind"
    return "connect" if named == {"bind"} and mode in ("", "connect") else ""
