"""Folders that are gone, and a disk that is full, in the middle of a run."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from virtprov.support.errors import ProvError
from virtprov.support.user_files import state

BIN = Path(__file__).resolve().parents[3] / "bin"
GUEST = "<domain type='test'><name>a</name><memory>1</memory><os><type>hvm</type></os></domain>"


@pytest.mark.parametrize(
    "words",
    [
        "virtprov-install --connect test:///default --name n --memory 64 --import --osinfo generic --disk a.img",
        "virtprov-xml --file a.xml --edit --memory 64",
        "virtprov-clone --connect test:///default --original-xml a.xml --auto-clone",
        "virtprov-install --identify a.iso",
        "virtprov-xml --version",
        "virtprov-xml --connect test:///default test --edit --memory 64 --print-xml",
    ],
)
def test_the_current_folder_is_gone(words: str, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    line = f"cd {folder} && rmdir {folder} && exec {sys.executable} {BIN / words.split()[0]} {words.split(' ', 1)[1]}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert "bug" not in done.stderr and "Traceback" not in done.stderr
    told = done.stdout + done.stderr
    assert done.returncode == 0 or "a." in told or "the current folder has been deleted" in told


def test_a_state_folder_that_is_full_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    lines = state.Lines.create("edit")
    lines.append({"a": 1})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heeded = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(lines.path) + 10, before[1]))
    try:
        with pytest.raises(ProvError, match=f"cannot write '{lines.path}': file too large"):
            lines.append({"b": "x" * 1000})
        lines.close()  # what is left in its buffer is no second failure
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heeded)
    again = state.Lines.open(lines.path)
    assert [line for _, line in again] == [{"a": 1}]
    again.close()
