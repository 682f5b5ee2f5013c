"""Sizes and durations, as typed and as shown."""

from __future__ import annotations

import pytest

from virtprov.support.errors import UsageError
from virtprov.support.notation import units


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("20G", 20 * 1024**3),
        ("20g", 20 * 1024**3),
        ("1.5GiB", 3 * 512 * 1024**2),
        (" 512 MiB ", 512 * 1024**2),
        ("1k", 1024),
        ("1KB", 1000),
        ("2TB", 2 * 10**12),
        ("7bytes", 7),
        ("0.5b", 1),
        ("1.1K", 1127),
        ("3E", 3 * 1024**6),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert units.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "20X", "20GiBs", "-1", "1.2.3G", "1.", ".5G", "1e9", "0x10", "ten"])
def test_no_size(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        units.parse_size(text)
    assert f"'{text}' is not a valid size" in str(caught.value)
    assert "20G" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("30m", 1800),
        ("1h", 3600),
        ("1h30m", 5400),
        ("1h 30 min 5s", 5405),
        ("2 days", 172800),
        ("1.5h", 5400),
        ("0.2s", 1),
        ("1W", 604800),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert units.parse_duration(text) == seconds


def test_a_bare_duration_counts_in_the_unit_asked_for() -> None:
    assert units.parse_duration("30", "m") == 1800


@pytest.mark.parametrize("text", ["", "m", "30x", "1h30", "30 30", "-5m", "1h-5m", "soon", "5m!"])
def test_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="is not a timeout"):
        units.parse_duration(text, what="timeout")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (20 * 1024**3, "20 GiB"),
        (1024**2 - 1, "1 MiB"),
        (5 * 1024**7, "5120 EiB"),
    ],
)
def test_shown_sizes(size: int, text: str) -> None:
    assert units.show_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (12.3, "12 s"), (60, "1 min"), (200, "3 min 20 s"), (3600, "1 h"), (7500, "2 h 5 min")],
)
def test_shown_durations(seconds: float, text: str) -> None:
    assert units.show_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (53687091, "0.05 GiB"),  # size=0.05 in whole bytes
        (20 * units.GIB, "20 GiB"),
        (int(1.5 * units.GIB), "1.5 GiB"),
        (int(1234.5 * units.GIB), "1,234.5 GiB"),
        (2000 * units.GIB, "2,000 GiB"),
        (9 << 20, "9 MiB"),
        (0, "0 bytes"),
    ],
)
def test_sizes_of_disks_as_a_person_writes_them(size: int, shown: str) -> None:
    assert units.show_gib(size) == shown
