"""Opening the way to the disks, and closing it again."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.permissions import LetSearch
from virtprov.support.acl import Person, may_search
from virtprov.support.errors import HostError

WHO = Person("somebody", 64000001, frozenset())
WORLD: Any = None


def test_it_is_undone_by_the_rights_that_were(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o700)
    step = LetSearch(str(tmp_path / "a"), WHO)
    assert step.label == f"Letting 'somebody' search {tmp_path / 'a'}"
    undo = step.do(WORLD)
    assert may_search(str(tmp_path / "a"), WHO) and undo is not None
    undo()
    assert not may_search(str(tmp_path / "a"), WHO)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_what_cannot_be_changed_is_said(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="cannot be changed: No such file") as caught:
        LetSearch(str(tmp_path / "gone"), WHO).do(WORLD)
    assert "setfacl --modify user:somebody:x" in caught.value.hint


def test_what_cannot_be_put_back_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir(mode=0o700)
    undo = LetSearch(str(tmp_path / "a"), WHO).do(WORLD)
    (tmp_path / "a").rmdir()
    assert undo is not None
    with pytest.raises(HostError, match="cannot be put back"):
        undo()
