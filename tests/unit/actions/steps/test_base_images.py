"""Bases of cloud images: brought to the host once, complete or not at all, and disks on them."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Evidence, InUse, mark_of
from virtprov.actions.run.artifacts.base_images import Base, ImageFiles, new_part, part_of
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps import base_images
from virtprov.actions.steps import find_base as finding
from virtprov.actions.steps.base_images import MakeImageDisk, ObtainBase, Obtained
from virtprov.actions.steps.find_base import HEAD, find_base
from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.guest.disks.volumes import NewVolume
from virtprov.host.connection import Host
from virtprov.images import cache
from virtprov.images.image import Digest, ResolvedImage
from virtprov.support import lock
from virtprov.support.errors import FetchError, HostError, UsageError

Around = Callable[[Any], RunContext]
Look = Callable[[Host], dict[str, list[str]]]
MIB = 1 << 20
DISK = b"\xebraw" + bytes(508) + os.urandom(HEAD)


class Uploading(StandIn):
    """A host on another machine that takes data, as the test driver does not; it can break off at an upload."""

    is_remote = True

    def __init__(self, host: Host, breaks_at: int = 0) -> None:
        self.real, self.breaks_at = host, breaks_at
        self.contents: dict[str, bytearray] = {}
        self.uploads: list[tuple[str, int, int]] = []
        self.modes: dict[str, str] = {}

    def storage_create_volume(self, pool: str, xml: str, **settings: object) -> Any:
        volume = self.real.storage.create_volume(pool, xml)
        self.contents[volume.name] = bytearray(volume.capacity if volume.capacity < 100 * MIB else 0)
        self.modes[volume.name] = xml.partition("<mode>")[2].partition("<")[0]
        return volume

    def storage_upload_volume(
        self, pool: str, name: str, source: BinaryIO | str, *, start: int = 0, **settings: object
    ) -> None:
        data = Path(source).read_bytes()[start:] if isinstance(source, str) else source.read()
        self.uploads.append((name, start, len(data)))
        if len(self.uploads) == self.breaks_at:
            raise HostError("the connection broke")
        self.contents[name][start : start + len(data)] = data

    def storage_volume_head(self, pool: str, name: str, length: int) -> bytes | None:
        return bytes(self.contents[name][:length]) if name in self.contents else None


@pytest.fixture(autouse=True)
def folders(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of our own, which nobody holds when the test is over."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield
    for tag in cache.tags():
        cache.is_held(tag)


@pytest.fixture
def image(tmp_path: Path) -> ResolvedImage:
    path = tmp_path / "own.img"
    path.write_bytes(DISK)
    digest = Digest("sha256", hashlib.sha256(DISK).hexdigest())
    return ResolvedImage("own", path=str(path), file_name="own.img", digest=digest)


def base_of(image: ResolvedImage, **more: Any) -> BaseVolume:
    name = cache.base_name(image, cache.tag_of(image))
    return BaseVolume("images", name, f"/srv/images/{name}", **more)


def obtain(image: ResolvedImage, again: Callable[[], ResolvedImage] | None = None, **more: Any) -> ObtainBase:
    return ObtainBase(image, cache.tag_of(image), base_of(image, **more), Obtained(), again or (lambda: image))


def downloaded() -> list[str]:
    return [entry.name for tag in cache.tags() for entry in cache.files_of(tag)]


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

    from virtprov.images import fetch as fetching

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


# -- moved into a pool of this machine -------------------------------------------------------------


@pytest.fixture
def near(place: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Host, Path]:
    """A host whose pool `near` is a directory of this machine, and the directory; its volumes are the files there."""
    folder = tmp_path / "pool"
    folder.mkdir()
    monkeypatch.setattr(base_images, "_is_own_directory", lambda host, base: True)

    class Near(StandIn):
        real = place

        def storage_volume(self, pool: str, name: str) -> Any:
            seen = place.storage.volume("images", "base.qcow2")
            path = folder / name
            return seen._replace(pool=pool, name=name, path=str(path), key=str(path)) if path.exists() else None  # type: ignore[union-attr]

        def storage_volume_head(self, pool: str, name: str, length: int) -> bytes:
            return (folder / name).read_bytes()[:length]

        def storage_refresh_pool(self, pool: str) -> None:
            return None

        def storage_delete_volume(self, pool: str, name: str) -> bool:
            (folder / name).unlink(missing_ok=True)
            return True

    return Near(), folder  # type: ignore[return-value]


def bring(host: Host, image: ResolvedImage, folder: Path, context: RunContext) -> BaseVolume:
    name = cache.base_name(image, cache.tag_of(image))
    base = BaseVolume("images", name, f"{folder}/{name}")
    ObtainBase(image, cache.tag_of(image), base, Obtained(), lambda: image).do(context)
    return base


@pytest.mark.parametrize("links", [True, False])
def test_an_image_is_moved_into_a_pool_of_this_machine(
    links: bool, near: tuple[Host, Path], image: ResolvedImage, context_of: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, folder = near

    def refuse(old: str, new: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refuse)
    base = bring(host, image, folder, context_of(host))
    assert [path.name for path in folder.iterdir()] == [base.name]
    assert Path(base.path).read_bytes() == DISK and Path(base.path).stat().st_mode & 0o7777 == 0o444
    assert downloaded() == []


@pytest.mark.parametrize("other_disk", [False, True])
def test_somebody_else_was_faster(
    other_disk: bool,
    near: tuple[Host, Path],
    image: ResolvedImage,
    context_of: Around,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, folder = near
    real = os.rename
    name = cache.base_name(image, cache.tag_of(image))

    def rename(old: str, new: str) -> None:
        (folder / name).write_bytes(DISK)
        if other_disk:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        real(old, new)

    monkeypatch.setattr(os, "rename", rename)
    context = context_of(host)
    base = bring(host, image, folder, context)
    assert [path.name for path in folder.iterdir()] == [base.name], "no part is left"
    assert Path(base.path).stat().st_nlink == 1
    assert context.trail.artifacts(Base) == []


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_move_that_fails_gives_the_disk_back(
    failure: BaseException,
    near: tuple[Host, Path],
    image: ResolvedImage,
    context_of: Around,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, folder = near

    def fail(*words: object) -> None:
        raise failure

    monkeypatch.setattr(base_images, "_name", fail)
    kind = HostError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(kind, match="no space left on device" if kind is HostError else None):
        bring(host, image, folder, context_of(host))
    assert list(folder.iterdir()) == []
    assert downloaded() == ["disk"]


def test_a_run_that_was_killed_while_it_moved_the_image(
    near: tuple[Host, Path], image: ResolvedImage, context_of: Around
) -> None:
    host, folder = near
    path = folder / "new.qcow2"
    source = folder / "disk"
    source.write_bytes(DISK)
    base = Base(
        path.name, "images", str(path), tag="0123456789abcdef", part=new_part(str(path)), mark=mark_of(str(source))
    )
    unrecorded = Evidence(made=False, began=time.time() + 3600)
    os.rename(source, base.part)
    assert base.standing(host, unrecorded).state == OURS
    os.link(base.part, path)
    assert base.standing(host, unrecorded).state == OURS
    os.unlink(base.part)
    assert base.standing(host, unrecorded).state == OURS, "although the file is older than the log says"
    os.link(path, base.part)
    base.take_down(host)
    assert list(folder.iterdir()) == []

    path.write_bytes(DISK)  # somebody else was faster
    Path(base.part).write_bytes(DISK)
    assert base.standing(host, unrecorded).state == OURS
    base.take_down(host)
    assert list(folder.iterdir()) == [path]
    assert base.standing(host, unrecorded).state == OTHERS
