"""What may hold passwords is for its owner alone, whatever the umask is and whoever was there before."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from virtprov.support.errors import ProvError
from virtprov.support.user_files import private, state


@pytest.fixture(autouse=True)
def no_umask() -> Iterator[None]:
    """The worst that a user can set."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "a" / "b"))
    return tmp_path / "a" / "b"


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_what_is_made_is_private(base: Path) -> None:
    lines = state.Lines.create("run")
    assert mode(base / "virtprov") == 0o700 and mode(lines.path) == 0o600
    assert mode(base) == mode(base.parent) == 0o755
    lines.close()


def test_what_is_open_to_others_is_closed_again(base: Path) -> None:
    lines = state.Lines.create("run")
    lines.close()
    os.chmod(base / "virtprov", 0o777)
    os.chmod(lines.path, 0o666)
    state.Lines.open(lines.path).close()
    assert mode(lines.path) == 0o600
    assert state.listing("run") == [lines.path] and mode(base / "virtprov") == 0o700


def test_a_link_to_a_folder_of_all_is_refused_and_left_as_it_is(base: Path, tmp_path: Path) -> None:
    base.mkdir(parents=True)
    (tmp_path / "open").mkdir(mode=0o777)
    (base / "virtprov").symlink_to(tmp_path / "open")
    with pytest.raises(ProvError, match="is a link to a folder that other users can access"):
        state.directory()
    assert mode(tmp_path / "open") == 0o777
    os.chmod(tmp_path / "open", 0o700)
    assert state.directory() == str(base / "virtprov")


def test_what_belongs_to_others_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = state.Lines.create("run")
    lines.close()
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(ProvError, match="belongs to another user"):
        state.directory()
    with pytest.raises(ProvError, match="belongs to another user"):
        state.Lines.open(lines.path)


def test_a_file_in_the_way_is_said(base: Path) -> None:
    base.mkdir(parents=True)
    (base / "virtprov").touch()
    with pytest.raises(ProvError, match="cannot create the state directory"):
        state.directory()
    for path in (base / "virtprov", base / "virtprov" / "below"):
        with pytest.raises(NotADirectoryError, match="virtprov'$"):
            private.make_folder(str(path))


def test_a_new_file_is_private_and_never_in_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    private.write_new(str(path), b"a")
    assert path.read_bytes() == b"a" and mode(path) == 0o600
    with pytest.raises(ProvError, match="cannot write .*secret: File exists"):
        private.write_new(str(path), b"b")
    assert path.read_bytes() == b"a"
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProvError, match="File exists"):
        private.write_new(str(tmp_path / "link"), b"b")
    assert not (tmp_path / "elsewhere").exists()


def test_a_new_file_that_cannot_be_filled_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fdopen

    def full(number: int, how: str) -> IO[bytes]:
        os.close(number)
        return real(os.open("/dev/full", os.O_WRONLY), how)

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(ProvError, match="cannot write .*secret: No space left on device"):
        private.write_new(str(tmp_path / "secret"), b"a")
    assert list(tmp_path.iterdir()) == []
