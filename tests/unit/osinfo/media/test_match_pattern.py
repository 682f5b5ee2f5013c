"""What is concluded from a pattern must hold for every text that it fits."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from virtprov.osinfo.media.match_pattern import beginnings, needle, weight


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("Fedora-S-dvd-x86_64-40", ("Fedora-S-dvd-x86_64-40",)),
        ("^Fedora", ("Fedora",)),
        (r"Debian 12.\d+.\d+ amd64 n", ("Debian 12",)),
        (r"alpine-std 3\.16.* x86$", ("alpine-std 3.16",)),
        ("SSS_X64FREE?_", ("SSS_X64FRE",)),
        ("(J_)?CENA_X64", ("J_CENA_X64", "CENA_X64")),
        ("(ABC|DE[FG]H)_X", ("ABC_X", "DE")),
        ("(AB)*C", ("",)),
        ("(?i)abc", ("",)),
        ("abc|def", ("",)),
        (".*RHEL", ("",)),
        (r"\D+-3-1", ("",)),
        ("(", ("",)),
        ("", ("",)),
    ],
)
def test_beginnings(pattern: str, expected: tuple[str, ...]) -> None:
    assert beginnings(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r".*RHEL-7\.9.*x86_64.*", "RHEL-7.9"),
        ("(ALT|Simply) Linux 6.0", " Linux 6"),
        ("SSS_X64FREE?_", "SSS_X64FRE"),
        ("ab{2,3}cd", "cd"),
        ("[abc]x[^]de]yz", "yz"),
        ("abc|def", ""),
        ("(?i)abc", ""),
        ("(only|groups)", ""),
    ],
)
def test_needle(pattern: str, expected: str) -> None:
    assert needle(pattern) == expected


def test_weight_counts_what_is_fixed() -> None:
    assert weight(r"SLE-15-SP7.*-x86_64.*") == len("SLE-15-SP7-x86_64")
    assert weight(".*") == 0


_PART = st.sampled_from([
    "a", "B-", "1", " ", r"\.", ".", r"\d", r"\d+", "x?", "y*", "z+", "[ab]", "[^ab]", "(c|dd)", "(e)?", "(f|g)+",
    "(h[|)]i)", "k{2}", "|", "^", "$", r"\(", r"\]",
])  # fmt: skip


@given(st.lists(_PART, max_size=8).map("".join), st.data())
@settings(max_examples=300, deadline=None)
def test_what_is_promised_holds(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern, fullmatch=True) | st.text("aB-1 .xyzcdefghik(|)]", max_size=8))
    match = re.match(pattern, text)
    if match:
        assert text.startswith(beginnings(pattern))
        assert needle(pattern) in text
    elif re.search(pattern, text):
        assert needle(pattern) in text
