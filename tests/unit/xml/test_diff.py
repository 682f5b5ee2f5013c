"""The difference between two documents."""

from __future__ import annotations

import difflib

from hypothesis import example, given
from hypothesis import strategies as st

from virtprov.xml.diff import unified_diff


def test_nothing_to_show() -> None:
    assert unified_diff("<a/>\n", "<a/>\n") == ""


def test_lines_in_and_out() -> None:
    lines = unified_diff("<a>\n  <b/>\n</a>\n", "<a>\n  <c/>\n</a>\n", old="was", new="is").splitlines()
    assert lines[:2] == ["--- was", "+++ is"]
    assert "-  <b/>" in lines
    assert "+  <c/>" in lines


def test_a_missing_last_newline_does_not_join_lines() -> None:
    assert unified_diff("<a/>", "<b/>").splitlines()[-2:] == ["-<a/>", "+<b/>"]


LINES = st.sampled_from(["<disk>\n", "</disk>\n", "<driver/>\n", "<source/>\n"])
OTHERS = st.lists(st.sampled_from(["<cpu/>\n", "<cpu mode='x'/>\n", "<vcpu>2</vcpu>\n", "<driver/>\n"]), max_size=4)


@given(st.lists(LINES, max_size=30), OTHERS, OTHERS, st.lists(LINES, max_size=30), st.booleans())
@example(["<disk>\n"], [], ["<cpu/>\n"], ["<disk>\n"] * 2, True)
@example(["<disk>\n"] * 150, ["<a/>\n"], ["<b/>\n"], ["<driver/>\n"] * 150, False)
def test_it_is_what_difflib_says(
    above: list[str], was: list[str], now: list[str], below: list[str], bare: bool
) -> None:
    before, after = (["<domain>\n", *above, *lines, *below, "</domain>\n"] for lines in (was, now))
    if bare:
        del before[0], before[-1:], after[0], after[-1:]
    expected = "".join(difflib.unified_diff(before, after, "Original XML", "Altered XML", lineterm="\n"))
    assert unified_diff("".join(before), "".join(after)) == expected


def test_lines_that_are_in_several_places_are_weighed() -> None:
    lines = unified_diff("<a>\n<b/>\n<c/>\n</a>\n", "<a>\n<c/>\n<d/>\n</a>\n").splitlines()
    assert lines[2:] == ["@@ -1,4 +1,4 @@", " <a>", "-<b/>", " <c/>", "+<d/>", " </a>"]
