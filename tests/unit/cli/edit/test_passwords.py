"""Passwords of displays: too long ones are found before anything is made, and differences do not show them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from virtprov.cli.edit.command import main as edit
from virtprov.cli.install.command import main as install
from virtprov.support.errors import UsageError
from virtprov.xml import diff

GUEST = """\
<domain type='test'>
  <name>a</name><memory>1024</memory><os><type>hvm</type></os>
  <devices>
    <graphics type='vnc' port='-1' passwd='tiger'/>
  </devices>
</domain>
"""
NEW = ["--connect", "test:///default", "--name", "n", "--memory", "64", "--import", "--osinfo", "generic", "--dry-run"]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff.passwords, "shown", False)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a.xml"
    path.write_text(GUEST)
    return str(path)


@pytest.mark.parametrize(
    ("display", "most"),
    [("vnc,password=" + "9" * 9, 8), ("vnc,password=" + "\u00e9" * 5, 8), ("spice,password=" + "9" * 61, 60)],
)
def test_a_password_that_is_too_long_is_found_before_a_disk_is_made(display: str, most: int, file: str) -> None:
    with pytest.raises(UsageError, match=f"has more than {most} bytes"):
        install([*NEW, "--disk", "none", "--graphics", display])
    with pytest.raises(UsageError, match=f"has more than {most} bytes"):
        edit(["--file", file, "--edit", "--graphics", display])
    with pytest.raises(UsageError, match=f"has more than {most} bytes"):
        edit(["--file", file, "--add-device", "--graphics", display])


def test_one_that_fits_is_taken() -> None:
    assert install([*NEW, "--disk", "none", "--graphics", "vnc,password=" + "9" * 8]) == 0


@pytest.mark.parametrize("how", [["--print-diff"], ["--verify"], ["--verify", "--output", "json"]])
def test_differences_do_not_show_it(how: list[str], file: str, capsys: Captured) -> None:
    edit(["--file", file, "--edit", "--graphics", "password=lion", *how])
    out, err = capsys.readouterr()
    assert "tiger" not in out + err and "lion" not in out + err
    assert out.count("passwd='********'") == (3 if "json" in how else 2)


def test_unless_they_are_asked_to(file: str, capsys: Captured) -> None:
    edit(["--file", file, "--edit", "--graphics", "password=lion", "--print-diff", "--show-passwords"])
    out = capsys.readouterr().out
    assert "-    <graphics type='vnc' port='-1' passwd='tiger'/>" in out and "passwd='lion'" in out


def test_one_that_is_spelled_with_blanks(file: str, capsys: Captured) -> None:
    Path(file).write_text(GUEST.replace("passwd='tiger'", 'passwd = "tiger"'))
    edit(["--file", file, "--edit", "--graphics", "listen=none", "--verify", "--output", "json"])
    out = capsys.readouterr().out
    assert "tiger" not in out and out.count("********") == 3


def test_json_shows_it_when_asked_to(file: str, capsys: Captured) -> None:
    edit(["--file", file, "--edit", "--memory", "64", "--verify", "--output", "json", "--show-passwords"])
    assert "passwd='tiger'" in json.loads(capsys.readouterr().out)["xml"]


@pytest.mark.parametrize("how", [[], ["--output", "json"], ["--print-xml", "--output", "json"]])
def test_documents_hold_it(how: list[str], file: str, capsys: Captured) -> None:
    edit(["--file", file, "--edit", "--graphics", "password=lion", *how])
    assert "passwd='lion'" in capsys.readouterr().out
