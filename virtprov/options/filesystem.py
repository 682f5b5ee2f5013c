"""`--filesystem`: directories and images that the host shares with the guest."""

from __future__ import annotations

from virtprov.options.model import DEVICE, FLAG, ONOFF, VIRTIO, Pair, Row, Table, aside

_SOURCES = ("dir", "file", "dev", "name", "usage")


def expand(pairs: list[Pair]) -> list[Pair]:
    """Let a new source replace one of another kind."""
    result: list[Pair] = []
    for key, value in pairs:
        if key == "source":
            result += [aside(f"./source/@{name}") for name in _SOURCES]
        result.append((key, value))
    return result


TABLES = (
    Table(
        "filesystem",
        "./devices/filesystem",
        (
            Row("type", "./@type", values=("mount", "template", "file", "block", "ram", "bind", "volume")),
            Row(
                "source",
                "./source/@dir",
                by_type={
                    "file": "./source/@file",
                    "block": "./source/@dev",
                    "template": "./source/@name",
                    "ram": "./source/@usage",
                },
            ),
            Row("target", "./target/@dir"),
            Row("accessmode", "./@accessmode", old=("mode",), values=("passthrough", "mapped", "squash")),
            Row("model", "./@model", values=("virtio", "virtio-transitional", "virtio-non-transitional")),
            Row("multidevs", "./@multidevs", values=("default", "remap", "forbid", "warn")),
            Row("fmode", "./@fmode"),
            Row("dmode", "./@dmode"),
            Row("readonly", "./readonly", FLAG),
            Row("space_hard_limit", "./space_hard_limit"),
            Row("space_soft_limit", "./space_soft_limit"),
            Row("source.dir", "./source/@dir"),
            Row("source.file", "./source/@file"),
            Row("source.dev", "./source/@dev"),
            Row("source.name", "./source/@name"),
            Row("source.pool", "./source/@pool"),
            Row("source.volume", "./source/@volume"),
            Row("source.socket", "./source/@socket"),
            Row("source.usage", "./source/@usage"),
            Row("source.units", "./source/@units"),
            Row("target.dir", "./target/@dir"),
            Row(
                "driver.type",
                "./driver/@type",
                values=("path", "handle", "loop", "nbd", "ploop", "virtiofs", "mtp"),
            ),
            Row("driver.name", "./driver/@name"),
            Row("driver.format", "./driver/@format"),
            Row("driver.queue", "./driver/@queue"),
            Row("driver.wrpolicy", "./driver/@wrpolicy", values=("immediate",)),
            Row("binary.path", "./binary/@path"),
            Row("binary.xattr", "./binary/@xattr", ONOFF),
            Row("binary.cache.mode", "./binary/cache/@mode", values=("none", "always")),
            Row("binary.lock.posix", "./binary/lock/@posix", ONOFF),
            Row("binary.lock.flock", "./binary/lock/@flock", ONOFF),
            Row("binary.sandbox.mode", "./binary/sandbox/@mode", values=("namespace", "chroot")),
            *VIRTIO,
            *DEVICE,
        ),
        first=("source", "target"),
        many=True,
        expand=expand,
        none=True,
    ),
)
