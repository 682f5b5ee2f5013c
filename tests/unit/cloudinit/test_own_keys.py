"""The caller's own ssh keys: those of ssh-agent, otherwise those in ~/.ssh."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtprov.cloudinit import ssh_agent
from virtprov.cloudinit.own_keys import OwnKeys, find_own_keys
from virtprov.cloudinit.value_sources import Reader
from virtprov.support.errors import InputError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without an agent."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path


@pytest.fixture
def agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real ssh-agent without a key."""
    socket = home / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()  # it listens
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    yield socket
    process.terminate()
    process.wait()
    process.stdout.close()


def add_key(home: Path) -> str:
    file = home / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@here", "-f", file], check=True)
    subprocess.run(["ssh-add", "-q", file], check=True)
    return (home / "key.pub").read_text().strip()


def test_the_agents_keys_come_first(home: Path, agent: Path, key: str) -> None:
    (home / ".ssh/id_ed25519.pub").write_text(key)
    own = add_key(home)
    assert find_own_keys() == OwnKeys((own,), "ssh-agent")
    assert Reader().keys("ssh-key", "agent") == (own,)


def test_an_agent_without_keys_is_passed_over_unless_it_is_named(home: Path, agent: Path, key: str) -> None:
    (home / ".ssh/id_ed25519.pub").write_text(key)
    assert find_own_keys() == OwnKeys((key,), "~/.ssh/id_ed25519.pub")
    with pytest.raises(InputError, match="ssh-agent cannot list its keys: The agent has no identities") as caught:
        Reader().keys("ssh-key", "agent")
    assert "ssh-add" in caught.value.hint


def test_without_an_agent() -> None:
    with pytest.raises(InputError, match="ssh-agent is not running"):
        Reader().keys("ssh-key", "agent")


def test_an_agent_that_does_not_answer(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(home / "deaf"))
        deaf.listen()
        monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "deaf"))
        monkeypatch.setattr(ssh_agent, "SECONDS", 0.2)
        with pytest.raises(InputError, match="did not finish within 0.2 seconds"):
            Reader().keys("ssh-key", "agent")


def test_the_files_of_a_home(home: Path, key: str, other: str) -> None:
    folder = home / ".ssh"
    (folder / "id_rsa.pub").write_text(f"{other}\n")
    (folder / "id_ed25519.pub").write_text(f"{key}\n")
    (folder / "id_a.pub").write_text(f"{key}\n")
    (folder / "id_broken.pub").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (folder / "id_ed25519").write_text("private")
    (folder / "work.pub").write_text(other)
    os.mkdir(folder / "id_folder.pub")
    assert find_own_keys() == OwnKeys((key, other), "~/.ssh/id_a.pub, ~/.ssh/id_ed25519.pub, ~/.ssh/id_rsa.pub")


def test_a_home_without_keys(home: Path) -> None:
    assert find_own_keys() == OwnKeys((), "")
    (home / ".ssh").rmdir()
    assert find_own_keys().keys == ()
