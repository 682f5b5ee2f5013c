"""Text from outside, as it may be shown: nothing in it steers a terminal, or hides from the reader.

Names, labels, messages of servers and of guests can hold escape sequences, and characters that turn the direction of
writing. Such characters are spelled `\\xNN`, or `\\uNNNN` above 0xff. XML and JSON that a command prints as its result
are for programs and stay as they are.
"""

from __future__ import annotations

_JOINERS = "\u200c\u200d"
"""Invisible characters that spelling needs: Persian, Hindi, and emoji that are made of several."""


def visible(text: str) -> str:
    """Return `text` with control characters (but newline and tab), format characters and surrogates spelled out."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    kept = text.replace("\r\n", "\n") if "\r\n" in text else text
    return "".join(letter if letter.isprintable() or _is_harmless(letter) else escape(letter) for letter in kept)


def on_one_line(text: str) -> str:
    """Return `text` for a message of one line: as `visible`, with newlines and tabs spelled out as well.

    What a user or a host calls something thus cannot look like another message.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter not in "\n\t" and _is_harmless(letter) else escape(letter)
        for letter in text
    )


def one_line(text: str) -> str:
    """Return `text` for a cell of a table or the middle of a sentence: as `visible`, with white space as blanks."""
    return visible(" ".join(text.split()))


def wrap(text: str, width: int | None) -> list[str]:
    """Cut a text into lines of at most `width` columns at its blanks; a longer word stays whole. None: one line."""
    parts = [""]
    for word in text.split():
        if width is not None and parts[-1] and len(parts[-1]) + 1 + len(word) > width:
            parts.append(word)
        else:
            parts[-1] += (" " if parts[-1] else "") + word
    return parts


def escape(letter: str) -> str:
    """Return a character as an escape sequence of Python's."""
    number = ord(letter)
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _is_harmless(letter: str) -> bool:
    from unicodedata import category

    # spaces, private letters, and letters that are newer than this Python
    return letter in "\n\t" or letter in _JOINERS or category(letter) in ("Zs", "Co", "Cn")
