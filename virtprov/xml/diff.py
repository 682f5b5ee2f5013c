"""The difference between two documents, for people and for scripts."""

from __future__ import annotations

_AROUND = 3
"""Lines that are shown before and after a change."""


def unified_diff(before: str, after: str, *, old: str = "Original XML", new: str = "Altered XML") -> str:
    """Return a unified diff of two texts; "" if they are equal."""
    if before == after:
        return ""
    was, now = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = _one_place(was, now)
    if lines is None:
        import difflib

        lines = list(difflib.unified_diff(was, now))[2:]
    text = "".join(line if line.endswith("\n") else line + "\n" for line in (f"--- {old}", f"+++ {new}", *lines))
    return hide_passwords(text)


class passwords:  # noqa: N801  (it is a place to note something, not a kind of thing)
    """Whether diffs show the passwords of displays, as set by the command line."""

    shown = False


def hide_passwords(text: str) -> str:
    """The text with the passwords of displays covered, unless they are to be shown.

    A difference is looked at, kept in logs, sent around.
    """
    if passwords.shown or "passwd" not in text:
        return text
    import re

    return re.sub(r"""(\spasswd\s*=\s*)("[^"]*"|'[^']*')""", r"\1'********'", text)


def _one_place(was: list[str], now: list[str]) -> list[str] | None:
    """The difference when some lines in one place are others, which stand nowhere else; None when it is not so.

    Where the first line and the last, those of the root element, stand nowhere else either, there is nothing to
    weigh: no stretch of lines is longer than what is before or behind the change. difflib says the same, and takes
    longer than all the rest of a small edit.
    """
    least = min(len(was), len(now))
    head = next((at for at in range(least) if was[at] != now[at]), least)
    tail = next((at for at in range(least - head) if was[-1 - at] != now[-1 - at]), least - head)
    if not head or not tail:
        return None
    ends = len(was) - tail, len(now) - tail
    gone, come = was[head : ends[0]], now[head : ends[1]]
    if not (set(gone).isdisjoint(now) and set(come).isdisjoint(was)):
        return None
    if was.count(was[0]) > 1 or was.count(was[-1]) > 1:
        return None
    first, after = max(head - _AROUND, 0), was[ends[0] : ends[0] + _AROUND]
    here, there = _range(first, ends[0] + len(after)), _range(first, ends[1] + len(after))
    changed = [*(f"-{line}" for line in gone), *(f"+{line}" for line in come)]
    shown = [f" {line}" for line in was[first:head]], [f" {line}" for line in after]
    return [f"@@ -{here} +{there} @@", *shown[0], *changed, *shown[1]]


def _range(first: int, end: int) -> str:
    """Lines as a diff counts them."""
    count = end - first
    return f"{first + 1}" if count == 1 else f"{first + bool(count)},{count}"
