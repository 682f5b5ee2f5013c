"""Copies of disk images: the same bytes, the same holes, nothing left of a copy that failed."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from virtprov.support.errors import HostError, ProvError
from virtprov.support.file_access.copy import GRAIN, STEP, copy_image


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


@pytest.fixture(autouse=True)
def unshared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work as on a file system that cannot share blocks, whatever the tests are run on."""

    def refuse(*args: object) -> int:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(fcntl, "ioctl", refuse)


def on_disk(path: Path) -> int:
    return path.stat().st_blocks * 512


def test_bytes_holes_and_mode_are_copied(image: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.img"
    copy_image(str(image), str(copy))
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
    image.write_bytes(b"x" * STEP + b"\0" * 2 * STEP + b"y")
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
    assert whole[-1] == seen[-1]  # what is only allocated is not written


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


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.EXDEV, "the two files are on different file systems"),
        (errno.EOPNOTSUPP, "the file system cannot share blocks, as XFS and Btrfs can"),
        (errno.ETXTBSY, "Text file busy"),
    ],
)
def test_a_full_copy_is_made_and_the_reason_returned(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def refuse(*args: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    copy = tmp_path / "copy.img"
    assert copy_image(str(image), str(copy)) == why
    assert copy.read_bytes() == image.read_bytes()


def test_nothing_is_copied_if_the_blocks_are_shared(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(fcntl, "ioctl", lambda copy, request, origin: asked.append(request))
    assert copy_image(str(image), str(tmp_path / "copy.img")) == ""
    assert asked == [0x40049409]  # FICLONE
    assert (tmp_path / "copy.img").stat().st_size == 0  # the kernel would have filled it


def test_no_blocks_are_shared_by_a_copy_with_all_its_space(image: Path, tmp_path: Path) -> None:
    assert copy_image(str(image), str(tmp_path / "copy.img"), sparse=False) == "the copy is not sparse"


@pytest.mark.parametrize("start", [0, 1, GRAIN - 1, GRAIN, 5 * STEP + 7])
def test_written_parts_between_zeros_are_copied_wherever_they_begin(tmp_path: Path, start: int) -> None:
    image, copy = tmp_path / "full.img", tmp_path / "copy.img"
    image.write_bytes(b"\0" * start + b"x" * 3 * STEP + b"\0" * 2 * STEP + b"y" * 70000 + b"\0" * 9)
    copy_image(str(image), str(copy))
    assert copy.read_bytes() == image.read_bytes()
    assert on_disk(copy) <= 3 * STEP + 70000 + 4 * GRAIN


def test_a_kernel_that_cannot_copy_is_helped(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    copy = tmp_path / "copy.img"
    copy_image(str(image), str(copy))
    assert copy.read_bytes() == image.read_bytes()
    assert on_disk(copy) < 1 << 20


def test_an_image_that_is_written_to_meanwhile_is_not_copied(image: Path, tmp_path: Path) -> None:
    def write(done: int, total: int) -> None:
        with image.open("r+b") as file:
            file.write(b"late")

    copy = tmp_path / "copy.img"
    with pytest.raises(HostError, match="disk.img was written to while it was copied"):
        copy_image(str(image), str(copy), progress=write)
    assert os.listdir(tmp_path) == ["disk.img"]


def test_space_is_asked_for_before_anything_is_written(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fstatvfs

    def little(handle: int) -> os.statvfs_result:
        facts = list(real(handle))
        facts[3] = facts[4] = 0  # f_bfree, f_bavail
        return os.statvfs_result(facts)

    monkeypatch.setattr(os, "fstatvfs", little)
    with pytest.raises(HostError, match=r"copy.img needs .* but its file system has only 0 bytes of free space"):
        copy_image(str(image), str(tmp_path / "copy.img"))
    assert os.listdir(tmp_path) == ["disk.img"]
