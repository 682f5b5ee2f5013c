"""Hosts are opened without a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

import virtprov
from virtprov.library import connecting


@pytest.mark.parametrize(
    ("uri", "opened"),
    [
        ("qemu+ssh://root@far/system", "qemu+ssh://root@far/system?no_tty=1"),
        ("qemu+ssh://far/system?keyfile=/k", "qemu+ssh://far/system?keyfile=/k&no_tty=1"),
        ("qemu+ssh://far/system?no_tty=0", "qemu+ssh://far/system?no_tty=0"),
        ("qemu+libssh2://far/system", "qemu+libssh2://far/system"),
        ("test:///default", "test:///default"),
    ],
)
def test_ssh_is_told_not_to_ask(uri: str, opened: str) -> None:
    assert connecting._without_terminal(uri) == opened


def test_ssh_runs_in_batch_mode(tmp_path: Path) -> None:
    said = tmp_path / "said"
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" > {said}\nexit 1\n')
    program.chmod(0o755)
    with pytest.raises(virtprov.HostError):
        virtprov.connect(f"qemu+ssh://far.invalid/system?command={program}")
    assert "BatchMode=yes" in said.read_text()


def test_credentials_are_asked_of_the_program(tmp_path: Path) -> None:
    inventory = tmp_path / "host.xml"
    inventory.write_text("<node><auth><user password='sesame'>ops</user></auth></node>")
    asked: list[tuple[str, bool]] = []

    def answer(prompt: str, secret: bool) -> str:
        asked.append((prompt, secret))
        return "sesame" if secret else "ops"

    with virtprov.connect(f"test://{inventory}", ask=answer) as host:
        assert host.uri == f"test://{inventory}"
    assert [secret for _, secret in asked] == [False, True]
    for silent in (None, lambda prompt, secret: None):
        with pytest.raises(virtprov.HostError):
            virtprov.connect(f"test://{inventory}", ask=silent)


def test_the_environment_names_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "test:///default")
    with virtprov.connect() as host:
        assert host.uri == "test:///default"


def test_a_uri_is_opened_for_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with connecting.open_host("test:///default") as host:
        assert host.is_alive
    assert not host.is_alive
    with virtprov.connect("test:///default") as mine:
        with connecting.open_host(mine) as host:
            assert host is mine
        assert mine.is_alive
