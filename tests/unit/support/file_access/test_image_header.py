"""What an image is, by its first bytes."""

from __future__ import annotations

import pytest

from virtprov.support.file_access.image_header import TOLD, format_of, probe_bytes


@pytest.mark.parametrize(
    ("head", "format"),
    [(b"QFI\xfb\0\0\0\3", "qcow2"), (b"QED\0", "qed"), (b"vhdxfile", "vhdx"), (b"\0", "raw"), (b"", "raw")],
)
def test_first_bytes_alone(head: bytes, format: str) -> None:
    seen = probe_bytes(head.ljust(1024, b"\0") if head else b"")
    assert (seen.format, seen.backing) == (format, "")
    assert format == "raw" or format in TOLD


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"QFI\xfb\0\0\0\3", "qcow2"),
        (b"QFI\xfb\0\0\0\1", "qcow"),
        (b"KDMV", "vmdk"),
        (b"WithoutFreeSpace", "parallels"),
        (b"# Disk DescriptorFile\nversion=1", "vmdk"),
        (b"vhdxfile", "vhdx"),
        (b"conectix", "vpc"),
        (b"QED\0", "qed"),
        (b"<<< disk >>>".ljust(64, b"\0") + b"\x7f\x10\xda\xbe", "vdi"),
        (b"\xfd7zXZ\0", "xz"),
        (bytes(510) + b"\x55\xaa", "raw"),
        (bytes(512) + b"EFI PART", "raw"),
        (bytes(1024), ""),
        (b"", ""),
        (b"some text", ""),
    ],
)
def test_formats(head: bytes, expected: str) -> None:
    assert format_of(head) == expected
