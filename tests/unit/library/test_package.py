"""What `import virtprov` offers, and what it loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import virtprov

TOP = Path(__file__).resolve().parents[3]


def fresh(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, text=True, capture_output=True, check=True)
    assert done.stderr == ""
    return done.stdout


def test_the_import_loads_no_library() -> None:
    code = "import sys; before = set(sys.modules); import virtprov; print(*sorted(set(sys.modules) - before))"
    assert fresh(code).split() == ["__future__", "virtprov"]


def test_requests_need_neither_libvirt_nor_lxml() -> None:
    code = "import sys; from virtprov import NewGuest, Change, Listener, UsageError; NewGuest(memory=1);"
    assert fresh(f"{code} print(*(name for name in ('libvirt', 'lxml', 'yaml') if name in sys.modules))").split() == []


@pytest.mark.parametrize("name", virtprov.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(virtprov, name).__name__ == name
    assert getattr(virtprov, name).__doc__
    assert name in dir(virtprov)


def test_checkers_see_every_name_where_it_is_defined() -> None:
    tree = ast.parse((TOP / "virtprov" / "__init__.py").read_text())
    homes = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }
    assert sorted(homes) == virtprov.__all__
    assert {name: getattr(virtprov, name).__module__ for name in homes} == homes


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError, match="module 'virtprov' has no attribute 'instal'"):
        virtprov.instal  # type: ignore[attr-defined]  # noqa: B018


def test_only_commands_speak_to_people() -> None:
    """No other room prints, or reads a terminal."""
    allowed = {
        "support/log.py": "the sink of --debug, which a command starts",
        "support/programs.py": "a console that a command attaches keeps the terminal's settings",
        "cloudinit/value_sources.py": "user-data=-, which the library refuses",
    }
    streams = {"sys.stdin", "sys.stdout", "sys.stderr", "print", "input", "getpass.getpass"}
    speakers = set()
    for path in (TOP / "virtprov").rglob("*.py"):
        place = str(path.relative_to(TOP / "virtprov"))
        words = {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.expr)}
        if not place.startswith("cli/") and words & streams:
            speakers.add(place)
    assert speakers == set(allowed)
