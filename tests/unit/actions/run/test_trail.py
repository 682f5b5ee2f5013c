"""What a run writes down, when, and when its trail goes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.plan import Plan, RunContext, Step, apply
from virtprov.actions.run.trail import FileTrail, Trail, for_host, making, note_nothing
from virtprov.actions.run.trail_reader import read_ended_runs
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Define, Redefine, Start
from virtprov.guest.disks.new.volumes import NewPool, NewVolume
from virtprov.guest.document import DomainDocument
from virtprov.host.connection import Host, connect
from virtprov.support.errors import HostError

Around = Callable[[Any], RunContext]
Look = Callable[[Host], dict[str, list[str]]]
NEW = """<domain type='test'><name>new</name><uuid>9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01</uuid><memory>65536</memory>
<os><type>hvm</type></os><devices/></domain>"""
VOLUME = NewVolume("images", "new.img", "/srv/images/new.img", "raw", 1024**2, 0)
MAKE_VOLUME = storage.MakeVolume(VOLUME)
STEPS: tuple[Step, ...] = (
    storage.MakePool(NewPool("more", "/srv/more")),
    storage.MakeVolume(VOLUME._replace(pool="more", path="/srv/more/new.img")),
    MAKE_VOLUME,
    Define("new", DomainDocument.parse(NEW)),
    Start("new"),
)
SEED = Volume("seed.iso", "images", passing=True)


class Interrupt:
    """A step in which the user presses Ctrl-C; another one may be done in it."""

    label = "waiting"

    def __init__(self, step: Step | None = None) -> None:
        self.step = step

    def do(self, context: RunContext) -> Any:
        context.gate.pending = True  # as the signal's handler does
        return None if self.step is None else self.step.do(context)


def lines_of(home: Path) -> list[Any]:
    return [json.loads(line) for path in home.iterdir() for line in path.read_text().splitlines()]


@pytest.mark.parametrize("count", range(len(STEPS)))
def test_interrupt_within_a_step_leaves_no_trail(
    count: int, place: Host, context: RunContext, listed: Look, home: Path
) -> None:
    before = listed(place)
    with pytest.raises(KeyboardInterrupt):
        apply(Plan((), (*STEPS[:count], Interrupt(STEPS[count]), *STEPS[count + 1 :])), context)
    assert listed(place) == before
    assert not home.exists() or os.listdir(home) == []


@pytest.mark.parametrize("count", range(len(STEPS) + 1))
def test_interrupt_between_steps_leaves_no_trail(
    count: int, place: Host, context: RunContext, listed: Look, home: Path
) -> None:
    before = listed(place)
    with pytest.raises(KeyboardInterrupt):
        apply(Plan((), (*STEPS[:count], Interrupt(), *STEPS[count:])), context)
    assert listed(place) == before
    assert not home.exists() or os.listdir(home) == []


def test_trail_goes_with_a_run_that_ends_well(context: RunContext, home: Path) -> None:
    apply(Plan((), STEPS), context)
    assert os.listdir(home) == []


def test_begin_is_on_the_disk_before_the_call(place: Host, context: RunContext, home: Path) -> None:
    seen: list[Any] = []

    class Watching(StandIn):
        real = place

        def storage_create_volume(self, *args: Any, **settings: Any) -> Any:
            seen.extend(lines_of(home))
            return place.storage.create_volume(*args, **settings)

    context.host = Watching()  # type: ignore[assignment]
    MAKE_VOLUME.do(context)
    head, begin = seen
    assert (head["virtprov"], head["pid"], head["uri"], head["guest"]) == (2, os.getpid(), place.uri, "new")
    assert begin["begin"]["name"] == "new.img" and begin["begin"]["pool"] == "images" and begin["n"] == 1


def test_made_writes_what_the_artifact_is_known_by_once(context: RunContext, home: Path) -> None:
    entry = context.trail.begin(SEED)
    entry.note_created(SEED._replace(key="k"))
    entry.note_created()
    head, begin, made = lines_of(home)
    assert entry.is_made and begin["begin"].get("key") is None and made["made"]["key"] == "k"
    entry.note_removed()
    entry.note_removed()
    assert lines_of(home)[3:] == [{"gone": True, "n": 1}]
    assert context.trail.artifacts(Volume) == []


def test_passing_artifact_keeps_the_trail_until_it_is_gone(place: Host, context: RunContext, home: Path) -> None:
    with context.making(SEED):
        place.storage.create_volume("images", VOLUME._replace(name="seed.iso").xml())
    context.trail.finish()
    assert lines_of(home)[-1] == {"complete": True}
    context.trail.finish_waiting(place)
    assert len(os.listdir(home)) == 1
    place.storage.delete_volume("images", "seed.iso")
    context.trail.finish_waiting(place)
    assert os.listdir(home) == []


def test_kept_trail_outlives_its_run(place: Host, context: RunContext, home: Path) -> None:
    MAKE_VOLUME.do(context)
    context.trail.keep()
    context.trail.finish()
    context.trail.finish_waiting(place)
    assert len(os.listdir(home)) == 1


def test_host_that_is_cut_off_leaves_the_trail(place: Host, told: Any, with_trail: Around, home: Path) -> None:
    lost = connect(place.uri)

    class Gone:
        label = "losing the host"

        def do(self, context: RunContext) -> None:
            lost.close()
            context.host.guests.find("web")

    with pytest.raises(HostError, match="cannot look for the guest"):
        apply(Plan((), (MAKE_VOLUME, Gone())), with_trail(lost))
    assert told.warned[-1].startswith(
        "some changes could not be undone; remove them later with `virtprov-install --clean-up`"
    )
    assert len(os.listdir(home)) == 1


def test_making_keeps_an_artifact_whose_cleaning_up_fails(place: Host, context: RunContext) -> None:
    with pytest.raises(ValueError), making(context.trail, place, SEED) as entry:
        try:
            raise HostError("it broke off")
        except HostError:
            with entry.cleaning_up():
                raise ValueError("it cannot be deleted") from None
    assert context.trail.is_kept and context.trail.artifacts(Volume) == [SEED]


def test_making_drops_an_artifact_that_is_cleaned_up(place: Host, context: RunContext) -> None:
    with pytest.raises(HostError), making(context.trail, place, SEED) as entry:
        with entry.cleaning_up():
            pass
        raise HostError("it broke off")
    assert not context.trail.is_kept and context.trail.artifacts(Volume) == []


def test_one_call_in_the_last_step_needs_no_trail(place: Host, context: RunContext, home: Path) -> None:
    place.guests.destroy("web")
    with context.trail.last_step():
        Start("web").do(context)
    assert not home.exists()
    Redefine("web", place.guests.xml("web", inactive=True)).do(context)
    assert len(os.listdir(home)) == 1


def test_trail_of_a_run_at_work_is_not_read(context: RunContext) -> None:
    MAKE_VOLUME.do(context)
    unreadable: list[str] = []
    assert list(read_ended_runs(unreadable)) == [] and unreadable == []


def test_state_directory_that_cannot_be_written_is_said_once(
    place: Host, told: Any, with_trail: Around, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    apply(Plan((), STEPS), with_trail(place))
    assert len(told.warned) == 1 and told.warned[0].startswith(
        "cannot write the recovery log: if this run is killed, what it leaves must be removed by hand"
    )


def test_beat_shows_that_the_run_is_at_work(context: RunContext, home: Path) -> None:
    MAKE_VOLUME.do(context)
    (path,) = home.iterdir()
    os.utime(path, (1, 1))
    context.trail.beat()
    assert path.stat().st_mtime > 1


def test_for_host_writes_nothing_where_all_ends_with_the_run(place: Host, recorded: Host) -> None:
    assert not for_host("virtprov-install", place, print).writes
    assert not for_host("virtprov-install", recorded, print).writes


def test_note_nothing_takes_no_note(home: Path) -> None:
    with note_nothing(SEED) as entry:
        entry.note_created()
    assert not home.exists() and not Trail().is_written and FileTrail.writes
