"""Somebody else changes a guest while virtprov-xml is at work: nothing is lost, and nobody is overwritten."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest

from virtprov.actions.run import definition
from virtprov.cli import app
from virtprov.cli.edit import command
from virtprov.host.connection import Host, connect
from virtprov.host.inventory.guests import Guests
from virtprov.support.errors import HostError
from virtprov.support.user_files import lock

DOMAIN = """<domain type='test'><name>{name}</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e100{number}</uuid>
<memory>65536</memory><vcpu>2</vcpu><os><type>hvm</type></os><devices/></domain>"""
NAMES = ("a", "b", "c")
Change = Callable[[Host], object]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state" / "virtprov"


@pytest.fixture
def host() -> Iterator[Host]:
    """The host that all connections of this process share as long as one is open, with three more guests."""
    with connect("test:///default") as host:
        for number, name in enumerate(NAMES, 1):
            host.guests.define(DOMAIN.format(name=name, number=number))
        yield host
        for name in host.guests.names():
            if name != "test":
                host.guests.destroy(name)
                host.guests.undefine(name)


def stored(host: Host, name: str) -> str:
    return host.guests.xml(name, inactive=True, secure=True)


def run(*argv: str) -> int:
    return app.run("virtprov-xml", command.main, ["--connect", "test:///default", *argv])


def before_the_store(monkeypatch: pytest.MonkeyPatch, name: str, change: Change, times: int = 1) -> None:
    """Let somebody else change the guest `name` between the reading and the look before the storing."""
    look, left = definition.check, [times]

    def between(host: Host, looked_at: str, uuid: str, expected: str) -> str | None:
        if looked_at == name and left[0]:
            left[0] -= 1
            change(host)
        return look(host, looked_at, uuid, expected)

    monkeypatch.setattr(definition, "check", between)


def retitle(name: str, title: str = "theirs") -> Change:
    def change(host: Host) -> None:
        text = stored(host, name)
        host.guests.define(text.replace("<memory ", f"<title>{title}</title><memory ", 1))

    return change


def forget(name: str) -> Change:
    return lambda host: host.guests.undefine(name)


ONE, MANY = ("a",), ("[abc]",)


@pytest.mark.parametrize("guests", [ONE, MANY, (*MANY, "--jobs", "3")])
def test_what_was_changed_in_between_is_kept_and_the_change_made_in_it(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], guests: tuple[str, ...]
) -> None:
    before_the_store(monkeypatch, "a", retitle("a"))
    assert run(*guests, "--edit", "--vcpus", "4") == 0
    assert "<title>theirs</title>" in stored(host, "a") and ">4</vcpu>" in stored(host, "a")
    assert (
        "has been changed in the meantime; the change is applied to its current definition" in capsys.readouterr().err
    )
    assert run("--undo") == 0
    assert "<title>theirs</title>" in stored(host, "a") and ">2</vcpu>" in stored(host, "a")


@pytest.mark.parametrize(("guests", "others"), [(ONE, ""), (MANY, "; the other guests have been restored")])
def test_a_guest_that_was_undefined_in_between_stays_gone(
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    guests: tuple[str, ...],
    others: str,
) -> None:
    before_the_store(monkeypatch, "a", forget("a"))
    before = stored(host, "b")
    assert run(*guests, "--edit", "--vcpus", "4") == 3
    assert f"error: 'a' is no longer defined{others}\n" in capsys.readouterr().err
    assert host.guests.find("a") is None and stored(host, "b") == before
    assert run("--undo") == 1  # nothing is left of that run


def test_the_others_are_changed_where_one_is_gone(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before_the_store(monkeypatch, "b", forget("b"))
    assert run(*MANY, "--edit", "--vcpus", "4", "--keep-going") == 1
    assert "error: 'b' is no longer defined" in capsys.readouterr().err
    assert host.guests.find("b") is None
    assert all(">4</vcpu>" in stored(host, name) for name in "ac")
    assert run("--undo") == 0 and host.guests.find("b") is None


def test_a_guest_of_that_name_that_came_in_between_is_another_one(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(host: Host) -> None:
        host.guests.undefine("a")
        host.guests.define(DOMAIN.format(name="a", number=9))

    before_the_store(monkeypatch, "a", other)
    assert run("a", "--edit", "--vcpus", "4") == 3
    assert ">2</vcpu>" in stored(host, "a")


def test_a_running_guest_that_lost_its_definition_does_not_get_one(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.guests.start("a")
    before_the_store(monkeypatch, "a", forget("a"))
    assert run("a", "--edit", "--vcpus", "4") == 3
    info = host.guests.find("a")
    assert info is not None and info.active and not info.persistent


@pytest.mark.parametrize("guests", [ONE, MANY])
def test_what_was_agreed_to_is_done_in_the_new_definition(
    host: Host, monkeypatch: pytest.MonkeyPatch, guests: tuple[str, ...]
) -> None:
    before_the_store(monkeypatch, "a", retitle("a"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(*guests, "--edit", "--vcpus", "4", "--confirm") == 0
    assert "<title>theirs</title>" in stored(host, "a") and ">4</vcpu>" in stored(host, "a")


@pytest.mark.parametrize("guests", [ONE, MANY])
def test_nothing_else_is_done_than_was_agreed_to(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], guests: tuple[str, ...]
) -> None:
    def theirs(host: Host) -> None:
        host.guests.define(stored(host, "a").replace(">2</vcpu>", ">3</vcpu>"))

    before_the_store(monkeypatch, "a", theirs)
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(*guests, "--edit", "--vcpus", "4", "--confirm") == 3
    assert (
        "has been changed in the meantime, so the change would differ from the confirmed one" in capsys.readouterr().err
    )
    assert ">3</vcpu>" in stored(host, "a") and ">2</vcpu>" in stored(host, "b")


def test_a_definition_that_changes_again_and_again_is_given_up(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    count = [0]

    def memory(host: Host) -> None:
        count[0] += 1
        text = stored(host, "a")
        start = text.index("<memory")
        end = text.index("</memory>")
        host.guests.define(text[:start] + f"<memory unit='KiB'>{65536 + 1024 * count[0]}" + text[end:])

    before_the_store(monkeypatch, "a", memory, times=100)
    assert run("a", "--edit", "--vcpus", "4") == 3
    assert "the definition of 'a' keeps being changed by someone else" in capsys.readouterr().err
    assert ">2</vcpu>" in stored(host, "a")


def test_what_is_so_by_now_is_not_stored_again(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def theirs(host: Host) -> None:
        host.guests.define(stored(host, "a").replace(">2</vcpu>", ">4</vcpu>"))

    before_the_store(monkeypatch, "a", theirs)
    assert run("a", "--edit", "--vcpus", "4") == 0
    assert run("--undo") == 1 and ">4</vcpu>" in stored(host, "a")


def test_a_guest_that_is_no_longer_meant_is_left_alone(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before_the_store(monkeypatch, "a", retitle("a"))
    assert run("--where", "not(title) and starts-with(uuid, '6695eb01')", "--edit", "--vcpus", "4") == 3
    assert "has been changed in the meantime and is no longer selected" in capsys.readouterr().err
    assert all(">2</vcpu>" in stored(host, name) for name in NAMES)


def test_an_undo_does_not_overwrite_either(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("a", "--edit", "--vcpus", "4") == 0
    before_the_store(monkeypatch, "a", retitle("a"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run("--undo", "--confirm") == 3
    assert "the definition of 'a' has been changed in the meantime" in capsys.readouterr().err.replace(
        "the guest", "'a'"
    )
    assert "<title>theirs</title>" in stored(host, "a") and ">4</vcpu>" in stored(host, "a")


def test_what_others_changed_is_not_undone_with_a_run_that_fails(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second guest fails; by then somebody else has changed the first, which was changed already."""
    store = Guests.store_definition

    def refuse(self: Guests, name: str, xml: str) -> tuple[str, str]:
        if name == "b":
            retitle("a")(host)
            raise HostError("no")
        return store(self, name, xml)

    monkeypatch.setattr(Guests, "store_definition", refuse)
    assert run("a", "b", "--edit", "--vcpus", "4") == 3
    assert "not all other guests could be restored; --undo tries again" in capsys.readouterr().err
    assert "<title>theirs</title>" in stored(host, "a")


def test_the_kept_definition_is_the_one_that_was_replaced(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    before_the_store(monkeypatch, "a", retitle("a"))
    assert run("a", "--edit", "--vcpus", "4", "--keep-old", "old.xml") == 0
    assert "<title>theirs</title>" in Path("old.xml").read_text()
    assert Path("old.xml").stat().st_mode & 0o777 == 0o600


def test_json_tells_of_the_change_that_was_made(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before_the_store(monkeypatch, "a", retitle("a"))
    assert run("a", "--edit", "--vcpus", "4", "--output", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["defined"] and "<title>theirs</title>" in told["diff"]


def test_a_disk_is_not_left_behind_when_the_definition_moves_while_it_is_made(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes = host.storage.volume_names("default-pool")
    looks = [0]
    look = definition.check

    def between(host: Host, name: str, uuid: str, expected: str) -> str | None:
        looks[0] += 1
        if looks[0] == 2:  # the first look is before the volume is made
            retitle("a")(host)
        return look(host, name, uuid, expected)

    monkeypatch.setattr(definition, "check", between)
    assert run("a", "--add-device", "--disk", "size=0.001,pool=default-pool,format=raw") == 1
    assert host.storage.volume_names("default-pool") == volumes
    assert "<title>theirs</title>" in stored(host, "a") and "<disk" not in stored(host, "a")


def test_another_run_is_waited_for(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.1)
    info = host.guests.find("a")
    assert info is not None
    before = stored(host, "a")
    with definition.lock_guest(host, "a", info.uuid, lambda: None, print):
        assert run("a", "--edit", "--vcpus", "4") == 1
        assert "another run of virtprov has been changing 'a' for more than" in capsys.readouterr().err
        assert stored(host, "a") == before
        assert run("b", "--edit", "--vcpus", "4") == 0
        assert run("a", "--verify", "--edit", "--vcpus", "2") == 0
        assert run("a", "--edit", "--vcpus", "4", "--print-diff") == 0
    assert run("a", "--edit", "--vcpus", "4") == 0


def test_no_lock_is_left(host: Host, home: Path) -> None:
    assert run(*MANY, "--edit", "--vcpus", "4") == 0
    assert list(home.glob("lock-*")) == []


class Counting:
    """Counts the calls of libvirt that go to the host."""

    PREFIXES = ("lookup", "XMLDesc", "defineXML", "state", "isPersistent", "listAllDomains", "autostart")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: Counter[str] = Counter()
        for kind in (libvirt.virConnect, libvirt.virDomain):
            for name in dir(kind):
                if name.startswith(self.PREFIXES) and not name.endswith("Type"):
                    monkeypatch.setattr(kind, name, self._counted(name, getattr(kind, name)))

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **named: Any) -> Any:
            self.calls[name] += 1
            return call(*args, **named)

        return counted


@pytest.mark.parametrize("guest", ["test", "a"])
def test_by_name_and_by_pattern_the_same_calls_are_made(
    host: Host, monkeypatch: pytest.MonkeyPatch, guest: str
) -> None:
    counting = Counting(monkeypatch)
    made = []
    for word, memory in ((guest, "32"), (f"[{guest[0]}]{guest[1:]}", "48")):
        counting.calls.clear()
        assert run(word, "--edit", "--memory", memory) == 0
        made.append(Counter(counting.calls))
    by_name, by_pattern = made
    # a pattern may be the name of a guest, twice looked for; then all names are listed
    assert by_pattern - by_name == Counter(lookupByName=2, listAllDomains=1)
    assert by_name - by_pattern == Counter()
    assert by_name["XMLDesc"] == 3  # read, look again right before, see what was stored
    assert by_name["defineXML"] == 1 and by_name.total() <= 10
