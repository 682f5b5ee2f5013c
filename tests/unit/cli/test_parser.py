"""What the parsers of all commands share, and what they need of argparse's own members."""

from __future__ import annotations

import argparse

import pytest

from virtprov.cli.parser import Parser
from virtprov.support.errors import UsageError


@pytest.fixture
def parser() -> Parser:
    made = Parser(prog="tool")
    made.add_argument("-m", "--memory", help="how much")
    made.add_argument("--metadata", help="names")
    made.add_argument("--old", help=argparse.SUPPRESS)
    made.add_fresh(made, "--mirror", help="of our own")
    return made


@pytest.mark.parametrize(
    ("word", "flag"),
    [
        ("--memory", "memory"),
        ("-m", "memory"),
        ("--mem", "memory"),
        ("--me", None),
        ("--mirror", "mirror"),
        ("--mirr", None),
        ("--memory=1", None),
        ("--", None),
        ("-", None),
        ("memory", None),
        ("--none", None),
    ],
)
def test_the_flag_that_a_word_means(parser: Parser, word: str, flag: str | None) -> None:
    found = parser.flag(word)
    assert (found.dest if found is not None else None) == flag


def test_a_flag_of_our_own_is_written_out(parser: Parser) -> None:
    assert parser.parse_args(["--mem", "1", "--mirror", "x"]).memory == "1"
    with pytest.raises(UsageError):
        parser.parse_args(["--mirr", "x"])


def test_all_flags_that_the_help_shows(parser: Parser) -> None:
    assert parser.flags() == ["--memory", "--metadata", "--mirror"]
    assert all(flag in parser.format_help() for flag in parser.flags())


def test_names_beside_flags(parser: Parser) -> None:
    assert parser.most_names() == 0
    parser.add_argument("guest", nargs="?")
    assert parser.most_names() == 1
    parser.add_argument("guests", nargs="*")
    assert parser.most_names() is None


def test_argparse_is_left_as_it_was(parser: Parser) -> None:
    kept = argparse._  # type: ignore[attr-defined]
    parser.format_help()
    parser.parse_args([])
    with pytest.raises(UsageError):
        parser.parse_args(["--nothing"])
    assert argparse._ is kept  # type: ignore[attr-defined]


def test_argparse_looks_for_no_translations(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    def search(text: str) -> str:
        raise AssertionError(text)

    monkeypatch.setattr(argparse, "_", search)
    Parser(prog="other").format_help()
    parser.parse_args(["--memory", "1"])
    with pytest.raises(UsageError, match="--memory requires a value"):
        parser.parse_args(["--memory"])
