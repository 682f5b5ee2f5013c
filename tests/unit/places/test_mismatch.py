"""Media for another architecture."""

from __future__ import annotations

import pytest

from virtprov.osinfo.detect import Detected
from virtprov.places.mismatch import arch_mismatch


@pytest.mark.parametrize(
    ("medium", "guest", "words"),
    [
        ("x86_64", "x86_64", ""),
        ("amd64", "x86_64", ""),
        ("", "x86_64", ""),
        ("x86_64", "", ""),
        ("multi-arch", "x86_64", ""),
        ("all", "aarch64", ""),
        ("i386", "x86_64", "a 32-bit system"),
        ("x86_64", "i686", "will probably not boot"),
        ("aarch64", "x86_64", "the medium of Debian 12 is for aarch64, but the guest has x86_64"),
    ],
)
def test_mismatches(medium: str, guest: str, words: str) -> None:
    sentence = arch_mismatch(Detected("installer", "debian12", "Debian 12", medium), guest)
    assert words in sentence and bool(words) == bool(sentence)
