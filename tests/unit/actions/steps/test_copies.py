"""Copies made by the host: shared or in full, in another format, byte by byte, and stopped on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import Artifact
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps import storage
from virtprov.host.connection import Host
from virtprov.host.facts.info import VolumeInfo, volume_info
from virtprov.host.failures import Lost, Taken
from virtprov.support.errors import HostError

Look = Callable[[Host], dict[str, list[str]]]
Around = Callable[[Any], RunContext]
COPY = "/srv/images/copy.qcow2"
FORGED = (
    "<volume><name>base.qcow2</name><key>k</key><capacity>1048576</capacity><allocation>4096</allocation>"
    "<physical unit='bytes'>65543</physical><target><path>/srv/images/base.qcow2</path><format type='qcow2'/></target>"
    "</volume>"
)


def source(place: Host) -> VolumeInfo:
    found = place.storage.volume("images", "base.qcow2")
    assert found is not None
    return found


class Answering(StandIn):
    """A host whose answers to the copying of volumes are given."""

    def __init__(self, real: Host, *failures: Exception) -> None:
        self.real = real
        self.failures = list(failures)
        self.asked: list[tuple[bool, str]] = []
        self.poured: list[tuple[Any, Any]] = []

    def storage_clone_volume(self, pool: str, xml: str, *names: str, **how: Any) -> VolumeInfo:
        self.asked.append((bool(how.get("reflink")), xml))
        if self.failures:
            raise self.failures.pop(0)
        made: VolumeInfo = self.real.storage.clone_volume(pool, xml, *names, **how)
        return made

    def storage_volume(self, pool: str, name: str) -> Any:
        found = self.real.storage.volume(pool, name)
        return found and found._replace(physical=volume_info(FORGED, pool).physical)

    def storage_pour_volume(self, origin: Any, target: Any, progress: Any) -> None:
        self.poured.append((origin, target))
        progress(4096, 4096)


def test_a_host_that_cannot_share_blocks_copies_in_full(place: Host, context_of: Around) -> None:
    host, said = Answering(place, HostError("no reflink here")), list[str]()
    context = context_of(host)
    context.warn = said.append
    storage.CopyDisk(source(place), COPY, reflink=True).do(context)
    assert [shared for shared, _ in host.asked] == [True, False]
    assert said == [f"{COPY} is a full copy of /srv/images/base.qcow2: no reflink here"]
    assert place.storage.volume("images", "copy.qcow2") is not None


@pytest.mark.parametrize("failure", [Taken("there is one"), Lost("gone")])
def test_other_failures_are_not_tried_again(place: Host, context_of: Around, failure: HostError) -> None:
    host = Answering(place, failure)
    with pytest.raises(type(failure)):
        storage.CopyDisk(source(place), COPY, reflink=True).do(context_of(host))
    assert len(host.asked) == 1


def test_a_copy_that_need_not_be_shared_is_asked_for_once(place: Host, context_of: Around) -> None:
    host = Answering(place, HostError("full"))
    with pytest.raises(HostError, match="full"):
        storage.CopyDisk(source(place), COPY).do(context_of(host))
    assert [shared for shared, _ in host.asked] == [False]


def test_another_format_stands_alone(place: Host, context_of: Around) -> None:
    host = Answering(place)
    backed = source(place)._replace(backing_path="/srv/images/deep.img", backing_format="raw")
    step = storage.CopyDisk(backed, "/srv/images/copy.img", format="raw")
    assert step.label == "Copying base.qcow2 to copy.img as raw"
    step.do(context_of(host))
    ((_, xml),) = host.asked
    assert '<format type="raw"/>' in xml and "backingStore" not in xml


def forbid(is_last: bool) -> None:
    raise HostError("spoilt" if is_last else "spoilt on the way")


def test_a_copy_that_is_spoilt_is_deleted(place: Host, context_of: Around, listed: Look) -> None:
    before = listed(place)
    context = context_of(place)
    context.guard = lambda is_last: forbid(is_last) if is_last else None
    with pytest.raises(HostError, match="^spoilt$"):
        storage.CopyDisk(source(place), COPY).do(context)
    assert listed(place) == before and context.trail.artifacts(Artifact) == []


def test_bytes_are_poured_if_the_pool_sees_another_format(place: Host, context_of: Around) -> None:
    host = Answering(place)
    undo = storage.CopyDisk(source(place), "/srv/images/copy.img", declared="raw").do(context_of(host))
    assert host.asked == []
    assert host.poured == [(("images", "base.qcow2"), ("images", "copy.img"))]
    made = place.storage.volume("images", "copy.img")
    assert made is not None and (made.format, made.capacity) == ("raw", 65543)
    assert undo is not None
    undo()
    assert place.storage.volume("images", "copy.img") is None


def test_bytes_whose_number_is_not_known_are_not_poured(place: Host, context_of: Around) -> None:
    with pytest.raises(HostError, match="but its storage pool detects qcow2"):
        storage.CopyDisk(source(place), "/srv/images/copy.img", declared="raw").do(context_of(place))


def test_bytes_are_not_converted(place: Host, context_of: Around) -> None:
    host = Answering(place)
    with pytest.raises(HostError, match="but its storage pool detects qcow2"):
        storage.CopyDisk(source(place), COPY, declared="raw", format="qcow2").do(context_of(host))
    assert host.poured == []


@pytest.mark.parametrize("when", [True, False])
def test_poured_bytes_that_are_spoilt_are_deleted(place: Host, context_of: Around, listed: Look, when: bool) -> None:
    before = listed(place)
    context = context_of(Answering(place))
    context.guard = lambda is_last: forbid(is_last) if is_last is when else None
    with pytest.raises(HostError, match="spoilt" if when else "on the way"):
        storage.PourDisk(source(place), "/srv/images/copy.img", 65543).do(context)
    assert listed(place) == before and context.trail.artifacts(Artifact) == []


def test_the_size_of_the_file_of_a_volume(place: Host) -> None:
    assert volume_info(FORGED, "images").physical == 65543
    assert source(place).physical == 0
