"""A new guest beside recovery logs of earlier runs that cannot be read: they are named, kept, and in nobody's way."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from tests.place import default_host
from virtprov.actions.run import trail
from virtprov.actions.run.trail import FORM, FileTrail
from virtprov.cli import app
from virtprov.cli.install import command

HEAD = {"virtprov": FORM, "tool": "virtprov-install", "uri": "test:///default", "guest": "a", "time": 1, "pid": 7}
BEGIN = {"begin": {"kind": "volume", "name": "v", "path": "/nowhere/v"}, "n": 1, "at": 1.0}
GOOD = f"{json.dumps(HEAD)}\n{json.dumps(BEGIN)}\n".encode()
DAMAGED = {
    "cut in its first line, with more behind": (GOOD[9:], b"is corrupt"),
    "not UTF-8": (GOOD.replace(b'"guest": "a"', b'"guest": "\xff\xfe"'), b"is corrupt"),
    "not UTF-8 at all": (b"\xff\xfe\x00\x80\n" * 3, b"is corrupt"),
    "nested deeply": (b"[" * 200_000 + b"\n" + GOOD.splitlines(keepends=True)[1], b"is corrupt"),
    "only nested deeply": (b"[" * 200_000 + b"]" * 200_000 + b"\n", b"is corrupt"),
    "of a newer version": (GOOD.replace(b'"virtprov": %d' % FORM, b'"virtprov": 999'), b"newer release"),
}
ASKED = (
    "--connect test:///default --name fresh --memory 64 --import --osinfo generic --disk pool=default-pool,size=1 "
    "--noautoconsole"
).split()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, only_bundled_profiles: None) -> Path:
    """The state directory of a host on which runs leave logs, as all but libvirt's test driver are."""

    def for_host(tool: str, host: Any, warn: Any) -> FileTrail:
        return FileTrail(tool, host, warn)

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(trail, "for_host", for_host)
    path = tmp_path / "virtprov"
    path.mkdir(mode=0o700)
    return path


def create(capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with default_host("fresh") as host:
        status = app.run("virtprov-install", command.main, ASKED)
        is_there = host.guests.find("fresh") is not None
        host.storage.delete_volume("default-pool", "fresh.qcow2")
    said = capsys.readouterr()
    assert is_there is (status == 0)
    return status, said.out, said.err


@pytest.mark.parametrize(("text", "reason"), DAMAGED.values(), ids=DAMAGED)
def test_the_log_is_named_and_kept(
    text: bytes, reason: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / f"run-{1:020d}-7.jsonl"
    path.write_bytes(text)
    status, out, err = create(capsys)
    assert status == 0 and "Guest 'fresh' has been created" in out
    (line,) = [line for line in err.splitlines() if str(path) in line]
    assert line.startswith("warning: ") and reason.decode() in line and "bug" not in err
    assert [each.name for each in folder.iterdir()] == [path.name] and path.read_bytes() == text


def test_a_line_that_was_cut_off_is_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / f"run-{1:020d}-7.jsonl"
    path.write_bytes(GOOD + GOOD.splitlines()[1][:-9])
    status, _, err = create(capsys)
    assert (
        status == 0
        and "virtprov-install for 'a' on test:///default" in err
        and "may have left volume /nowhere/v" in err
    )
    assert path.exists()


def test_what_was_cut_off_before_anything_was_made_goes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / f"run-{1:020d}-7.jsonl").write_bytes(GOOD[:40])
    status, _, err = create(capsys)
    assert status == 0 and "run-" not in err and list(folder.iterdir()) == []


def test_a_huge_file_is_not_read_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / f"run-{1:020d}-7.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no room
    tracemalloc.start()
    try:
        status, _, err = create(capsys)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert status == 0 and f"'{path}' of an interrupted run is corrupt" in err
    assert most < 300 << 20 and path.stat().st_size == 1 << 40
