"""The value of --wait: a time, as virt-install has it, or what to wait for."""

from __future__ import annotations

import pytest

from virtprov.actions.goals import Goals
from virtprov.library.install_request import NewGuest, to_request
from virtprov.library.texts import parse_wait, split_wait
from virtprov.support.errors import ParseError


@pytest.mark.parametrize(
    ("text", "minutes"), [("30", 30), ("90s", 1.5), ("1h30m", 90), ("-1", -1), ("-5", -1), ("0", 0)]
)
def test_a_time(text: str, minutes: float) -> None:
    assert parse_wait(text) == minutes
    assert split_wait(text) == (minutes, None)


@pytest.mark.parametrize(
    ("text", "goals"),
    [
        ("ip", Goals(("ip",))),
        ("ready,timeout=90s", Goals(("ready",), (), 1.5)),
        ("timeout=5,ssh, agent", Goals(("ssh", "agent"), (), 5)),
        ("shutdown,timeout=-1", Goals(("shutdown",), (), -1)),
        ("cloud-init,cloud-init", Goals(("cloud-init",))),
        ("run=test -e /a", Goals(("run",), ("test -e /a",))),
        ("""run="a, b",run=c=d,ip""", Goals(("run", "ip"), ("a, b", "c=d"))),
    ],
)
def test_what_to_wait_for(text: str, goals: Goals) -> None:
    assert parse_wait(text) == goals


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("soon", "unknown word 'soon'", "or a time alone"),
        ("sssh", "unknown word 'sssh'", "'ssh'"),
        ("READY", "unknown word 'READY'", "ready"),
        ("ip ssh", "unknown word 'ip ssh'", "use ip, ssh"),
        ("1h30", "'1h30' is not a duration", "--wait ready"),
        (",", "',' is not a duration", "--wait ready"),
        ("ip,sssh", "unknown word 'sssh'", "'ssh'"),
        ("ip,30", "unknown word '30'", "timeout=30m"),
        ("run", "run requires a command", "run=COMMAND"),
        ("run=", "run requires a command", "run=COMMAND"),
        ("ip=5", "ip has no value", "use ip"),
        ("timeout=5", "nothing to wait for", "use ip"),
        ("ip,timeout=0", "timeout=0 leaves no time", "timeout=90s"),
        ("ip,timeout=long", "'long' is not a duration", "90s"),
        ("run='a", "missing closing quote", "close the quote"),
    ],
)
def test_what_makes_no_sense(text: str, why: str, hint: str) -> None:
    with pytest.raises(Exception, match=why) as caught:
        parse_wait(text)
    assert hint in getattr(caught.value, "hint", "")
    assert getattr(caught.value, "exit_code", 0) == 2


def test_programs_give_it_as_a_number_or_as_a_text() -> None:
    assert to_request(NewGuest(wait=5)).wait == 5 and to_request(NewGuest(wait=5)).goals is None
    named = to_request(NewGuest(wait="ready"))
    assert named.wait == 10 and named.goals == Goals(("ready",))
    assert to_request(NewGuest(wait="ip,timeout=2")).wait == 2
    assert to_request(NewGuest()).wait is None
    with pytest.raises(ParseError):
        to_request(NewGuest(wait="sometime"))
