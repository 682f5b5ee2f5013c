"""Images that are moved into a pool of this machine, and somebody else who is faster."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.standin import StandIn
from tests.unit.actions.steps.bases import DISK, Around, downloaded
from virtprov.actions.run.artifacts.artifact import OTHERS, OURS, Evidence, mark_of
from virtprov.actions.run.artifacts.base_images import Base, new_part
from virtprov.actions.run.plan import RunContext
from virtprov.actions.steps import base_images
from virtprov.actions.steps.base_images import ObtainBase, Obtained
from virtprov.guest.disks.base_volume import BaseVolume
from virtprov.host.connection import Host
from virtprov.images import cache
from virtprov.images.image import ResolvedImage
from virtprov.support.errors import HostError

pytestmark = pytest.mark.usefixtures("own_cache")


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


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_base_that_libvirt_has_not_seen_yet(
    is_seen: bool, near: tuple[Host, Path], image: ResolvedImage, context_of: Around
) -> None:
    host, folder = near
    name = cache.base_name(image, cache.tag_of(image))
    (folder / name).write_bytes(DISK)

    class Late(StandIn):
        real = host
        is_fresh = False

        def storage_refresh_pool(self, pool: str) -> None:
            self.is_fresh = is_seen

        def storage_volume(self, pool: str, name: str) -> Any:
            return host.storage.volume(pool, name) if self.is_fresh else None

        def storage_volume_at(self, path: str) -> None:
            return None

    context = context_of(Late())
    if is_seen:
        bring(Late(), image, folder, context)  # type: ignore[arg-type]
    else:
        with pytest.raises(HostError, match="disappeared from pool 'images'"):
            bring(Late(), image, folder, context)  # type: ignore[arg-type]
    assert [path.name for path in folder.iterdir()] == [name]


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
