"""What an image is, by its first bytes."""

from __future__ import annotations

import pytest

from virtprov.support.image import TOLD, probe_bytes


@pytest.mark.parametrize(
    ("head", "format"),
    [(b"QFI\xfb\0\0\0\3", "qcow2"), (b"QED\0", "qed"), (b"vhdxfile", "vhdx"), (b"\0", "raw"), (b"", "raw")],
)
def test_first_bytes_alone(head: bytes, format: str) -> None:
    seen = probe_bytes(head.ljust(1024, b"\0") if head else b"")
    assert (seen.format, seen.backing) == (format, "")
    assert format == "raw" or format in TOLD
