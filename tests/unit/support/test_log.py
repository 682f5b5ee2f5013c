"""The log: silent until somebody listens, and never a secret in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

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
    log.debug("%s", Costly())


def test_lines_are_put_together(lines: list[str]) -> None:
    log.debug("%s is %d", "a", 1)
    log.debug("100%")
    assert lines == ["a is 1", "100%"]


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


def test_logging_is_not_imported() -> None:
    import subprocess

    code = "import sys, virtprov.support.log as l; l.debug('x'); print('logging' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
