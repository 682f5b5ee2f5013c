"""Files of an installer: fetched, sent to the host, removed after use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from virtprov.actions.run.artifact_files import Download
from virtprov.actions.run.artifact_storage import Volume
from virtprov.actions.run.plan import Plan, World, apply
from virtprov.actions.steps.boot_files import SendFile, fetch, remove_passing
from virtprov.host.connection import Host
from virtprov.support.errors import FetchError, HostError

Look = Callable[[Host], dict[str, list[str]]]
Around = Callable[[Any], World]


def writing(*paths: Path) -> Callable[[object], None]:
    """Return a function that writes files as a download does."""

    def write(progress: object) -> None:
        for path in paths:
            path.write_text("new")

    return write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "place.xml")  # what describes the host


# -- fetching ------------------------------------------------------------------------------------


def test_undo_removes_the_files_that_are_new(place: Host, world_of: Around, tmp_path: Path) -> None:
    kernel, initrd, old = (tmp_path / name for name in ("linux", "initrd", "old"))
    old.write_text("before")
    files = [(str(path), False) for path in (kernel, initrd, old)]
    undo = fetch(world_of(place), files, writing(kernel, initrd, old))
    assert names(tmp_path) == ["initrd", "linux", "old"]
    assert undo is not None
    undo()
    assert names(tmp_path) == ["old"]


def test_files_that_are_all_there_need_no_undo(place: Host, world_of: Around, tmp_path: Path) -> None:
    (tmp_path / "linux").write_text("before")
    assert fetch(world_of(place), [(str(tmp_path / "linux"), False)], writing()) is None


@pytest.mark.parametrize("problem", [FetchError("the server is gone"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing(problem: BaseException, place: Host, world_of: Around, tmp_path: Path) -> None:
    world = world_of(place)

    def fails(progress: object) -> None:
        (tmp_path / "linux").write_text("whole")
        (tmp_path / "initrd.part").write_text("half")
        (tmp_path / "initrd.part.from").write_text("where it comes from")
        raise problem

    with pytest.raises(type(problem)):
        fetch(world, [(str(tmp_path / name), False) for name in ("linux", "initrd")], fails)
    assert names(tmp_path) == []
    assert world.trail.artifacts(Download) == []


def test_a_file_that_somebody_replaced_stays(place: Host, world_of: Around, told: Any, tmp_path: Path) -> None:
    linux = tmp_path / "linux"
    undo = fetch(world_of(place), [(str(linux), False)], writing(linux))
    (tmp_path / "other").write_text("other")
    (tmp_path / "other").rename(linux)
    assert undo is not None
    undo()
    assert linux.read_text() == "other"
    assert told.warned == [f"file {linux} is kept: another item now has this name"]


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
    pool: str, linux: str, place: Host, world_of: Around, listed: Look, tmp_path: Path
) -> None:
    before, host = listed(place), Uploading(place)
    folder = "/srv/images" if pool else str(tmp_path)
    undo = SendFile(linux, pool, f"{folder}/web-linux").do(world_of(host))
    assert host.data == {"web-linux": b"kernel" * 100}
    assert listed(place)["guests"] == before["guests"]
    assert set(listed(place)) == set(before), "a pool is left"
    if pool:
        assert "web-linux" in listed(place)["pool images"]
    assert undo is not None
    undo()
    assert listed(place) == before


def test_a_file_that_cannot_be_sent_is_not_left(linux: str, place: Host, world_of: Around, listed: Look) -> None:
    before = listed(place)
    with pytest.raises(HostError, match="broke"):
        SendFile(linux, "images", "/srv/images/web-linux").do(world_of(Uploading(place, fails=True)))
    assert listed(place) == before


def test_passing_files_are_removed_and_others_stay(
    linux: str, place: Host, world_of: Around, listed: Look, tmp_path: Path
) -> None:
    before, world = listed(place), world_of(Uploading(place))
    private, cached = tmp_path / "private", tmp_path / "cached"
    steps = (
        SendFile(linux, "images", "/srv/images/web-linux"),
        SendFile(linux, "images", "/srv/images/web.iso"),
        SendFile(linux, "images", "/srv/images/kept.iso", passing=False),
        Fetching([(str(private), True), (str(cached), False)], writing(private, cached)),
    )
    apply(Plan((), steps, "web"), world)
    remove_passing(world, ("/srv/images/web-linux", str(private), str(cached)))
    assert names(tmp_path) == ["cached", "linux"]
    assert [volume.path for volume in world.trail.artifacts(Volume)] == ["/srv/images/web.iso"]
    remove_passing(world, ("/srv/images/web.iso",))
    assert listed(place)["pool images"] == sorted([*before["pool images"], "kept.iso"])
    assert world.trail.passing() == []


class Fetching:
    """A step that fetches files."""

    label = "Fetching files"
    shows_itself = True

    def __init__(self, files: list[tuple[str, bool]], call: Callable[[object], None]) -> None:
        self.files, self.call = files, call

    def do(self, world: World) -> Callable[[], object] | None:
        return fetch(world, self.files, self.call)


def test_a_failure_to_remove_is_only_said(linux: str, place: Host, world_of: Around, told: Any) -> None:
    class Stuck(Uploading):
        def storage_delete_volume(self, pool: str, name: str) -> bool:
            raise HostError("the volume is in use")

    world = world_of(Stuck(place))
    apply(Plan((), (SendFile(linux, "images", "/srv/images/web-linux"),), "web"), world)
    remove_passing(world, ("/srv/images/web-linux",))
    assert told.warned == ["could not remove volume web-linux in pool 'images': the volume is in use"]
    assert len(world.trail.passing()) == 1
