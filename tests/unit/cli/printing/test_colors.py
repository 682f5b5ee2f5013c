"""Colours, tables and progress on a terminal: only our own sequences reach it, and nothing is said by colour alone."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from virtprov.cli import app, compat
from virtprov.cli.printing import colors, safe_streams, talk
from virtprov.cli.printing.output import Output, tell
from virtprov.support.errors import ProvError
from virtprov.support.terminal import progress

BIN = Path(__file__).resolve().parents[4] / "bin"
OURS = re.compile("\x1b\\[(?:" + "|".join([*colors.STYLES.values(), "0"]) + ")m")
HOSTILE = "\x1b]0;owned\x07\x1b[31mred\x9b2J"
EDIT = ("virtprov-xml", "--connect", "test:///default", "test", "--edit", "--memory", "300", "--print-diff")


class Screen:
    """A pseudo-terminal of some width; `read` returns what was written to it."""

    def __init__(self, columns: int) -> None:
        self.ours, self.theirs = pty.openpty()
        self.resize(columns)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def run(self, *argv: str, **env: str) -> str:
        """Run a command on it, and return all that it writes."""
        known = {"PATH": os.environ["PATH"], "HOME": os.environ["XDG_STATE_HOME"], "TERM": "xterm", **env}
        with subprocess.Popen(
            [sys.executable, BIN / argv[0], *argv[1:]], stdin=self.theirs, stdout=self.theirs, stderr=self.theirs,
            env=known,
        ) as process:  # fmt: skip
            os.close(self.theirs)
            text = self.read()
            process.wait()
        return text.replace("\r\n", "\n")

    def read(self) -> str:
        """Return all that is written until the other side is closed."""
        parts = []
        while True:
            try:
                part = os.read(self.ours, 65536)
            except OSError:  # the other side is closed
                break
            if not part:
                break
            parts.append(part)
        os.close(self.ours)
        return b"".join(parts).decode()


def piped(*argv: str) -> str:
    done = subprocess.run(
        [sys.executable, BIN / argv[0], *argv[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TERM": "xterm"}, check=False,
    )  # fmt: skip
    return done.stdout


def test_a_diff_is_coloured_on_a_terminal_and_says_the_same_without() -> None:
    shown = Screen(80).run(*EDIT)
    assert "\x1b[31m-  <currentMemory" in shown and "\x1b[32m+  <currentMemory" in shown
    plain = piped(*EDIT)
    assert "\x1b" not in plain and plain.splitlines()[0] == "--- Original XML"
    assert OURS.sub("", shown) == plain


@pytest.mark.parametrize(
    ("flags", "env", "coloured"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "always"), {"TERM": "dumb"}, True),
        ((), {"VIRTPROV_COMPAT": "1"}, False),
        (("--color", "auto"), {"VIRTPROV_COMPAT": "1"}, True),
    ],
)
@pytest.mark.parametrize("fault", [("nobody", "--edit", "--memory", "1"), ("--no-such-flag",)])
def test_when_there_are_colours(
    flags: tuple[str, ...], env: dict[str, str], coloured: bool, fault: tuple[str, ...]
) -> None:
    shown = Screen(80).run("virtprov-xml", "--connect", "test:///default", *flags, *fault, **env)
    assert ("\x1b[1;31merror:\x1b[0m " in shown) is coloured
    assert "virtprov-xml: error: " in OURS.sub("", shown)
    assert ("\x1b" in shown) is coloured


def test_colours_where_asked_for_without_a_terminal() -> None:
    assert "\x1b[1;31merror:" in piped("virtprov-clone", "--color", "always", "--no-such-flag")


def forced(call: Callable[[], object]) -> str:
    """Return what a call writes to a stream with colours."""
    out = io.StringIO()
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = safe_streams.Shown(out)
    try:
        talk.color = colors.ALWAYS
        call()
    finally:
        talk.color = colors.AUTO
        sys.stdout, sys.stderr = before
    return out.getvalue()


@pytest.mark.parametrize(
    "call",
    [
        lambda: tell("error", HOSTILE, before=HOSTILE),
        lambda: Output().warn(HOSTILE),
        lambda: Output().diff(f"--- {HOSTILE}\n+++ {HOSTILE}\n@@ {HOSTILE}\n-{HOSTILE}\n+{HOSTILE}\n {HOSTILE}\n"),
        lambda: Output().table((HOSTILE, "B"), [(HOSTILE, HOSTILE)]),
    ],
)
def test_colours_let_nothing_else_through(call: Callable[[], object]) -> None:
    shown = forced(call)
    assert "\x1b[" in shown and "owned" in shown and "\\x1b]0;" in shown
    assert OURS.sub("", shown).replace("\n", "").isprintable()


def test_a_hostile_error_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: list[str]) -> int:
        raise ProvError(HOSTILE, hint=HOSTILE)

    app.run("tool", main, ["--color", "always"])
    shown = capsys.readouterr().err
    assert shown.count("\x1b[") == 4 and OURS.sub("", shown).replace("\n", "").isprintable()


def test_the_old_names_have_no_colours_unless_asked() -> None:
    assert (compat.OLD.color, compat.OURS.color) == (colors.NEVER, colors.AUTO)


# -- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [60, 80, 132, 200])
def test_a_table_fits(columns: int) -> None:
    plain = OURS.sub("", Screen(columns).run("virtprov-install", "--json-schema"))
    first, *rest = plain.splitlines()
    assert first.split() == ["NAME", "VERSION", "CONTENTS"]
    assert max(len(line) for line in rest) <= columns
    assert " ".join(plain.split()) == " ".join(piped("virtprov-install", "--json-schema").split())


# -- progress -------------------------------------------------------------------------------------


def bars(text: str) -> list[str]:
    """Return the lines that were drawn over one another."""
    return [line.removesuffix("\x1b[K") for line in text.split("\r") if line.removesuffix("\x1b[K")]


def test_progress_follows_the_width_of_a_real_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, now = Screen(60), [0.0]
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(screen.theirs, "w", encoding="utf-8") as stream:
        out = safe_streams.Shown(stream)
        assert isinstance(progress.make(out), progress.Bar)  # type: ignore[arg-type]
        bar = progress.Bar(out, lambda: now[0], lambda seconds, call: _Never())  # type: ignore[arg-type]
        with bar.task("Uploading debian-12-generic-amd64.qcow2 to volume web.qcow2") as task:
            task.update(0, 1000 << 20)
            for width in (60, 80, 200, 60):
                screen.resize(width)
                now[0] += 10
                task.update(int(now[0]) << 22, 1000 << 20)
    drawn = bars(screen.read())
    assert [len(line) <= width - 1 for line, width in zip(drawn, (60, 80, 200, 60), strict=True)] == [True] * 4
    assert all(len(line) > 40 for line in drawn) and len(drawn[2]) > 79
    assert "16% [" in drawn[3] or " 16% " in drawn[3]
    assert "160 MiB of 1000 MiB" in drawn[3] and "4 MiB/s" in drawn[3] and "3 min 30 s left" in drawn[3]


class _Never:
    def start(self) -> None: ...
    def cancel(self) -> None: ...


def test_a_message_takes_the_bar_away(monkeypatch: pytest.MonkeyPatch) -> None:
    err, out, now = io.StringIO(), io.StringIO(), [0.0]
    monkeypatch.setattr(sys, "stderr", safe_streams.Shown(err))
    monkeypatch.setattr(sys, "stdout", safe_streams.Shown(out))
    bar = progress.Bar(sys.stderr, lambda: now[0], lambda seconds, call: _Never())
    with bar.task("Copying") as task:
        now[0] = 2
        task.update(1 << 20, 2 << 20)
        Output().warn("the disk is slow")
        now[0] = 3
        task.update(2 << 20, 2 << 20)
        Output().line("result")
    assert out.getvalue() == "result\n"
    drawn = err.getvalue().split("\r")
    assert drawn[2] == "\x1b[Kwarning: the disk is slow\n", "the bar is gone before the message"
    assert drawn[3].startswith("Copying 100%") and drawn[4] == "\x1b[K"


def test_quiet_is_silent() -> None:
    argv = ("virtprov-install", "--connect", "test:///default", "--quiet", "--name", "still", "--memory", "64")
    more = ("--osinfo", "linux2022", "--import", "--disk", "none", "--noautoconsole")
    assert Screen(80).run(*argv, *more) == ""
