"""Pools and volumes that are really made, filled, copied, and their undo."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import Artifact
from virtprov.actions.run.plan import RunContext, Step
from virtprov.actions.steps import storage
from virtprov.actions.steps.seed_volumes import WriteSeed
from virtprov.guest.disks.new.volumes import NewPool, NewVolume
from virtprov.host.connection import Host
from virtprov.support.errors import HostError

Look = Callable[[Host], dict[str, list[str]]]
Around = Callable[[Any], RunContext]

VOLUME = NewVolume("images", "new.qcow2", "/srv/images/new.qcow2", "qcow2", 1024**3, 0)


@pytest.mark.parametrize(
    ("step", "what", "there"),
    [
        (storage.MakePool(NewPool("more", "/srv/more")), "pool more", []),
        (storage.MakeVolume(VOLUME), "pool images", ["base.qcow2", "new.qcow2"]),
    ],
)
def test_storage_is_made_and_undone(
    step: Step, what: str, there: list[str], place: Host, context_of: Around, listed: Look
) -> None:
    before = listed(place)
    undo = step.do(context_of(place))
    assert listed(place)[what] == there
    assert undo is not None
    undo()
    assert listed(place) == before


def test_make_pool_starts_it(place: Host, context_of: Around) -> None:
    storage.MakePool(NewPool("more", "/srv/more")).do(context_of(place))
    pool = place.storage.pool("more")
    assert pool is not None and pool.active and pool.path == "/srv/more"


def test_make_volume_outside_of_pools_leaves_no_pool_behind(
    place: Host, context_of: Around, listed: Look, tmp_path: Path
) -> None:
    before = listed(place)
    volume = NewVolume("", "new.img", str(tmp_path / "new.img"), "raw", 1024**2, 0)
    undo = storage.MakeVolume(volume).do(context_of(place))
    assert listed(place) == before
    assert undo is not None
    undo()
    assert listed(place) == before


def test_make_volume_in_a_directory_that_a_pool_holds_by_now(place: Host, context_of: Around) -> None:
    storage.MakeVolume(VOLUME._replace(pool="")).do(context_of(place))
    assert place.storage.volume("images", "new.qcow2") is not None


def test_make_volume_says_that_a_pool_is_off(recorded: Host, context_of: Around) -> None:
    volume = NewVolume("", "new.img", "/srv/attic/new.img", "raw", 1024**2, 0)
    with pytest.raises(HostError, match="storage pool 'attic' for /srv/attic is not active") as caught:
        storage.MakeVolume(volume).do(context_of(recorded))
    assert "virsh pool-start attic" in caught.value.hint


class Uploading(StandIn):
    """The test driver cannot take data; this stands in for a host that can, or that breaks off."""

    def __init__(self, host: Host, fails: bool = False) -> None:
        self.real, self.fails = host, fails
        self.data = b""
        self.capacity: int | None = None

    def storage_upload_volume(self, pool: str, name: str, source: io.BytesIO | str, **settings: object) -> None:
        if self.fails:
            raise HostError("the connection broke")
        self.data = Path(source).read_bytes() if isinstance(source, str) else source.read()

    def storage_resize_volume(self, pool: str, name: str, capacity: int) -> None:
        self.capacity = capacity


def test_write_seed_makes_and_fills_a_volume(place: Host, context_of: Around, listed: Look) -> None:
    before, host = listed(place), Uploading(place)
    undo = WriteSeed("images", "new-seed.iso", b"x" * 4096).do(context_of(host))
    volume = place.storage.volume("images", "new-seed.iso")
    assert volume is not None and volume.capacity == 4096
    assert host.data == b"x" * 4096
    assert undo is not None
    undo()
    assert listed(place) == before


def test_write_seed_removes_what_cannot_be_filled(place: Host, context_of: Around, listed: Look) -> None:
    before = listed(place)
    with pytest.raises(HostError, match="broke"):
        WriteSeed("images", "new-seed.iso", b"x").do(context_of(Uploading(place, fails=True)))
    assert listed(place) == before


@pytest.mark.parametrize(("capacity", "grown"), [(4096, None), (1024**3, 1024**3)])
def test_make_volume_uploads_a_file_of_this_machine(
    capacity: int, grown: int | None, place: Host, context_of: Around, listed: Look, tmp_path: Path
) -> None:
    (tmp_path / "disk.qcow2").write_bytes(b"x" * 4096)
    volume = VOLUME._replace(capacity=capacity, upload=str(tmp_path / "disk.qcow2"))
    before, host = listed(place), Uploading(place)
    undo = storage.MakeVolume(volume).do(context_of(host))
    made = place.storage.volume("images", "new.qcow2")
    assert made is not None and (made.capacity, made.format, made.allocation) == (4096, "raw", 0)
    assert (host.data, host.capacity) == (b"x" * 4096, grown)
    assert undo is not None
    undo()
    assert listed(place) == before


def test_make_volume_removes_what_an_upload_left(place: Host, context_of: Around, listed: Look, tmp_path: Path) -> None:
    (tmp_path / "disk.img").write_bytes(b"x")
    before = listed(place)
    with pytest.raises(HostError, match="broke"):
        volume = VOLUME._replace(upload=str(tmp_path / "disk.img"))
        storage.MakeVolume(volume).do(context_of(Uploading(place, fails=True)))
    assert listed(place) == before


def test_write_seed_says_what_the_driver_cannot(place: Host, context_of: Around, listed: Look) -> None:
    before = listed(place)
    with pytest.raises(HostError, match=r"cannot upload to the volume 'new-seed\.iso'"):
        WriteSeed("images", "new-seed.iso", b"x").do(context_of(place))
    assert listed(place) == before


def test_make_pool_shares_one_that_somebody_has_made_meanwhile(place: Host, context_of: Around, listed: Look) -> None:
    storage.MakePool(NewPool("more", "/srv/more")).do(context_of(place))
    before = listed(place)
    assert storage.MakePool(NewPool("more", "/srv/more/")).do(context_of(place)) is None
    with pytest.raises(HostError, match="more"):
        storage.MakePool(NewPool("more", "/srv/other")).do(context_of(place))
    assert listed(place) == before


def test_make_pool_is_not_undone_once_others_use_it(place: Host, context_of: Around, listed: Look, told: Any) -> None:
    undo = storage.MakePool(NewPool("more", "/srv/more")).do(context_of(place))
    place.storage.create_volume("more", VOLUME.xml())
    assert undo is not None
    undo()
    assert listed(place)["pool more"] == ["new.qcow2"]
    assert told.warned == ["storage pool 'more' is kept: it contains volumes of others"]


@pytest.mark.parametrize(
    ("step", "label"),
    [
        (storage.MakePool(NewPool("p", "/p")), "Creating storage pool 'p'"),
        (storage.MakeVolume(VOLUME), "Creating volume new.qcow2"),
        (storage.MakeVolume(VOLUME._replace(upload="/a/b.img")), "Uploading b.img to volume new.qcow2"),
        (WriteSeed("p", "s.iso", b""), "Writing cloud-init seed s.iso"),
    ],
)
def test_labels_of_storage_steps(step: Step, label: str) -> None:
    assert step.label == label


def test_copy_disk_is_made_by_the_host_and_undone(place: Host, context_of: Around, listed: Look) -> None:
    before, source = listed(place), place.storage.volume("images", "base.qcow2")
    assert source is not None
    step = storage.CopyDisk(source, "/srv/images/copy.qcow2")
    undo = step.do(context_of(place))
    copy = place.storage.volume("images", "copy.qcow2")
    assert step.label == "Copying base.qcow2 to copy.qcow2"
    assert copy is not None and (copy.path, copy.capacity) == ("/srv/images/copy.qcow2", source.capacity)
    assert undo is not None
    undo()
    assert listed(place) == before


def test_copy_disk_that_fails_leaves_no_pool_behind(
    place: Host, context_of: Around, listed: Look, tmp_path: Path
) -> None:
    before, source = listed(place), place.storage.volume("images", "base.qcow2")
    assert source is not None
    context = context_of(place)
    with pytest.raises(HostError, match="cannot copy"):  # the test driver copies within one pool only
        storage.CopyDisk(source, f"{tmp_path}/copy.qcow2").do(context)
    assert listed(place) == before and context.trail.artifacts(Artifact) == []


def test_make_pool_waits_for_one_that_another_run_starts(place: Host, context_of: Around) -> None:
    place.storage.create_pool("<pool type='dir'><name>more</name><target><path>/srv/more</path></target></pool>")
    asked: list[str] = []

    class Starting(StandIn):
        """A host on which the pool is defined, and started only once somebody has asked for it twice."""

        real = place

        def storage_pool(self, name: str) -> Any:
            asked.append(name)
            found = place.storage.pool(name)
            return found if found is None or len(asked) > 2 else found._replace(active=False)

    assert storage.MakePool(NewPool("more", "/srv/more")).do(context_of(Starting())) is None
    assert len(asked) > 2
