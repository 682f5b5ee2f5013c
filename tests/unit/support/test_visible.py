"""Text from outside, spelled so that it steers nothing."""

from __future__ import annotations

import pytest

from virtprov.support.visible import one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\twords", "plain\n\twords"),
        ("a\r\nb", "a\r\nb"),
        ("a\rb", r"a\x0db"),
        ("\x1b[2J\x07\x08\x7f\0", r"\x1b[2J\x07\x08\x7f\x00"),
        ("\x85\x9b31m", r"\x85\x9b31m"),
        ("\u202eevil\u2066\u200f\ufeff", r"\u202eevil\u2066\u200f\ufeff"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\udc80", r"\udc80"),
        ("\U000e0041", r"\U000e0041"),
        ("caf\u00e9 \u00a0\u3000 \u0915\u094d\u200d\u0937 \U0001f468\u200d\U0001f469", None),
    ],
)
def test_visible(text: str, shown: str | None) -> None:
    assert visible(text).replace("\r\n", "\n") == (text if shown is None else shown).replace("\r\n", "\n")


def test_one_line() -> None:
    assert one_line(" a\n virtprov-install: error: \x1b[1m b ") == r"a virtprov-install: error: \x1b[1m b"
