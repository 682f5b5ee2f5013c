"""Headers of downloaded images are not trusted: QEMU would open the files that they name."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from virtprov.images.fetching.disk_check import Disk, check_disk
from virtprov.support.errors import MediaError


def qcow2(
    *, version: int = 3, backing: int = 0, features: int = 0, crypt: int = 0, size: int = 1 << 30, length: int = 104
) -> bytes:
    """Return a header by QEMU's docs/interop/qcow2."""
    head = struct.pack(">4sIQIIQII", b"QFI\xfb", version, backing, 0, 16, size, crypt, 1)
    return (head + bytes(72 - len(head)) + struct.pack(">Q", features) + bytes(24)).ljust(length, b"\0")


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "image"
    path.write_bytes(data)
    return path


def refusal(tmp_path: Path, data: bytes) -> str:
    path = written(tmp_path, data)
    with pytest.raises(MediaError) as failure:
        check_disk(str(path), "https://x/image")
    assert "'https://x/image'" in failure.value.message
    return failure.value.message


@pytest.mark.parametrize(("header", "size"), [(qcow2(), 1 << 30), (qcow2(version=2, size=512), 512)])
def test_a_qcow2_of_its_own(header: bytes, size: int, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(header)
    assert check_disk(str(tmp_path / "image"), "x") == Disk("qcow2", size)


@pytest.mark.parametrize("features", [1, 2, 8, 16])
def test_features_that_do_not_matter(features: int, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(qcow2(features=features))
    assert check_disk(str(tmp_path / "image"), "x").format == "qcow2"


def test_a_raw_disk_ends_with_a_whole_sector(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"x" * 1000)
    assert check_disk(str(tmp_path / "image"), "x") == Disk("raw", 1024)


def test_other_files_are_refused_even_without_their_names(tmp_path: Path) -> None:
    assert "has a backing file" in refusal(tmp_path, qcow2(backing=1 << 40))
    assert "has an external data file" in refusal(tmp_path, qcow2(features=4))
    assert Disk("qcow2", 1 << 30) == check_disk(str(written(tmp_path, qcow2(version=2, features=4))), "x")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html>", "is a web page"),
        (b"<html>", "is a web page"),
        (b"\xfd7zXZ\0" + bytes(600), "is packed with xz, but its name has another ending"),
        (b"PK\3\4" + bytes(600), "is packed with zip, which cannot be unpacked here"),
        (b"KDMV" + bytes(600), "has the format vmdk"),
        (b"conectix" + bytes(600), "has the format vpc"),
        (b"QFI\xfb\0\0\0\1" + bytes(600), "has the format qcow;"),
        (qcow2(version=4), "version 4"),
        (qcow2()[:60], "version 3"),
        (qcow2(features=1 << 5), "features that are unknown"),
        (qcow2(crypt=2), "is encrypted"),
        (qcow2(size=0), "has an impossible disk size of 0 bytes"),
        (qcow2(size=1 << 62), "has an impossible disk size"),
    ],
)
def test_what_is_no_disk_of_its_own(data: bytes, why: str, tmp_path: Path) -> None:
    assert why in refusal(tmp_path, data)


def test_anything_but_qcow2_under_a_name_that_says_qcow2(tmp_path: Path) -> None:
    path = written(tmp_path, b'{"error": "come back later"}')
    with pytest.raises(MediaError, match="'x' is not a qcow2 image"):
        check_disk(str(path), "x", "qcow2")
    assert check_disk(str(path), "x", "raw").format == "raw"
    assert check_disk(str(written(tmp_path, qcow2())), "x", "raw").format == "qcow2", "the header is right"
