"""Colours on a terminal: of the words before messages, of headings, and of diffs.

A colour repeats what the text says, and is never its only sign. `safe_streams` puts the sequences around text that it
has made safe, so that only those of this file reach a terminal.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

AUTO, ALWAYS, NEVER = "auto", "always", "never"
STYLES = {
    "error": "1;31",
    "warning": "1;33",
    "hint": "36",
    "good": "32",
    "heading": "1",
    "added": "32",
    "removed": "31",
    "place": "36",
}
"""What a piece of text is, and its colour as a terminal takes it (ECMA-48, SGR)."""
_DIFF = (("+++ ", "heading"), ("--- ", "heading"), ("+", "added"), ("-", "removed"), ("@@", "place"))


def paint(text: str, style: str) -> str:
    """Return text in the colour of a style."""
    line = text.removesuffix("\n")
    return f"\x1b[{STYLES[style]}m{line}\x1b[0m{text[len(line) :]}" if line else text


def are_shown(stream: TextIO, choice: str) -> bool:
    """Return whether colours are written to a stream: with AUTO, if it is a terminal that shows them.

    NO_COLOR switches them off (https://no-color.org), unless the command line asks for them.
    """
    import os

    if choice != AUTO:
        return choice == ALWAYS
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return False
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def split_diff(text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of a unified diff, each with its style."""
    for line in text.splitlines(keepends=True):
        yield next((style for start, style in _DIFF if line.startswith(start)), ""), line
