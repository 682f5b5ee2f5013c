"""Small things about text."""

from __future__ import annotations

import pytest

from virtprov.support import text
from virtprov.support.errors import InputError


def test_decode_drops_a_byte_order_mark() -> None:
    assert text.decode(b"\xef\xbb\xbfh\xc3\xa4", "x") == "hä"


def test_decode_names_the_line() -> None:
    with pytest.raises(InputError, match=r"'notes' is not UTF-8 text: line 3 holds the byte 0xff"):
        text.decode(b"a\nb\n\xff\n", "'notes'")


def test_listed() -> None:
    assert text.listed([]) == ""
    assert text.listed(["a"]) == "a"
    assert text.listed(["a", "b"]) == "a and b"
    assert text.listed(["a", "b", "c"], "or") == "a, b or c"


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("web1", "web1"),
        ("My VM_1", "my-vm-1"),
        ("web.example.com", "web.example.com"),
        ("--x--", "x"),
        ("äöü", ""),
        ("a..b.", "a.b"),
        ("x" * 70, "x" * 63),
        ("a   b", "a-b"),
    ],
)
def test_host_names(name: str, host: str) -> None:
    assert text.host_name(name) == host
