"""Bases in pools: complete, or just being uploaded by another machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.actions.steps.bases import MIB, Around, Uploading, base_of, downloaded, obtain
from virtprov.actions.run.artifacts.base_images import Base
from virtprov.actions.steps import find_base as finding
from virtprov.actions.steps.find_base import find_base
from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.host.connection import Host
from virtprov.images.image import ResolvedImage
from virtprov.support.errors import HostError

pytestmark = pytest.mark.usefixtures("own_cache")


class Clock:
    """A clock that only goes on while somebody sleeps; `events` happen at their seconds."""

    def __init__(self, events: dict[float, Callable[[], object]]) -> None:
        self.now, self.events = 0.0, events

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for at in [at for at in self.events if at <= self.now]:
            self.events.pop(at)()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock({})
    monkeypatch.setattr(finding, "time", found)
    return found


def put_incomplete(host: Uploading, base: BaseVolume) -> None:
    """Another machine has begun to upload a base."""
    host.storage.create_volume("images", NewVolume("images", base.name, base.path, "raw", MIB, 0).xml())


def test_an_incomplete_base_that_nobody_uploads(
    place: Host, image: ResolvedImage, context_of: Around, clock: Clock, told: Any
) -> None:
    host, base = Uploading(place), base_of(image)
    put_incomplete(host, base)
    assert find_base(host, base) is None  # type: ignore[arg-type]
    with pytest.raises(HostError, match=f"the base image {base.name} in pool 'images' is incomplete") as failure:
        obtain(image).do(context_of(host))
    assert f"virsh vol-delete --pool images {base.name}" in failure.value.hint
    assert 20 <= clock.now < 21
    assert told.said == [f"waiting for another machine, which is uploading {base.name}"]
    host.contents[base.name][100] = 1
    assert find_base(host, base) is not None  # type: ignore[arg-type]
    del host.contents[base.name]
    assert find_base(host, base) is not None, "hosts that do not show it are believed"  # type: ignore[arg-type]


def test_a_base_that_another_machine_uploads_is_waited_for(
    place: Host, image: ResolvedImage, context_of: Around, clock: Clock
) -> None:
    sizes = iter(range(10_000))

    class Slow(Uploading):
        def storage_volume(self, pool: str, name: str) -> Any:
            found = self.real.storage.volume(pool, name)
            return found and found._replace(allocation=next(sizes))

    host, base, step = Slow(place), base_of(image), obtain(image)
    put_incomplete(host, base)
    clock.events[300.0] = lambda: host.contents[base.name].__setitem__(0, 1)
    step.do(context_of(host))
    assert host.uploads == [] and downloaded() == []
    assert clock.now == 300 and step.obtained.volume is not None and step.obtained.volume.name == base.name


def test_an_upload_of_another_machine_that_is_given_up(
    place: Host, image: ResolvedImage, context_of: Around, clock: Clock
) -> None:
    host, base = Uploading(place), base_of(image)
    put_incomplete(host, base)
    clock.events[5.0] = lambda: place.storage.delete_volume("images", base.name)
    obtain(image).do(context_of(host))
    assert len(host.uploads) == 2, "this one uploads it then"


@pytest.mark.parametrize("gives_up", [False, True])
def test_two_machines_that_upload_one_base_at_once(
    gives_up: bool, place: Host, image: ResolvedImage, context_of: Around, clock: Clock
) -> None:
    class Late(Uploading):
        """Another machine creates the volume immediately before this one does."""

        def storage_create_volume(self, pool: str, xml: str, **settings: object) -> Any:
            if not clock.events and clock.now == 0:
                super().storage_create_volume(pool, xml)
                clock.events[3.0] = self.give_up if gives_up else self.complete
            return super().storage_create_volume(pool, xml, **settings)

        def complete(self) -> None:
            self.contents[base.name][0] = 1

        def give_up(self) -> None:
            place.storage.delete_volume("images", base.name)

    host, base, step = Late(place), base_of(image), obtain(image)
    context = context_of(host)
    step.do(context)
    assert clock.now == 3 and len(host.uploads) == (2 if gives_up else 0)
    assert step.obtained.volume is not None and step.obtained.volume.name == base.name
    assert len(context.trail.artifacts(Base)) == gives_up, "the base of another machine is not ours to remove"
