"""Command lines, and what comes out of them.

A case is TOOL/NAME.cmd, a command line as one would type it (on several lines with backslashes, `#` begins a comment,
`< FILE` feeds a file of data/). Beside it stand NAME.out, its standard output, and NAME.err where it says something on
standard error or ends with another status than 0: the status in the first line. HOSTS stands for tests/data/hosts, DATA
for data/, UUID-1 and MAC-1 for ids and addresses that are made afresh.

`pytest tests/golden --regen` writes the expected files; nothing else does, and a missing one is a failure.
"""

from __future__ import annotations

import io
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

from virtprov.actions.doctor import finding
from virtprov.cli import app

HERE = Path(__file__).resolve().parent
HOSTS = HERE.parent / "data" / "hosts"
DATA = HERE / "data"
CASES = sorted(HERE.glob("*/*.cmd"))
MAINS = {"virtprov-install": "install.command", "virtprov-clone": "clone", "virtprov-xml": "edit.command"}
MADE = {
    "UUID": re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
    "MAC": re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b", re.IGNORECASE),
}


class Case(NamedTuple):
    """A command line, read: the tool, its arguments, what it is fed."""

    tool: str
    argv: list[str]
    stdin: bytes


def read(path: Path) -> Case:
    words = shlex.split(path.read_text().replace("\\\n", " "), comments=True)
    stdin = b""
    if "<" in words:
        at = words.index("<")
        stdin = (DATA / words[at + 1]).read_bytes()
        del words[at : at + 2]
    tool, *argv = [word.replace("HOSTS", str(HOSTS)).replace("DATA", str(DATA)) for word in words]
    return Case(tool, argv, stdin)


def plain(text: str, known: str) -> str:
    """Replace what differs from run to run and from checkout to checkout."""
    text = text.replace(str(HOSTS), "HOSTS").replace(str(DATA), "DATA")
    text = re.sub(r"\S+/cache/virtprov/images, [0-9.]+ [A-Za-z]+ free", "CACHE, SPACE free", text)
    text = re.sub(r'"(seconds|at)": [0-9.e-]+', r'"\1": 0.0', text)
    for word, pattern in MADE.items():
        seen: dict[str, str] = {}

        def name(found: re.Match[str], word: str = word, seen: dict[str, str] = seen) -> str:
            value = found[0].lower()
            return found[0] if value in known else seen.setdefault(value, f"{word}-{len(seen) + 1}")

        text = pattern.sub(name, text)
    return text


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the machine: bundled OS profiles, no programs, one cache for all cases; signal handlers put back."""
    home = tmp_path_factory.getbasetemp() / "home"
    (home / "cache").mkdir(parents=True, exist_ok=True)
    for name in ("LIBVIRT_DEFAULT_URI", "DISPLAY", "WAYLAND_DISPLAY", "VIRTINSTALL_OSINFO_DISABLE_REQUIRE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "HOME": home,
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_STATE_HOME": home / "state",
        "OSINFO_SYSTEM_DIR": home / "osinfo",
        "OSINFO_LOCAL_DIR": home / "osinfo",
        "OSINFO_USER_DIR": home / "osinfo",
        "COLUMNS": 100,
        "PATH": home / "bin",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(finding, "OS_RELEASE", str(home / "os-release"))
    monkeypatch.chdir(DATA)
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def run(case: Case, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Run a case through the door of every command; returns standard output, and the status with standard error."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(case.stdin)))
    main = import_module(f"virtprov.cli.{MAINS[case.tool]}").main
    status = app.run(case.tool, main, case.argv)
    said = capsys.readouterr()
    known = f"{' '.join(case.argv)}\n{case.stdin.decode()}\n{inventories()}".lower()
    errors = f"exit {status}\n{said.err}" if status or said.err else ""
    return plain(said.out, known), plain(errors, known)


def inventories() -> str:
    """The documents of the recorded hosts: what stands there is known."""
    return "\n".join(path.read_text() for path in sorted(HOSTS.rglob("*.xml")))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_output_is_as_expected(
    path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, errors = run(read(path), monkeypatch, capsys)
    if request.config.getoption("--regen"):
        path.with_suffix(".out").write_text(out)
        if errors:
            path.with_suffix(".err").write_text(errors)
        else:
            path.with_suffix(".err").unlink(missing_ok=True)
        return
    assert path.with_suffix(".out").exists(), "there is no expected output yet: look at it, then use --regen"
    assert out == path.with_suffix(".out").read_text()
    assert errors == (path.with_suffix(".err").read_text() if path.with_suffix(".err").exists() else "")


def test_every_expectation_belongs_to_a_case() -> None:
    expected = [path for path in HERE.glob("*/*.*") if path.suffix in (".out", ".err")]
    assert [path for path in expected if not path.with_suffix(".cmd").exists()] == []


def test_every_file_that_is_fed_is_fed() -> None:
    text = "\n".join(path.read_text() for path in CASES)
    assert [path.name for path in sorted(DATA.iterdir()) if path.name not in text] == []
