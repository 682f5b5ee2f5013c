"""The right to search a directory: whether it still stands, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Evidence
from virtprov.actions.run.artifacts.directory_access import SearchRight, parse, spell
from virtprov.actions.run.trail_reader import from_json
from virtprov.support.errors import HostError
from virtprov.support.file_access.acl import Before, Person, let_search, rights_of

WHO = Person("somebody", 64000001, frozenset())
HOST: Any = None  # rights are this machine's


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir(mode=0o700)
    return tmp_path / "a"


@pytest.fixture
def right(directory: Path) -> SearchRight:
    """A right that was given just now, to a directory with a list of its own."""
    let_search(str(directory), WHO._replace(uid=64000002))
    before = spell(rights_of(str(directory)))
    let_search(str(directory), WHO)
    return SearchRight(WHO.name, str(directory), before, WHO.uid)


def state_of(right: SearchRight) -> str:
    return right.standing(HOST, Evidence()).state


def test_search_right_is_named(right: SearchRight, directory: Path) -> None:
    assert right.describe() == f"permission of 'somebody' to search {directory}"


def test_search_right_is_taken_back_through_json(right: SearchRight, directory: Path) -> None:
    read = from_json(json.loads(json.dumps(right.as_json())))
    assert read == right and state_of(right) == OURS
    read.take_down(HOST)
    assert spell(rights_of(str(directory))) == right.before
    assert state_of(right) == GONE


def test_search_right_that_somebody_changed_is_theirs(right: SearchRight, directory: Path) -> None:
    directory.chmod(0o755)
    assert state_of(right) == OTHERS


def test_search_right_is_gone_with_its_directory(right: SearchRight, directory: Path) -> None:
    directory.rmdir()
    assert state_of(right) == GONE
    with pytest.raises(HostError, match="cannot restore the permissions of "):
        right.take_down(HOST)


@pytest.mark.parametrize("rights", [Before(0o711, None), Before(0o700, b"\x02\x00")])
def test_spell_is_read_by_parse(rights: Before) -> None:
    assert parse(spell(rights)) == rights
