"""The difference between two documents."""

from __future__ import annotations

from virtprov.xml.diff import unified


def test_nothing_to_show() -> None:
    assert unified("<a/>\n", "<a/>\n") == ""


def test_lines_in_and_out() -> None:
    lines = unified("<a>\n  <b/>\n</a>\n", "<a>\n  <c/>\n</a>\n", old="was", new="is").splitlines()
    assert lines[:2] == ["--- was", "+++ is"]
    assert "-  <b/>" in lines
    assert "+  <c/>" in lines


def test_a_missing_last_newline_does_not_join_lines() -> None:
    assert unified("<a/>", "<b/>").splitlines()[-2:] == ["-<a/>", "+<b/>"]
