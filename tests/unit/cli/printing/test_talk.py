"""What --debug and --output ask for: as the command's parser read it, else as a small one does."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

import pytest

from virtprov.cli.printing import talk
from virtprov.support import log


@pytest.fixture(autouse=True)
def over() -> Iterator[None]:
    name = talk.tool
    yield
    talk.begin(name)


def wanted(words: list[str]) -> str:
    asked = talk.parse_talk(words)
    return " ".join(name for name in ("debug", "json") if getattr(asked, name))


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], ""),
        (["-d"], "debug"),
        (["--debug"], "debug"),
        (["-qd"], "debug"),
        (["-dq"], "debug"),
        (["--", "-d"], ""),
        (["--disk"], ""),
        (["--d"], ""),
        (["-nd"], ""),
        (["--output=json"], "json"),
        (["--name", "--output", "json", "-d"], "debug json"),
        (["--output", "text"], ""),
        (["-d", "--output"], ""),
    ],
)
def test_a_line_that_no_parser_has_read(words: list[str], asked: str) -> None:
    talk.begin("tool")
    assert wanted(words) == asked


def test_what_the_parser_read_counts() -> None:
    talk.begin("tool")
    talk.heard(Namespace(debug=False, output="json", color="never"))
    assert wanted(["-d"]) == "json"
    talk.begin("other")
    assert wanted(["-d"]) == "debug"
    assert talk.tool == "other"


def test_a_parser_without_these_flags() -> None:
    talk.begin("tool")
    talk.heard(Namespace(name="x"))
    assert wanted(["-d"]) == "debug"


def test_the_log_is_printed_until_the_command_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    talk.begin("tool")
    for _ in range(2):
        talk.heard(Namespace(debug=True, output="text", color="auto"))
    log.debug("one")
    talk.end()
    log.debug("two")
    assert capsys.readouterr().err.count("one") == 1
    assert "two" not in capsys.readouterr().err
