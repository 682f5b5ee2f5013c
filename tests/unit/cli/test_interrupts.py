"""Ctrl-C at any moment of a command: exit code 130 and one sentence, never a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRESS = f"""\
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from virtprov.cli import app
moment, tool, *words = sys.argv[1:]
sys.argv = [tool, *words]
main = {{"virtprov-install": app.install, "virtprov-xml": app.edit}}[tool]
seen, leave = 0, os._exit

def watch(frame, event, arg):
    global seen
    seen += 1
    if seen == int(moment):
        sys.setprofile(None)
        os.kill(os.getpid(), signal.SIGINT)

def end(status):
    sys.setprofile(None)
    os.write(2, b"%d moments" % seen)
    leave(status)

if moment == "0":
    os._exit = end
sys.setprofile(watch)
sys.exit(main())
"""
"""Runs a command, and presses Ctrl-C at the given one of its moments: when a function is called, or returns."""

FIRST = 3
"""The first moment in the command's first function, behind the calls of that and of the command itself."""
CHANGES = ["--connect", "test:///default", "test", "--edit", "--memory", "64", "--no-define", "--print-xml"]


def press(moment: int, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", PRESS, str(moment), *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["virtprov-xml", "--version"], 5),
        (["virtprov-install", "--help"], 3),
        (["virtprov-xml", *CHANGES], 6),
    ],
    ids=["version", "help", "edit"],
)
def test_ctrl_c_at_any_moment(words: list[str], count: int) -> None:
    whole = press(0, *words)
    assert whole.returncode == 0, whole.stderr
    last = int(whole.stderr.removesuffix(" moments").split()[-1]) - 3  # then `end` is called
    moments = {FIRST + (last - FIRST) * part // count for part in range(count + 1)}
    for moment in sorted(moments | {FIRST + 1, FIRST + 2, FIRST + 3, last - 1, last - 15}):
        done = press(moment, *words)
        assert done.returncode == 130, (moment, last, done)
        assert done.stderr in ("", f"{words[0]}: interrupted\n"), (moment, last)


def test_a_lost_interrupt_is_repeated() -> None:
    """Python drops what a finalizer raises."""
    body = f"""\
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from virtprov.cli import app

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)

def main(argv):
    Finalized()
    signal.pause()

app._start("tool", main)
"""
    done = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (130, "tool: interrupted\n")


def test_an_interrupt_after_a_change_is_too_late() -> None:
    """130 would say that it was undone."""
    body = f"""\
import atexit, os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from virtprov.cli import app
from virtprov.cli.printing.output import Output

def main(argv):
    Output.acts = {{}}
    atexit.register(os.kill, os.getpid(), signal.SIGINT)
    return 0

app._start("tool", main)
"""
    for acts, status in ((True, 0), (False, 130)):
        argv = [sys.executable, "-c", body.replace("{}", str(acts))]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
        assert (done.returncode, done.stderr) == (status, "")
