"""Changing guests from a program."""

from __future__ import annotations

from pathlib import Path

import pytest

import virtprov
from virtprov import Change, Host
from virtprov.actions.edit import undo
from virtprov.actions.edit.store_steps import StoreDefinition
from virtprov.actions.run.plan import RunContext, Undo
from virtprov.library.editing import to_apply_options

MEMORY = Change("edit", "memory", 128)


def kib(host: Host, name: str) -> int:
    """The guest's memory."""
    from virtprov.xml import path, tree

    return int(path.text(tree.parse(host.guests.xml(name, inactive=True), "a guest"), "./memory"))


def test_one_guest(host: Host) -> None:
    (guest,) = virtprov.edit(host, "a1", MEMORY).guests
    assert (guest.name, guest.changed, guest.stored, guest.updated, guest.error) == ("a1", True, True, False, None)
    assert "<memory" in guest.diff and guest.name in guest.xml and guest.uuid in guest.xml
    assert kib(host, "a1") == 128 * 1024 and kib(host, "a2") == 65536


def test_a_pattern_and_names(host: Host) -> None:
    done = virtprov.edit(host, ["a*", "b1"], [MEMORY, Change("add-device", "rng", "/dev/urandom")])
    assert [guest.name for guest in done.guests] == ["a1", "a2", "b1"] and done.failed == ()
    assert {kib(host, name) for name in ("a1", "a2", "b1")} == {128 * 1024}


def test_a_choice_by_what_guests_are(host: Host) -> None:
    done = virtprov.edit(host, "*", MEMORY, where="./name[. = 'b1']", states=["shutoff", "crashed"])
    assert [guest.name for guest in done.guests] == ["b1"]
    with pytest.raises(virtprov.HostError, match="no guest of .* is selected"):
        virtprov.edit(host, "*", MEMORY, states="running")


def test_a_dry_run_changes_nothing(host: Host) -> None:
    for names in ("a1", "*"):
        for guest in virtprov.edit(host, names, MEMORY, dry_run=True).guests:
            assert guest.changed and not guest.stored and "<memory" in guest.diff
            assert kib(host, guest.name) == 65536


def test_a_guest_is_started_or_set_to_start(host: Host) -> None:
    (guest,) = virtprov.edit(host, "a1", (), autostart=True).guests
    assert guest.changed and host.guests.autostart("a1")
    (guest,) = virtprov.edit(host, "a2", MEMORY, start=True).guests
    known = host.guests.find("a2")
    assert guest.started and known is not None and known.active


def test_the_running_guest_is_changed(host: Host) -> None:
    virtprov.edit(host, "a1", MEMORY, start=True)
    (guest,) = virtprov.edit(host, "a1", Change("edit", "metadata", "title=New"), target="both").guests
    assert guest.stored and "New" in host.guests.xml("a1", inactive=True)


def test_one_that_cannot_be_changed_leaves_all_as_they_are(host: Host) -> None:
    virtprov.edit(host, "a1", Change("add-device", "rng", "/dev/urandom"))
    remove = Change("remove-device", "rng", "1")
    with pytest.raises(virtprov.UsageError, match="a2: .*; no guest has been changed") as caught:
        virtprov.edit(host, "a*", [MEMORY, remove])
    assert caught.value.hint and kib(host, "a1") == 65536
    done = virtprov.edit(host, "a*", [MEMORY, remove], keep_going=True)
    assert [(guest.name, guest.stored) for guest in done.guests] == [("a1", True), ("a2", False)]
    assert isinstance(done.failed[0].error, virtprov.UsageError) and done.failed[0].name == "a2"
    assert (kib(host, "a1"), kib(host, "a2")) == (128 * 1024, 65536)


@pytest.fixture
def refusing(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host that does not take a changed definition of a2."""
    do = StoreDefinition.do

    def refuse(self: StoreDefinition, context: RunContext) -> Undo | None:
        if self.name == "a2":
            raise virtprov.HostError("refused")
        return do(self, context)

    monkeypatch.setattr(StoreDefinition, "do", refuse)
    return host


def test_what_was_changed_already_is_put_back(refusing: Host) -> None:
    with pytest.raises(virtprov.HostError, match="a2: refused; the other guests have been restored"):
        virtprov.edit(refusing, "a*", MEMORY)
    with pytest.raises(virtprov.HostError, match="^refused$"):
        virtprov.edit(refusing, "a2", MEMORY)
    assert kib(refusing, "a1") == 65536
    done = virtprov.edit(refusing, "a*", MEMORY, keep_going=True)
    assert [(guest.name, guest.stored, bool(guest.error)) for guest in done.guests] == [
        ("a1", True, False), ("a2", False, True),
    ]  # fmt: skip


def test_the_way_back(host: Host, tmp_path: Path) -> None:
    virtprov.edit(host, "a*", MEMORY, keep_old=str(tmp_path / "old"))
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == ["a1.xml", "a2.xml"]
    history, past = undo.last(host.uri, (), lambda text: None)
    history.close()
    assert [each.name for each in past] == ["a1", "a2"]


def test_warnings_name_their_guest(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    do = StoreDefinition.do

    def warn(self: StoreDefinition, context: RunContext) -> Undo | None:
        context.warn("mind that")
        return do(self, context)

    monkeypatch.setattr(StoreDefinition, "do", warn)
    heard: list[str] = []

    class Log(virtprov.Listener):
        def on_warning(self, text: str) -> None:
            heard.append(text)

    done = virtprov.edit(host, "a*", MEMORY, listener=Log())
    assert list(done.warnings) == heard == ["a1: mind that", "a2: mind that"]
    assert [guest.warnings for guest in done.guests] == [("mind that",), ("mind that",)]


def test_several_at_a_time(host: Host) -> None:
    done = virtprov.edit(host, "*", MEMORY, jobs=3)
    assert sorted(guest.name for guest in done.guests if guest.stored) == ["a1", "a2", "b1"]


@pytest.mark.parametrize(
    ("names", "changes", "options", "message"),
    [
        ("", MEMORY, {}, "the name of the guest is empty"),
        ([], MEMORY, {}, "the name of the guest is empty"),
        ("a1", (), {}, "no change given"),
        ("a1", MEMORY, {"target": "boot"}, "unknown target 'boot'"),
        ("a1", MEMORY, {"states": "asleep"}, "unknown state 'asleep'"),
        ("a1", MEMORY, {"jobs": 0}, "--jobs must be 1 or more, not"),
        (
            "a1",
            MEMORY,
            {"target": "live", "autostart": True},
            "--autostart cannot be used with --live: it is not part of the running guest",
        ),
    ],
)
def test_requests_that_make_no_sense(
    names: list[str], changes: Change, options: dict[str, str], message: str, host: Host
) -> None:
    with pytest.raises(virtprov.UsageError, match=message):
        virtprov.edit(host, names, changes, **options)  # type: ignore[arg-type]


def test_who_is_not_there(host: Host) -> None:
    with pytest.raises(virtprov.HostError, match="c1"):
        virtprov.edit(host, "c1", MEMORY)


@pytest.mark.parametrize(
    ("target", "flags"),
    [("config", (True, False)), ("update", (True, True)), ("both", (True, True)), ("live", (False, True))],
)
def test_targets(target: str, flags: tuple[bool, bool]) -> None:
    wanted = to_apply_options(target, start=False, dry_run=False)
    assert (wanted.define, wanted.update) == flags and wanted.lenient == (target == "both")
