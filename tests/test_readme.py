"""What README.md and the page about installing tell people to type: packages, commands and options that exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")
INSTALL = (TOP / "docs" / "tutorial" / "install.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"(?:bin/)?virtprov-(install|clone|xml)\b")


def lines(page: str = README) -> list[str]:
    """The command lines in the fences of a page, those over several lines as one."""
    fences = re.findall(r"```(?:sh|console)\n(.*?)```", page, re.DOTALL)
    text = "\n".join(fences).replace("\\\n", " ")
    return [line.removeprefix("$ ").strip() for line in text.splitlines() if line.strip()]


def words(line: str) -> list[str]:
    return [word for word in shlex.split(line.replace("...", ""), comments=True) if word]


COMMANDS = [line for line in lines() if COMMAND.match(line)]


def packages(line: str) -> set[str]:
    return set(words(line)[words(line).index("install") + 1 :])


@cache
def known_flags(tool: str) -> frozenset[str]:
    argv = [sys.executable, str(TOP / "bin" / tool), "--help"]
    text = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return frozenset(re.findall(r"--[a-zA-Z][\w-]*", text))


@pytest.mark.parametrize("line", COMMANDS)
def test_every_option_exists(line: str) -> None:
    argv = words(line)
    flags = {word.split("=", 1)[0] for word in argv if word.startswith("--")}
    assert flags <= known_flags(Path(argv[0]).name)


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("bin/")])
def test_what_to_run_after_the_demo_works(line: str, tmp_path: Path) -> None:
    argv = words(line)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, str(TOP / argv[0]), *argv[1:]], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


def test_the_packages_for_a_compiler_are_those_that_the_tests_install() -> None:
    (line,) = (line for line in lines(INSTALL) if "apt install gcc" in line)
    listed = (TOP / "tools" / "setup" / "build.packages").read_text(encoding="utf-8").splitlines()
    needed = {row for row in listed if row and not row.startswith("#")}
    assert packages(line) == needed | {"python3-dev", "python3-venv"}


def test_the_packages_for_guests_are_those_that_the_tests_install() -> None:
    (line,) = (line for line in lines(INSTALL) if "apt install" in line and "qemu" in line)
    listed = (TOP / "tests" / "live" / "packages.txt").read_text(encoding="utf-8")
    assert packages(line) <= set(re.findall(r"^[\w-]+", listed, re.MULTILINE))


def test_the_images_are_known_by_name() -> None:
    from virtprov.images import listing

    named = set(re.findall(r"--image ([a-z][\w.]+)", README)) - {"list"}
    known = {name for entry in listing.as_objects(listing.listing()) for name in entry["names"]}  # type: ignore[attr-defined]
    assert named and named <= known
