"""Reading what the user names; writing all or nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from virtprov.support.errors import InputError, ProvError
from virtprov.support.file_access import files


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_missing_file_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "user-data.yaml").touch()
    with pytest.raises(InputError) as caught:
        files.read_bytes(str(tmp_path / "user-data.yml"), what="user-data file")
    assert str(caught.value) == f"the user-data file '{tmp_path}/user-data.yml' does not exist"
    assert caught.value.hint == "did you mean 'user-data.yaml'?"


def test_a_missing_directory_is_the_hint(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        files.read_bytes(str(tmp_path / "none" / "a"))
    assert caught.value.hint == f"directory '{tmp_path}/none' does not exist"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        files.read_bytes(str(tmp_path), what="ssh key")


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    error = files.unreadable(str(tmp_path / "a"), PermissionError(13, "Permission denied"), "file")
    assert str(error) == f"the file '{tmp_path}/a' cannot be read: permission denied"


def test_too_large(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 2049)
    with pytest.raises(InputError, match="is larger than 2 KiB"):
        files.read_bytes(str(tmp_path / "big"), limit=2048)
    assert len(files.read_bytes(str(tmp_path / "big"), limit=2049)) == 2049


def test_a_pipe_can_be_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"secret\n")
    os.close(writing)
    assert files.read_bytes(f"/dev/fd/{reading}") == b"secret\n"
    os.close(reading)


def test_write_atomic_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    files.write_atomic(str(target), "nä")
    assert target.read_text(encoding="utf-8") == "nä"
    assert mode(target) == 0o644
    assert os.listdir(tmp_path) == ["a"]


def test_a_failure_inside_keeps_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    with pytest.raises(RuntimeError), files.writing(str(target)) as temporary:
        assert mode(temporary) == 0o600
        Path(temporary).write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(ProvError, match="cannot be written: no such file or directory"):
        files.write_atomic(str(tmp_path / "none" / "a"), b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProvError, match="cannot be written: is a directory"):
        files.write_atomic(str(tmp_path / "folder"), b"")
    assert os.listdir(tmp_path) == ["folder"]


def test_private_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with files.private_file(suffix=".xml") as path:
        assert mode(path) == 0o600
        assert path.endswith(".xml")
        assert os.listdir(tmp_path) == [os.path.basename(path)]
    assert os.listdir(tmp_path) == []
    kept = files.private_file()
    kept.remove()
    kept.remove()
    assert os.listdir(tmp_path) == []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(ProvError, match="cannot create a temporary file in"):
        files.private_file()


def test_what_is_no_block_device(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert not any(files.is_block_device(str(path)) for path in (tmp_path, tmp_path / "a", tmp_path / "none"))
