"""The grammar of sub-options: `path=/a,size=5,source.host0.name="a,b"` -> pairs, and the text of `--disk help`."""

from __future__ import annotations

import re

from virtprov.options.model import Pair, Table
from virtprov.support.errors import UsageError

HELP_WORDS = ("?", "help")


def split(text: str, flag: str) -> list[str]:
    """Split a value at its commas; quotes and backslashes work as in a shell.

    Empty parts are dropped. Raises UsageError for a missing closing quote.
    """
    words: list[str] = []
    current: list[str] = []
    quote, started, letters = "", False, iter(_SHARE.sub(r"\\\\\\\\", text))
    windows: bool | None = None  # decided once per word, so that long values take no longer than short ones
    for letter in letters:
        if quote:
            if letter == quote:
                quote = ""
            elif letter == "\\" and quote == '"':
                follower = next(letters, "")
                current.append(follower if follower in '"\\' else letter + follower)
            else:
                current.append(letter)
        elif letter in "'\"":
            quote, started = letter, True
        elif letter == "\\":
            follower = next(letters, "")
            if windows is None and follower not in _ESCAPED:
                windows = _DRIVE.fullmatch("".join(current)) is not None
            current.append("\\" + follower if windows and follower not in _ESCAPED else follower)
            started = True
        elif letter == ",":
            if current or started:
                words.append("".join(current))
            current, started, windows = [], False, None
        else:
            current.append(letter)
    if quote:
        raise UsageError(
            f"--{flag} {text}: missing closing quote {quote}", hint="close the quote, or put a backslash before it"
        )
    if current or started:
        words.append("".join(current))
    return words


_DRIVE = re.compile(r"(?:[\w.]+=)?(?:[A-Za-z]:|\\\\[\w.-]+)(?:\\.*)?")
"""The beginning of a path on Windows, as a value or after a key: `C:`, `path=C:`, `\\\\SERVER`."""
_ESCAPED = ("", ",", "'", '"', "\\")
"""What a backslash always escapes, in a path on Windows as well; "" is the end of the value."""
_SHARE = re.compile(r"(?:(?<=[,=])|^)\\\\(?=[\w.-]+\\[\w$])")
"""The two backslashes before the server in `\\\\SERVER\\SHARE`."""


def pairs(table: Table, text: str) -> list[Pair]:
    """Parse one value of an option group: leading values without a key belong to the table's first keys.

    Only keys whose values may contain commas are looked up: their value ends at the next known key, of the table or of
    libvirt's schema. Values without a key that do not belong to a first key are returned with the value None.
    """
    uncut = _uncut(table, text) if table.whole else None
    if uncut is not None:
        return uncut
    result: list[Pair] = []
    leading = list(table.first)
    greedy = False
    for word in split(text, table.flag):
        key, equals, value = word.partition("=")
        names = table.find(key) if equals else None
        if greedy and names is None and result and not (equals and _is_in_schema(table, key)):
            name, before = result[-1]
            result[-1] = (name, f"{before},{word}")
            continue
        if not equals or (leading and names is None and not _looks_like_key(key)):
            if leading:
                name = leading.pop(0)
                result.append((name, word))
                greedy = _takes_commas(table, name)
            else:
                result.append((word, None))
                greedy = False
            continue
        leading.clear()
        result.append((key, value))
        greedy = names is not None and names.row.commas
    return result


def _uncut(table: Table, text: str) -> list[Pair] | None:
    """Return the whole text; None if it begins with a key whose values end at the next key."""
    key, equals, value = text.partition("=")
    known = table.find(key) if equals else None
    if known is not None and known.row.commas:
        return None
    return [(key, value) if known is not None else (table.whole, text)] if text else []


def _looks_like_key(key: str) -> bool:
    return key.replace(".", "").replace("_", "").replace("-", "").replace(":", "").isalnum()


def _is_in_schema(table: Table, key: str) -> bool:
    """Return whether a dotted word after a value that may contain commas is a name in libvirt's schema."""
    if "." not in key or not _looks_like_key(key):
        return False
    from virtprov.guest.write import schema_rows

    return schema_rows.find(table, key) is not None


def _takes_commas(table: Table, name: str) -> bool:
    hit = table.find(name)
    return hit is not None and hit.row.commas


def wants_help(text: str) -> bool:
    """Return whether the value asks for the list of sub-options."""
    return text in HELP_WORDS or text.split(",")[0].strip() in ("help", "?", "help=?")


def help_text(table: Table) -> str:
    """Return the output of `--GROUP help`: one line for each sub-option, sorted by name."""
    lines = [f"--{table.flag} options:"]
    for row in sorted((row for row in table.rows if not row.hidden), key=lambda row: row.name):
        lines.append("  " + row.name)
    return "\n".join(lines) + "\n"
