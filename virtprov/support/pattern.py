"""Names with wildcards, as shells have them: `web*`, `db-?`, `node[12]`."""

from __future__ import annotations


def is_pattern(word: str) -> bool:
    """Whether a word may mean several names."""
    return any(letter in word for letter in "*?[")


def means(word: str, name: str) -> bool:
    """Whether a word is a pattern that the name fits; upper and lower case differ."""
    from fnmatch import fnmatchcase

    return is_pattern(word) and fnmatchcase(name, word)
