"""virtprov-install --remove: what is shown and asked, what JSON holds, and the status."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.cli import app, compat
from virtprov.cli.install import command
from virtprov.host.connection import connect
from virtprov.support.errors import HostError, ParseError, UsageError

DISK = "<disk type='file' device='disk'><source file='/srv/images/{}.img'/><target dev='vda'/></disk>"
GUEST = """<domain type='test'><name>{0}</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e0{1}</uuid><memory>65536</memory>
<os><type>hvm</type></os><devices>{2}</devices>
<runstate xmlns='http://libvirt.org/schemas/domain/test/1.0'>{3}</runstate></domain>"""
VOLUME = """<volume type='file'><name>{0}.img</name><capacity>1024</capacity><target><path>/srv/images/{0}.img</path>
</target></volume>"""
ISO = "<disk type='file' device='cdrom'><source file='/srv/a.iso'/><target dev='sda'/></disk>"
ASKS = "Remove 'web'? This cannot be undone. (y/n): "
SHOWN = """Guest 'web' is removed, which cannot be undone:
  shut down guest 'web'
  remove disk /srv/images/web.img
  keep medium /srv/a.iso: other guests may use the medium as well
  remove definition of guest 'web'
"""


class Terminal(io.StringIO):
    """Standard input with somebody who types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A host of the test driver with `web`, which runs, and `db`, each with a disk."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    guests = GUEST.format("web", 1, DISK.format("web") + ISO, 1) + GUEST.format("db", 2, DISK.format("db"), 5)
    (tmp_path / "host.xml").write_text(
        "<node><pool type='dir'><name>images</name><target><path>/srv/images</path></target>"
        f"{VOLUME.format('web')}{VOLUME.format('db')}</pool>{guests}</node>"
    )
    return f"test://{tmp_path}/host.xml"


@pytest.fixture
def run(uri: str) -> Callable[..., int]:
    return lambda *words: command.main(["--connect", uri, "--remove", *words])


Run = Callable[..., int]
Said = pytest.CaptureFixture[str]


def test_what_goes_is_shown_before_it_is_asked_about(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert run("web") == 0
    said = capsys.readouterr()
    assert said.out == SHOWN
    assert said.err == f"{ASKS}Nothing has been removed.\n"
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run("web") == 0
    assert capsys.readouterr().out == f"{SHOWN}Removed guest 'web'.\n"


def test_a_question_needs_what_it_asks_about(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """--quiet leaves out what nobody has to answer."""
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert run("web", "--quiet") == 0
    assert capsys.readouterr().out == SHOWN
    assert run("web", "--quiet", "--yes") == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_alone_on_standard_output(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert run("web", "--output", "json") == 0
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert said.err == f"{SHOWN}{ASKS}Nothing has been removed.\n"
    assert (facts["removed"], facts["failed"]) == (0, 0)
    (guest,) = facts["guests"]
    assert (guest["name"], guest["running"], guest["removed"], guest["error"]) == ("web", True, False, None)
    assert [(thing["kind"], thing["fate"]) for thing in guest["things"]] == [
        ("disk", "removed"), ("medium", "kept"), ("guest", "removed"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "y\n"])
def test_without_a_terminal_nothing_is_asked(
    text: str, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with pytest.raises(UsageError, match="--remove asks for confirmation, but standard input is not a terminal") as no:
        run("web")
    assert "--yes" in no.value.hint and capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="not a terminal"):
        run("web")


def test_a_preview_asks_nothing_and_changes_nothing(run: Run, uri: str, capsys: Said) -> None:
    assert run("web", "db", "--dry-run", "--force-off") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Would power off guest 'web'" and lines[-1] == "Nothing has been changed."
    assert "Would remove disk /srv/images/db.img" in lines and not [line for line in lines if "shut down" in line]
    assert run("web", "--dry-run", "--output", "json") == 0
    (guest,) = json.loads(capsys.readouterr().out)["guests"]
    assert not guest["removed"] and [thing["fate"] for thing in guest["things"]].count("removed") == 2


def test_names_may_follow_several_flags(run: Run, capsys: Said) -> None:
    assert run("web", "--remove", "db", "--yes", "--output", "json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert [guest["name"] for guest in facts["guests"] if guest["removed"]] == ["web", "db"] and facts["removed"] == 2


def test_the_error_of_one_of_several(run: Run, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    from virtprov.host.inventory.storage import Storage

    delete = Storage.delete_volume

    def refuse(storage: Storage, pool: str, name: str) -> bool:
        if name == "web.img":
            raise HostError("the disk is\nread-only")
        return delete(storage, pool, name)

    monkeypatch.setattr(Storage, "delete_volume", refuse)
    assert run("web", "db", "--yes", "--output", "json") == 1
    said = capsys.readouterr()
    facts = json.loads(said.out)
    assert (facts["removed"], facts["failed"]) == (1, 1)
    assert {guest["name"]: (guest["removed"], guest["error"]) for guest in facts["guests"]} == {
        "web": (False, "the disk is\nread-only"),
        "db": (True, None),
    }
    assert "error: could not remove guest 'web': the disk is" in said.err and "\nread-only" not in said.err
    with pytest.raises(HostError, match="read-only"):
        run("web", "--yes")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--name", "x"], "--name cannot be used with --remove"),
        (["--disk", "size=1"], "--disk cannot be used with --remove"),
        (["--print-xml"], "--print-xml cannot be used with --remove"),
        (["--noautoconsole"], "--autoconsole cannot be used with --remove"),
        (["--keep-disks", "--with-disk", "/a"], "--keep-disks and --with-disk cannot be used together"),
        (["--with-disk", ""], "--with-disk requires a path"),
        (["--with-disk", "/a"], "--with-disk /a: no such disk of 'web'"),
        (["--wait", "0"], "--wait 0 leaves a guest no time to shut down"),
        (["--wait", "ready"], "--wait with --remove only takes a time"),
        (["--remove", ""], "no guest to remove given"),
    ],
)
def test_what_does_not_go_together(words: list[str], sentence: str, run: Run) -> None:
    with pytest.raises(UsageError, match=f"^{sentence}"):
        run("web", "--yes", *words)


@pytest.mark.parametrize("words", [["--keep-disks"], ["--with-disk", "/a"], ["--force-off"]])
def test_what_makes_sense_with_a_removal_only(words: list[str]) -> None:
    with pytest.raises(UsageError, match=f"^{words[0]} can only be used with --remove$"):
        command.main(["--name", "a", *words])


def test_a_name_is_required() -> None:
    with pytest.raises(ParseError, match="--remove requires a value"):
        command.main(["--remove"])


@pytest.mark.parametrize("words", [["--remove", "web"], ["--keep-disks"], ["--with-disk", "/a"], ["--force-off"]])
def test_virt_install_has_no_such_flags(
    words: list[str], uri: str, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setattr(compat, "held", compat.OLD)
    assert app.run("virtprov-install", command.main, ["--connect", uri, *words]) == 2
    assert f"unrecognized arguments: {words[0]}" in capsys.readouterr().err
    with connect(uri) as host:
        assert host.guests.names() == ("db", "web")


def test_who_wants_to_delete_is_told_how(capsys: Said) -> None:
    assert app.run("virtprov-install", command.main, ["--delete", "web"]) == 2
    assert "`virtprov-install --remove GUEST`" in capsys.readouterr().err
