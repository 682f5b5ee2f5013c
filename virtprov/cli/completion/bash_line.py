"""Lines as bash gives them: the words of the last command on a line, and completions as they have to be typed there."""

from __future__ import annotations

from virtprov.support.frozen import Record

_PLAIN = frozenset("_@%+=:,./-")
"""Characters besides letters and digits that have no special meaning in bash."""

_SPECIAL = {"'": "", '"': '\\"$`'}
"""What needs a backslash between quotes."""
_IMPOSSIBLE = {"'": "'", '"': "!"}
"""What cannot stand between them: bash keeps the backslash of an exclamation mark."""


class Line(Record):
    """The words of the last command, without quotes, and its last word as it was typed."""

    words: list[str]
    typed: str


def read(line: str) -> Line:
    """Split a line. Words end at blanks outside quotes, commands at `|`, `;` and `&`."""
    words: list[str] = []
    plain, raw, quote = "", "", ""
    letters = iter(line)
    for letter in letters:
        if not quote and letter in " \t\n|;&":
            if raw:
                words.append(plain)
            if letter not in " \t":
                words = []
            plain, raw = "", ""
            continue
        raw += letter
        if letter == "\\" and quote != "'":
            letter = next(letters, "")
            raw += letter
            plain += letter
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        else:
            plain += letter
    return Line([*words, plain], raw)


def fit(found: list[str], typed: str, breaks: str) -> list[str]:
    """Return completions of the typed word as bash inserts them: quoted, and only what comes after its last break.

    If the word begins with a quote, these are whole words, to which bash adds the other quote. Returns nothing for
    quotes elsewhere, because bash could not replace such a word.
    """
    quote = typed[:1]
    if quote in _SPECIAL and not set(typed[1:]) & {quote, "\\"}:
        whole = [word[:-1] for word in found if word.endswith(" ")]
        return [_within(word, quote) for word in whole if not set(word) & set(_IMPOSSIBLE[quote])]
    skip = _plain_length(typed, breaks)
    if skip is None:
        return []
    return [_quoted(word.removesuffix(" ")[skip:]) + " " * word.endswith(" ") for word in found]


def _within(text: str, quote: str) -> str:
    """Return text as it has to be between two quotes."""
    return "".join("\\" + letter if letter in _SPECIAL[quote] else letter for letter in text)


def _plain_length(typed: str, breaks: str) -> int | None:
    """Return how many characters, without backslashes, there are up to the last break that has no backslash.

    None if there is a quote without a backslash.
    """
    plain = ""
    last = 0
    letters = iter(typed)
    for letter in letters:
        if letter in "'\"":
            return None
        is_plain = letter != "\\"
        plain += letter if is_plain else next(letters, "")
        if is_plain and letter in breaks:
            last = len(plain)
    return last


def _quoted(text: str) -> str:
    return "".join(letter if letter in _PLAIN or letter.isalnum() else "\\" + letter for letter in text)
