"""Rows that several device groups share: where a character device gets its data, and who may touch it."""

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
    """The rows for `<seclabel>` elements below a source; `old` are older prefixes of their names."""

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
    """The rows of a character device's source: `name` and `path` are what stands before each of them.

    A device with two ends, such as UDP, has one source for each mode: `bind` listens, `connect` sends.
    `old` gives older spellings by the last part of the name.
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
    """Cut `host:port` in two; the port is "" when there is none.

    Brackets keep an IPv6 address together; one without them is taken for a host as a whole. A port alone
    is one of this machine.
    """
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, rest.removeprefix(":")
    host, colon, port = text.rpartition(":")
    if not colon or ":" in host:
        return text, ""
    return host or _LOOPBACK, port


def split_hosts(pairs: list[Pair], services: dict[str, str]) -> list[Pair]:
    """Cut `host:port` values in two: `services` names, for each host's key, the key of its port."""
    found: list[Pair] = []
    for key, value in pairs:
        host, port = host_and_port(value) if key in services and value else (value, "")
        found.append((key, host))
        if port:
            found.append((services[key], port))
    return found


def arrange_ends(pairs: list[Pair], prefix: str = "") -> list[Pair]:
    """Cut addresses in two, and tell a source's two ends apart.

    Words that name no end mean the first one, so they come behind those that do; but a host without an end
    beside one with an end is the other of the two: of `mode=bind,host=a,connect_host=b`, `host` is `bind_host`.
    """
    name = f"{prefix}source."
    hosts = [f"{name}{end}" for end in ("host", *(f"{end}_host" for end in _ENDS))]
    cut = split_hosts(pairs, {host: host.removesuffix("host") + "service" for host in hosts})
    mode = next((value for key, value in cut if key == f"{name}mode"), None) or ""
    named = {end for end in _ENDS if any(key.startswith(f"{name}{end}_") for key, _ in cut)}
    end = _end_without_name(mode, named)
    renamed = {f"{name}{word}": f"{name}{end}_{word}" for word in ("host", "service")} if end else {}
    two_ends = end or len(named) == 2
    arranged = [(renamed.get(key, key), value) for key, value in cut if not (two_ends and key == f"{name}mode")]
    rank = {f"{name}{end}_{word}": at for at, end in enumerate(_ENDS) for word in ("host", "service")}
    return sorted(arranged, key=lambda pair: rank.get(pair[0], len(_ENDS)))


_ENDS = ("bind", "connect")


def _end_without_name(mode: str, named: set[str]) -> str:
    """The end that words without one mean beside an end that is named; "" where they mean no other."""
    if named == {"connect"} and mode == "bind":
        return "bind"
    return "connect" if named == {"bind"} and mode in ("", "connect") else ""
