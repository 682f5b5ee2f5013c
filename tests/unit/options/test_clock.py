"""--clock, --pm and --events."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        (
            "hpet_present=no,kvmclock_present=yes,rtc_tickpolicy=merge,pit_present=yes",
            '<timer name="pit" present="yes"/><timer name="rtc" tickpolicy="merge"/>'
            '<timer name="hpet" present="no"/><timer name="kvmclock" present="yes"/>',
        ),
        ("timer2.name=a,timer0.present=yes", '<timer present="yes"/><timer name="a"/>'),
        (
            "timer1.name=tsc,timer1.frequency=10,hpet_present=no",
            '<timer name="hpet" present="no"/><timer name="tsc" frequency="10"/>',
        ),
        (
            "timer.name=rtc,timer.catchup.threshold=123,timer.catchup.slew=120",
            '<timer name="rtc"><catchup threshold="123" slew="120"/></timer>',
        ),
        ("kvmclock_tickpolicy=wobble,platform_tickpolicy=foo,pit_present=no", '<timer name="pit" present="no"/>'),
    ],
)
def test_timers(built: Callable[[str, str], str], text: str, inner: str) -> None:
    assert built("clock", text) == f"<clock>{inner}</clock>"


def test_named_timers_are_found_and_numbered_ones_counted(part: Callable[..., str]) -> None:
    base = '<domain><clock offset="utc"><timer name="rtc"/><timer name="hpet" present="no"/></clock></domain>'
    xml = part(
        "clock", "./clock", "hpet_present=yes,timer0.tickpolicy=catchup,offset=localtime,timer9.name=x", base=base
    )
    assert xml == (
        '<clock offset="localtime"><timer name="rtc" tickpolicy="catchup"/>'
        '<timer name="hpet" present="yes"/><timer name="x"/></clock>'
    )


@pytest.mark.parametrize(
    "text", ["suspend_to_mem=yes,suspend_to_disk=no", "suspend_to_mem.enabled=1,suspend_to_disk=n"]
)
def test_pm(built: Callable[[str, str], str], text: str) -> None:
    assert built("pm", text) == '<pm><suspend-to-mem enabled="yes"/><suspend-to-disk enabled="no"/></pm>'


def test_events(part: Callable[..., str]) -> None:
    text = "on_poweroff=destroy,on_reboot=restart,on_crash=preserve,on_lockfailure=ignore"
    assert part("events", ".", text, base="<domain/>") == (
        "<domain><on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>preserve</on_crash>"
        "<on_lockfailure>ignore</on_lockfailure></domain>"
    )


@pytest.mark.parametrize(
    ("group", "text"),
    [("clock", "utc"), ("clock", "hpet_present=abc"), ("pm", "suspend_to_mem=maybe"), ("events", "on_foo=x")],
)
def test_refusals(say: Callable[[str, str], Assignments], group: str, text: str) -> None:
    with pytest.raises(UsageError):
        say(group, text)
