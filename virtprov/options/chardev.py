"""Character devices: `--serial`, `--parallel`, `--channel`, `--console`, `--smartcard` and `--redirdev`."""

from __future__ import annotations

from virtprov.options.common_rows import CHAR_TYPES, arrange_ends, char_source, host_and_port
from virtprov.options.model import BOOT, DEVICE, INT, Pair, Row, Table

_PLACES = {
    "path": "source.path",
    "mode": "source.mode",
    "bind_host": "source.bind_host",
    "target_address": "target.address",
    "server": "source.host",
}


def expand(pairs: list[Pair]) -> list[Pair]:
    """Translate short words to full names.

    `host` is where to send data, or with `mode=bind` where to listen.
    """
    listens = any(key in ("mode", "source.mode") and value == "bind" for key, value in pairs)
    short = {**_PLACES, "host": "source.host" if listens else "source.connect_host"}
    result: list[Pair] = []
    for key, value in pairs:
        name = short.get(key, key)
        if name == "target.address" and value and ":" in value:
            address, port = host_and_port(value)
            result.append((name, address))
            if port:
                result.append(("target.port", port))
        else:
            result.append((name, value))
    return arrange_ends(result)


_SHORT = (
    Row("path", "./source/@path"),
    Row("mode", "./source/@mode", values=("bind", "connect")),
    Row("host", "./source[@mode='connect']/@host"),
    Row("bind_host", "./source[@mode='bind']/@host"),
)
_SOURCE = char_source(old={"protocol.type": ("protocol",)})
_TARGET_TYPES = {
    "serial": ("isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial", "system-serial", "sclp-serial"),
    "parallel": (),
    "channel": ("virtio", "guestfwd", "xen"),
    "console": ("serial", "virtio", "xen", "lxc", "openvz", "sclp", "sclplm"),
}


def _table(flag: str) -> Table:
    rows = (
        Row("type", "./@type", old=("char_type",), values=CHAR_TYPES),
        *_SHORT,
        *_SOURCE,
        Row("target.type", "./target/@type", old=("target_type",), values=_TARGET_TYPES[flag]),
        Row("target.name", "./target/@name", old=("name",)),
        Row("target.address", "./target/@address", old=("target_address",)),
        Row("target.port", "./target/@port", INT),
        Row("target.model.name", "./target/model/@name"),
        *DEVICE,
    )
    return Table(flag, f"./devices/{flag}", rows, first=("type",), many=True, expand=expand, none=True)


_PLAIN = char_source()

TABLES = (
    _table("serial"),
    _table("parallel"),
    _table("channel"),
    _table("console"),
    Table(
        "smartcard",
        "./devices/smartcard",
        (
            Row("mode", "./@mode", values=("host", "host-certificates", "passthrough"), ignored=("default",)),
            Row("type", "./@type", values=CHAR_TYPES),
            Row("certificate[0-9]*", "./certificate[#]", commas=True),
            Row("database", "./database", commas=True),
            *_PLAIN,
            *DEVICE,
        ),
        first=("mode",),
        many=True,
        expand=arrange_ends,
        none=True,
    ),
    Table(
        "redirdev",
        "./devices/redirdev",
        (
            Row("bus", "./@bus", values=("usb",), ignored=("default",)),
            Row("type", "./@type", values=CHAR_TYPES, ignored=("default",)),
            Row("server", "./source/@host"),
            *_PLAIN,
            BOOT[0],
            *DEVICE,
        ),
        first=("bus",),
        many=True,
        expand=expand,
        none=True,
    ),
)
