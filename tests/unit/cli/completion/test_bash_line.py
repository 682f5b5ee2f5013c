"""Lines of bash: what is quoted how, and which part of a word is replaced."""

from __future__ import annotations

import subprocess

import pytest

from virtprov.cli.completion import bash_line

BREAKS = " \t\n\"'><=;|&(:"
NAMES = [
    "web", "two words", "it's", 'say "so"', "$(touch x)", "`x`", "back\\slash", "a;b|c&d", "~", "#a", "!", "*?[a]",
    "{a,b}", "Grüße", "a  ", "<in>", "^", "a=b:c", "%s",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_bash_reads_what_is_inserted_as_the_name(name: str) -> None:
    (inserted,) = bash_line.fit([name + " "], "", BREAKS)
    code = f"touch() {{ exit 3; }}; printf '<%s>' {inserted}"
    done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"<{name}>"
    assert inserted.endswith(" ")


@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_within_quotes(name: str, quote: str) -> None:
    inserted = bash_line.fit([name + " "], quote, BREAKS)
    if (quote == "'" and "'" in name) or (quote == '"' and "!" in name):
        assert inserted == []
        return
    code = f"touch() {{ exit 3; }}; printf '<%s>' {quote}{inserted[0]}{quote}"
    done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"<{name}>"


@pytest.mark.parametrize(
    ("typed", "found", "inserted"),
    [
        ("two", ["two words "], ["two\\ words "]),
        ("two\\ w", ["two words "], ["two\\ words "]),
        ("a=b", ["a=bc"], ["bc"]),
        ("a=b:", ["a=b:c d "], ["c\\ d "]),
        ("a\\=b", ["a=bc"], ["a=bc"]),
        ("a\\:=b", ["a:=bc"], ["bc"]),
        ("x\\", ["x\\y "], ["x\\\\y "]),
        ("a'b", ["abc "], []),
        ("'a'", ["abc "], []),
        ("\"a\\", ["abc "], []),
        ("'p", ["pool=", "plain "], ["plain"]),
    ],
)  # fmt: skip
def test_only_what_follows_the_last_break_is_inserted(typed: str, found: list[str], inserted: list[str]) -> None:
    assert bash_line.fit(found, typed, BREAKS) == inserted


@pytest.mark.parametrize(
    ("line", "words", "typed"),
    [
        ("tool ", ["tool", ""], ""),
        ("tool a\\ b 'c d' \"e f", ["tool", "a b", "c d", "e f"], '"e f'),
        ("one; tool x", ["tool", "x"], "x"),
        ("one && tool x\\;y", ["tool", "x;y"], "x\\;y"),
        ("", [""], ""),
    ],
)
def test_the_last_command_of_a_line_is_read(line: str, words: list[str], typed: str) -> None:
    read = bash_line.read(line)
    assert (read.words, read.typed) == (words, typed)
