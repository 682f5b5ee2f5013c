"""Passwords that libvirt asks for: asked on the terminal, and nowhere else."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from virtprov.cli import connecting

TOP = Path(__file__).resolve().parents[3]
ASKS = """<node>
<auth><user password='open sesame'>ali</user></auth>
<domain type='test'><name>cave</name><memory>65536</memory><os><type>hvm</type></os></domain>
</node>"""
SECONDS = 300


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A host of the test driver that asks for a user name and a password."""
    inventory = tmp_path / "asks.xml"
    inventory.write_text(ASKS)
    return f"test://{inventory}"


def show(uri: str) -> list[str]:
    return [
        sys.executable,
        str(TOP / "bin" / "virtprov-xml"),
        "--connect",
        uri,
        "cave",
        "--edit",
        "--print-xml",
        "--memory",
        "96",
    ]


def start(words: list[str], terminal: int | None) -> subprocess.Popen[str]:
    """Run a command in a session of its own, with this terminal or with none; standard input is not one."""
    if terminal is not None:
        words = ["setsid", "--ctty", "sh", "-c", 'exec "$@" </dev/null', "sh", *words]
    return subprocess.Popen(
        words, stdin=subprocess.DEVNULL if terminal is None else terminal, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=terminal is None,
    )  # fmt: skip


def read_until(master: int, words: str) -> str:
    """Return what the terminal shows, up to these words."""
    shown = b""
    while words.encode() not in shown:
        assert select.select([master], [], [], SECONDS)[0], f"the terminal shows only {shown!r}"
        shown += os.read(master, 1000)
    return shown.decode()


def answered(uri: str, password: str) -> tuple[int, str, str, str]:
    """Run a command and answer its questions; returns its status, its output, and what the terminal shows."""
    master, terminal = os.openpty()
    try:
        child = start(show(uri), terminal)
        shown = read_until(master, "username")
        os.write(master, b"ali\n")
        shown += read_until(master, "password")
        os.write(master, f"{password}\n".encode())
        out, errors = child.communicate(timeout=SECONDS)
        while select.select([master], [], [], 0)[0]:
            shown += os.read(master, 1000).decode()
    finally:
        os.close(master)
        os.close(terminal)
    return child.returncode, out, errors, shown


def test_a_password_is_asked_for_on_the_terminal_and_not_shown(uri: str) -> None:
    status, out, errors, shown = answered(uri, "open sesame")
    assert (status, errors) == (0, "")
    assert "<name>cave</name>" in out and "98304" in out
    assert "ali" in shown and "sesame" not in shown + out + errors


def test_a_wrong_password_is_refused_in_words(uri: str) -> None:
    status, out, errors, shown = answered(uri, "open barley")
    assert (status, out) == (3, "")
    assert "cannot connect to" in errors and "check the user name, the password" in errors
    assert "barley" not in shown + errors


def test_without_a_terminal_the_file_is_named(uri: str) -> None:
    child = start(show(uri), None)
    out, errors = child.communicate(timeout=SECONDS)
    assert (child.returncode, out) == (3, "")
    assert "the host asks for a user name, but none was given" in errors and "?authfile=FILE" in errors


@pytest.mark.parametrize("is_named", [False, True])
def test_ctrl_d_is_no_answer(uri: str, is_named: bool) -> None:
    master, terminal = os.openpty()
    try:
        child = start(show(uri), terminal)
        if is_named:
            read_until(master, "username")
            os.write(master, b"ali\n")
        read_until(master, "password" if is_named else "username")
        os.write(master, b"\x04")
        out, errors = child.communicate(timeout=SECONDS)
    finally:
        os.close(master)
        os.close(terminal)
    assert (child.returncode, out) == (3, "")
    assert f"the host asks for a {'password' if is_named else 'user name'}, but none was given" in errors


def test_the_key_of_a_host_is_not_a_question() -> None:
    assert connecting.ask("Accept SSH host key with hash 'ab:cd' for host 'far:22' (yes/no)?", False) is None


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "TERMINAL", "/nowhere")
    assert connecting.ask("Enter username", False) is None
    assert connecting.ask("Enter password", True) is None
