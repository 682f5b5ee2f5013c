"""What the names of files say."""

from __future__ import annotations

import pytest

from virtprov.images.image import BZIP2, GZIP, QCOW2, RAW, XZ, ZSTD, Packing
from virtprov.images.names import disk_format_of, packing_of, unpacked_name


@pytest.mark.parametrize(
    ("name", "packing", "inside", "format"),
    [
        ("disk.qcow2", Packing(), "disk.qcow2", QCOW2),
        ("disk.img", Packing(), "disk.img", ""),
        ("DISK.RAW.XZ", Packing(XZ), "DISK.RAW", RAW),
        ("disk.qcow2.gz", Packing(GZIP), "disk.qcow2", QCOW2),
        ("disk.qcow2.zst", Packing(ZSTD), "disk.qcow2", QCOW2),
        ("flat.img.bz2", Packing(BZIP2), "flat.img", ""),
        ("kali.tar.xz", Packing(XZ, is_tar=True), "kali", ""),
        ("disk.tgz", Packing(GZIP, is_tar=True), "disk", ""),
        ("disk.tar", Packing(is_tar=True), "disk", ""),
        ("noending", Packing(), "noending", ""),
    ],
)
def test_packings(name: str, packing: Packing, inside: str, format: str) -> None:
    assert (packing_of(name), unpacked_name(name), disk_format_of(name)) == (packing, inside, format)
    assert packing.is_packed is (inside != name)
