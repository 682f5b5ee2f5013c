"""`--memory` (in MiB) and `--memorybacking`."""

from __future__ import annotations

from virtprov.options.model import FLAG, INT, LONGEST, Pair, Row, Table
from virtprov.support.errors import UsageError

_AMOUNTS = {"memory", "currentMemory", "maxmemory", "maxMemory", "hotplugmemorymax"}


def expand(pairs: list[Pair]) -> list[Pair]:
    """Convert MiB to libvirt's KiB, and decide which value is the maximum.

    `memory` or `currentMemory` alone becomes the verb `memory`, in KiB: the amount at boot, with the guest's maximum at
    least as high. `maxmemory` is the maximum if one of the two is also given; if all three are given, `memory` is
    ignored.
    """
    values = dict(pairs)
    result: list[Pair] = [pair for pair in pairs if pair[0] not in _AMOUNTS]
    sizes = {key: _kib(key, values[key] or "") for key in _AMOUNTS & values.keys() if values[key] is not None}
    most = sizes.get("maxMemory", sizes.get("hotplugmemorymax"))
    if most is not None:
        result.append(("./maxMemory", most))
    now = sizes.get("currentMemory", sizes.get("memory"))
    whole = sizes.get("maxmemory")
    if whole is None and "currentMemory" in sizes:
        whole = sizes.get("memory")
    if whole is None and now is not None:
        result.append(("memory", now))
    elif whole is not None:
        result.append(("./memory", max(whole, now or "0", key=int)))
        if now is not None:
            result.append(("./currentMemory", now))
    return result


def _guess_mib(text: str) -> int:
    """Return the number for what looks like GiB, such as `2G`; otherwise an example."""
    number, unit, rest = text.lower().partition("g")
    number = number.strip()
    is_plain = number.isdecimal() and len(number) < 5 and int(number) > 0
    return int(number) * 1024 if unit and rest in ("", "b", "ib") and is_plain else 2048


def _kib(key: str, text: str) -> str:
    if not text and key in ("maxMemory", "hotplugmemorymax"):
        return ""
    if len(text) > LONGEST or not text.isdecimal():
        flag = "--memory" if key == "memory" else f"--memory {key}"
        raise UsageError(
            f"{flag}: '{text[:80]}' is not a number of MiB",
            hint=f"give a whole number, such as --memory {_guess_mib(text)}",
        )
    return str(int(text) * 1024)


_SOURCES = ("file", "anonymous", "memfd")
_PAGE = "./memoryBacking/hugepages/page[#]/"

TABLES = (
    Table(
        "memory",
        ".",
        (
            Row("memory"),
            Row("currentMemory", "./currentMemory", INT),
            Row("maxmemory", "./memory", INT),
            Row("maxMemory", "./maxMemory", INT, old=("hotplugmemorymax",)),
            Row("maxMemory.slots", "./maxMemory/@slots", INT, old=("hotplugmemoryslots",)),
            Row("hugepages", "./memoryBacking/hugepages", FLAG),
        ),
        first=("memory",),
        expand=expand,
    ),
    Table(
        "memorybacking",
        ".",
        (
            Row("hugepages", "./memoryBacking/hugepages", FLAG),
            Row("hugepages.page[0-9]*.size", _PAGE + "@size", old=("size",)),
            Row("hugepages.page[0-9]*.unit", _PAGE + "@unit", old=("unit",)),
            Row("hugepages.page[0-9]*.nodeset", _PAGE + "@nodeset", old=("nodeset",), commas=True),
            Row("nosharepages", "./memoryBacking/nosharepages", FLAG),
            Row("locked", "./memoryBacking/locked", FLAG),
            Row("source.type", "./memoryBacking/source/@type", old=("source_type",), values=_SOURCES),
            Row("access.mode", "./memoryBacking/access/@mode", old=("access_mode",), values=("shared", "private")),
            Row("allocation.mode", "./memoryBacking/allocation/@mode", values=("immediate", "ondemand")),
            Row("allocation.threads", "./memoryBacking/allocation/@threads", INT),
            Row("discard", "./memoryBacking/discard", FLAG),
        ),
        part="./memoryBacking",
    ),
)
