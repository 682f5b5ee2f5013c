"""Runs that are cut off after each of their steps, and what is found and removed of them later."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from virtprov.actions.run import artifact, leftovers
from virtprov.actions.run.artifact import Thing
from virtprov.actions.run.leftovers import Found, Run
from virtprov.actions.run.plan import Plan, Step, World, apply
from virtprov.actions.run.trail import FileTrail, for_host
from virtprov.actions.steps import storage
from virtprov.actions.steps.files import CopyFile, PutAside
from virtprov.actions.steps.guest import Define, Redefine, Replace, Start
from virtprov.guest.disks.volumes import NewPool, NewVolume
from virtprov.host.connection import Host, connect
from virtprov.support import state
from virtprov.support.errors import HostError

Look = Callable[[Host], dict[str, list[str]]]
UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01"
NEW = f"""<domain type='test'><name>new</name><uuid>{UUID}</uuid><memory>65536</memory>
<os><type>hvm</type></os><devices><disk type='file' device='disk'><source file='/srv/images/new.img'/>
<target dev='vda'/></disk></devices></domain>"""
OTHER = NEW.replace("<name>new", "<name>other").replace("9f01", "9f02")
VOLUME = NewVolume("images", "new.img", "/srv/images/new.img", "raw", 1024**2, 0)
STEPS: tuple[Step, ...] = (
    storage.MakePool(NewPool("more", "/srv/more")),
    storage.MakeVolume(VOLUME._replace(pool="more", path="/srv/more/new.img")),
    storage.MakeVolume(VOLUME),
    Define("new", NEW),
    Start("new"),
)


class Interrupt:
    """A step in which the user presses Ctrl-C."""

    label = "waiting"

    def do(self, world: World) -> None:
        world.gate.pending = True  # as the signal's handler does


@pytest.fixture(autouse=True)
def home(home: Path) -> Path:
    """Every test has a state directory of its own."""
    return home


@pytest.fixture
def world(place: Host, told: Any) -> World:
    """A world whose runs leave a trail."""
    return with_trail(place, told)


def with_trail(host: Host, told: Any) -> World:
    from virtprov.support.progress import Progress

    made = World(host, Progress(), told.said.append, told.warned.append)
    made.trail = FileTrail("virtprov-install", host, told.warned.append)
    made.trail.named("new")
    return made


def cut_off(world: World, begun: tuple[Step, ...] = ()) -> None:
    """Do steps as a run that is killed then."""
    for step in begun:
        step.do(world)
    trail = world.trail
    assert isinstance(trail, FileTrail)
    if trail._lines is not None:
        trail._lines.close()


@pytest.fixture
def one() -> Iterator[Callable[[], Run]]:
    """Read the one run that is left."""
    held = []

    def read() -> Run:
        ((run, lines),) = leftovers.ended([])
        held.append(lines)
        return run

    yield read
    for lines in held:
        lines.close()


def never(found: Found) -> bool:
    raise AssertionError(f"nothing is doubtful here, not {found}")


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_what_a_run_made_that_was_killed_is_removed(
    count: int, place: Host, world: World, listed: Look, one: Callable[[], Run]
) -> None:
    before = listed(place)
    cut_off(world, STEPS[:count])
    assert listed(place) != before
    run = one()
    found = leftovers.look(run, place)
    fates = leftovers.remove(run, place, found, never)
    assert listed(place) == before
    assert leftovers.is_settled(found, fates) and not leftovers.look(run, place)


@pytest.mark.parametrize("count", range(len(STEPS)))
def test_an_interrupt_within_a_step_leaves_neither(
    count: int, place: Host, world: World, listed: Look, home: Path
) -> None:
    class Interrupted:
        label = "a step in which Ctrl-C is pressed"

        def do(self, world: World) -> Any:
            world.gate.pending = True
            return STEPS[count].do(world)

    before = listed(place)
    with pytest.raises(KeyboardInterrupt):
        apply(Plan((), (*STEPS[:count], Interrupted(), *STEPS[count + 1 :])), world)
    assert listed(place) == before
    assert not home.exists() or os.listdir(home) == []


@pytest.mark.parametrize("count", range(len(STEPS) + 1))
def test_an_interrupted_run_leaves_neither_things_nor_a_trail(
    count: int, place: Host, world: World, listed: Look, home: Path
) -> None:
    before = listed(place)
    with pytest.raises(KeyboardInterrupt):
        apply(Plan((), (*STEPS[:count], Interrupt(), *STEPS[count:])), world)
    assert listed(place) == before
    assert not home.exists() or os.listdir(home) == []


def test_a_run_that_ends_well_leaves_no_trail(place: Host, world: World, home: Path) -> None:
    apply(Plan((), STEPS), world)
    assert os.listdir(home) == [] and leftovers.notice() == ""


def test_a_run_at_work_is_nobody_elses_business(world: World) -> None:
    STEPS[2].do(world)
    assert list(leftovers.ended([])) == [] and leftovers.notice() == ""


def test_each_thing_is_written_down_before_it_is_made(place: Host, world: World, home: Path) -> None:
    seen: list[Any] = []

    class Watching:
        def __getattr__(self, name: str) -> Any:
            if name == "create_volume":
                seen.extend(json.loads(line) for path in home.iterdir() for line in path.read_text().splitlines())
            return getattr(place, name)

    world.host = Watching()  # type: ignore[assignment]
    STEPS[2].do(world)
    run, begin = seen
    assert run["run"]["pid"] == os.getpid() and run["run"]["uri"] == place.uri and run["run"]["guest"] == "new"
    assert begin["begin"]["name"] == "new.img" and begin["begin"]["pool"] == "images" and begin["n"] == 1


def test_the_notice_says_who_left_what(world: World, told: Any, place: Host) -> None:
    cut_off(world, STEPS[2:4])
    sentence = leftovers.notice()
    assert sentence.startswith(f"the virtprov-install of 'new' on {place.uri} that began at 20")
    assert "may have left the volume new.img in the pool 'images', the guest 'new':" in sentence
    assert "`virtprov-install --clean-up`" in sentence
    cut_off(with_trail(place, told), (storage.MakeVolume(VOLUME._replace(name="b.img", path="/srv/images/b.img")),))
    assert ", and so has 1 more:" in leftovers.notice()


def test_a_guest_of_another_identity_is_not_the_one(
    place: Host, world: World, listed: Look, one: Callable[[], Run]
) -> None:
    cut_off(world, (STEPS[3],))
    place.undefine_guest("new")
    place.define_guest(NEW.replace("9f01", "9f09"))
    assert leftovers.look(one(), place) == []


def test_a_volume_that_somebody_uses_by_now_stays(
    place: Host, world: World, listed: Look, one: Callable[[], Run]
) -> None:
    cut_off(world, (STEPS[2],))
    place.define_guest(OTHER)
    run, before = one(), listed(place)
    found = leftovers.look(run, place)
    assert [(each.state, each.why) for each in found] == [("others", "the guest 'other' uses it")]
    fates = leftovers.remove(run, place, found, never)
    assert listed(place) == before and leftovers.is_settled(found, fates)


def test_a_pool_that_others_fill_by_now_stays(place: Host, world: World, one: Callable[[], Run]) -> None:
    cut_off(world, STEPS[:2])
    place.create_volume("more", VOLUME._replace(name="theirs.img").xml())
    run = one()
    fates = leftovers.remove(run, place, leftovers.look(run, place), never)
    assert [(fate.thing.name, fate.fate) for fate in fates] == [("new.img", "removed"), ("more", "kept")]
    assert place.volume_names("more") == ("theirs.img",)


def test_what_was_only_begun_is_asked_about_when_nothing_tells_whose_it_is(
    place: Host, world: World, listed: Look, one: Callable[[], Run]
) -> None:
    world.trail.begin(Thing(artifact.VOLUME, "base.qcow2", pool="images", path="/srv/images/base.qcow2"))
    cut_off(world)
    run, before = one(), listed(place)
    found = leftovers.look(run, place)
    assert [each.state for each in found] == ["unsure"]
    fates = leftovers.remove(run, place, found, lambda each: False)
    assert listed(place) == before and not leftovers.is_settled(found, fates)
    leftovers.remove(run, place, found, lambda each: True)
    assert place.volume("images", "base.qcow2") is None


def test_a_file_from_before_the_run_is_not_its_own(place: Host, tmp_path: Path, told: Any) -> None:
    (tmp_path / "old.img").write_text("old")
    born = os.stat(tmp_path / "old.img").st_mtime
    for later, expected in ((100.0, "others"), (0.0, "ours")):
        world = with_trail(place, told)
        world.trail.begin(Thing(artifact.FILE, "old.img", path=str(tmp_path / "old.img"), born=born + later))
        cut_off(world)
        ((run, lines),) = leftovers.ended([])
        assert [each.state for each in leftovers.look(run, place)] == [expected]
        lines.remove()


def test_a_copied_file_goes_and_one_put_aside_comes_back(
    place: Host, world: World, tmp_path: Path, one: Callable[[], Run]
) -> None:
    (tmp_path / "a.img").write_text("new")
    (tmp_path / "b.img").write_text("old")
    aside = PutAside(f"{tmp_path}/b.img", f"{tmp_path}/b.img.old")
    cut_off(world, (aside, CopyFile(f"{tmp_path}/a.img", f"{tmp_path}/b.img")))
    assert (tmp_path / "b.img").read_text() == "new"
    run = one()
    leftovers.remove(run, place, leftovers.look(run, place), never)
    assert (tmp_path / "b.img").read_text() == "old" and not (tmp_path / "b.img.old").exists()


def test_past_the_point_of_no_return_only_what_was_put_aside_goes(
    place: Host, world: World, listed: Look, one: Callable[[], Run], tmp_path: Path
) -> None:
    (tmp_path / "b.img").write_text("old")
    begun: tuple[Step, ...] = (Replace("web"), PutAside(f"{tmp_path}/b.img", f"{tmp_path}/b.img.old"))
    for step in (*begun, *STEPS[2:4]):
        step.do(world)
    world.trail.settled()
    cut_off(world)
    run = one()
    leftovers.remove(run, place, leftovers.look(run, place), never)
    assert listed(place) == {"guests": ["new shut off"], "pool images": ["base.qcow2", "new.img"]}
    assert os.listdir(tmp_path / "state" / "virtprov") and not (tmp_path / "b.img.old").exists()


def test_a_replaced_guest_comes_back_and_runs(
    place: Host, world: World, listed: Look, one: Callable[[], Run]
) -> None:
    before = listed(place)
    again = NEW.replace("<name>new", "<name>web")
    cut_off(world, (Replace("web"), STEPS[2], Define("web", again)))
    run = one()
    found = leftovers.look(run, place)
    fates = leftovers.remove(run, place, found, never)
    assert listed(place) == before and leftovers.is_settled(found, fates)


def test_once_all_is_done_only_what_passes_goes(place: Host, world: World, one: Callable[[], Run]) -> None:
    STEPS[2].do(world)
    seed = Thing(artifact.VOLUME, "seed.iso", pool="images", passing=True)
    with world.making(seed) as entry:
        made = place.create_volume("images", VOLUME._replace(name="seed.iso").xml())
        entry.thing = entry.thing._replace(path=made.path, key=made.key)
    world.trail.done()
    cut_off(world)
    run = one()
    leftovers.remove(run, place, leftovers.look(run, place), never)
    assert place.volume_names("images") == ("base.qcow2", "new.img")


def test_what_passes_keeps_the_trail_until_it_is_gone(place: Host, world: World, home: Path) -> None:
    with world.making(Thing(artifact.VOLUME, "seed.iso", pool="images", passing=True)):
        pass
    world.trail.done()
    assert len(os.listdir(home)) == 1
    world.trail.passed(lambda thing: True)
    assert len(os.listdir(home)) == 1
    world.trail.passed(lambda thing: False)
    assert os.listdir(home) == []


def test_a_host_that_is_cut_off_leaves_the_trail(place: Host, told: Any, home: Path) -> None:
    lost = connect(place.uri)

    class Gone:
        label = "losing the host"

        def do(self, world: World) -> None:
            lost.close()
            world.host.guest("web")

    with pytest.raises(HostError, match="cannot look for the guest"):
        apply(Plan((), (STEPS[2], Gone())), with_trail(lost, told))
    assert told.warned[-1].startswith("what could not be undone is written down")
    assert len(os.listdir(home)) == 1


def test_one_call_at_the_end_needs_no_trail(place: Host, world: World, home: Path) -> None:
    place.destroy_guest("web")
    world.trail.last_step = True
    Start("web").do(world)
    assert not home.exists()
    world.trail.last_step = False
    Redefine("web", place.guest_xml("web", inactive=True)).do(world)
    assert len(os.listdir(home)) == 1


def test_a_definition_comes_back_unless_it_was_changed_again(
    place: Host, world: World, one: Callable[[], Run]
) -> None:
    before = place.guest_xml("web", inactive=True)
    cut_off(world, (Redefine("web", before.replace("65536", "131072")),))
    run = one()
    (found,) = leftovers.look(run, place)
    ours = place.guest_xml("web", inactive=True)
    place.define_guest(before.replace("65536", "262144"))
    assert [each.state for each in leftovers.look(run, place)] == ["others"]
    (kept,) = leftovers.remove(run, place, [found], never)  # changed after it was looked at
    assert (kept.fate, kept.why) == ("kept", "the definition of 'web' was changed meanwhile")
    place.define_guest(ours)
    leftovers.remove(run, place, [found], never)
    assert leftovers.look(run, place) == [] and place.guest_xml("web", inactive=True) == before


def test_a_guest_that_was_started_again_since_runs_on(place: Host, world: World, one: Callable[[], Run]) -> None:
    place.destroy_guest("web")
    cut_off(world, (Start("web"),))
    run = one()
    assert [each.state for each in leftovers.look(run, place)] == ["ours"]
    place.destroy_guest("web")
    assert leftovers.look(run, place) == []
    place.start_guest("web")
    assert [each.state for each in leftovers.look(run, place)] == ["others"]


def test_a_state_directory_that_cannot_be_written_is_said_once(
    place: Host, told: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    apply(Plan((), STEPS), with_trail(place, told))
    assert len(told.warned) == 1 and told.warned[0].startswith("should this run be killed, nothing will tell")


def test_a_trail_without_a_whole_line_is_no_run(home: Path) -> None:
    path = state.Lines.create("run").path
    Path(path).write_text('{"run": {"to')
    assert leftovers.notice() == "" and os.listdir(home) == []


RUN = '{"run":{"tool":"virtprov-install","uri":"test:///default","guest":"g","at":1,"pid":1,"started":1}}'


@pytest.mark.parametrize(
    "lines",
    [
        ("[1,2]",),
        ("5",),
        ('{"run":5}',),
        ('{"run":{"tool":"t","uri":"test:///default","guest":"g","at":"x","pid":1}}',),
        ('{"run":{"tool":"t"}}',),
        ('{"begin":{"kind":"pool","name":"p"},"n":1}',),  # its first line is gone
        (RUN, '{"begin":{"kind":"pool","name":"p"}}'),
        (RUN, '{"begin":{"kind":"spaceship","name":"p"},"n":1}'),
        (RUN, '{"begin":{},"n":1}'),
        (RUN, '{"begin":{"kind":"volume","name":5,"path":7},"n":1}'),
        (RUN, '{"begin":"pool","n":1}'),
    ],
)
def test_a_damaged_trail_is_left_to_its_reader(home: Path, lines: tuple[str, ...]) -> None:
    home.mkdir(parents=True)
    trail = home / "run-00000000000000000001-1.jsonl"
    trail.write_text("\n".join(lines) + "\n")
    damaged: list[str] = []
    assert list(leftovers.ended(damaged)) == [] and damaged == [str(trail)]
    assert leftovers.notice().startswith(f"'{trail}' tells of a run that came to no end, but is damaged: ")
    assert trail.exists()


def test_hosts_that_end_with_the_run_need_no_trail(place: Host, recorded: Host) -> None:
    assert not for_host("virtprov-install", place, print).writes
    assert not for_host("virtprov-install", recorded, print).writes
