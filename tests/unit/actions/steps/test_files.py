"""Copies that we make ourselves: the pool is told, and told again when the copy goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from virtprov.actions.run.plan import World
from virtprov.actions.steps.files import CopyFile
from virtprov.support.errors import HostError
from virtprov.support.progress import Progress


class Pool(NamedTuple):
    name: str
    active: bool


class Told:
    """A host with one pool over a folder, which notes when the pool is read again."""

    is_alive = True

    def __init__(self, folder: Path, *, active: bool = True, refuses: bool = False) -> None:
        self.folder, self.active, self.refuses = folder, active, refuses
        self.refreshed: list[str] = []

    def pool_at(self, directory: str) -> Pool | None:
        return Pool("images", self.active) if directory == str(self.folder) else None

    def refresh_pool(self, name: str) -> None:
        if self.refuses:
            raise HostError("not now")
        self.refreshed.append(name)


def world(host: Any, said: list[str] | None = None) -> World:
    said = [] if said is None else said
    return World(host, Progress(), said.append, said.append)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.img"
    path.write_bytes(b"content")
    return path


def test_a_copy_in_a_pool_is_made_known(image: Path, tmp_path: Path) -> None:
    host = Told(tmp_path)
    undo = CopyFile(str(image), f"{tmp_path}/b.img").do(world(host))
    assert host.refreshed == ["images"] and (tmp_path / "b.img").read_bytes() == b"content"
    assert undo is not None
    undo()
    assert host.refreshed == ["images", "images"] and not (tmp_path / "b.img").exists()


def test_outside_of_pools_nobody_is_told(image: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for host in (Told(tmp_path / "other"), Told(tmp_path / "sub", active=False)):
        undo = CopyFile(str(image), f"{tmp_path}/sub/b.img").do(world(host))
        assert undo is not None and host.refreshed == []
        undo()


def test_a_pool_that_cannot_be_told_takes_the_copy_back(image: Path, tmp_path: Path) -> None:
    with pytest.raises(HostError, match="not now"):
        CopyFile(str(image), f"{tmp_path}/b.img").do(world(Told(tmp_path, refuses=True)))
    assert not (tmp_path / "b.img").exists()


def test_a_copy_that_is_gone_already_needs_no_undo(image: Path, tmp_path: Path) -> None:
    undo = CopyFile(str(image), f"{tmp_path}/b.img").do(world(Told(tmp_path)))
    assert undo is not None
    (tmp_path / "b.img").unlink()
    undo()


def test_what_took_the_place_of_a_copy_stays(image: Path, tmp_path: Path) -> None:
    said: list[str] = []
    undo = CopyFile(str(image), f"{tmp_path}/b.img").do(world(Told(tmp_path), said))
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "theirs").rename(tmp_path / "b.img")
    assert undo is not None
    undo()
    assert (tmp_path / "b.img").read_text() == "theirs"
    assert said == [f"the file {tmp_path}/b.img stays: another one has its name by now"]
