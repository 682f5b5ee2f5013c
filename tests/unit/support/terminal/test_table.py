"""Tables: headings, columns as wide as their cells, and a last column that continues below."""

from __future__ import annotations

from virtprov.support.terminal.table import lines

HEADINGS = ("NAME", "STATE", "FOUND")
ROWS = [("a", "missing", "one two three four"), ("longer name", "ok", ""), ("", "", "more")]


def test_columns_fit_their_widest_cell() -> None:
    assert lines(HEADINGS, ROWS) == [
        "NAME         STATE    FOUND",
        "a            missing  one two three four",
        "longer name  ok",
        "                      more",
    ]


def test_the_last_column_continues_below() -> None:
    assert lines(HEADINGS, [("a", "missing", "one two three four five six")], 40)[1:] == [
        "a     missing  one two three four five",
        "               six",
    ]


def test_a_narrow_terminal_leaves_some_room() -> None:
    assert lines(("A", "B"), [("a", "one two three four five")], 3)[1:] == ["a  one two three four", "   five"]


def test_only_headings() -> None:
    assert lines(("A", "B"), []) == ["A  B"]
