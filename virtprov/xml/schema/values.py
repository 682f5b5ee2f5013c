"""Check whether a value fits its type, and suggest values that would."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from virtprov.xml.schema.grammar import Type

_RANGES = {
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "integer": (None, None),
    "positiveInteger": (1, None),
    "nonNegativeInteger": (0, None),
}
_FEW = 14
"""So many words are listed, not more."""


def fits(kind: Type, text: str) -> bool:
    """Return whether the text is a value of this type; types that are unknown here allow anything."""
    if kind.get("any"):
        return True
    bare = " ".join(text.split())
    if bare in kind.get("words", ()):
        return True
    return any(_fits_data(name, limits, left_out, text) for name, limits, left_out in kind.get("data", ()))


def _fits_data(name: str, limits: dict[str, Any], left_out: list[str], text: str) -> bool:
    bare = text if name == "string" else text.strip()
    if bare in left_out or not _matches(limits.get("pattern"), bare):
        return False
    if name == "double":
        return _is_float(bare)
    if name in _RANGES:
        return _in_range(name, limits, bare)
    return _long_enough(limits, bare)


def _matches(pattern: str | None, text: str) -> bool:
    """Whether the text matches; XSD's patterns are Python's but for rare parts, which count as matching."""
    if pattern is None:
        return True
    import re

    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_MOST_DIGITS = 30
"""Longer numbers are beyond every limit of the schema; Python refuses to read very long ones."""


def _in_range(name: str, limits: dict[str, Any], text: str) -> bool:
    digits = text[1:] if text[:1] in "+-" else text
    if not digits.isascii() or not digits.isdigit():
        return False
    low, high = _bounds(name, limits)
    if len(digits.lstrip("0")) > _MOST_DIGITS:
        return (low if text[0] == "-" else high) is None
    return (low is None or int(text) >= low) and (high is None or int(text) <= high)


def _bounds(name: str, limits: dict[str, Any]) -> tuple[int | None, int | None]:
    low, high = _RANGES[name]
    for key, change in (("minInclusive", 0), ("minExclusive", 1)):
        if key in limits:
            low = int(limits[key]) + change
    for key, change in (("maxInclusive", 0), ("maxExclusive", -1)):
        if key in limits:
            high = int(limits[key]) + change
    return low, high


def _long_enough(limits: dict[str, Any], text: str) -> bool:
    least, most, exact = (limits.get(key) for key in ("minLength", "maxLength", "length"))
    return not (
        least is not None
        and len(text) < int(least)
        or most is not None
        and len(text) > int(most)
        or exact is not None
        and len(text) != int(exact)
    )


def words_of(kinds: Iterable[Type]) -> tuple[str, ...]:
    """Return every fixed word of these types, in the schema's order."""
    return tuple(dict.fromkeys(word for kind in kinds for word in kind.get("words", ()) if word))


def only_words(kinds: Iterable[Type]) -> bool:
    """Return whether only fixed words are allowed."""
    return all(set(kind) == {"words"} for kind in kinds)


def suggest_values(kinds: Iterable[Type], text: str = "") -> str:
    """Return a hint with values that would fit, the words most similar to `text` first; "" if there is no short one."""
    from virtprov.support.errors import nearest

    listed = list(kinds)
    words, phrases = words_of(listed), []
    if words:
        close = nearest(text, words) if text and len(words) > _FEW else ""
        phrases.append(
            close.rstrip("?") or "known values: " + ", ".join(words[:_FEW]) + (" ..." if words[_FEW:] else "")
        )
    for name, limits, _ in [entry for kind in listed for entry in kind.get("data", ())]:
        phrase = _phrase(name, limits)
        if phrase and phrase not in phrases:
            phrases.append(phrase)
    result = "; or ".join(phrases[:3])
    return result + "?" if result.startswith("did you mean") else result


def _phrase(name: str, limits: dict[str, Any]) -> str:
    if name in _RANGES:
        low, high = _bounds(name, limits)
        if low is None:
            return "a whole number"
        most = _RANGES[name][1]
        return f"a whole number from {low}" + (f" to {high}" if high is not None and high != most else "")
    if name == "double":
        return "a number"
    pattern = limits.get("pattern", "")
    plain = pattern.replace("0x", "").replace("a-f", "").replace("A-F", "").replace("0-9", "").replace(",", "")
    if plain and all(letter in "[]{}()?+*0123456789" for letter in plain):
        return "a hexadecimal number" if "a-f" in pattern else "digits"
    return ""
