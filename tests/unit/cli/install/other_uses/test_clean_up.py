"""virtprov-install --clean-up: what is asked, what is said, what JSON holds, and the status."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from virtprov.actions.run.artifacts.artifact import Artifact
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.artifacts.stored_guests import Guest
from virtprov.actions.run.trail import FileTrail
from virtprov.cli import app
from virtprov.cli.install import command
from virtprov.host.connection import Host, connect
from virtprov.support.errors import UsageError

UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9e01"
INVENTORY = f"""<node>
<pool type='dir'><name>images</name><target><path>/srv/images</path></target>
<volume type='file'><name>web.img</name><capacity>1024</capacity><target><path>/srv/images/web.img</path></target>
</volume></pool>
<domain type='test'><name>web</name><uuid>{UUID}</uuid><memory>65536</memory>
<os><type>hvm</type></os><devices/></domain>
</node>"""
GUEST = Guest("web", UUID)
VOLUME = Volume("web.img", "images", "/srv/images/web.img")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "virtprov"


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A host of the test driver with what a run could have made."""
    (tmp_path / "host.xml").write_text(INVENTORY)
    return f"test://{tmp_path}/host.xml"


def left(host: Host, *made: Artifact, begun: tuple[Artifact, ...] = ()) -> None:
    """Write down a run that was killed after it had begun the ones and made the others."""
    trail = FileTrail("virtprov-install", host, print)
    trail.note_guest("web")
    for artifact in begun:
        trail.begin(artifact)
    for artifact in made:
        trail.begin(artifact).note_created()
    trail.let_go()


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_nothing_is_left(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert command.main(["--clean-up"]) == 0
    assert capsys.readouterr().out == "Nothing to clean up.\n"


def test_what_is_there_is_asked_about_once(
    uri: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(uri) as host:
        left(host, VOLUME, GUEST)
        answer(monkeypatch, "n\n")
        assert command.main(["--clean-up"]) == 0
        said = capsys.readouterr()
        assert said.err.count("Remove? (y/n)") == 1
        assert "has left guest 'web', volume web.img in pool 'images'. Remove?" in said.err
        assert said.out == "" and len(os.listdir(home)) == 1
        answer(monkeypatch, "y\n")
        assert command.main(["--clean-up"]) == 0
    said = capsys.readouterr()
    assert said.out == "Removed guest 'web'.\nRemoved volume web.img in pool 'images'.\n"
    assert os.listdir(home) == []


def test_yes_asks_nothing_and_leaves_what_is_doubtful(uri: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(uri) as host:
        left(host, GUEST, begun=(VOLUME,))
        assert command.main(["--clean-up", "--yes", "--output", "json"]) == 0
    said = capsys.readouterr()
    (run,) = json.loads(said.out)["runs"]
    assert (run["tool"], run["guest"], run["uri"], run["reached"], run["settled"], run["error"]) == (
        "virtprov-install", "web", uri, True, False, "",
    )  # fmt: skip
    guest, volume = run["things"]
    assert (guest["kind"], guest["uuid"], guest["fate"], guest["why"]) == ("guest", UUID, "removed", "")
    assert (volume["kind"], volume["pool"], volume["fate"]) == ("volume", "images", "kept")
    assert "it may have been created by the run or by someone else" in volume["why"]
    assert len(os.listdir(home)) == 1


def test_what_is_doubtful_is_asked_about_by_itself(
    uri: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(uri) as host:
        left(host, begun=(VOLUME,))
        answer(monkeypatch, "y\n")
        assert command.main(["--clean-up"]) == 0
    said = capsys.readouterr()
    assert "(it may have been created by the run or by someone else). Remove?" in said.err
    assert said.out == "Removed volume web.img in pool 'images'.\n"
    assert os.listdir(home) == []


def test_what_is_gone_already_settles_the_run(uri: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(uri) as host:
        left(host, GUEST._replace(uuid=UUID.replace("9e01", "9e02")))
        assert command.main(["--clean-up"]) == 0
    assert capsys.readouterr().out.startswith("Nothing to clean up from virtprov-install for 'web'")
    assert os.listdir(home) == []


def test_a_host_out_of_reach_is_said_and_kept_for_later(
    uri: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(uri) as host:
        left(host, GUEST)
    os.unlink(uri.removeprefix("test://"))
    assert command.main(["--clean-up", "--yes", "--output", "json"]) == 3
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert not run["reached"] and not run["settled"] and "does not exist" in run["error"]
    assert len(os.listdir(home)) == 1


def test_only_the_host_that_is_named(uri: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with connect(uri) as host:
        left(host, GUEST)
        assert command.main(["--clean-up", "--yes", "--connect", "test:///default"]) == 0
    assert capsys.readouterr().out == "Nothing to clean up.\n" and len(os.listdir(home)) == 1
    assert command.main(["--clean-up", "--yes", "--connect", uri]) == 0
    assert capsys.readouterr().out == "Removed guest 'web'.\n" and os.listdir(home) == []


def test_yes_goes_with_what_is_asked_about() -> None:
    with pytest.raises(UsageError, match="--yes can only be used with --clean-up and --remove"):
        command.main(["--yes", "--name", "a"])


@pytest.mark.parametrize("text", ["[1]\n", "7\n", '{"begin": {"kind": "volume"}, "n": 1}\n'])
def test_it_goes_on_beside_a_damaged_log(text: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir(mode=0o700)
    path = home / f"run-{1:020d}-7.jsonl"
    path.write_text(text, encoding="latin-1")
    assert app.run("virtprov-install", command.main, ["--clean-up"]) == 0
    assert str(path) in capsys.readouterr().err
