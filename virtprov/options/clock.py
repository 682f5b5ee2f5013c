"""`--clock`, `--pm` and `--events`: time, sleep states, and actions when the guest stops."""

from __future__ import annotations

from virtprov.options.model import INT, YESNO, Pair, Row, Table

TIMERS = ("pit", "rtc", "platform", "hpet", "tsc", "kvmclock", "hypervclock")
"""Timers that may be named in a key, in the order in which new ones are written."""

_AT = "./clock/timer[#]/"
_NAMED = tuple(
    Row(f"{name}_{what}", f"./clock/timer[@name='{name}']/@{what}", *kind)
    for name in TIMERS
    for what, kind in (("present", (YESNO,)), ("tickpolicy", ()))
    if what == "present" or name in ("pit", "rtc")
)
_HOLLOW = {f"{name}_tickpolicy" for name in TIMERS} - {"pit_tickpolicy", "rtc_tickpolicy"}
"""Accepted without effect: these timers have no tick policy."""


def expand(pairs: list[Pair]) -> list[Pair]:
    """Put named timers first and in a fixed order, so that `timer2.name` always counts the same ones."""
    ranks = {row.name: at for at, row in enumerate(_NAMED)}
    named = sorted((pair for pair in pairs if pair[0] in ranks), key=lambda pair: ranks[pair[0]])
    rest = [pair for pair in pairs if pair[0] not in ranks and pair[0] not in _HOLLOW]
    return named + rest


_LIFECYCLE = ("destroy", "restart", "preserve", "rename-restart")

TABLES = (
    Table(
        "clock",
        ".",
        (
            Row("offset", "./clock/@offset", values=("utc", "localtime", "timezone", "variable", "absolute")),
            Row("timezone", "./clock/@timezone"),
            Row("adjustment", "./clock/@adjustment"),
            Row("basis", "./clock/@basis", values=("utc", "localtime")),
            Row("start", "./clock/@start", INT),
            *_NAMED,
            Row("timer[0-9]*.name", _AT + "@name", values=(*TIMERS, "armvtimer")),
            Row("timer[0-9]*.present", _AT + "@present", YESNO),
            Row("timer[0-9]*.tickpolicy", _AT + "@tickpolicy", values=("delay", "catchup", "merge", "discard")),
            Row("timer[0-9]*.track", _AT + "@track", values=("boot", "guest", "wall", "realtime")),
            Row("timer[0-9]*.frequency", _AT + "@frequency", INT),
            Row("timer[0-9]*.mode", _AT + "@mode", values=("auto", "native", "emulate", "paravirt", "smpsafe")),
            Row("timer[0-9]*.catchup.threshold", _AT + "catchup/@threshold", INT),
            Row("timer[0-9]*.catchup.slew", _AT + "catchup/@slew", INT),
            Row("timer[0-9]*.catchup.limit", _AT + "catchup/@limit", INT),
        ),
        part="./clock",
        expand=expand,
    ),
    Table(
        "pm",
        ".",
        (
            Row("suspend_to_mem.enabled", "./pm/suspend-to-mem/@enabled", YESNO, old=("suspend_to_mem",)),
            Row("suspend_to_disk.enabled", "./pm/suspend-to-disk/@enabled", YESNO, old=("suspend_to_disk",)),
        ),
        part="./pm",
    ),
    Table(
        "events",
        ".",
        (
            Row("on_poweroff", "./on_poweroff", values=_LIFECYCLE),
            Row("on_reboot", "./on_reboot", values=_LIFECYCLE),
            Row("on_crash", "./on_crash", values=(*_LIFECYCLE, "coredump-destroy", "coredump-restart")),
            Row("on_lockfailure", "./on_lockfailure", values=("poweroff", "restart", "pause", "ignore")),
        ),
    ),
)
