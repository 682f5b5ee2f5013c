"""`--completion SHELL --install`: the scripts of all commands, where the shell looks for them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from virtprov.cli.app import run
from virtprov.cli.clone import build_parser
from virtprov.cli.install.command import main
from virtprov.cli.printing.output import Output
from virtprov.cli.shells import install
from virtprov.cli.shells.scripts import script

TOOLS = ("virtprov-install", "virtprov-clone", "virtprov-xml")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of an ordinary user."""
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return tmp_path


@pytest.mark.parametrize(
    ("shell", "names"),
    [
        ("bash", ".local/share/bash-completion/completions/{}"),
        ("zsh", ".local/share/zsh/site-functions/_{}"),
        ("fish", ".config/fish/completions/{}.fish"),
    ],
)
def test_a_users_scripts_are_at_home(shell: str, names: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):  # again: they are replaced
        assert run("virtprov-install", main, ["--completion", shell, "--install"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {path.relative_to(home) for path in home.rglob("*") if path.is_file()} == {
        Path(names.format(t)) for t in TOOLS
    }
    for tool, line in zip(TOOLS, lines, strict=False):
        path = home / names.format(tool)
        assert path.read_text() == script(shell, tool)
        assert line == f"Created {path}"


def test_any_command_installs_them(home: Path) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args(["--completion", "fish", "--install"])
    assert len(list((home / ".config/fish/completions").iterdir())) == 3


def advice(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The last line that is printed for a shell."""
    install.main(shell, Output())
    return capsys.readouterr().out.splitlines()[-1]


def test_the_user_is_told_what_else_is_needed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert advice("bash", capsys) == "bash finds them if the package bash-completion is installed"
    (home / "share/bash-completion").mkdir(parents=True)
    (home / "share/bash-completion/bash_completion").touch()
    assert advice("bash", capsys) == advice("fish", capsys) == "A new shell uses them."
    assert advice("zsh", capsys).endswith(f": fpath=({home}/.local/share/zsh/site-functions $fpath)")


def test_bash_can_be_told_another_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASH_COMPLETION_USER_DIR", str(home / "mine"))
    install.main("bash", Output(quiet=True))
    assert (home / "mine/completions/virtprov-xml").is_file()


def test_programs_get_an_object(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("virtprov-install", main, ["--completion", "fish", "--install", "--output", "json"]) == 0
    files = [f"{home}/.config/fish/completions/{tool}.fish" for tool in TOOLS]
    assert json.loads(capsys.readouterr().out) == {"shell": "fish", "files": files, "advice": "", "warnings": []}


def test_quiet_says_nothing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("virtprov-install", main, ["--completion", "fish", "--install", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("shell", "folder"),
    [
        ("bash", "/usr/local/share/bash-completion/completions"),
        ("zsh", "/usr/local/share/zsh/site-functions"),
        ("fish", "/etc/fish/completions"),
    ],
)
def test_roots_scripts_are_for_all_users(shell: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert install.folder(shell) == folder


def test_a_folder_that_cannot_be_made_is_reported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".config").touch()
    assert run("virtprov-install", main, ["--completion", "fish", "--install"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        f"virtprov-install: error: cannot create {home}/.config/fish/completions: not a directory\n",
    )
