"""Text from outside, spelled so that it steers nothing."""

from __future__ import annotations

import pytest

from virtprov.support.terminal.visible import on_one_line, one_line, visible, wrap


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("a\nhint: run this", r"a\x0ahint: run this"),
        ("a\r\nb\tc", r"a\x0d\x0ab\x09c"),
        ("a\x0b\x0c\x1c\x85\u2028b", r"a\x0b\x0c\x1c\x85\u2028b"),
        ("caf\u00e9 \u0915\u094d\u200d\u0937", "caf\u00e9 \u0915\u094d\u200d\u0937"),
    ],
)
def test_on_one_line(text: str, shown: str) -> None:
    assert on_one_line(text) == shown
    assert len(on_one_line(text).splitlines()) == 1


def test_wrapping() -> None:
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("one two three", None) == ["one two three"]
    assert wrap("a-word-that-is-long b", 5) == ["a-word-that-is-long", "b"]
    assert wrap("", 5) == [""]
