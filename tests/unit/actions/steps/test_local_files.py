"""Copies that we make ourselves: the pool is told, and told again when the copy goes."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.standin import StandIn
from virtprov.actions.run.plan import RunContext, is_final
from virtprov.actions.steps.local_files import CopyFile, discard, put_aside
from virtprov.support.errors import HostError
from virtprov.support.terminal.progress import Progress


class Pool(NamedTuple):
    name: str
    active: bool


class Told(StandIn):
    """A host with one pool over a folder, which notes when the pool is read again."""

    is_alive = True

    def __init__(self, folder: Path, *, active: bool = True, refuses: bool = False) -> None:
        self.folder, self.active, self.refuses = folder, active, refuses
        self.refreshed: list[str] = []

    def storage_pool_at(self, directory: str) -> Pool | None:
        return Pool("images", self.active) if directory == str(self.folder) else None

    def storage_refresh_pool(self, name: str) -> None:
        if self.refuses:
            raise HostError("not now")
        self.refreshed.append(name)


def context(host: Any, said: list[str] | None = None) -> RunContext:
    said = [] if said is None else said
    return RunContext(host, Progress(), said.append, said.append)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.img"
    path.write_bytes(b"content")
    return path


def test_copy_file_is_made_known_to_its_pool(image: Path, tmp_path: Path) -> None:
    host = Told(tmp_path)
    undo = CopyFile(str(image), f"{tmp_path}/b.img").do(context(host))
    assert host.refreshed == ["images"] and (tmp_path / "b.img").read_bytes() == b"content"
    assert undo is not None
    undo()
    assert host.refreshed == ["images", "images"] and not (tmp_path / "b.img").exists()


def test_copy_file_outside_of_pools_tells_nobody(image: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for host in (Told(tmp_path / "other"), Told(tmp_path / "sub", active=False)):
        undo = CopyFile(str(image), f"{tmp_path}/sub/b.img").do(context(host))
        assert undo is not None and host.refreshed == []
        undo()


def test_copy_file_is_taken_back_when_its_pool_refuses(image: Path, tmp_path: Path) -> None:
    with pytest.raises(HostError, match="not now"):
        CopyFile(str(image), f"{tmp_path}/b.img").do(context(Told(tmp_path, refuses=True)))
    assert not (tmp_path / "b.img").exists()


def test_copy_file_that_is_gone_needs_no_undo(image: Path, tmp_path: Path) -> None:
    undo = CopyFile(str(image), f"{tmp_path}/b.img").do(context(Told(tmp_path)))
    assert undo is not None
    (tmp_path / "b.img").unlink()
    undo()


def test_copy_file_undone_leaves_what_took_its_place(image: Path, tmp_path: Path) -> None:
    said: list[str] = []
    undo = CopyFile(str(image), f"{tmp_path}/b.img").do(context(Told(tmp_path), said))
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "theirs").rename(tmp_path / "b.img")
    assert undo is not None
    undo()
    assert (tmp_path / "b.img").read_text() == "theirs"
    assert said == [f"file {tmp_path}/b.img is kept: another item now has this name"]


def test_put_aside_is_undone_by_its_name(image: Path, tmp_path: Path) -> None:
    step = put_aside(str(image), f"{image}.old")
    undo = step.do(context(Told(tmp_path)))
    assert step.label == f"Moving {image} aside" and not image.exists() and undo is not None
    undo()
    assert image.read_bytes() == b"content"


def test_discard_says_what_it_leaves_behind(image: Path, tmp_path: Path) -> None:
    said: list[str] = []
    step, place = discard(str(image)), context(Told(tmp_path), said)
    assert is_final(step) and step.do(place) is None and not image.exists()
    assert not place.trail.is_kept
    step.do(place)
    assert said == [f"could not remove {image}: No such file or directory"] and place.trail.is_kept


def test_a_copy_that_is_spoilt_is_deleted(image: Path, tmp_path: Path) -> None:
    asked: list[bool] = []

    def forbid(is_last: bool) -> None:
        asked.append(is_last)
        if is_last:
            raise HostError("spoilt")

    host = Told(tmp_path)
    run = context(host)
    run.guard = forbid
    with pytest.raises(HostError, match="spoilt"):
        CopyFile(str(image), f"{tmp_path}/b.img").do(run)
    assert asked[0] is False and asked[-1] is True
    assert host.refreshed == [] and not (tmp_path / "b.img").exists()


@pytest.mark.parametrize("reflink", [True, False])
def test_who_asks_for_shared_blocks_is_told_of_a_full_copy(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reflink: bool
) -> None:
    def refuse(*args: object) -> int:
        raise OSError(errno.EXDEV, "cross-device")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    said: list[str] = []
    CopyFile(str(image), f"{tmp_path}/b.img", reflink=reflink).do(context(Told(tmp_path), said))
    words = f"{tmp_path}/b.img is a full copy of {image}: the two files are on different file systems"
    assert said == ([words] if reflink else [])


def test_space_is_not_asked_for_if_the_user_says_so(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> os.statvfs_result:
        return os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 0))

    def refuse(*args: object) -> int:
        raise OSError(errno.EXDEV, "cross-device")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    monkeypatch.setattr(os, "fstatvfs", full)
    with pytest.raises(HostError, match="free space"):
        CopyFile(str(image), f"{tmp_path}/b.img").do(context(Told(tmp_path)))
    CopyFile(str(image), f"{tmp_path}/b.img", check_space=False).do(context(Told(tmp_path)))
    assert (tmp_path / "b.img").read_bytes() == b"content"
