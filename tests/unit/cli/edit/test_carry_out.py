"""virtprov-xml with several guests, from the command line to what is stored and back: on libvirt's test driver."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.cli import app
from virtprov.cli.edit import command
from virtprov.cli.edit.many_report import group_equal
from virtprov.host.connection import Host, connect
from virtprov.host.inventory.guests import Guests
from virtprov.library.editing import jobs_for, parse_states
from virtprov.support.errors import HostError, UsageError

URI = "test:///default"
DOMAIN = """<domain type='test'><name>{name}</name><memory>65536</memory><vcpu>2</vcpu>
<os><type>hvm</type></os><devices><graphics type='vnc' passwd='sesame'/>{more}</devices></domain>"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def host() -> Iterator[Host]:
    """The host that all connections of this process share as long as one is open, with four more guests."""
    with connect(URI) as host:
        for name in ("a1", "a2", "a3", "b"):
            host.guests.define(DOMAIN.format(name=name, more="" if name == "b" else "<input type='tablet'/>"))
        yield host


def documents(host: Host) -> dict[str, str]:
    return {name: host.guests.xml(name, inactive=True, secure=True) for name in host.guests.names()}


def run(*argv: str) -> int:
    return app.run("virtprov-xml", command.main, ["--connect", URI, *argv])


def test_all_or_none_and_the_way_back(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    before = documents(host)
    assert run("a*", "b", "--remove-device", "--input", "type=tablet") == 2
    assert capsys.readouterr().err.splitlines() == [
        "virtprov-xml: error: b: the guest has no input device; no guest has been changed",
        "hint: use --add-device to add one, or use --keep-going to skip it",
    ]
    assert documents(host) == before
    assert run("a*", "b", "--remove-device", "--input", "type=tablet", "--keep-going") == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "3 of 4 guests changed, 1 failed.\n",
        "error: b: the guest has no input device\n",
    )
    after = documents(host)
    assert [name for name in before if before[name] != after[name]] == ["a1", "a2", "a3"]
    assert run("--undo", "--print-diff") == 0 and documents(host) == after
    shown = capsys.readouterr()
    assert shown.out.startswith("--- a1 (now)\n+++ a1 (before that run)\n")
    assert "3 guests would be restored" in shown.err
    assert run("--undo") == 0
    assert capsys.readouterr().out.startswith("3 guests restored to the state before the run of")
    assert documents(host) == before
    assert run("--undo") == 1
    assert "there is no run on test:///default to undo" in capsys.readouterr().err


def test_a_single_guest_has_a_way_back_too(host: Host) -> None:
    before = documents(host)
    assert run("a1", "--edit", "--vcpus", "3", "--autostart", "yes") == 0
    assert host.guests.autostart("a1") and documents(host) != before
    assert command.main(["--undo", "a1"]) == 0  # the journal knows the host
    assert not host.guests.autostart("a1") and documents(host) == before


def test_a_guest_from_elsewhere_has_a_way_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    before = documents(host)
    document = DOMAIN.format(name="new", more="").encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
    assert run("--edit", "--vcpus", "3", "--define") == 0
    assert "new" in documents(host)
    assert run("--undo") == 0
    assert documents(host) == before


def test_what_is_so_already_leaves_nothing_to_undo(host: Host, tmp_path: Path) -> None:
    assert run("a1", "a2", "--edit", "--vcpus", "2") == 0
    assert run("a1", "--edit", "--vcpus", "2") == 0
    assert list((tmp_path / "state").rglob("edit-*")) == []


def test_an_edit_that_fails_leaves_nothing_to_undo(host: Host, tmp_path: Path) -> None:
    assert run("a1", "a2", "--edit", "--vcpus", "3", "--start") == 0  # off so far
    assert run("a1", "b", "--edit", "--vcpus", "4", "--start") == 3  # a1 runs
    assert run("--undo") == 0 and run("--undo") == 1
    assert documents(host)["a1"].count(">2</vcpu>") == 1
    for name in ("a1", "a2"):
        host.guests.destroy(name)


def test_the_old_definitions_are_kept(host: Host, tmp_path: Path) -> None:
    before = documents(host)
    assert run("a1", "a2", "b", "--edit", "--vcpus", "3", "--keep-old", "old") == 0
    assert sorted(os.listdir("old")) == ["a1.xml", "a2.xml", "b.xml"]
    assert Path("old/a2.xml").read_text() == before["a2"] and "sesame" in before["a2"]
    assert stat.S_IMODE(os.stat("old/a2.xml").st_mode) == 0o600
    after = documents(host)
    assert run("a1", "b", "--edit", "--vcpus", "4", "--keep-old", "old") == 2
    assert documents(host) == after
    assert run("a3", "--edit", "--vcpus", "3", "--keep-old", "a3.xml") == 0
    assert Path("a3.xml").read_text() == before["a3"]
    assert run("a3", "--edit", "--vcpus", "4", "--keep-old", "a3.xml") == 2
    assert ">3</vcpu>" in documents(host)["a3"]


@pytest.mark.parametrize(("answer", "changed"), [("yes\n", True), ("no\n", False), ("", False)])
def test_one_question_for_all(host: Host, monkeypatch: pytest.MonkeyPatch, answer: str, changed: bool) -> None:
    before = documents(host)
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert run("a1", "a2", "--edit", "--vcpus", "3", "--confirm") == 0
    assert (documents(host) != before) is changed


def test_equal_warnings_are_said_once(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("a*", "b", "--edit", "--vcpus", "3", "--update") == 0
    warning = "4 guests: the guest is not running, so --update changes nothing"
    assert capsys.readouterr().err == f"warning: {warning}\n"


def test_json_of_several(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    status = run("b", "a1", "--edit", "type=tablet", "--input", "bus=usb", "--output", "json", "--keep-going")
    said = json.loads(capsys.readouterr().out)
    assert status == 1
    assert [each["name"] for each in said["guests"]] == ["a1", "b"]
    assert said["guests"][1] == {"name": "b", "error": "the guest has no input device"}
    assert (said["changed"], said["unchanged"], said["failed"]) == (0, 1, 1)


def test_without_a_state_directory_the_run_goes_on(
    host: Host, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(Path("file").absolute()))
    assert run("a1", "a2", "--edit", "--vcpus", "3") == 0
    assert "warning: this run cannot be undone: " in capsys.readouterr().err
    assert ">3</vcpu>" in documents(host)["a2"]


def test_a_pattern_that_is_a_name_is_that_guest(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.guests.define(DOMAIN.format(name="a*", more=""))
    assert run("a*", "--edit", "--vcpus", "3") == 0
    assert capsys.readouterr().out == "Changed the definition of 'a*'.\n"


def test_sentences_about_guests_are_grouped() -> None:
    said = [("a", "'a' is off"), ("b", "'b' is off"), ("c", "no"), ("d", "guest 'd' no longer exists on the host")]
    assert group_equal(said) == ["a and b: the guest is off", "c: no", "guest 'd' no longer exists on the host"]
    assert group_equal((str(number), "no") for number in range(12)) == ["12 guests: no"]
    seeds = [(name, f"the seed {name}-1.iso of '{name}'") for name in ("web1", "web2", "7")]
    assert group_equal(seeds) == ["web1 and web2: the seed NAME-1.iso of the guest", "the seed 7-1.iso of '7'"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("running", {"running"}), ("shutoff,Paused", {"shut off", "paused"}), ("shut off, shut-off", {"shut off"})],
)
def test_states_in_any_spelling(text: str, found: set[str]) -> None:
    assert parse_states(text) == found


@pytest.mark.parametrize(
    ("text", "hint"), [("runing", "did you mean 'running'?"), ("", "known states: nostate, running")]
)
def test_states_that_are_none(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_states(text)
    assert caught.value.hint.startswith(hint)


def test_a_guest_that_could_not_be_put_back_can_be_later(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    before = documents(host)
    assert run("a*", "--edit", "--vcpus", "3") == 0
    store = Guests.store_definition

    def refuse(self: Guests, name: str, xml: str) -> tuple[str, str]:
        if name == "a2":
            raise HostError("no")
        return store(self, name, xml)

    with monkeypatch.context() as patched:
        patched.setattr(Guests, "store_definition", refuse)
        assert run("--undo", "--keep-going") == 1
    assert [name for name, text in documents(host).items() if text != before[name]] == ["a2"]
    assert run("--undo") == 0 and documents(host) == before
    assert run("--undo") == 1


def test_a_guest_changed_since_does_not_stand_in_the_way(host: Host) -> None:
    assert run("a1", "--edit", "--vcpus", "3") == 0
    assert run("a1", "a2", "--edit", "--vcpus", "4") == 0
    host.guests.define(documents(host)["a2"].replace(">4</vcpu>", ">5</vcpu>"))
    assert run("--undo") == 3
    assert run("--undo", "--keep-going") == 1
    assert run("--undo") == 0
    assert ">2</vcpu>" in documents(host)["a1"] and ">5</vcpu>" in documents(host)["a2"]


def test_an_undo_tells_of_a_volume_that_is_gone(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    old, disk = documents(host)["a1"], "<disk type='file'><source file='{}'/><target dev='vda'/></disk></devices>"
    pool = host.storage.pool("default-pool")
    assert pool is not None
    gone = f"{pool.path}/a1-seed.iso"
    host.guests.define(old.replace("</devices>", disk.format(gone)))
    assert run("a1", "--edit", "target.dev=vda", "--disk", "source.file=/elsewhere.iso") == 0
    capsys.readouterr()
    assert run("--undo", "--print-diff", "--output", "json") == 0
    (told,) = json.loads(capsys.readouterr().out)["warnings"]
    assert told == f"'a1' uses {gone} again, but this volume no longer exists"
    assert run("--undo") == 0
    assert f"uses {gone} again, but this volume no longer exists" in capsys.readouterr().err


def test_the_difference_of_autostart_alone_says_whose_it_is(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("a1", "--autostart", "yes") == 0
    capsys.readouterr()
    assert run("--undo", "--print-diff") == 0
    expected = "--- a1 (now)\n+++ a1 (before that run)\n@@ autostart @@\n-yes\n+no\n"
    assert capsys.readouterr().out == expected
    assert run("--undo") == 0 and not host.guests.autostart("a1")


@pytest.mark.parametrize("flags", [["--live"], ["--update", "--print-diff"]])
def test_guests_that_are_off_are_not_called_changed(
    host: Host, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    host.guests.start("a1")
    assert run("a1", "a2", "--edit", "--memory", "32", *flags) == 0
    said = capsys.readouterr()
    assert "1 of 2 guests changed, 1 not changed." in said.out + said.err
    assert run("a1", "a2", "--edit", "--memory", "16", *flags, "--output", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["changed"], told["unchanged"]) == (1, 1)
    assert [(guest["changed"], guest["updated"]) for guest in told["guests"]] == [(True, True), (False, False)]
    host.guests.destroy("a1")


def test_there_is_an_end_to_how_many_are_worked_on_at_a_time(host: Host) -> None:
    assert [jobs_for(asked, host) for asked in (None, 5, 100_000)] == [1, 5, 64]


def test_old_definitions_need_a_name(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    before = documents(host)
    for guests, what in ((["a1"], "file"), (["a1", "a2"], "folder")):
        assert run(*guests, "--edit", "--vcpus", "3", "--keep-old", "") == 2
        assert f"--keep-old: the {what} name is empty" in capsys.readouterr().err
    assert documents(host) == before


def test_json_of_an_undo(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("a1", "a2", "--edit", "--vcpus", "3", "-q") == 0
    assert run("--undo", "a2", "--output", "json") == 0
    said = json.loads(capsys.readouterr().out)
    assert list(said) == ["undone", "uri", "time", "guests", "changed", "unchanged", "failed", "warnings"]
    assert (said["undone"], said["uri"], said["changed"], said["failed"]) == (True, URI, 1, 0)
    (guest,) = said["guests"]
    assert guest["name"] == "a2" and guest["diff"].startswith("--- a2 (now)\n") and guest["error"] is None
