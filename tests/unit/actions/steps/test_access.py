"""Opening the way to the disks, and closing it again."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.run.artifacts.directory_access import SearchRight
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps.access import grant_search
from virtprov.support.errors import HostError
from virtprov.support.file_access.acl import Person, may_search

WHO = Person("somebody", 64000001, frozenset())


@pytest.fixture
def context(place: Any, context_of: Any) -> Any:
    return context_of(place)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir(mode=0o700)
    return tmp_path / "a"


def test_grant_search_is_undone_by_the_rights_that_were(context: RunContext, directory: Path) -> None:
    step = grant_search(str(directory), WHO)
    assert step.label == f"Granting 'somebody' search permission on {directory}"
    undo = step.do(context)
    assert may_search(str(directory), WHO)
    assert [right.path for right in context.trail.artifacts(SearchRight)] == [str(directory)]
    assert undo is not None
    undo()
    assert not may_search(str(directory), WHO)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert not context.trail.artifacts(SearchRight)


def test_grant_search_leaves_rights_that_somebody_changed(context: RunContext, directory: Path, told: Any) -> None:
    undo = grant_search(str(directory), WHO).do(context)
    directory.chmod(0o755)
    assert undo is not None
    undo()
    assert may_search(str(directory), WHO)
    assert [line for line in told.warned if "is kept: the permissions of the directory have been changed" in line]


def test_grant_search_says_what_cannot_be_changed(context: RunContext, directory: Path) -> None:
    with pytest.raises(HostError, match="cannot change the permissions of") as caught:
        grant_search(str(directory / "gone"), WHO).do(context)
    assert "its owner or root can do it: `setfacl --modify user:somebody:x" in caught.value.hint
