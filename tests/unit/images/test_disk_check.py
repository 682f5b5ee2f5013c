"""Headers of downloaded images are not trusted: QEMU would open the files that they name."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from virtprov.images.disk_check import Disk, check_disk
from virtprov.support.errors import MediaError


def qcow2(
    *, version: int = 3, backing: int = 0, features: int = 0, crypt: int = 0, size: int = 1 << 30, length: int = 104
) -> bytes:
    """Return a header by QEMU's docs/interop/qcow2."""
    head = struct.pack(">4sIQIIQII", b"QFI\xfb", version, backing, 0, 16, size, crypt, 1)
    return (head + bytes(72 - len(head)) + struct.pack(">Q", features) + bytes(24)).ljust(length, b"\0")


def refusal(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "image"
    path.write_bytes(data)
    with pytest.raises(MediaError) as failure:
        check_disk(str(path), "https://x/image")
    assert "'https://x/image'" in failure.value.message
    return failure.value.message


def test_images_of_qemu_img(tmp_path: Path) -> None:
    for words, size in (("qcow2", 3 << 30), ("qcow2 -o compat=0.10", 1 << 20), ("qcow2 -o compression_type=zstd", 512)):
        path = tmp_path / "image"
        subprocess.run(["qemu-img", "create", "-q", "-f", *words.split(), path, str(size)], check=True)
        assert check_disk(str(path), "x") == Disk("qcow2", size)


def test_a_raw_disk_ends_with_a_whole_sector(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"x" * 1000)
    assert check_disk(str(tmp_path / "image"), "x") == Disk("raw", 1024)


def test_a_backing_file_is_refused_even_without_a_name(tmp_path: Path) -> None:
    base, top = tmp_path / "base", tmp_path / "top"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", base, "1M"], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", top], check=True)
    assert "has a backing file" in refusal(tmp_path, top.read_bytes())
    assert "has a backing file" in refusal(tmp_path, qcow2(backing=1 << 40))


def test_an_external_data_file_is_refused_wherever_its_name_is(tmp_path: Path) -> None:
    top = tmp_path / "top"
    data = f"data_file={tmp_path}/data,data_file_raw=on"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", data, top, "1M"], check=True)
    assert "has an external data file" in refusal(tmp_path, top.read_bytes())
    assert "has an external data file" in refusal(tmp_path, qcow2(features=4))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\n<!DOCTYPE html><html>", "is a web page"),
        (b"<html>", "is a web page"),
        (b"\xfd7zXZ\0" + bytes(600), "is packed with xz"),
        (b"KDMV" + bytes(600), "has the format vmdk"),
        (b"conectix" + bytes(600), "has the format vpc"),
        (b"QFI\xfb\0\0\0\1" + bytes(600), "has the format qcow;"),
        (qcow2(version=4), "version 4"),
        (qcow2()[:60], "version 3"),
        (qcow2(features=1 << 5), "features that are unknown"),
        (qcow2(crypt=2), "is encrypted"),
        (qcow2(size=0), "has 0 bytes, which cannot be"),
        (qcow2(size=1 << 62), "which cannot be"),
    ],
)
def test_what_is_no_disk_of_its_own(data: bytes, why: str, tmp_path: Path) -> None:
    assert why in refusal(tmp_path, data)
