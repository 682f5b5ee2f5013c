"""How rows of text are kept in the index: joined by control characters, which XML text can never hold.

Nothing is escaped and nothing is executed: reading back is `str.split` and `int`, so that a damaged or
hostile index can at worst give odd words. Four levels: field > row > cell > word.
"""

from __future__ import annotations

FIELD, ROW, CELL, WORD = "\x1c", "\x1d", "\x1e", "\x1f"


def pack_words(words: tuple[str, ...] | list[str]) -> str:
    """A flat list of texts."""
    return WORD.join(words)


def words(text: str) -> tuple[str, ...]:
    """The list that `pack_words` made; () for nothing."""
    return tuple(text.split(WORD)) if text else ()


def pack_rows(rows: list[tuple[str, ...]]) -> str:
    """A table: each row a tuple of cells, each cell a text (which may itself be packed words)."""
    return ROW.join(CELL.join(row) for row in rows)


def rows(text: str) -> list[list[str]]:
    """The table that `pack_rows` made; [] for nothing."""
    return [row.split(CELL) for row in text.split(ROW)] if text else []


def parse_number(text: str) -> int | None:
    """A count, or None where the database says nothing (or nothing that can be counted)."""
    return int(text) if text.isdecimal() else None


def flag(text: str, default: bool = False) -> bool:
    """A yes/no attribute as XML spells it; `default` where it is absent."""
    return text in ("true", "1") if text else default
