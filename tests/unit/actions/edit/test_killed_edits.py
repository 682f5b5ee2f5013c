"""Edits that are killed at each of their points: clean-up and --undo leave nothing over, and lose nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libvirt
import pytest

from virtprov.actions.edit import journal, undo
from virtprov.actions.edit.apply import Work
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.run import leftovers, trail
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail_reader import read_ended_runs
from virtprov.host.connection import Host, connect
from virtprov.library.edit_request import Change
from virtprov.library.editing import edit
from virtprov.support.user_files import state

POOL = """<pool type='dir'><name>default</name><target><path>{}</path></target></pool>"""
GUEST = """<domain type='test'><name>{}</name><memory>65536</memory><os><type>hvm</type></os><devices/></domain>"""
NAMES = ("a", "b")
Calls = tuple[tuple[Any, str], ...]
CALLS: Calls = (
    (libvirt.virConnect, "defineXML"),
    (libvirt.virStoragePool, "createXML"),
    (libvirt.virStorageVol, "delete"),
    (libvirt.virDomain, "setAutostart"),
    (os, "fchmod"),
    (state.Lines, "append"),
    (state.Lines, "sync"),
    (state.Lines, "remove"),
)
"""What changes a host, or what a later command finds."""


class Killed(BaseException):
    """Ends the run, which can change nothing after it."""


class Bomb:
    """Kills a run at a point: before (an even number) or after (an odd one) one of the CALLS."""

    def __init__(self, point: int) -> None:
        self.left, self.is_off, self.where = point, False, ""

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **named: Any) -> Any:
            self.tick(f"before {name}")
            result = call(*args, **named)
            if name.startswith("createXML"):  # the test driver makes no file, and removes none
                path = Path(result.path())
                path.unlink(missing_ok=True)
                path.touch()
            self.tick(f"after {name}")
            return result

        return watched

    def tick(self, where: str) -> None:
        if not self.is_off:
            self.left -= 1
            if self.left < 0:
                self.where = self.where or where
                raise Killed(where)


@pytest.fixture(autouse=True)
def own_state(home: object) -> None:
    """No test sees the runs of another."""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host whose runs write down what they do, as on one that outlives the command."""
    monkeypatch.setattr(trail, "for_host", trail.FileTrail)
    path = tmp_path / "place.xml"
    path.write_text(f"<node>{POOL.format(tmp_path)}{''.join(map(GUEST.format, NAMES))}</node>")
    with connect(f"test://{path}") as host:
        for name in NAMES:
            host.guests.destroy(name)
        yield host


def look(host: Host) -> dict[str, object]:
    seen: dict[str, object] = {name: (stored(host, name), host.guests.autostart(name)) for name in host.guests.names()}
    return {**seen, "volumes": host.storage.volume_names("default")}


def stored(host: Host, name: str) -> str:
    return host.guests.xml(name, inactive=True, secure=True)


@contextmanager
def exploding(point: int, calls: Calls = CALLS) -> Iterator[Bomb]:
    """Kill the run in this block at a point, before or after one of the calls, and close its logs as its end would.

    The `where` of the bomb is that point, "" if the run ended before.
    """
    bomb, logs = Bomb(point), list[state.Lines]()
    begin = state.Lines.__init__

    def noted(log: state.Lines, *args: Any) -> None:
        logs.append(log)
        begin(log, *args)

    with pytest.MonkeyPatch.context() as patches:
        for owner, name in calls:
            patches.setattr(owner, name, bomb.around(name, getattr(owner, name)))
        patches.setattr(state.Lines, "__init__", noted)
        try:
            yield bomb
        except Killed:
            pass
        finally:
            bomb.is_off = True
    for log in logs:
        log.close()


def killed(host: Host, changes: Change | list[Change], point: int, names: str = "*", **how: Any) -> str:
    """Run an edit of guests that is killed at a point; return where, "" if the run ended before."""
    with exploding(point) as bomb:
        edit(host, names, changes, **how)
    return bomb.where


def clean_up(host: Host) -> list[str]:
    """Clean up as `--clean-up --yes`; return what is kept."""
    kept = []
    for run, log in read_ended_runs([]):
        outcomes = leftovers.remove(run, host, leftovers.look(run, host), lambda found: False)
        kept += [f"{each.artifact.describe()}: {each.why}" for each in outcomes if each.fate == leftovers.KEPT]
        if all(each.settled for each in outcomes):
            log.remove()
        else:
            log.close()
    return kept


def opened() -> Iterator[journal.History]:
    for run in journal.runs():
        history = journal.History(run)
        history.close()
        yield history


def undo_last(context: RunContext) -> None:
    """Undo the last run, unless it was killed before it wrote down what it would change."""
    if any(history.guests for history in opened()):
        history, meant = undo.last(None, [])
        reports = [answer for _, answer in undo.plan(context.host, history, meant) if isinstance(answer, GuestReport)]
        assert len(reports) == len(meant)
        Work(context).all([report for report in reports if report.first])
        history.undone([past.place for past in meant])
        history.close()


MEMORY = Change("edit", "memory", "128")
DISK = Change("add-device", "disk", "size=0.001")


@pytest.mark.parametrize(
    ("changes", "how", "points"),
    [
        (MEMORY, {"autostart": True}, 20),
        (DISK, {"jobs": 2}, 40),
        ([MEMORY, DISK], {"autostart": True}, 44),
    ],
    ids=["definition", "disk-jobs", "all"],
)
def test_an_edit_that_is_killed_anywhere_is_taken_back(
    changes: Change | list[Change],
    how: dict[str, Any],
    points: int,
    host: Host,
    context_of: Callable[[Any], RunContext],
) -> None:
    before = look(host)
    for point in range(1000):
        where = killed(host, changes, point, **how)
        if not where:
            break
        assert clean_up(host) == [], where
        undo_last(context_of(host))
        after = look(host)
        volumes = after["volumes"]
        assert isinstance(volumes, tuple)
        if len(volumes) == len(NAMES):  # all was done, and --undo keeps disks
            for volume in volumes:
                host.storage.delete_volume("default", volume)
            after = look(host)
        assert after == before, where
        assert not state.listing(trail.KIND), where
    assert point >= points


def point_of(host: Host, where: str, nth: int, context: RunContext) -> int:
    """The number of the nth point with this name in an edit that adds a disk."""
    seen = 0
    for point in range(1000):
        found = killed(host, DISK, point)
        assert found
        clean_up(host)
        undo_last(context)
        seen += found == where
        if seen == nth:
            return point
    raise AssertionError(where)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<name>a</name>", "<name>a</name>\n  <title>x</title>"),
        ("<clock offset='utc'/>", "<clock offset='localtime'/>"),
        ("</devices>", "<interface type='user'/></devices>"),
    ],
)
def test_what_somebody_changed_after_the_kill_is_not_lost(
    old: str, new: str, host: Host, context_of: Callable[[Any], RunContext]
) -> None:
    point = point_of(host, "after defineXML", 1, context_of(host))
    assert killed(host, DISK, point) == "after defineXML"
    text = stored(host, "a")
    assert old in text
    host.guests.store_definition("a", text.replace(old, new))
    changed, (volume,) = stored(host, "a"), host.storage.volume_names("default")
    assert clean_up(host) == [
        "changed definition of 'a': 'a' may have been changed by someone else",
        f"volume {volume} in pool 'default': used by guest 'a'",
    ]
    assert stored(host, "a") == changed and host.storage.volume_names("default") == (volume,)
    history, meant = undo.last(None, [])
    (answer,) = [answer for past, answer in undo.plan(host, history, meant) if past.name == "a"]
    history.close()
    assert str(answer) == "the definition of 'a' has been changed since that run"


@pytest.mark.parametrize("value", ["yes", "no"])
def test_a_template_that_is_killed_anywhere_is_taken_back(
    value: str, host: Host, tmp_path: Path, context_of: Callable[[Any], RunContext]
) -> None:
    """Its definition, autostart and the permissions of its disk are as before, whichever command comes first."""
    disk = tmp_path / "disk.img"
    disk.write_bytes(b"base")
    disk.chmod(0o640)
    source = f"<disk type='file' device='disk'><source file='{disk}'/><target dev='vda'/></disk>"
    host.guests.define(GUEST.format("tmpl").replace("<devices/>", f"<devices>{source}</devices>"))
    host.guests.set_autostart("tmpl", True)
    if value == "no":
        edit(host, "tmpl", Change("template", "template", "yes"))
        state.remove(*state.listing(journal.KIND))  # there is nothing to undo but the runs below

    def look_at_all() -> dict[str, object]:
        return {**look(host), "mode": disk.stat().st_mode}

    before, change = look_at_all(), Change("template", "template", value)
    for point in range(1000):
        where = killed(host, change, point, "tmpl")
        if not where:
            break
        for act in (lambda: clean_up(host), lambda: undo_last(context_of(host)))[:: 1 if point % 3 else -1]:
            assert act() in ([], None), where
        assert clean_up(host) == [], where
        assert look_at_all() == before, where
        assert not state.listing(trail.KIND), where
    assert point >= 24
