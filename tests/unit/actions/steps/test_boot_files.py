"""Files of an installer: fetched, sent to the host, removed after use."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifacts.artifact import GONE, OURS, Evidence
from virtprov.actions.run.artifacts.local_files import Download
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.plan import Plan, RunContext, apply
from virtprov.actions.steps.boot_files import SendFile, fetch_iso, remove_passing, run_fetch
from virtprov.host.connection import Host
from virtprov.places.cache import prepare
from virtprov.support.errors import FetchError, HostError

Look = Callable[[Host], dict[str, list[str]]]
Around = Callable[[Any], RunContext]


def writing(*paths: Path) -> Callable[[object], None]:
    """Return a function that writes files as a download does."""

    def write(progress: object) -> None:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("new")
            path.with_name(f"{path.name}.version").write_text("3\nmark")

    return write


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# -- fetching ------------------------------------------------------------------------------------


def test_undo_removes_the_files_that_are_new(place: Host, context_of: Around, cache: Path) -> None:
    kernel, initrd, old = cache / "1/linux", cache / "2/initrd", cache / "3/old"
    writing(old)(None)
    undo = run_fetch(
        context_of(place), [(str(path), False) for path in (kernel, initrd, old)], writing(kernel, initrd, old)
    )
    assert len(names(cache)) == 6
    assert undo is not None
    undo()
    assert names(cache) == ["3/old", "3/old.version"]
    assert [path.name for path in cache.iterdir()] == ["3"]


def test_files_that_are_all_there_need_no_undo(place: Host, context_of: Around, cache: Path) -> None:
    writing(cache / "1/linux")(None)
    assert run_fetch(context_of(place), [(str(cache / "1/linux"), False)], lambda progress: None) is None


@pytest.mark.parametrize("problem", [FetchError("the server is gone"), KeyboardInterrupt()])
def test_a_failure_leaves_only_what_was_there(
    problem: BaseException, place: Host, context_of: Around, cache: Path
) -> None:
    context = context_of(place)
    writing(cache / "3/old")(None)

    def fails(progress: object) -> None:
        writing(cache / "1/linux", cache / "2/initrd.part", cache / "2/initrd.part.from", cache / "3/old.part")(None)
        (cache / "2/.initrd.x7f2").write_text("half")
        for path in cache.rglob("*.part*.version"):
            path.unlink()
        raise problem

    with pytest.raises(type(problem)):
        run_fetch(context, [(str(cache / name), False) for name in ("1/linux", "2/initrd", "3/old")], fails)
    assert names(cache) == ["3/old", "3/old.version"]
    assert context.trail.artifacts(Download) == []


def test_a_file_that_somebody_replaced_stays(place: Host, context_of: Around, told: Any, cache: Path) -> None:
    linux = cache / "1/linux"
    undo = run_fetch(context_of(place), [(str(linux), False)], writing(linux))
    (cache / "other").write_text("other")
    (cache / "other").rename(linux)
    assert undo is not None
    undo()
    assert linux.read_text() == "other"
    assert told.warned == [f"file {linux} is kept: another item now has this name"]


def test_a_killed_download_is_found_later(place: Host, cache: Path) -> None:
    download = Download(str(cache / "1/linux"))
    since = Evidence(made=False, began=time.time(), last_seen=0.0)
    assert download.standing(place, since).state == GONE
    writing(cache / "1/linux.part")(None)
    assert download.standing(place, since).state == OURS
    writing(cache / "1/linux")(None)
    assert download.standing(place, since).state == OURS
    download.take_down(place)
    assert names(cache) == ["1/linux.part.version"]


def test_of_a_file_that_was_there_only_the_parts_go(place: Host, cache: Path) -> None:
    download = Download(str(cache / "1/linux"), had=True)
    writing(cache / "1/linux")(None)
    assert download.standing(place, Evidence(made=False)).state == GONE
    (cache / "1/linux.part").write_text("half")
    assert download.standing(place, Evidence(made=False)).state == OURS
    download.take_down(place)
    assert names(cache) == ["1/linux", "1/linux.version"]


def test_a_part_that_another_run_writes_stays(place: Host, cache: Path) -> None:
    """Of two runs, one has a part of its own, named after its process."""
    download = Download(str(cache / "1/linux"))
    since = Evidence(made=False, began=time.time(), last_seen=0.0)
    for name in ("linux.part", "linux.part.from", "linux.71.part", "linux.71.part.from", "linux.part.txt"):
        writing(cache / "1" / name)(None)
        (cache / "1" / f"{name}.version").unlink()
    with open(cache / "1/linux.part", "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert download.standing(place, since).state == OURS
        download.take_down(place)
        assert names(cache) == ["1/linux.part", "1/linux.part.from", "1/linux.part.txt"]
        assert download.standing(place, since).state == GONE
    download.take_down(place)
    assert names(cache) == ["1/linux.part.txt"]


def test_a_file_that_another_run_uses_stays(place: Host, context_of: Around, cache: Path) -> None:
    """Both found the same tree; one of them is interrupted."""

    def fails(progress: object) -> None:
        for name in ("1/linux", "2/initrd"):
            prepare(str(cache / name))
            writing(cache / name)(None)
        (cache / "1/linux.part").write_text("half")
        raise KeyboardInterrupt

    (cache / "1").mkdir()
    other = os.open(cache / "1", os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_SH)
    for kept in (["1/linux", "1/linux.version"], []):
        with pytest.raises(KeyboardInterrupt):
            run_fetch(context_of(place), [(str(cache / "1/linux"), False), (str(cache / "2/initrd"), False)], fails)
        assert names(cache) == kept
        for name in kept:
            (cache / name).unlink()
        if kept:
            os.close(other)


def test_a_run_tells_the_others_what_it_uses(cache: Path) -> None:
    prepare(str(cache / "1/linux"))
    number = os.open(cache / "1", os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(number)
    Download(str(cache / "1/linux")).take_down(None)  # type: ignore[arg-type]
    assert not (cache / "1").exists()


def test_a_cache_that_is_no_folder(place: Host, cache: Path) -> None:
    """The error of the download is shown, not one of the clean-up."""
    (cache / "file").write_text("x")
    Download(str(cache / "file/1/linux")).take_down(place)
    assert names(cache) == ["file"]


class Daemon(StandIn):
    """Stands in for a host that outlives the run."""

    driver, uri, is_recorded, is_remote = "qemu", "qemu:///system", False, False

    def __init__(self, host: Host) -> None:
        self.real = host


@pytest.mark.parametrize("problem", [None, FetchError("the server is gone"), KeyboardInterrupt()])
def test_an_iso_for_the_plan_is_recorded(
    problem: BaseException | None, place: Host, home: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed while it downloads the ISO leaves a log that tells of it."""
    iso = cache / "1/cd.iso"
    monkeypatch.setattr("virtprov.places.boot_files.medium_path", lambda medium: str(iso))
    logs: list[str] = []

    def download(url: str) -> str:
        writing(*([iso.with_name("cd.iso.part")] if problem else [iso]))(None)
        iso.with_name("cd.iso.part.version").unlink(missing_ok=True)
        logs.extend(path.read_text() for path in home.iterdir())
        if problem:
            raise problem
        return str(iso)

    monkeypatch.setattr("virtprov.places.whole_iso.download_iso", download)
    with nullcontext() if problem is None else pytest.raises(type(problem)):
        assert fetch_iso(Daemon(place), "http://host/cd.iso") == str(iso)  # type: ignore[arg-type]
    assert len(logs) == 1 and f'"path":"{iso}"' in logs[0]
    assert list(home.iterdir()) == []
    assert names(cache) == ([] if problem else ["1/cd.iso", "1/cd.iso.version"])


# -- sending -------------------------------------------------------------------------------------


class Uploading(StandIn):
    """The test driver cannot take data; this stands in for a host that can, or that breaks off."""

    def __init__(self, host: Host, fails: bool = False) -> None:
        self.real, self.fails = host, fails
        self.data: dict[str, bytes] = {}

    def storage_upload_volume(self, pool: str, name: str, source: str, **settings: object) -> None:
        if self.fails:
            raise HostError("the connection broke")
        self.data[name] = Path(source).read_bytes()


@pytest.fixture
def linux(tmp_path: Path) -> str:
    (tmp_path / "linux").write_bytes(b"kernel" * 100)
    return str(tmp_path / "linux")


@pytest.mark.parametrize("pool", ["images", ""])
def test_a_file_is_sent_and_undone(
    pool: str, linux: str, place: Host, context_of: Around, listed: Look, tmp_path: Path
) -> None:
    before, host = listed(place), Uploading(place)
    folder = "/srv/images" if pool else str(tmp_path)
    undo = SendFile(linux, pool, f"{folder}/web-linux").do(context_of(host))
    assert host.data == {"web-linux": b"kernel" * 100}
    assert listed(place)["guests"] == before["guests"]
    assert set(listed(place)) == set(before), "a pool is left"
    if pool:
        assert "web-linux" in listed(place)["pool images"]
    assert undo is not None
    undo()
    assert listed(place) == before


def test_a_file_that_cannot_be_sent_is_not_left(linux: str, place: Host, context_of: Around, listed: Look) -> None:
    before = listed(place)
    with pytest.raises(HostError, match="broke"):
        SendFile(linux, "images", "/srv/images/web-linux").do(context_of(Uploading(place, fails=True)))
    assert listed(place) == before


def test_passing_files_are_removed_and_others_stay(
    linux: str, place: Host, context_of: Around, listed: Look, cache: Path
) -> None:
    before, context = listed(place), context_of(Uploading(place))
    private, cached = cache / "1/private", cache / "2/cached"
    steps = (
        SendFile(linux, "images", "/srv/images/web-linux"),
        SendFile(linux, "images", "/srv/images/web.iso"),
        SendFile(linux, "images", "/srv/images/kept.iso", passing=False),
        Fetching([(str(private), True), (str(cached), False)], writing(private, cached)),
    )
    apply(Plan((), steps, "web"), context)
    remove_passing(context, ("/srv/images/web-linux", str(private), str(cached)))
    assert names(cache) == ["2/cached", "2/cached.version"]
    assert [volume.path for volume in context.trail.artifacts(Volume)] == ["/srv/images/web.iso"]
    remove_passing(context, ("/srv/images/web.iso",))
    assert listed(place)["pool images"] == sorted([*before["pool images"], "kept.iso"])
    assert context.trail.passing() == []


class Fetching:
    """A step that fetches files."""

    label = "Fetching files"
    shows_itself = True

    def __init__(self, files: list[tuple[str, bool]], call: Callable[[object], None]) -> None:
        self.files, self.call = files, call

    def do(self, context: RunContext) -> Callable[[], object] | None:
        return run_fetch(context, self.files, self.call)


def test_a_failure_to_remove_is_only_said(linux: str, place: Host, context_of: Around, told: Any) -> None:
    class Stuck(Uploading):
        def storage_delete_volume(self, pool: str, name: str) -> bool:
            raise HostError("the volume is in use")

    context = context_of(Stuck(place))
    apply(Plan((), (SendFile(linux, "images", "/srv/images/web-linux"),), "web"), context)
    remove_passing(context, ("/srv/images/web-linux",))
    assert told.warned == ["could not remove volume web-linux in pool 'images': the volume is in use"]
    assert len(context.trail.passing()) == 1
