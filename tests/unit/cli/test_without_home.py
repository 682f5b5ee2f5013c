"""A home directory that does not exist: it is not created, and the commands go on without it as far as they can."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.trail import FileTrail
from virtprov.host.connection import connect
from virtprov.images import cache
from virtprov.support.errors import ProvError

BIN = Path(__file__).resolve().parents[3] / "bin"
NEW = "--connect test:///default --name n --memory 64 --import --osinfo generic --disk none --noautoconsole"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "none"))
    for what in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.delenv(f"XDG_{what}_HOME", raising=False)
    return tmp_path / "none"


@pytest.mark.parametrize(
    ("words", "out", "err"),
    [
        ("virtprov-install --help", "usage: virtprov-install", ""),
        (f"virtprov-install {NEW} --print-xml", "<name>n</name>", ""),
        (f"virtprov-install {NEW}", "Guest 'n' has been created", ""),
        ("virtprov-install --clean-up", "Nothing to clean up.", ""),
        (
            "virtprov-xml --connect test:///default test --define --edit --memory 64",
            "Changed the definition of 'test'",
            "this run cannot be undone: cannot create the state directory '{}/.local/state/virtprov': the home "
            "directory does not exist (set HOME or XDG_STATE_HOME to a directory that exists)",
        ),
    ],
)
def test_a_command_goes_on(words: str, out: str, err: str, home: Path) -> None:
    tool, *flags = words.split()
    done = subprocess.run([sys.executable, str(BIN / tool), *flags], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and out in done.stdout and err.format(home) in done.stderr
    assert not home.exists()


def test_a_run_without_a_recovery_log_is_warned_of(home: Path) -> None:
    warned: list[str] = []
    with connect("test:///default") as host:
        FileTrail("virtprov-install", host, warned.append).begin(Volume("a.img", "default-pool", "/default-pool/a.img"))
    (sentence,) = warned
    assert sentence.startswith("cannot write the recovery log") and "the home directory does not exist" in sentence
    assert not home.exists()


def test_what_cannot_do_without_names_the_home(home: Path) -> None:
    with pytest.raises(
        ProvError, match=f"'{home}/.cache/virtprov/images/.*': the home directory does not exist"
    ) as told:
        cache.hold("0123456789abcdef")
    assert "XDG_CACHE_HOME" in told.value.hint and not home.exists()
    os.mkdir(home)
    assert os.path.isdir(cache.hold("0123456789abcdef"))
