"""Opening the way to the disks, and closing it again."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.run import artifact, teardown
from virtprov.actions.run.artifact import Thing
from virtprov.actions.run.plan import World
from virtprov.actions.steps.access import LetSearch
from virtprov.host.connection import Host
from virtprov.support.acl import Person, let_search, may_search, rights_of
from virtprov.support.errors import HostError

WHO = Person("somebody", 64000001, frozenset())
Maker = Callable[[Host], World]


def the_step(world: World, directory: Path) -> tuple[Thing, Callable[[], object]]:
    """Open a directory; returns what the trail knows of it, and the way back."""
    undo = LetSearch(str(directory), WHO).do(world)
    (thing,) = world.trail.held(artifact.RIGHTS)
    assert undo is not None
    return thing, undo


@pytest.fixture
def world(place: Host, world_of: Maker) -> World:
    return world_of(place)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir(mode=0o700)
    return tmp_path / "a"


def test_it_is_undone_by_the_rights_that_were(world: World, directory: Path) -> None:
    assert LetSearch(str(directory), WHO).label == f"Letting 'somebody' search {directory}"
    thing, undo = the_step(world, directory)
    assert may_search(str(directory), WHO)
    assert thing.words() == f"the right of 'somebody' to search {directory}"
    undo()
    assert not may_search(str(directory), WHO)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert not world.trail.held(artifact.RIGHTS)


def test_the_trail_brings_back_a_list_too(world: World, directory: Path) -> None:
    """What a killed run wrote down goes through JSON."""
    let_search(str(directory), WHO._replace(uid=64000002))
    before = rights_of(str(directory))
    thing = artifact.from_json(json.loads(json.dumps(the_step(world, directory)[0].as_json())))
    assert teardown.standing(world.host, thing).state == teardown.OURS
    teardown.take_down(world.host, thing)
    assert rights_of(str(directory)) == before
    assert teardown.standing(world.host, thing).state == teardown.GONE


def test_rights_that_somebody_changed_stay(world: World, directory: Path, told: Any) -> None:
    thing, undo = the_step(world, directory)
    directory.chmod(0o755)
    assert teardown.standing(world.host, thing).state == teardown.OTHERS
    undo()
    assert may_search(str(directory), WHO)
    assert [line for line in told.warned if "stays: somebody has changed the rights" in line]


def test_a_step_that_was_killed_before_its_call_leaves_nothing(world: World, directory: Path) -> None:
    thing, undo = the_step(world, directory)
    undo()
    assert teardown.standing(world.host, thing._replace(made=False)).state == teardown.GONE
    directory.rmdir()
    assert teardown.standing(world.host, thing).state == teardown.GONE


def test_what_cannot_be_changed_is_said(world: World, directory: Path) -> None:
    with pytest.raises(HostError, match="cannot be changed: No such file") as caught:
        LetSearch(str(directory / "gone"), WHO).do(world)
    assert "setfacl --modify user:somebody:x" in caught.value.hint


def test_what_cannot_be_put_back_is_said(world: World, directory: Path) -> None:
    thing, _ = the_step(world, directory)
    directory.rmdir()
    with pytest.raises(HostError, match="cannot be put back"):
        teardown.take_down(world.host, thing)
