"""Texts that a server, a medium or a pool chose, by the commands that show them: they never steer the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sites import Handler, Site
from tests.unit.osinfo.handmade import iso
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.trail import FileTrail
from virtprov.cli import app, clone
from virtprov.cli.edit import command as edit
from virtprov.cli.install import command as install
from virtprov.host.connection import connect

TOOLS: dict[str, Any] = {"virtprov-install": install.main, "virtprov-clone": clone.main, "virtprov-xml": edit.main}
NEW = "virtprov-install --connect test:///default --name n --memory 64 --disk none --osinfo generic --noautoconsole"
REASON, SHOWN_REASON = "Busy\x1b[31m\x9b2Jred", r"the server reports 500 Busy\x1b[31m\x9b2Jred"


@pytest.fixture(autouse=True)
def surroundings(only_bundled_profiles: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def run(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command, all of whose output can be shown."""
    tool, *flags = words.split()
    status = app.run(tool, TOOLS[tool], flags)
    out, err = capsys.readouterr()
    assert (out + err).replace("\n", "").isprintable()
    return status, out, err


class _Everything(dict[str, Any]):
    """Answers every path with a failure whose reason steers terminals."""

    def get(self, path: str, default: object = None) -> Any:
        return _fail


def _fail(handler: Handler) -> None:
    handler.send_response(500, REASON)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize(
    "words",
    [
        f"{NEW} --location {{}}/tree/",
        f"{NEW} --location {{}}/x.iso",
        f"{NEW} --cdrom {{}}/x.iso",
        f"{NEW} --install kernel={{}}/k,initrd={{}}/i",
        "virtprov-install --identify {}/tree/",
        "virtprov-install --identify {}/x.iso",
    ],
)
def test_the_reason_of_a_server(words: str, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.rules = _Everything()
    status, out, err = run(words.replace("{}", site.url), capsys)
    assert status == 1 and SHOWN_REASON in out + err
    _, out, err = run(f"{words.replace('{}', site.url)} --output json", capsys)
    body = json.loads(out)
    message = body[0]["error"] if isinstance(body, list) else body["error"]["message"]
    assert REASON in message  # escaped as JSON has it


def test_the_label_of_an_iso(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cd.iso").write_bytes(iso("L\x1b]0;owned\x07"))
    status, out, _ = run(f"virtprov-install --identify {tmp_path}/cd.iso", capsys)
    assert status == 0 and r"(label 'L\x1b]0;owned\x07')" in out
    (body,) = json.loads(run(f"virtprov-install --identify {tmp_path}/cd.iso --output json", capsys)[1])
    assert body["volume_id"] == "L\x1b]0;owned\x07"


NAME, SHOWN_NAME = "a\u202eb\x9b2J.img", r"a\u202eb\x9b2J.img"
POOL = f"""<pool type='dir'><name>images</name><target><path>/srv/images</path></target>
<volume type='file'><name>{NAME}</name><capacity>1024</capacity><target><path>/srv/images/{NAME}</path></target>
</volume></pool>"""
GUEST = f"""<domain type='test'><name>web</name><memory>65536</memory><os><type>hvm</type></os><devices>
<disk type='file' device='disk'><source file='/srv/images/{NAME}'/><target dev='vda'/></disk></devices></domain>"""


@pytest.fixture
def uri(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "place.xml").write_text(f"<node>{POOL}{GUEST}</node>")
    yield f"test://{tmp_path}/place.xml"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("virtprov-install --connect {} --info web", 0),
        ("virtprov-install --connect {} --remove web --dry-run", 0),
        ("virtprov-install --connect {} --remove web --force-off --yes", 0),
        ("virtprov-install --connect {} --clean-up", 0),
        ("virtprov-install --connect {} --clean-up --yes", 0),
        (f"{NEW.replace('test:///default', '{}').replace('none', '/srv/images/' + NAME)} --import", 3),
        ("virtprov-xml --connect {} web --edit target=vda --disk cache=none --print-diff", 0),
        ("virtprov-xml --connect {} web --remove-device --disk vda --define", 0),
    ],
)
def test_the_name_of_a_volume(words: str, status: int, uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--clean-up" in words:
        Path(uri.removeprefix("test://")).write_text(f"<node>{POOL}</node>")
        with connect(uri) as host:
            trail = FileTrail("virtprov-install", host, print)
            trail.begin(Volume(NAME, "images", f"/srv/images/{NAME}")).note_created()
            trail.let_go()
    found, out, err = run(words.format(uri), capsys)
    assert (found, SHOWN_NAME in out + err) == (status, True), out + err
