"""Pools, volumes and secrets: whose they are, and how they go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run import leftovers, trail
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, UNSURE, Evidence, InUse
from virtprov.actions.run.artifacts.pools_and_volumes import (
    DeletedSeed,
    Pool,
    Volume,
    inactive,
    passing_pool,
    pool_over,
    pool_xml,
)
from virtprov.actions.run.plan import RunContext
from virtprov.actions.run.trail_reader import Run, read_ended_runs
from virtprov.host.connection import Host
from virtprov.support.errors import HostError
from virtprov.support.user_files import state

CutOff = Callable[..., None]
Look = Callable[[Host], dict[str, list[str]]]
Read = Callable[[], Run]
UUID = "9f3b1f0a-6a58-4b1c-8e0a-2f1c5b7d9f01"
MORE = Pool("more", UUID, "/srv/more")
VOLUME = "<volume><name>{}</name><capacity>1024</capacity></volume>"
BASE = Volume("base.qcow2", "images", "/srv/images/base.qcow2", key="/srv/images/base.qcow2")


def test_pool_is_told_by_its_uuid(place: Host) -> None:
    assert MORE.standing(place, Evidence()).state == GONE
    place.storage.create_pool(pool_xml(MORE.name, MORE.path, UUID))
    assert MORE.standing(place, Evidence()).state == OURS
    assert MORE._replace(uuid=UUID.replace("9f01", "9f02")).standing(place, Evidence()).state == OTHERS
    MORE.take_down(place)
    assert MORE.standing(place, Evidence()).state == GONE


def test_pool_that_others_fill_stays(place: Host) -> None:
    place.storage.create_pool(pool_xml(MORE.name, MORE.path, UUID))
    place.storage.create_volume("more", VOLUME.format("theirs.img"))
    with pytest.raises(InUse, match="it contains volumes of others"):
        MORE.take_down(place)
    MORE._replace(volumes=1).take_down(place)  # it found as many
    assert place.storage.pool("more") is None


def test_passing_pool_takes_nothing_with_it(place: Host) -> None:
    place.storage.create_pool(pool_xml(MORE.name, MORE.path, UUID))
    place.storage.create_volume("more", VOLUME.format("theirs.img"))
    MORE._replace(passing=True).take_down(place)
    assert place.storage.pool("more") is None


def test_volume_is_told_by_its_key(place: Host) -> None:
    assert BASE.standing(place, Evidence()).state == OURS
    assert BASE._replace(key="other").standing(place, Evidence()) == (OTHERS, "another volume now has this name")
    assert BASE.standing(place, Evidence(made=False)).state == UNSURE
    used = BASE.standing(place, Evidence(user_of={BASE.path: "used by guest 'web'"}.__getitem__))
    assert used == (OTHERS, "used by guest 'web'")
    BASE.take_down(place)
    assert BASE.standing(place, Evidence()).state == GONE and not BASE.is_there(place)


def test_volume_outside_of_pools_is_found_by_its_path(place: Host, tmp_path: Path) -> None:
    assert Volume("new.img", path=f"{tmp_path}/new.img").find(place) is None
    found = BASE._replace(pool="").find(place)
    assert found is not None and found.name == BASE.name
    assert Volume("new.img").find(place) is None
    assert BASE._replace(pool="").describe() == "volume /srv/images/base.qcow2"


def test_volume_in_a_pool_that_is_off_is_not_judged(recorded: Host) -> None:
    with pytest.raises(HostError, match="storage pool 'attic' for /srv/attic is not active"):
        Volume("a.img", "attic").standing(recorded, Evidence())


def test_passing_pool_is_noted_until_it_is_gone(place: Host, context: RunContext, tmp_path: Path, listed: Look) -> None:
    before = listed(place)
    with passing_pool(place, str(tmp_path), context.making) as name:
        (pool,) = context.trail.artifacts(Pool)
        assert pool.name == name and pool.passing and place.storage.pool(name) is not None
    assert listed(place) == before and context.trail.artifacts(Pool) == []


def test_passing_pool_that_cannot_be_removed_keeps_the_trail(place: Host, context: RunContext, tmp_path: Path) -> None:
    class Stuck(StandIn):
        real = place

        def storage_remove_pool(self, name: str) -> None:
            raise HostError("it is busy")

    host: Any = Stuck()
    with pytest.raises(HostError, match="it is busy"), passing_pool(host, str(tmp_path), context.making):
        pass
    assert context.trail.is_kept and len(context.trail.artifacts(Pool)) == 1


def test_pool_over_takes_the_pool_that_is_there(place: Host, recorded: Host) -> None:
    with ExitStack() as pools:
        assert pool_over(place, "/srv/images", pools) == "images"
        with pytest.raises(HostError, match="not active") as caught:
            pool_over(recorded, "/srv/attic", pools)
    attic = recorded.storage.pool("attic")
    assert attic is not None and caught.value.message == inactive(attic).message


def test_pool_that_something_is_made_in_stays(place: Host) -> None:
    place.storage.create_pool(pool_xml(MORE.name, MORE.path, UUID))

    class Busy(StandIn):
        real = place

        def storage_refresh_pool(self, name: str) -> None:
            raise HostError("the pool has asynchronous jobs running")

    host: Any = Busy()
    with pytest.raises(InUse):
        MORE.take_down(host)
    assert MORE.is_there(place)


def test_pool_that_is_off_goes(recorded: Host) -> None:
    attic = recorded.storage.pool("attic")
    assert attic is not None and not attic.active
    Pool("attic", attic.uuid, attic.path).take_down(recorded)
    assert recorded.storage.pool("attic") is None


def test_passing_pool_of_an_undo_has_a_log_of_its_own(
    place: Host, tmp_path: Path, listed: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail, "for_host", trail.FileTrail)
    before = listed(place)
    with passing_pool(place, str(tmp_path)) as name:
        path = Path(*state.listing(trail.KIND))
        killed = path.read_bytes()
    assert state.listing(trail.KIND) == [] and listed(place) == before
    path.write_bytes(killed)  # as if the command had been killed in the block
    path.chmod(0o600)
    ((run, log),) = read_ended_runs([])
    (left,) = run.left
    assert isinstance(left.artifact, Pool) and left.artifact.name == name
    create(place, left.artifact)
    (outcome,) = leftovers.remove(run, place, leftovers.look(run, place), lambda found: False)
    log.remove()
    assert outcome.fate == leftovers.REMOVED and listed(place) == before


def create(host: Host, pool: Pool) -> None:
    """Create a temporary pool that another process has left."""
    host.storage.create_pool(pool_xml(pool.name, pool.path, pool.uuid), build=False, autostart=False)
    host.storage._own_pools.clear()


@pytest.mark.parametrize("active", [True, False])
def test_what_was_made_through_a_passing_pool_goes_with_it(
    active: bool, place: Host, context: RunContext, tmp_path: Path, cut_off: CutOff, read_run: Read, listed: Look
) -> None:
    """A libvirt daemon refuses a second pool for the same directory; the test driver does not."""
    before = listed(place)
    pool = Pool("virtprov-1", UUID, str(tmp_path), passing=True)
    context.trail.begin(pool)
    create(place, pool)
    volume = Volume("new.img", path=f"{tmp_path}/new.img")
    made = place.storage.create_volume(pool.name, VOLUME.format("new.img"))
    Path(made.path).touch()
    context.trail.begin(volume).note_created(volume.as_made(place, made))
    cut_off(context)
    if not active:
        place.storage._pool(pool.name).destroy()

    class Strict(StandIn):
        real = place

        def storage_create_pool(self, xml: str, **how: Any) -> None:
            raise HostError(f"Storage source conflict with pool: '{pool.name}'")

    host: Any = Strict()
    run = read_run()
    outcomes = leftovers.remove(run, host, leftovers.look(run, host), lambda found: False)
    assert [each.artifact for each in outcomes] == [left.artifact for left in run.left]
    assert all(each.fate == leftovers.REMOVED for each in outcomes) and listed(place) == before


SEED = DeletedSeed.of("images", "s.iso", b"seed")


class Contents(StandIn):
    """A host of the test driver with what it lacks: the contents of volumes."""

    def __init__(self, host: Host) -> None:
        self.real = host
        self.contents: dict[str, bytes] = {}

    def storage_upload_volume(self, pool: str, name: str, source: Any) -> None:
        self.contents[name] = source.read()

    def storage_download_volume(self, pool: str, name: str, sink: Any) -> None:
        sink.write(self.contents.get(name, bytes(4)))


def test_deleted_seed_comes_back(place: Host) -> None:
    host: Any = Contents(place)
    for _ in range(2):  # the second time the volume is there, but it was not filled
        assert SEED.standing(host, Evidence()).state == OURS
        SEED.take_down(host)
        assert host.contents == {"s.iso": b"seed"} and SEED.standing(host, Evidence()).state == GONE
        host.contents.clear()
    host.contents["s.iso"] = b"other"
    assert SEED.standing(host, Evidence()) == (OTHERS, "another volume now has this name")
    assert SEED.describe() == "deletion of seed s.iso in pool 'images'"
