"""Pools, volumes and secrets: whose they are, and how they go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, UNSURE, Evidence, InUse
from virtprov.actions.run.artifacts.pools_and_volumes import Pool, Volume, inactive, passing_pool, pool_over, pool_xml
from virtprov.actions.run.plan import RunContext
from virtprov.host.connection import Host
from virtprov.support.errors import HostError

Look = Callable[[Host], dict[str, list[str]]]
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
