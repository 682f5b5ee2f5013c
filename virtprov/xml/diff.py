"""The difference between two documents, for people and for scripts."""

from __future__ import annotations


def unified(before: str, after: str, *, old: str = "Original XML", new: str = "Altered XML") -> str:
    """A unified diff of two texts; "" when they are the same."""
    import difflib

    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), fromfile=old, tofile=new
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)
