"""The tools have no complaint: linter, types, sizes, and man pages that say what the parsers say."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
FILE_LINES = 500
FUNCTION_LINES = 40
# path, or path:function -> why it may be longer
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}
PAGES = ("virtprov-install.1", "virtprov-clone.1", "virtprov-xml.1")


def complaints(*argv: str) -> str:
    """Run a tool of this environment in the tree; return what it says when it fails, and "" when it does not."""
    done = subprocess.run(
        [sys.executable, *argv], cwd=TOP, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.stdout if done.returncode else ""


def sources() -> list[Path]:
    return sorted((TOP / "virtprov").rglob("*.py"))


def test_ruff_has_no_complaint() -> None:
    assert complaints("-m", "ruff", "check", "--no-cache", "--output-format=concise", ".") == ""


def test_mypy_has_no_complaint() -> None:
    assert complaints("-m", "mypy") == ""


def test_files_can_be_read_in_a_sitting() -> None:
    long = {
        str(path.relative_to(TOP)): lines
        for path in sources()
        if (lines := len(path.read_text().splitlines())) > FILE_LINES
    }
    assert {name: lines for name, lines in long.items() if name not in LONG_FILES} == {}
    assert set(LONG_FILES) <= set(long), "no longer long: take it off the list"


def test_functions_fit_on_a_screen() -> None:
    long = {}
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long[f"{path.relative_to(TOP)}:{node.name}"] = lines
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert set(LONG_FUNCTIONS) <= set(long), "no longer long: take it off the list"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The man pages, written anew."""
    folder = tmp_path_factory.mktemp("man")
    assert complaints("tools/pages.py", str(folder)) == ""
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_man_pages_are_fresh(page: str, fresh: Path) -> None:
    assert (fresh / page).read_text() == (TOP / "man" / page).read_text(), "stale: run `make man` and commit"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_the_same_tree_gives_the_same_pages(zone: str, tmp_path: Path, fresh: Path) -> None:
    env = {**os.environ, "TZ": zone, "COLUMNS": "40", "LANG": "C"}
    subprocess.run([sys.executable, "tools/pages.py", str(tmp_path)], cwd=TOP, env=env, check=True)
    assert [(tmp_path / page).read_text() for page in PAGES] == [(fresh / page).read_text() for page in PAGES]


def test_completions_are_fresh(tmp_path: Path) -> None:
    assert complaints("tools/completions.py", str(tmp_path)) == ""
    written = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    kept = TOP / "completions"
    there = {path.relative_to(kept): path.read_text() for path in kept.rglob("*") if path.is_file()}
    assert written == there, "stale: run `make man` and commit"


SETUP = ("packages", "environment", "python", "corpus")


def test_a_linked_environment_is_not_rebuilt(tmp_path: Path) -> None:
    """Another checkout uses it."""
    for name in ("environment", "python"):
        (tmp_path / "here/tools/setup").mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / "tools/setup" / name, tmp_path / "here/tools/setup" / name)
    shutil.copy(TOP / "pyproject.toml", tmp_path / "here")
    (tmp_path / "other/bin").mkdir(parents=True)
    (tmp_path / "other/bin/python").symlink_to(sys.executable)
    (tmp_path / "other/made-for").write_text("# Python 3.0\n")
    (tmp_path / "here/.venv").symlink_to(tmp_path / "other")
    done = subprocess.run([tmp_path / "here/tools/setup/environment"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"setup: .venv is a symbolic link to {tmp_path}/other, and is not up to date"
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["bin", "made-for"]


SCRIPTS = (*(f"tools/setup/{name}" for name in SETUP), "tools/demo", "tools/deb", "tools/other-debian", ".ci/run")


@pytest.mark.parametrize("script", SCRIPTS)
def test_shell_scripts_parse(script: str) -> None:
    subprocess.run(["bash", "-n", script], cwd=TOP, check=True)
    assert os.access(TOP / script, os.X_OK)
