"""The format of records in the index: texts joined by control characters, which XML cannot contain.

Nothing is escaped, and reading uses only `str.split` and `int`, so a damaged or malicious index can only cause wrong
words. There are four levels: field, row, cell, word.
"""

from __future__ import annotations

FIELD, ROW, CELL, WORD = "\x1c", "\x1d", "\x1e", "\x1f"


def pack_words(words: tuple[str, ...] | list[str]) -> str:
    """Pack a flat list of texts."""
    return WORD.join(words)


def words(text: str) -> tuple[str, ...]:
    """Unpack the list that `pack_words` packed; () for an empty text."""
    return tuple(text.split(WORD)) if text else ()


def pack_rows(rows: list[tuple[str, ...]]) -> str:
    """Pack a table: each row is a tuple of cells, each cell a text (which can itself be packed words)."""
    return ROW.join(CELL.join(row) for row in rows)


def rows(text: str) -> list[list[str]]:
    """Unpack the table that `pack_rows` packed; [] for an empty text."""
    return [row.split(CELL) for row in text.split(ROW)] if text else []


def parse_number(text: str) -> int | None:
    """Return a number; None for an empty text and for anything else that is not a number."""
    return int(text) if text.isdecimal() else None


def flag(text: str, default: bool = False) -> bool:
    """Parse a yes/no attribute as written in XML; returns `default` if it is missing."""
    return text in ("true", "1") if text else default
