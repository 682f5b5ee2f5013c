"""The log: silent until somebody listens, and never a secret in it."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.support import log


@pytest.fixture
def lines() -> Iterator[list[str]]:
    heard: list[str] = []
    stop = log.start(heard.append)
    yield heard
    stop()


class Costly:
    def __str__(self) -> str:
        raise AssertionError("made into text although nobody listens")


def test_silence_costs_nothing() -> None:
    assert not log.enabled()
    log.debug("%s", Costly())


def test_lines_are_put_together(lines: list[str]) -> None:
    log.debug("%s is %d", "a", 1)
    log.debug("100%")
    assert lines == ["a is 1", "100%"]
    assert log.enabled()


def test_secrets_are_masked(lines: list[str]) -> None:
    assert log.secret("hunter2-hunter2") == "hunter2-hunter2"
    log.secret("hunter2")
    log.secret("first line\nsecond line\n")
    log.secret(" ")
    log.debug("a hunter2-hunter2 b %s", "xsecond linex")
    assert lines == [f"a {log.MASK} b x{log.MASK}x"]


def test_stop() -> None:
    heard: list[str] = []
    stop = log.start(heard.append)
    stop()
    stop()
    log.debug("x")
    assert heard == []


def test_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    log.to_stderr("hello")
    assert capsys.readouterr().err.endswith(" hello\n")


def test_a_file_only_we_can_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.log"
    sink = log.to_file(str(path))
    sink("one")
    sink("two \udcff")
    text = path.read_text()
    assert text.splitlines()[0].endswith(f" {os.getpid()} one")
    assert len(text.splitlines()) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_files_roll_over(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for number in range(7):
        path.write_text(f"{number}" * log.LOG_SIZE)
        log.to_file(str(path))("new")
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert names == ["x.log"] + [f"x.log.{number}" for number in range(1, 6)]
    assert (tmp_path / "x.log.1").read_text()[0] == "6"
    assert (tmp_path / "x.log.5").read_text()[0] == "2"
    assert path.read_text().endswith("new\n")


def test_a_log_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log.to_file(str(tmp_path / "file" / "x.log"))("lost")


def test_logging_is_not_imported() -> None:
    import subprocess

    code = "import sys, virtprov.support.log as l; l.debug('x'); print('logging' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
