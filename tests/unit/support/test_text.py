"""Small things about text."""

from __future__ import annotations

import pytest

from virtprov.support import text
from virtprov.support.errors import InputError


def test_decode_drops_a_byte_order_mark() -> None:
    assert text.decode(b"\xef\xbb\xbfh\xc3\xa4", "x") == "hä"


def test_decode_names_the_line() -> None:
    with pytest.raises(InputError, match="'notes' is not UTF-8 text: line 3 contains the byte 0xff"):
        text.decode(b"a\nb\n\xff\n", "'notes'")


def test_listed() -> None:
    assert text.join_words([]) == ""
    assert text.join_words(["a"]) == "a"
    assert text.join_words(["a", "b"]) == "a and b"
    assert text.join_words(["a", "b", "c"]) == "a, b and c"


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


@pytest.mark.parametrize(
    ("used", "first", "sep", "name"),
    [
        ("", 1, "-", "a.x"),
        ("a.x", 1, "-", "a-1.x"),
        ("a.x a-1.x a-2.x", 1, "-", "a-3.x"),
        ("a.x", 2, "-", "a-2.x"),
        ("a.x", 1, "", "a1.x"),
        ("a-1.x", 1, "-", "a.x"),
    ],
)
def test_first_free(used: str, first: int, sep: str, name: str) -> None:
    assert text.first_free(lambda word: word in used.split(), lambda mark: f"a{mark}.x", first, sep) == name


@pytest.mark.parametrize(
    ("word", "is_uuid"),
    [
        ("6d1f6a1e-8a4b-4f1c-9d0e-0c5f3c8f9a10", True),
        ("6D1F6A1E8A4B4F1C9D0E0C5F3C8F9A10", True),
        ("6d1f6a1e-8a4b-4f1c-9d0e-0c5f3c8f9a1", False),
        ("xd1f6a1e-8a4b-4f1c-9d0e-0c5f3c8f9a10", False),
        ("", False),
    ],
)
def test_uuids(word: str, is_uuid: bool) -> None:
    assert text.is_uuid(word) is is_uuid


@pytest.mark.parametrize(("name", "word"), [("web", "web"), ("my vm", "'my vm'"), ("a;b", "'a;b'"), ("", "''")])
def test_names_in_commands_are_words_of_a_shell(name: str, word: str) -> None:
    assert text.shell_word(name) == word
