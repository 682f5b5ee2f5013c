"""Tables for people: a line with headings, columns as wide as their widest cell."""

from __future__ import annotations

from virtprov.support.terminal.visible import wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GAP = "  "
"""What separates two columns."""
_LEAST = 20
"""Columns that the last cells of a row keep, however narrow the terminal is."""


def lines(headings: Sequence[str], rows: Iterable[Sequence[str]], columns: int | None = None) -> list[str]:
    """Return the lines of a table; the first one has the headings.

    If the table does not fit into `columns`, the last cell of a row continues on lines of its own; None: it never does.
    Cells must be fit to be shown (`support/terminal/visible.py`).
    """
    cells = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(headings) - 1)]
    before = sum(widths) + len(GAP) * len(widths)
    room = max(columns - before, _LEAST) if columns is not None else None
    shown = []
    for row in cells:
        start = GAP.join([*(f"{cell:{width}}" for cell, width in zip(row[:-1], widths, strict=True)), ""])
        first, *rest = wrap(row[-1], room)
        shown.append((start + first).rstrip())
        shown += [" " * before + part for part in rest]
    return shown
