"""Commands of --wait run= through ssh; a program of the tests stands for ssh, and runs them here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtprov.actions.waiting import ssh_commands
from virtprov.actions.waiting.ssh_commands import EVERY, SshCommand

PLACE = ("192.0.2.5", 2222)
SSH = """#!/bin/sh
printf '%s\\n' "$@" >> "$LOG"
for word; do :; done
eval "$word"
"""
SUDO = """#!/bin/sh
[ "$*" = "-n true" ] && exit "$SUDO_STATUS"
shift
IS_ROOT=yes exec "$@"
"""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The words that ssh was given, one on each line."""
    for name, text in (("ssh", SSH), ("sudo", SUDO), ("id", "#!/bin/sh\necho 1000\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.setenv("SUDO_STATUS", "1")
    return tmp_path / "log"


def log_in(address: str, port: int) -> list[str]:
    return ["ssh", "-p", str(port), f"debian@{address}"]


def until_ended(command: SshCommand) -> None:
    assert command.is_running and command.in_words() == "still running"
    assert command._child is not None
    command._child._process.wait(60)
    command.look()
    assert not command.is_running


def begun(text: str) -> SshCommand:
    command = SshCommand(log_in, text)
    assert not command.was_tried
    command.begin(PLACE)
    assert command.was_tried
    return command


def test_a_command_that_succeeds(log: Path) -> None:
    command = begun('echo "it\'s so" | tee /dev/stderr >&2; exit 0')
    until_ended(command)
    assert command.has_succeeded and command.in_words() == "ended with 0: it's so it's so"
    words = log.read_text().splitlines()
    assert words[-4:-1] == ["-p", "2222", "debian@192.0.2.5"] and "BatchMode=yes" in words
    assert not any("it's" in word for word in words), "it is in no list of processes"


def test_the_end_of_a_command_is_found_out_later(log: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    command = begun(f"read word < {tmp_path}/gate; exit $word")
    command.look()
    assert command.is_running and not command.has_succeeded
    (tmp_path / "gate").write_text("3\n")
    until_ended(command)
    assert not command.has_succeeded and command.in_words() == "ended with 3"


def test_a_command_that_fails_begins_again_after_a_while(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(ssh_commands, "monotonic", clock)
    command = begun("exit 1")
    until_ended(command)
    for clock.now, runs in ((1.0, False), (EVERY - 0.1, False), (EVERY, True)):
        command.begin(PLACE)
        assert command.is_running is runs
    until_ended(command)


@pytest.mark.parametrize(("status", "is_root"), [("0", True), ("1", False)])
def test_a_user_who_may_is_root(status: str, is_root: bool, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_STATUS", status)
    command = begun("echo root: $IS_ROOT")
    until_ended(command)
    assert command.in_words() == f"ended with 0: root:{' yes' if is_root else ''}"


def test_what_ssh_says_is_shown(log: Path, tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text("#!/bin/sh\nprintf 'Permission \\033[31mdenied' >&2\nexit 255\n")
    command = begun("true")
    until_ended(command)
    assert command.in_words() == r"ssh failed: Permission \x1b[31mdenied" and not command.has_succeeded


def test_a_guest_that_says_a_lot_is_cut_short(log: Path) -> None:
    command = begun("yes nonsense | head -n 300000; echo the end")
    until_ended(command)
    words = command.in_words()
    assert words.endswith("nonsense the end") and len(words) < 400


def test_ssh_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    command = begun("true")
    assert not command.is_running and command.in_words() == "the program 'ssh' is not installed"


def test_the_end_of_the_wait_ends_the_command(log: Path, tmp_path: Path) -> None:
    command = begun(f"echo $$ > {tmp_path}/number; sleep 600")
    process = command._child._process if command._child is not None else None
    assert process is not None
    command.close()
    assert process.poll() == -9 and not command.is_running
    command.close()
