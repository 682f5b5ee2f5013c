"""Names with wildcards, as shells have them: `web*`, `db-?`, `node[12]`."""

from __future__ import annotations


def is_pattern(word: str) -> bool:
    """Return whether a word can match several names."""
    return any(letter in word for letter in "*?[")


def means(word: str, name: str) -> bool:
    """Return whether a word is a pattern that matches the name; upper and lower case differ."""
    from fnmatch import fnmatchcase

    return is_pattern(word) and fnmatchcase(name, word)
