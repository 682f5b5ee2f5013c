"""Trails read back: every kind of artifact, damaged files, and those of newer releases."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.run import leftovers
from virtprov.actions.run.artifacts.artifact import Artifact
from virtprov.actions.run.artifacts.base_images import Base, ImageFiles
from virtprov.actions.run.artifacts.directory_access import SearchRight
from virtprov.actions.run.artifacts.file_mode import FileMode
from virtprov.actions.run.artifacts.local_files import AsideFile, Download, File
from virtprov.actions.run.artifacts.pools_and_volumes import DeletedSeed, Pool, Secret, Volume
from virtprov.actions.run.artifacts.removed import RemovedGuest, RemovedSecret, RemovedVolume
from virtprov.actions.run.artifacts.reservations import Reservation
from virtprov.actions.run.artifacts.stored_guests import AsideGuest, Autostart, Definition, Guest, StartedGuest
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail import FileTrail
from virtprov.actions.run.trail_reader import (
    DISCARD,
    KINDS,
    PASSED,
    UNDO,
    Run,
    find_active,
    from_json,
    read_ended_runs,
)
from virtprov.host.connection import Host
from virtprov.support.user_files import state

CutOff = Callable[..., None]
Read = Callable[[], Run]
EVERY: tuple[Artifact, ...] = (
    Pool("p", "u", "/p", volumes=2),
    Pool("p", "u", "/p", passing=True),
    Volume("v", "p", "/p/v", "k", "1:2.0", passing=True),
    Secret("/p/v", "u"),
    File("/f", "1:2.0"),
    Download("/home/u/.cache/virtprov/boot/1/linux", "12:3.000000", passing=True, had=True),
    AsideFile("/f", "/f.old", "1:2.0"),
    DeletedSeed.of("p", "s.iso", b"seed"),
    ImageFiles("0123456789abcdef", had=True),
    Base("x.base.qcow2", "p", "/p/x.base.qcow2", "k", "1:2.0", tag="0123456789abcdef"),
    SearchRight("somebody", "/d", "700", 64),
    FileMode("/d/tmpl.img", "0640", "0444", "1:2.0"),
    Reservation("default", "192.168.122.50", "52:54:00:00:00:01", "web"),
    Guest("g", "u", nvram=True),
    StartedGuest("g", "u", 7),
    Definition("g", "u", "<domain/>", "d"),
    Autostart("g", "u", on=True),
    AsideGuest("g", "u", "g.replaced", "<domain/>", active=True, persistent=False, nvram=True),
    RemovedGuest("g", "u", nvram=True),
    RemovedVolume("v", "p", "/p/v", "k", "1:2.0", "u"),
    RemovedSecret("/p/v", "u"),
)


@pytest.mark.parametrize("artifact", EVERY, ids=lambda artifact: type(artifact).__name__)
def test_every_artifact_comes_back_from_json(artifact: Artifact) -> None:
    assert from_json(json.loads(json.dumps(artifact.as_json()))) == artifact


def test_every_kind_is_known() -> None:
    assert {type(artifact) for artifact in EVERY} == set(KINDS.values())
    assert from_json({"kind": "guest", "name": "g", "later": 5}) == Guest("g")  # what a later release may add


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({}, KeyError),
        ({"kind": "spaceship", "name": "s"}, KeyError),
        ({"kind": "pool"}, TypeError),
        ({"kind": "pool", "name": 5}, ValueError),
        ({"kind": "pool", "name": "p", "volumes": "many"}, ValueError),
        ({"kind": "pool", "name": "p", "volumes": True}, ValueError),
        ({"kind": "file", "name": "f"}, TypeError),
    ],
)
def test_what_is_no_artifact_is_refused(facts: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        from_json(facts)


def test_run_is_read_with_what_it_left(context: RunContext, cut_off: CutOff, read_run: Read) -> None:
    for artifact in EVERY[:3]:
        entry = context.trail.begin(artifact)
    entry.note_created()
    context.trail.begin(Guest("g", "u")).note_removed()
    context.trail.begin(StartedGuest("h", "w")).note_created()
    cut_off(context)
    run = read_run()
    assert (run.tool, run.guest, run.pid, run.phase) == ("virtprov-install", "new", os.getpid(), UNDO)
    assert [left.artifact for left in run.left] == [StartedGuest("h", "w"), *EVERY[2::-1]]
    assert [left.made for left in run.left] == [True, True, False, False]
    assert run.guests == {"w"} and 0 <= run.left[0].began - run.time < 100


@pytest.mark.parametrize(
    ("line", "phase", "kinds"),
    [("settled", DISCARD, ["volume", "pool", "replaced"]), ("complete", PASSED, ["volume", "pool"])],
)
def test_phase_says_what_has_to_go(
    line: str, phase: str, kinds: list[str], context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    replaced = next(artifact for artifact in EVERY if isinstance(artifact, AsideGuest))
    for artifact in (replaced, *EVERY[:3]):
        context.trail.begin(artifact).note_created()
    context.trail.write({line: True}, None)
    cut_off(context)
    run = read_run()
    assert run.phase == phase and [left.artifact.kind for left in run.left] == kinds


def put(home: Path, *lines: str) -> Path:
    """Write a trail into the state directory."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "run-00000000000000000001-1.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


HEAD = '{"virtprov":2,"tool":"virtprov-install","uri":"test:///default","guest":"g","time":1,"pid":1,"started":1}'
OLD = '{"run":{"tool":"virtprov-install","uri":"test:///default","guest":"g","at":1,"pid":1,"started":1}}'


@pytest.mark.parametrize(
    "lines",
    [
        ("[1,2]",),
        ("5",),
        ('{"virtprov":"2"}',),
        ('{"virtprov":2,"tool":"t"}',),
        ('{"virtprov":2,"tool":"t","uri":"test:///default","guest":"g","time":"x","pid":1}',),
        ('{"begin":{"kind":"pool","name":"p"},"n":1,"at":1.0}',),  # its first line is gone
        (HEAD, '{"begin":{"kind":"pool","name":"p"},"at":1.0}'),
        (HEAD, '{"begin":{"kind":"pool","name":"p"},"n":1}'),
        (HEAD, '{"begin":{"kind":"spaceship","name":"p"},"n":1,"at":1.0}'),
        (HEAD, '{"begin":{},"n":1,"at":1.0}'),
        (HEAD, '{"begin":{"kind":"volume","name":5,"path":7},"n":1,"at":1.0}'),
        (HEAD, '{"begin":"pool","n":1,"at":1.0}'),
        (HEAD, "[]"),
        ('{"run":5}',),
        ('{"run":{"tool":"t","uri":"test:///default","guest":"g","at":"x","pid":1}}',),
        ('{"run":{"tool":"t"}}',),
        (OLD, '{"begin":{"kind":"pool","name":"p"}}'),
        (OLD, '{"begin":{"kind":"spaceship","name":"p"},"n":1}'),
        (OLD, '{"begin":{"kind":"start","name":"p","number":"x"},"n":1}'),
    ],
)
def test_damaged_trail_is_named_and_left_alone(home: Path, lines: tuple[str, ...]) -> None:
    path = put(home, *lines)
    text = path.read_text()
    unreadable: list[str] = []
    assert list(read_ended_runs(unreadable)) == []
    (sentence,) = unreadable
    assert sentence.startswith(
        f"recovery log '{path}' of an interrupted run is corrupt: check the items it lists, then delete it"
    )
    assert leftovers.notice() == sentence and path.read_text() == text


def test_trail_of_a_newer_release_is_named_and_left_alone(home: Path) -> None:
    path = put(home, HEAD.replace('"virtprov":2', '"virtprov":3'), '{"other":"words"}', '{"cut')
    text = path.read_text()
    unreadable: list[str] = []
    assert list(read_ended_runs(unreadable)) == []
    assert unreadable == [f"'{path}' was written by a newer release of virtprov, so it is ignored"]
    assert leftovers.notice() == unreadable[0] and path.read_text() == text


def test_trail_without_a_whole_line_is_no_run(home: Path) -> None:
    path = state.Lines.create("run").path
    Path(path).write_text('{"run": {"to')
    assert list(read_ended_runs([])) == [] and os.listdir(home) == []


def test_find_active_names_the_process_of_a_run_that_goes_on(place: Host, context: RunContext) -> None:
    assert isinstance(context.trail, FileTrail)
    assert find_active(place.uri, "new") == 0
    context.trail.begin(Guest("new"))
    assert find_active(place.uri, "new") == os.getpid()
    assert find_active(place.uri, "old") == find_active("test:///default", "new") == 0
    context.trail.let_go()
    assert find_active(place.uri, "new") == 0


@pytest.mark.parametrize("head", ["", "[]", '{"uri":"u","guest":"g"}', '{"uri":"u","guest":"g","pid":1}\n'])
def test_find_active_leaves_out_what_is_no_run(home: Path, head: str) -> None:
    put(home, head)
    assert find_active("u", "g") == 0
