"""Runs that are cut off after each of their steps, and what is found and removed of them later."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run import leftovers
from virtprov.actions.run.artifacts.artifact import OTHERS, OURS, UNSURE
from virtprov.actions.run.artifacts.local_files import File
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.leftovers import KEPT, REMOVED, Leftover
from virtprov.actions.run.plan import RunContext, Step
from virtprov.actions.run.trail_reader import Run, read_ended_runs
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Define, Redefine, Replace, Start
from virtprov.actions.steps.local_files import CopyFile, put_aside
from virtprov.guest.disks.new.volumes import NewPool, NewVolume
from virtprov.guest.document import DomainDocument
from virtprov.host.connection import Host
from virtprov.support.errors import HostError

Around = Callable[[Any], RunContext]
CutOff = Callable[..., None]
Look = Callable[[Host], dict[str, list[str]]]
Read = Callable[[], Run]
UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01"
NEW = f"""<domain type='test'><name>new</name><uuid>{UUID}</uuid><memory>65536</memory>
<os><type>hvm</type></os><devices><disk type='file' device='disk'><source file='/srv/images/new.img'/>
<target dev='vda'/></disk></devices></domain>"""
OTHER = NEW.replace("<name>new", "<name>other").replace("9f01", "9f02")
VOLUME = NewVolume("images", "new.img", "/srv/images/new.img", "raw", 1024**2, 0)
MAKE_POOL = storage.MakePool(NewPool("more", "/srv/more"))
MAKE_VOLUME = storage.MakeVolume(VOLUME)
DEFINE = Define("new", DomainDocument.parse(NEW))
STEPS: tuple[Step, ...] = (
    MAKE_POOL,
    storage.MakeVolume(VOLUME._replace(pool="more", path="/srv/more/new.img")),
    MAKE_VOLUME,
    DEFINE,
    Start("new"),
)


def never(found: Leftover) -> bool:
    raise AssertionError(f"nothing is doubtful here, not {found}")


def states(run: Run, host: Host) -> list[str]:
    return [found.state for found in leftovers.look(run, host)]


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_remove_takes_down_what_a_killed_run_made(
    count: int, place: Host, context: RunContext, cut_off: CutOff, read_run: Read, listed: Look
) -> None:
    before = listed(place)
    cut_off(context, *STEPS[:count])
    assert listed(place) != before
    run = read_run()
    outcomes = leftovers.remove(run, place, leftovers.look(run, place), never)
    assert listed(place) == before
    assert all(outcome.settled for outcome in outcomes) and not leftovers.look(run, place)


def test_notice_says_who_left_what(context: RunContext, with_trail: Around, cut_off: CutOff, place: Host) -> None:
    cut_off(context, MAKE_VOLUME, DEFINE)
    sentence = leftovers.notice()
    assert sentence.startswith(f"virtprov-install for 'new' on {place.uri} (started at 20")
    assert "may have left volume new.img in pool 'images', guest 'new':" in sentence
    assert "`virtprov-install --clean-up`" in sentence
    cut_off(with_trail(place), storage.MakeVolume(VOLUME._replace(name="b.img", path="/srv/images/b.img")))
    assert ", and 1 more run was interrupted too:" in leftovers.notice()


def test_notice_is_empty_while_a_run_is_at_work(context: RunContext) -> None:
    MAKE_VOLUME.do(context)
    assert leftovers.notice() == ""


def test_look_leaves_out_a_guest_of_another_identity(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    cut_off(context, DEFINE)
    place.guests.undefine("new")
    place.guests.define(NEW.replace("9f01", "9f09"))
    assert leftovers.look(read_run(), place) == []


def test_remove_leaves_a_volume_that_a_guest_uses(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read, listed: Look
) -> None:
    cut_off(context, MAKE_VOLUME)
    place.guests.define(OTHER)
    run, before = read_run(), listed(place)
    found = leftovers.look(run, place)
    assert [(each.state, each.why) for each in found] == [(OTHERS, "used by guest 'other'")]
    (outcome,) = leftovers.remove(run, place, found, never)
    assert listed(place) == before and outcome.fate == KEPT and outcome.settled


def test_remove_leaves_a_pool_that_others_fill(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    cut_off(context, *STEPS[:2])
    place.storage.create_volume("more", VOLUME._replace(name="theirs.img").xml())
    run = read_run()
    volume, pool = leftovers.remove(run, place, leftovers.look(run, place), never)
    assert (volume.artifact.describe(), volume.fate) == ("volume new.img in pool 'more'", REMOVED)
    assert (pool.fate, pool.why, pool.settled) == (KEPT, "it contains volumes of others", True)
    assert place.storage.volume_names("more") == ("theirs.img",)


def test_remove_asks_about_what_was_only_begun(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read, listed: Look
) -> None:
    context.trail.begin(Volume("base.qcow2", "images", "/srv/images/base.qcow2"))
    cut_off(context)
    run, before = read_run(), listed(place)
    found = leftovers.look(run, place)
    assert [each.state for each in found] == [UNSURE]
    (outcome,) = leftovers.remove(run, place, found, lambda each: False)
    assert listed(place) == before and not outcome.settled
    leftovers.remove(run, place, found, lambda each: True)
    assert place.storage.volume("images", "base.qcow2") is None


def test_look_tells_a_file_from_before_the_run(
    place: Host, tmp_path: Path, with_trail: Around, cut_off: CutOff
) -> None:
    (tmp_path / "old.img").write_text("old")
    for later, expected in ((100.0, OTHERS), (0.0, OURS)):
        context = with_trail(place)
        context.trail.begin(File(f"{tmp_path}/old.img"))
        cut_off(context)
        ((run, log),) = read_ended_runs([])
        (left,) = run.left
        run = run._replace(left=(left._replace(began=left.began + later),))
        assert states(run, place) == [expected]
        log.remove()


def test_remove_brings_back_a_file_that_was_put_aside(
    place: Host, context: RunContext, tmp_path: Path, cut_off: CutOff, read_run: Read
) -> None:
    (tmp_path / "a.img").write_text("new")
    (tmp_path / "b.img").write_text("old")
    aside = put_aside(f"{tmp_path}/b.img", f"{tmp_path}/b.img.old")
    cut_off(context, aside, CopyFile(f"{tmp_path}/a.img", f"{tmp_path}/b.img"))
    assert (tmp_path / "b.img").read_text() == "new"
    run = read_run()
    leftovers.remove(run, place, leftovers.look(run, place), never)
    assert (tmp_path / "b.img").read_text() == "old" and not (tmp_path / "b.img.old").exists()


def test_remove_discards_what_was_put_aside_once_a_run_is_settled(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read, listed: Look, tmp_path: Path, home: Path
) -> None:
    (tmp_path / "b.img").write_text("old")
    steps: tuple[Step, ...] = (Replace("web"), put_aside(f"{tmp_path}/b.img", f"{tmp_path}/b.img.old"))
    for step in (*steps, MAKE_VOLUME, DEFINE):
        step.do(context)
    context.trail.note_final()
    cut_off(context)
    run = read_run()
    leftovers.remove(run, place, leftovers.look(run, place), never)
    assert listed(place) == {"guests": ["new shut off"], "pool images": ["base.qcow2", "new.img"]}
    assert os.listdir(home) and not (tmp_path / "b.img.old").exists()


def test_remove_brings_back_a_replaced_guest(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read, listed: Look
) -> None:
    before = listed(place)
    again = NEW.replace("<name>new", "<name>web")
    cut_off(context, Replace("web"), MAKE_VOLUME, Define("web", DomainDocument.parse(again)))
    run = read_run()
    outcomes = leftovers.remove(run, place, leftovers.look(run, place), never)
    assert listed(place) == before and all(outcome.settled for outcome in outcomes)


def test_remove_takes_only_what_passes_once_all_is_done(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    MAKE_VOLUME.do(context)
    seed = Volume("seed.iso", "images", passing=True)
    with context.making(seed) as entry:
        info = place.storage.create_volume("images", VOLUME._replace(name="seed.iso").xml())
        entry.note_created(seed.as_made(place, info))
    context.trail.finish()
    cut_off(context)
    run = read_run()
    leftovers.remove(run, place, leftovers.look(run, place), never)
    assert place.storage.volume_names("images") == ("base.qcow2", "new.img")


def test_remove_puts_a_definition_back_unless_it_was_changed_again(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    before = place.guests.xml("web", inactive=True)
    cut_off(context, Redefine("web", before.replace("65536", "131072")))
    run = read_run()
    (found,) = leftovers.look(run, place)
    ours = place.guests.xml("web", inactive=True)
    place.guests.define(before.replace("65536", "262144"))
    assert states(run, place) == [OTHERS]
    (kept,) = leftovers.remove(run, place, [found], never)  # changed after it was looked at
    assert (kept.fate, kept.why) == (KEPT, "the definition of 'web' has been changed in the meantime")
    place.guests.define(ours)
    leftovers.remove(run, place, [found], never)
    assert leftovers.look(run, place) == [] and place.guests.xml("web", inactive=True) == before


def with_disk(text: str) -> str:
    disk = f"<disk type='file'><source file='{VOLUME.path}'/><target dev='vdx'/></disk>"
    return text.replace("</devices>", f"{disk}</devices>")


def test_remove_takes_down_a_volume_after_the_definition_that_uses_it(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read, listed: Look
) -> None:
    before, all_before = place.guests.xml("web", inactive=True), listed(place)
    cut_off(context, MAKE_VOLUME, Redefine("web", with_disk(before)))
    run = read_run()
    outcomes = leftovers.remove(run, place, leftovers.look(run, place), never)
    assert [(outcome.fate, outcome.artifact.kind) for outcome in outcomes] == [
        (REMOVED, "definition"),
        (REMOVED, "volume"),
    ]
    assert place.guests.xml("web", inactive=True) == before and listed(place) == all_before


def test_remove_keeps_a_volume_of_a_definition_that_is_not_restored(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    cut_off(context, MAKE_VOLUME, Redefine("web", with_disk(place.guests.xml("web", inactive=True))))
    run = read_run()
    found = leftovers.look(run, place)
    now = place.guests.xml("web", inactive=True)
    place.guests.define(now.replace("65536", "131072"))  # changed after it was looked at
    outcomes = leftovers.remove(run, place, found, never)
    assert [(outcome.fate, outcome.settled) for outcome in outcomes] == [(KEPT, False), (KEPT, False)]
    assert outcomes[1].why == "used by guest 'web'"
    assert place.storage.volume("images", "new.img") is not None
    assert states(run, place) == [OTHERS, OTHERS]


def test_look_leaves_a_guest_that_was_started_again(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    place.guests.destroy("web")
    cut_off(context, Start("web"))
    run = read_run()
    assert states(run, place) == [OURS]
    place.guests.destroy("web")
    assert states(run, place) == []
    place.guests.start("web")
    assert states(run, place) == [OTHERS]


def test_look_leaves_the_start_of_a_guest_that_goes_anyway(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    cut_off(context, DEFINE, Start("new"))
    assert [found.artifact.kind for found in leftovers.look(read_run(), place)] == ["guest"]


def test_look_is_unsure_where_the_host_does_not_say(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    cut_off(context, MAKE_VOLUME)

    class Silent(StandIn):
        is_alive = True

        real = place

        def storage_volume(self, pool: str, name: str) -> None:
            raise HostError("the pool does not answer")

    host: Any = Silent()
    run = read_run()
    (found,) = leftovers.look(run, host)
    assert (found.state, found.why) == (UNSURE, "the pool does not answer")
    Silent.is_alive = False
    with pytest.raises(HostError, match="does not answer"):
        leftovers.look(run, host)


def test_remove_keeps_for_later_what_the_host_refuses(
    place: Host, context: RunContext, cut_off: CutOff, read_run: Read
) -> None:
    cut_off(context, MAKE_VOLUME)

    class Refusing(StandIn):
        is_alive = True

        real = place

        def storage_delete_volume(self, pool: str, name: str) -> None:
            raise HostError("it is busy")

    host: Any = Refusing()
    run = read_run()
    found = leftovers.look(run, host)
    (outcome,) = leftovers.remove(run, host, found, never)
    assert (outcome.fate, outcome.why, outcome.settled) == (KEPT, "it is busy", False)
    Refusing.is_alive = False
    with pytest.raises(HostError, match="it is busy"):
        leftovers.remove(run, host, found, never)
