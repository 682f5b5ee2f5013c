"""docs/howto/library.md: its examples run, one after the other, and say what is so."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import virtprov

TOP = Path(__file__).resolve().parents[1]
PAGE = TOP / "docs" / "howto" / "library.md"
RECORDED = ("recorded:///srv/hosts", f"recorded://{TOP}/tests/data/hosts")


def program() -> str:
    """All examples as one program; other lines are empty, so that failures name lines of the page."""
    inside = False
    lines = []
    for line in PAGE.read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```python"
            line = ""
        lines.append(line if inside else "")
    return "\n".join(lines).replace(*RECORDED) + "\n"


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that the examples leave behind."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for layer in ("SYSTEM", "LOCAL", "USER"):
            patch.setenv(f"OSINFO_{layer}_DIR", str(home / "no-profiles"))
        for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(home))
        names: dict[str, Any] = {"__name__": "example"}
        exec(compile(program(), str(PAGE), "exec"), names)
        yield names


def test_the_examples_run(after: dict[str, Any]) -> None:
    assert len(after["done"].failed) == 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (virtprov.XmlError, "look at the file"),
        (virtprov.UsageError, "ask for something else"),
        (virtprov.HostError, "look at the host"),
        (virtprov.WaitTimeout, "wait longer"),
        (virtprov.GuestBroken, "look at the guest"),
        (virtprov.Differs, "change the guest"),
        (virtprov.FetchError, "look at the medium"),
        (virtprov.MediaError, "look at the medium"),
        (virtprov.CommandError, "look at this machine"),
        (virtprov.ProvError, "failed"),
    ],
)
def test_each_kind_of_error_is_handled(
    kind: type[virtprov.ProvError], words: str, after: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*anything: object) -> None:
        raise kind("it went wrong")

    monkeypatch.setitem(after, "install", fail)
    create: Callable[[virtprov.NewGuest], str] = after["create"]
    assert create(virtprov.NewGuest()) == f"{words}: it went wrong"


def strict(code: str, folder: Path) -> str:
    """What `mypy --strict` says of a program."""
    (folder / "example.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder), str(folder / "example.py")],
        cwd=TOP,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_the_examples_pass_mypy(tmp_path: Path) -> None:
    assert strict(program(), tmp_path).startswith("Success")


def test_mypy_knows_what_is_wrong(tmp_path: Path) -> None:
    wrong = [
        "import virtprov",
        "virtprov.instal",
        "virtprov.NewGuest(nmae='web')",
        "virtprov.install(5, virtprov.NewGuest())",
        "virtprov.edit('test:///default', 'a', virtprov.Change('edit', 'memory', 1), target='boot')",
        "virtprov.clone('test:///default', virtprov.Copy()).volumes.append('a')",
    ]
    told = strict("\n".join(wrong), tmp_path)
    assert re.findall(r"example\.py:(\d+): error", told) == ["2", "3", "4", "5", "6"]


def test_every_name_is_on_the_page() -> None:
    words = set(re.findall(r"\w+", PAGE.read_text()))
    assert set(virtprov.__all__) - words == set()
