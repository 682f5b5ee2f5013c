"""Helper programs: what they say, how they end, what of it is told."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.support import log, programs
from virtprov.support.errors import CommandError


def test_output() -> None:
    assert programs.run(["cat"]) == ""
    assert programs.run(["echo", "hä"]) == "hä\n"
    assert programs.run(["sh", "-c", "echo out; echo err >&2"]) == "out\n"


def test_paths_are_words(tmp_path: Path) -> None:
    (tmp_path / "a b").touch()
    assert programs.run(["ls", tmp_path]) == "a b\n"


def test_messages_are_english() -> None:
    assert programs.run(["sh", "-c", "echo $LC_ALL"]) == "C\n"


def test_a_failure_tells_the_last_words() -> None:
    with pytest.raises(CommandError) as caught:
        programs.run(["sh", "-c", "echo one >&2; echo 'two  ' >&2; echo >&2; exit 3"])
    assert str(caught.value).endswith("ended with status 3")
    assert "sh -c" in str(caught.value)
    assert caught.value.hint == "two"


def test_a_signal_has_a_name() -> None:
    with pytest.raises(CommandError, match="was killed by SIGTERM"):
        programs.run(["sh", "-c", "kill $$"])
    assert programs.ending(-250) == "was killed by signal 250"


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError) as caught:
        programs.run(["qemu-img", "info"])
    assert str(caught.value) == "the program 'qemu-img' is not installed"
    assert "qemu-utils" in caught.value.hint
    assert programs.find("qemu-img") is None


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("not a program")
    with pytest.raises(CommandError, match="cannot be started: permission denied"):
        programs.run([tmp_path / "x"])


def test_too_slow() -> None:
    with pytest.raises(CommandError, match="did not finish within 0.05 seconds"):
        programs.run(["sleep", "60"], timeout=0.05)


def test_output_that_is_not_utf8() -> None:
    assert programs.run(["printf", r"\377"]) == "\ufffd"


def test_the_log_shows_no_secret_and_no_input() -> None:
    log.secret("s3cr3t-word")
    lines: list[str] = []
    stop = log.start(lines.append)
    try:
        with pytest.raises(CommandError) as caught:
            programs.run(["sh", "-c", "echo $0 >&2; exit 1", "s3cr3t-word"])
    finally:
        stop()
    told = "\n".join([*lines, str(caught.value), caught.value.hint])
    assert "s3cr3t-word" not in told
    assert log.MASK in lines[0]


ATTACHED = """
import signal, sys
from virtprov.support import programs
before = signal.getsignal(signal.SIGINT)
script = "trap 'echo child caught it; exit 7' INT; kill -INT $PPID; kill -INT $$; exit 0"
print(programs.run_attached(["sh", "-c", script]), signal.getsignal(signal.SIGINT) is before, flush=True)
"""


def test_ctrl_c_is_the_attached_programs() -> None:
    done = subprocess.run([sys.executable, "-c", ATTACHED], capture_output=True, text=True, env=dict(os.environ))
    assert done.stderr == ""
    assert done.stdout == "child caught it\n7 True\n"


def test_the_terminal_is_put_back() -> None:
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    code = "from virtprov.support import programs; programs.run_attached(['stty', 'raw', '-echo', 'cols', '99'])"
    subprocess.run([sys.executable, "-c", code], stdin=theirs, check=True)
    assert termios.tcgetattr(theirs) == before
    # stty did work: the size of the window is no setting to be put back
    assert os.get_terminal_size(theirs).columns == 99
    os.close(ours)
    os.close(theirs)


def test_an_attached_program_shares_our_streams(capfd: pytest.CaptureFixture[str]) -> None:
    assert programs.run_attached(["sh", "-c", "echo hello; exit 4"]) == 4
    assert capfd.readouterr().out == "hello\n"
    assert programs.run_attached(["sh", "-c", "kill -9 $$"]) == -signal.SIGKILL
    with pytest.raises(CommandError, match="'no-such-program-here' is not installed"):
        programs.run_attached(["no-such-program-here"])


# -- filters ---------------------------------------------------------------------------------------


def test_a_filter_gives_what_the_program_makes_of_the_source() -> None:
    source = [bytes([number]) * 100_000 for number in range(20)]
    found = list(programs.filtered(["cat"], source, 65536))
    assert b"".join(found) == b"".join(source)
    assert max(map(len, found)) <= 65536


def test_a_filter_that_fails_says_why() -> None:
    with pytest.raises(CommandError, match="ended with status 3") as failure:
        list(programs.filtered(["sh", "-c", "cat >&2; exit 3"], [b"first\n", b"last word\n"], 100))
    assert failure.value.hint == "last word"
    with pytest.raises(CommandError, match="is not installed"):
        list(programs.filtered(["no-such-filter"], [b""], 100))


def test_a_filter_that_ends_early_is_no_failure_of_the_source() -> None:
    assert b"".join(programs.filtered(["head", "-c", "5"], (b"x" * 100_000 for _ in range(100)), 100)) == b"xxxxx"


def test_a_source_that_fails_ends_the_filter() -> None:
    def source() -> Iterator[bytes]:
        yield b"x"
        raise LookupError("the source")

    with pytest.raises(LookupError, match="the source"):
        list(programs.filtered(["cat"], source(), 100))


def test_no_input_is_left_to_the_garbage_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """From Python 3.13 on it reports that nobody reads what is left any more."""

    def source() -> Iterator[bytes]:
        yield b"x"
        raise LookupError

    made: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def note(*words: Any, **how: Any) -> subprocess.Popen[bytes]:
        made.append(start(*words, **how))
        return made[-1]

    monkeypatch.setattr(subprocess, "Popen", note)
    with pytest.raises(LookupError):
        list(programs.filtered(["cat"], source(), 100))
    assert list(programs.filtered(["true"], (b"x" * 5000 for _ in range(100)), 100)) == []
    assert [process.stdin is not None and process.stdin.closed for process in made] == [True, True]


def test_a_filter_that_nobody_reads_on_is_ended() -> None:
    running = programs.filtered(["yes"], [b""], 100)
    assert next(running)
    running.close()  # type: ignore[attr-defined]


# -- beside this one --------------------------------------------------------------------------------


def ended(child: programs.Child) -> tuple[int, str]:
    child._process.wait(60)
    assert child._listening.wait(60)
    found = child.look()
    assert found is not None
    return found


def test_a_program_beside_this_one_reads_its_data_and_is_listened_to() -> None:
    child = programs.Child(["sh", "-c", "tr a-z A-Z; echo done >&2; exit 3"], b"abc ")
    assert ended(child) == (3, "ABC done\n")


def test_only_the_end_of_what_it_writes_is_kept() -> None:
    status, said = ended(programs.Child(["sh", "-c", "seq 100000; echo the end"], b""))
    assert status == 0 and said.endswith("100000\nthe end\n") and len(said) == 4096


def test_a_program_that_reads_nothing_is_no_failure() -> None:
    assert ended(programs.Child(["true"], b"x" * 1_000_000)) == (0, "")


def test_a_program_that_runs_is_ended() -> None:
    child = programs.Child(["sleep", "600"], b"")
    assert child.look() is None
    child.kill()
    assert child.look() == (-signal.SIGKILL, "")


def test_a_program_that_is_not_there_cannot_run_beside_this_one() -> None:
    with pytest.raises(CommandError, match="'nosuch-program' is not installed"):
        programs.Child(["nosuch-program"], b"")


def test_a_program_beside_this_one_does_not_get_ctrl_c() -> None:
    child = programs.Child(["sh", "-c", "cat; ps -o sid= -p $$"], b"")
    assert int(ended(child)[1]) == child._process.pid
