"""Words for the inside of a guest that cannot work are refused before any file is read."""

from __future__ import annotations

import pytest

from virtprov.cloudinit import word_check
from virtprov.cloudinit.guest_words import WORDS, GuestWords
from virtprov.options.guest_words import WORDS as ROWS
from virtprov.support.errors import UsageError


def test_each_row_has_a_field() -> None:
    assert tuple(row.field for row in ROWS) == WORDS
    defaults = GuestWords()._asdict()
    assert {row.field: row.several for row in ROWS} == {name: value == () for name, value in defaults.items()}


@pytest.mark.parametrize(
    "words",
    [
        GuestWords(timezone="UTC"),
        GuestWords(timezone="America/Argentina/Buenos_Aires"),
        GuestWords(timezone="Etc/GMT+5"),
        GuestWords(package=("nginx", "libstdc++6", "@development-tools", "vim:amd64", "bash=5.2")),
        GuestWords(write=("a:b:/etc/x", "/x y:/a b")),
        GuestWords(run=("echo a; exit 1",)),
        GuestWords(hostname="Web.Example.com", user="a_b-1"),
        GuestWords(hostname="xn--bcher-kva.example"),
        GuestWords(hostname="a" * 63),
    ],
)
def test_good_words(words: GuestWords) -> None:
    word_check.check(words, "--")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (GuestWords(timezone="Europe/Berlim"), "--timezone: unknown time zone 'Europe/Berlim'", "Europe/Berlin"),
        (GuestWords(timezone="../../etc/passwd"), "--timezone: unknown time zone", "for example"),
        (GuestWords(timezone="Europe"), "--timezone: unknown time zone 'Europe'", ""),
        (GuestWords(package=("a b",)), "--package: 'a b' is not the name of a package", "one name at a time"),
        (GuestWords(package=("-y",)), "--package: '-y'", ""),
        (GuestWords(write=("/etc/motd",)), "--write: '/etc/motd' is not FILE:PATH", "absolute"),
        (GuestWords(write=("a:etc/motd",)), "--write:", ""),
        (GuestWords(write=("a:/etc/",)), "--write:", ""),
        (GuestWords(write=("a:/etc/../x",)), "--write:", ""),
        (GuestWords(write=(":/etc/x",)), "--write:", ""),
        (GuestWords(run=(" ",)), "--run: the command is empty", ""),
        (GuestWords(hostname="a_b"), "--hostname: 'a_b' is not a valid host name", "'a-b'"),
        (GuestWords(hostname="-a"), "--hostname: '-a' is not a valid host name", "'a'"),
        (GuestWords(hostname="a."), "--hostname: 'a.' is not a valid host name", "'a'"),
        (GuestWords(hostname="a" * 64), "--hostname: 'aaa", ""),
        (GuestWords(hostname=".".join(["a" * 63] * 4)), "--hostname: 'aaa", ""),
        (GuestWords(user="root"), "--user: root already exists", ""),
        (GuestWords(user="default"), "--user: 'default' is reserved", ""),
        (GuestWords(user="1a"), "--user: '1a' is not a valid user name", ""),
    ],
)
def test_bad_words(words: GuestWords, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        word_check.check(words, "--")
    assert caught.value.message.startswith(message) and hint in caught.value.hint


def test_without_a_list_of_zones_only_the_form_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_check, "ZONES", "/nowhere")
    word_check.check(GuestWords(timezone="Mars/Olympus"), "--")
    with pytest.raises(UsageError):
        word_check.check(GuestWords(timezone="Mars Olympus"), "--")


def test_a_file_may_have_colons() -> None:
    assert word_check.split_write("http://a/b:/etc/x", "") == ("http://a/b", "/etc/x")
    assert word_check.split_write("-:/etc/x", "") == ("-", "/etc/x")
