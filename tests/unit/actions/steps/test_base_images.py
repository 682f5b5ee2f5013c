"""Bases of cloud images: brought to the host once, complete or not at all, and disks on them."""

from __future__ import annotations

import hashlib
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from tests.unit.actions.steps.bases import DISK, MIB, Around, Look, Uploading, base_of, downloaded, obtain
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, UNSURE, Evidence, InUse
from virtprov.actions.run.artifacts.base_images import HEAD, Base, ImageFiles, new_part, part_of
from virtprov.actions.steps.base_images import MakeImageDisk, ObtainBase, Obtained
from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.host.connection import Host
from virtprov.images import cache
from virtprov.images.image import Digest, ResolvedImage
from virtprov.support.errors import FetchError, HostError, UsageError
from virtprov.support.user_files import lock

pytestmark = pytest.mark.usefixtures("own_cache")


# -- the base --------------------------------------------------------------------------------------


def test_an_image_is_uploaded_with_its_beginning_last(place: Host, image: ResolvedImage, context_of: Around) -> None:
    host, step = Uploading(place), obtain(image)
    assert step.do(context_of(host)) is None, "the base is for the next guest as well"
    name = step.base.name
    assert host.uploads == [(name, HEAD, len(DISK) - HEAD), (name, 0, HEAD)]
    assert bytes(host.contents[name]) == DISK and host.modes[name] == "0444"
    assert step.obtained.volume is not None and step.obtained.volume.name == name
    assert downloaded() == ["disk"], "the next host can have it"
    assert cache.read_note(step.tag).checksum == f"sha256:{hashlib.sha256(DISK).hexdigest()}"


def test_a_second_guest_and_a_second_host(
    place: Host, recorded: Host, image: ResolvedImage, context_of: Around
) -> None:
    host = Uploading(place)
    obtain(image).do(context_of(host))
    host.uploads.clear()
    os.unlink(image.path)
    again = ObtainBase(image, image.digest.hex[: cache.TAG], base_of(image), Obtained(), lambda: image)  # type: ignore[union-attr]
    again.do(context_of(host))
    assert host.uploads == [] and again.obtained.volume is not None
    host.contents.clear()
    place.storage.delete_volume("images", again.base.name)
    again.do(context_of(host))
    assert len(host.uploads) == 2, "the disk that was fetched for the first host"


@pytest.mark.parametrize("breaks_at", [1, 2])
def test_an_upload_that_breaks_leaves_no_volume(
    breaks_at: int, place: Host, image: ResolvedImage, context_of: Around, listed: Look
) -> None:
    before = listed(place)
    with pytest.raises(HostError, match="broke"):
        obtain(image).do(context_of(Uploading(place, breaks_at)))
    assert listed(place) == before


def test_a_wrong_checksum_makes_nothing(place: Host, image: ResolvedImage, context_of: Around, listed: Look) -> None:
    before = listed(place)
    wrong = image._replace(digest=Digest("sha256", "0" * 64))
    context = context_of(Uploading(place))
    with pytest.raises(FetchError, match="instead of 0000"):
        obtain(wrong).do(context)
    assert listed(place) == before and downloaded() == []
    assert context.trail.artifacts(ImageFiles) == [] == context.trail.artifacts(Base)


def test_an_image_that_the_server_has_replaced(
    place: Host, image: ResolvedImage, context_of: Around, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = image._replace(path="", url="https://example.org/old.img", digest=Digest("sha256", "0" * 64))
    asked: list[ResolvedImage] = []

    def fetch(wanted: ResolvedImage, folder: str, report: object) -> Any:
        asked.append(wanted)
        if wanted.url:
            raise FetchError("the checksum is another one")
        return real(wanted, folder, report)  # type: ignore[arg-type]

    from virtprov.images.fetching import fetch as fetching

    real = fetching.fetch
    monkeypatch.setattr(fetching, "fetch", fetch)
    newer = image._replace(file_name="new.img")
    step = obtain(old, lambda: newer)
    step.do(context_of(Uploading(place)))
    assert asked == [old, newer]
    assert told.said == ["own.img has been replaced on the server; trying new.img"]
    assert step.obtained.volume is not None and step.obtained.volume.name == base_of(newer).name

    for again in (lambda: old, lambda: (_ for _ in ()).throw(FetchError("gone"))):
        with pytest.raises(FetchError, match="another one"):
            obtain(old, again).do(context_of(Uploading(place)))
    asked.clear()
    moved = old._replace(url="https://example.org/x")
    with pytest.raises(FetchError, match="another one"):
        obtain(old, lambda: moved).do(context_of(Uploading(place)))
    assert asked == [old, moved], "it is looked up anew once"


def test_the_label_says_whether_it_is_fetched(image: ResolvedImage) -> None:
    assert obtain(image).label == "Fetching the image own.img"
    assert obtain(image._replace(size=5 * MIB)).label == "Fetching the image own.img (5 MiB)"
    assert obtain(image, capacity=MIB).label == f"Using the cached image {base_of(image).name}"


def test_of_two_commands_the_second_waits_and_uses_what_the_first_brought(
    place: Host, image: ResolvedImage, context_of: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, waited = Uploading(place), []

    def take(key: str, what: str, say: object, stop: object, *, who: str, patience: float) -> Any:
        waited.append((what, who))
        if len(waited) == 1:  # another command has the lock, and brings the base
            obtain(image).do(context_of(host))
        return nullcontext()

    monkeypatch.setattr(lock, "take", take)
    obtain(image).do(context_of(host))
    assert waited == [("fetching own", "virtprov-install")] * 2
    assert len(host.uploads) == 2


# -- the disk --------------------------------------------------------------------------------------


@pytest.fixture
def obtained(place: Host) -> Obtained:
    found = Obtained()
    found.volume = place.storage.volume("images", "base.qcow2")
    return found


def disk(capacity: int, *, copies: bool = False, fmt: str = "qcow2") -> NewVolume:
    base = BaseVolume("images", "base.qcow2", "/srv/images/base.qcow2", copies=copies)
    return NewVolume("images", f"g.{fmt}", f"/srv/images/g.{fmt}", fmt, capacity, 0, base=base)


@pytest.mark.parametrize(("capacity", "size"), [(0, 3 << 30), (1, 3 << 30), (5 << 30, 5 << 30)])
def test_an_overlay_is_no_smaller_than_its_base(
    capacity: int, size: int, place: Host, obtained: Obtained, context_of: Around, listed: Look
) -> None:
    before = listed(place)
    undo = MakeImageDisk(disk(capacity), obtained, "").do(context_of(place))
    made = place.storage.volume("images", "g.qcow2")
    assert made is not None and made.capacity == size
    assert (made.backing_path, made.backing_format) == ("/srv/images/base.qcow2", "qcow2")
    assert undo is not None
    undo()
    assert listed(place) == before


def test_a_size_below_that_of_the_image(place: Host, obtained: Obtained, context_of: Around, listed: Look) -> None:
    before = listed(place)
    with pytest.raises(UsageError, match=r"--disk size=2: the image has 3 GiB and cannot be shrunk"):
        MakeImageDisk(disk(2 << 30), obtained, "--disk size=2").do(context_of(place))
    assert listed(place) == before


class Growing(StandIn):
    """A host that can enlarge volumes, or cannot."""

    def __init__(self, host: Host, fails: bool = False) -> None:
        self.real, self.fails, self.sizes = host, fails, []  # type: ignore[var-annotated]

    def storage_clone_volume(self, pool: str, xml: str, *words: str, **settings: object) -> Any:
        return self.real.storage.create_volume(pool, xml)._replace(capacity=3 << 30)

    def storage_resize_volume(self, pool: str, name: str, capacity: int) -> None:
        if self.fails:
            raise HostError("cannot be enlarged")
        self.sizes.append((name, capacity))


def test_a_copy_is_enlarged(place: Host, obtained: Obtained, context_of: Around, listed: Look) -> None:
    before, host = listed(place), Growing(place)
    undo = MakeImageDisk(disk(5 << 30, copies=True), obtained, "").do(context_of(host))
    assert host.sizes == [("g.qcow2", 5 << 30)]
    assert undo is not None
    undo()
    MakeImageDisk(disk(0, copies=True, fmt="raw"), obtained, "").do(context_of(host))
    assert len(host.sizes) == 1
    place.storage.delete_volume("images", "g.raw")
    with pytest.raises(HostError, match="enlarged"):
        MakeImageDisk(disk(5 << 30, copies=True), obtained, "").do(context_of(Growing(place, fails=True)))
    assert listed(place) == before


# -- what is left ----------------------------------------------------------------------------------


def test_files_of_a_killed_run(place: Host, tmp_path: Path) -> None:
    files = ImageFiles("0123456789abcdef")
    assert files.standing(place, Evidence()).state == GONE
    folder = Path(cache.hold(files.name))
    (folder / "x.file.part").write_text("half")
    assert files.standing(place, Evidence()).state == OURS
    files.take_down(place)
    assert not folder.exists()
    cache.hold(files.name)
    cache.is_held(files.name)
    (folder / "disk").write_text("verified")
    (folder / "x.file.part").write_text("half")
    kept = files._replace(had=True)
    kept.take_down(place)
    assert downloaded() == ["disk"]
    assert kept.standing(place, Evidence()).state == GONE


def test_what_another_command_uses_stays(place: Host) -> None:
    tag = "0123456789abcdef"
    folder = cache.hold(tag)
    cache.is_held(tag)
    (Path(folder) / "x.file.part").write_text("half")
    number = os.open(folder, os.O_RDONLY)
    try:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_SH)
        assert ImageFiles(tag).standing(place, Evidence()).state == OTHERS
        base = Base("base.qcow2", "images", "/srv/images/base.qcow2", tag=tag)
        assert base.standing(place, Evidence()).state == OTHERS
        for artifact in (ImageFiles(tag), base):
            with pytest.raises(InUse):
                artifact.take_down(place)
    finally:
        os.close(number)
    assert base.standing(place, Evidence()).state == OURS


def test_an_incomplete_copy_beside_a_base_is_removed(place: Host, tmp_path: Path) -> None:
    base = Base("new.qcow2", "images", str(tmp_path / "new.qcow2"), tag="0123456789abcdef")
    assert base.standing(place, Evidence()).state == GONE
    for one in (base, base._replace(part=new_part(base.path))):  # older versions did not record its path
        part = Path(one.part or part_of(base.path))
        part.write_text("half")
        assert one.standing(place, Evidence()).state == OURS
        one.take_down(place)
        assert not os.path.lexists(part)
    assert new_part(base.path) != new_part(base.path)


def test_an_incomplete_base_of_a_run_that_was_killed_before_it_recorded_it(place: Host, image: ResolvedImage) -> None:
    host, wanted = Uploading(place), base_of(image)
    host.storage.create_volume("images", NewVolume("images", wanted.name, wanted.path, "raw", MIB, 0).xml())
    base, unrecorded = Base(wanted.name, "images", wanted.path, tag="0" * 16), Evidence(made=False, began=1.0)
    assert base.standing(host, unrecorded).state == OURS  # type: ignore[arg-type]
    host.contents[wanted.name][0] = 1
    assert base.standing(host, unrecorded).state == UNSURE, "another machine may have completed it"  # type: ignore[arg-type]
