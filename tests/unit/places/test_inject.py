"""Files in an initrd, read back as the kernel does."""

from __future__ import annotations

import gzip
import io
import lzma
import os
from pathlib import Path

import pytest

from virtprov.places.inject import append_files, build_archive, read_files
from virtprov.places.place import InjectedFile
from virtprov.support.errors import InputError, UsageError

FILES = (
    InjectedFile("preseed.cfg", b"d-i debian-installer/locale string en_US\n"),
    InjectedFile("run.sh", b"#!/bin/sh\n", 0o755),
    InjectedFile("empty", b""),
)
FIRST = (InjectedFile("init", b"#!/bin/sh\nexec sh\n", 0o755), InjectedFile("preseed.cfg", b"old"))


def raw_zstd(data: bytes) -> bytes:
    """A zstd frame with one block that is not compressed (RFC 8878, 3.1.1)."""
    assert 256 <= len(data) < 65536
    block = (len(data) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x60" + (len(data) - 256).to_bytes(2, "little") + block + data


def unpack_zstd(data: bytes) -> tuple[bytes, int]:
    size = int.from_bytes(data[5:7], "little") + 256
    return data[10 : 10 + size], 10 + size


def unpack(data: bytes) -> dict[str, tuple[int, bytes]]:
    """The files of an initrd: archives and zeros one after the other, as in the kernel's init/initramfs.c."""
    files: dict[str, tuple[int, bytes]] = {}
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
        elif data[at:].startswith(b"070701"):
            assert at % 4 == 0
            at = read_archive(data, at, files)
        elif data[at:].startswith(b"\x1f\x8b"):
            import zlib

            stream = zlib.decompressobj(31)
            read_archive(stream.decompress(data[at:]) + stream.flush(), 0, files)
            at = len(data) - len(stream.unused_data)
        elif data[at:].startswith(b"\xfd7zXZ"):
            unpacker = lzma.LZMADecompressor()
            read_archive(unpacker.decompress(data[at:]), 0, files)
            at = len(data) - len(unpacker.unused_data)
        else:
            assert data[at:].startswith(b"\x28\xb5\x2f\xfd"), data[at : at + 10]
            inner, size = unpack_zstd(data[at:])
            read_archive(inner, 0, files)
            at += size
    return files


def read_archive(data: bytes, at: int, files: dict[str, tuple[int, bytes]]) -> int:
    """Read a newc archive, and return where it ends."""
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * number : at + 14 + 8 * number], 16) for number in range(13)]
        mode, size, width = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + width]
        assert name.endswith(b"\0")
        at += (110 + width + 3) // 4 * 4
        content = data[at : at + size]
        at += (size + 3) // 4 * 4
        if name == b"TRAILER!!!\0":
            return at
        files[name[:-1].decode()] = (mode, content)


INITRDS = {
    "gzip": gzip.compress(build_archive(FIRST)),
    "xz": lzma.compress(build_archive(FIRST), check=lzma.CHECK_CRC32),
    "zstd": raw_zstd(build_archive(FIRST[:1])),
    "uncompressed": build_archive(FIRST),
    "several": build_archive((InjectedFile("early", b"microcode"),)) + bytes(512) + gzip.compress(build_archive(FIRST)),
    "odd end": gzip.compress(build_archive(FIRST)) + b"\0",
}


@pytest.mark.parametrize("kind", INITRDS)
def test_the_kernel_finds_all_files(kind: str) -> None:
    initrd = io.BytesIO(INITRDS[kind])
    append_files(initrd, FILES)
    data = initrd.getvalue()
    assert data.startswith(INITRDS[kind])
    files = unpack(data)
    assert files["init"] == (0o100755, b"#!/bin/sh\nexec sh\n")
    assert files["preseed.cfg"] == (0o100644, FILES[0].content)
    assert files["run.sh"] == (0o100755, b"#!/bin/sh\n")
    assert files["empty"] == (0o100644, b"")
    assert ("early" in files) == (kind == "several")


def test_files_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "ks.cfg").write_bytes(b"lang en_US\n")
    (tmp_path / "ks.cfg").chmod(0o600)
    assert read_files([str(tmp_path / "ks.cfg")]) == (InjectedFile("ks.cfg", b"lang en_US\n", 0o600),)
    assert read_files([]) == ()


def test_files_that_cannot_be_injected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file to inject '.*/none' does not exist"):
        read_files([str(tmp_path / "none")])
    with pytest.raises(InputError, match="is a directory"):
        read_files([str(tmp_path)])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="cannot be read"):
        read_files([str(tmp_path / "pipe")])
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a").write_text("2")
    with pytest.raises(UsageError, match="a file 'a' is already added"):
        read_files([str(tmp_path / "a"), str(tmp_path / "b" / "a")])
