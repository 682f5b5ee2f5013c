import os
import time
from pathlib import Path

import pytest

from virtprov.support.file_access import file_identity as module
from virtprov.support.file_access.file_identity import origin


def test_a_file_is_known_by_its_inode_and_its_birth(tmp_path: Path) -> None:
    path = tmp_path / "a"
    before = time.time()
    path.write_text("x")
    os.utime(path, (0, 0))
    seen = origin(str(path))
    assert seen is not None
    assert seen[0] == path.stat().st_ino
    assert seen[1] == 0.0 or before - 1 <= seen[1] <= time.time()


def test_what_is_written_later_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    before = origin(str(path))
    path.write_text("other")
    assert origin(str(path)) == before


def test_links_are_not_followed_and_nothing_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert origin(str(tmp_path / "link")) is not None
    assert origin(str(tmp_path / "nowhere")) is None


def test_without_the_call_the_inode_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_statx", lambda path: None)
    assert origin(str(tmp_path)) == (tmp_path.stat().st_ino, 0.0)
