"""virtprov-install --doctor: what is printed, and the exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.printing.test_colors import OURS, Screen
from virtprov.actions.doctor import finding
from virtprov.cli.install import command
from virtprov.support.errors import UsageError

ROOT = Path(__file__).resolve().parents[5]
HOSTS = ROOT / "tests" / "data" / "hosts"
Captured = pytest.CaptureFixture[str]


def doctor(host: str, *more: str) -> int:
    return command.main(["--connect", f"recorded://{HOSTS}/{host}", "--doctor", *more])


@pytest.fixture(autouse=True)
def on_fedora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "os-release").write_text("ID=fedora\n")
    monkeypatch.setattr(finding, "OS_RELEASE", str(tmp_path / "os-release"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_the_commands_of_this_machine_are_those_of_its_system(capsys: Captured) -> None:
    assert doctor("kvm") == 0
    out = capsys.readouterr().out
    assert "fix: dnf install zstd\n" in out and "apt install zstd" not in out
    assert doctor("far") == 1
    out = capsys.readouterr().out
    assert "fix on Debian: apt install libvirt-daemon-config-network\n" in out
    assert out.endswith("\n\nThis host cannot create guests yet: network is missing.\n")


def test_quiet_and_json(capsys: Captured) -> None:
    assert doctor("far", "--quiet") == 1
    out = capsys.readouterr().out
    assert "\nnetwork " in out and "This host" not in out and not out.endswith("\n\n")
    assert doctor("far", "--output", "json") == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["ready"] is False and facts["machine"] == "vm.example.com"
    (network,) = [check for check in facts["checks"] if check["name"] == "network"]
    assert network["mend"][0] == {"system": "debian", "command": "apt install libvirt-daemon-config-network"}


def test_other_flags_are_refused() -> None:
    with pytest.raises(UsageError, match="--memory cannot be used with --doctor"):
        doctor("kvm", "--memory", "100")


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_terminal(columns: int) -> None:
    shown = Screen(columns).run("virtprov-install", "--connect", f"recorded://{HOSTS}/far", "--doctor")
    assert "\x1b[1;31mmissing\x1b[0m" in shown and "\x1b[32mok\x1b[0m" in shown
    plain = OURS.sub("", shown)
    assert plain.isascii() and all(len(line) <= columns or " " not in line.strip() for line in plain.splitlines()[:-1])
    assert [line.split()[-2:] for line in plain.splitlines() if line.endswith("FOUND")] == [["STATE", "FOUND"]] * 2


def test_nothing_is_created(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "TERM": "dumb"}
    argv = [sys.executable, str(ROOT / "bin" / "virtprov-install"), "--connect", "test:///default", "--doctor"]
    assert subprocess.run(argv, env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert not (tmp_path / "home").exists()


def test_without_the_library(tmp_path: Path) -> None:
    (tmp_path / "libvirt.py").write_text("raise ImportError('libvirt.so.0: no such file', name='libvirt')\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "TERM": "dumb"}
    argv = [sys.executable, str(ROOT / "bin" / "virtprov-install"), "--doctor"]
    done = subprocess.run(argv, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 1 and done.stderr == ""
    assert "cannot be loaded: libvirt.so.0: no such file\n" in done.stdout
    assert done.stdout.endswith("This host cannot create guests yet: libvirt is missing.\n")
