"""Copies of disk images: the same bytes, the same holes, nothing left of a copy that failed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from virtprov.support.copy import BLOCK, copy_image
from virtprov.support.errors import HostError, ProvError


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of 20 MiB with data in its middle only."""
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(20 << 20)
        file.seek(9 << 20)
        file.write(b"data" * 1000)
    path.chmod(0o640)
    return path


def on_disk(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_bytes_holes_and_mode_are_copied(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.img"
    assert copy_image(str(image), str(copy)) is True
    assert copy.read_bytes() == image.read_bytes()
    assert on_disk(copy) < 1 << 20
    assert copy.stat().st_mode & 0o777 == 0o640


def test_a_copy_without_holes_takes_all_its_space(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.img"
    copy_image(str(image), str(copy), sparse=False)
    assert copy.read_bytes() == image.read_bytes()
    assert on_disk(copy) >= 20 << 20


def test_zeros_that_are_written_out_become_holes(tmp_path: Path) -> None:
    image, copy = tmp_path / "full.img", tmp_path / "copy.img"
    image.write_bytes(b"x" * BLOCK + b"\0" * 2 * BLOCK + b"y")
    copy_image(str(image), str(copy))
    assert copy.read_bytes() == image.read_bytes()
    assert on_disk(copy) < on_disk(image)


@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"x"])
def test_small_images(tmp_path: Path, content: bytes) -> None:
    image, copy = tmp_path / "small.img", tmp_path / "copy.img"
    image.write_bytes(content)
    copy_image(str(image), str(copy))
    assert copy.read_bytes() == content


def test_progress_comes_to_its_end(image: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    copy_image(str(image), str(tmp_path / "copy.img"), progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1]
    assert seen[-1][1] <= max(image.stat().st_blocks * 512, 4096)  # holes are not copied, so they do not count
    whole: list[tuple[int, int]] = []
    target = str(tmp_path / "whole.img")
    copy_image(str(image), target, sparse=False, progress=lambda done, total: whole.append((done, total)))
    assert whole[-1] == (20 << 20, 20 << 20)


def test_an_interrupted_copy_is_removed(image: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    copy = tmp_path / "copy.img"
    with pytest.raises(KeyboardInterrupt):
        copy_image(str(image), str(copy), progress=stop)
    assert not copy.exists()


def test_nothing_that_is_there_is_overwritten(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.img"
    other.write_text("precious")
    with pytest.raises(ProvError, match="other.img already exists"):
        copy_image(str(image), str(other))
    assert other.read_text() == "precious"


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProvError, match="cannot open .*missing.img"):
        copy_image(str(tmp_path / "missing.img"), str(tmp_path / "copy.img"))
    assert not (tmp_path / "copy.img").exists()


def test_a_full_file_system_leaves_no_copy(image: Path, tmp_path: Path) -> None:
    import resource
    import signal

    copy = tmp_path / "copy.img"
    kept, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, kept[1]))  # as if the disk were full at 1 MiB
    try:
        with pytest.raises(ProvError, match="cannot copy .*disk.img to .*copy.img: File too large"):
            copy_image(str(image), str(copy))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
        signal.signal(signal.SIGXFSZ, handler)
    assert not copy.exists()


def test_blocks_are_shared_or_it_is_said_that_they_cannot(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.img"
    try:
        copy_image(str(image), str(copy), reflink=True)
    except HostError as problem:
        assert "cannot share the blocks of" in problem.message and "--reflink" in problem.hint
        assert os.listdir(tmp_path) == ["disk.img"]
    else:
        assert copy.read_bytes() == image.read_bytes()
