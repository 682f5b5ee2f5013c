"""Analyse a regular expression without running it: how a match begins, and what it must contain.

Profiles identify media by about 3,000 patterns. A medium is compared only with patterns whose beginning fits, found by
a few look-ups in a dict. Constructs that are not understood promise nothing, so no match is missed.
"""

from __future__ import annotations

import re

_FLAGS = re.compile(r"\(\?[a-zA-Z-]+[):]")  # such as (?i), which changes what letters match
_SPECIAL = frozenset(".^$*+?{}[]\\|()")
_OPTIONAL = frozenset("*?{")
_MOST_BEGINNINGS = 200


def beginnings(pattern: str) -> tuple[str, ...]:
    """Return texts, one of which begins every match at the start of a value; ("",) if nothing is certain."""
    body = pattern.removeprefix("^")
    if not _splits_at_top(body):
        result = _split_group(body) if body.startswith("(") else (_literal(body)[0],)
        if result and len(result) <= _MOST_BEGINNINGS:
            return tuple(dict.fromkeys(result))
    return ("",)


def needle(pattern: str) -> str:
    """Return the longest text that every match contains; "" if nothing is certain."""
    return max(_runs(pattern), key=len, default="")


def weight(pattern: str) -> int:
    """Return how specific a pattern is: the number of its fixed characters."""
    return sum(len(run) for run in _runs(pattern))


def _literal(text: str) -> tuple[str, int]:
    """Return the literal text at the start of a pattern, and the position in the pattern after it."""
    out: list[str] = []
    at = 0
    while at < len(text):
        char, width = text[at], 1
        if char == "\\" and at + 1 < len(text) and not text[at + 1].isalnum():
            char, width = text[at + 1], 2
        elif char in _SPECIAL:
            break
        if text[at + width : at + width + 1] in _OPTIONAL:
            break
        out.append(char)
        at += width
    return "".join(out), at


def _split_group(body: str) -> tuple[str, ...]:
    """Return the beginnings of a pattern that starts with a group of alternatives; () if they are not literal."""
    end = _closing(body)
    inner, rest = body[1:end], body[end + 1 :]
    if end < 0 or inner.startswith("?") or rest[:1] in tuple("*{+"):
        return ()
    heads = []
    after = _literal(rest.removeprefix("?"))[0]
    for word in _split(inner):
        head, used = _literal(word)
        # an alternative that is literal to its end continues after the group
        heads.append(head if used < len(word) else head + after)
    if rest.startswith("?"):
        heads += beginnings(rest[1:])
    return tuple(heads)


def _runs(pattern: str) -> list[str]:
    """Return all literal texts outside of groups and sets; every match contains each of them."""
    if _splits_at_top(pattern) or _FLAGS.match(pattern):
        return []
    runs, at = [], 0
    while at < len(pattern):
        run, used = _literal(pattern[at:])
        if run:
            runs.append(run)
            at += used
        else:
            at += _token(pattern[at:])
    return runs


def _token(text: str) -> int:
    """Return the length of one part that is not literal, including its repetition."""
    if text[0] == "(":
        end = _closing(text)
        width = end + 1 if end > 0 else len(text)
    elif text[0] == "[":
        end = text.find("]", 3 if text[1:2] == "^" else 2)
        width = end + 1 if end > 0 else len(text)
    elif text[0] == "{":
        end = text.find("}")
        width = end + 1 if end > 0 else len(text)
    else:
        width = 2 if text[0] == "\\" else 1
    return width


def _closing(text: str) -> int:
    """Return the position at which the group that starts at 0 ends; -1 if it does not end."""
    depth = 0
    for at, char in _structure(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if not depth:
            return at
    return -1


def _splits_at_top(text: str) -> bool:
    return len(_split(text)) > 1


def _split(text: str) -> list[str]:
    """Return the alternatives of a pattern at its top level."""
    parts, depth, begin = [], 0, 0
    for at, char in _structure(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if char == "|" and not depth:
            parts.append(text[begin:at])
            begin = at + 1
    return [*parts, text[begin:]]


def _structure(text: str) -> list[tuple[int, str]]:
    """Yield the brackets and bars of a pattern, except those escaped or in a set."""
    if "\\" not in text and "[" not in text:
        return [(at, char) for at, char in enumerate(text) if char in "(|)"]
    result, at, in_set = [], 0, -1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif in_set >= 0:
            if char == "]" and at > in_set + 1:
                in_set = -1
        elif char == "[":
            in_set = at
        elif char in "(|)":
            result.append((at, char))
        at += 1
    return result
