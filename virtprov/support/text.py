"""Small things about text that several rooms need."""

from __future__ import annotations

from virtprov.support.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def decode(data: bytes, what: str) -> str:
    """Return `data` as text; a byte order mark is dropped.

    Raises InputError, naming `what` and the line, when it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{what} is not UTF-8 text: line {line} contains the byte 0x{data[error.start]:02x}",
            hint="give a text file, or convert it to UTF-8",
        ) from None


def join_words(words: Iterable[str]) -> str:
    """Return "a", "a and b" or "a, b and c"."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def is_uuid(text: str) -> bool:
    """Whether this is a UUID as libvirt takes one: 32 hexadecimal digits, with dashes or without."""
    digits = text.replace("-", "")
    return len(digits) == 32 and all(digit in "0123456789abcdefABCDEF" for digit in digits)


def first_free(taken: Callable[[str], bool], spell: Callable[[str], str], first: int = 1, sep: str = "-") -> str:
    """The first name that is not taken: of spell(""), then spell("-1"), spell("-2") ...

    `first` is the number to begin with, `sep` what is written before it.
    """
    name, number = spell(""), first
    while taken(name):
        name, number = spell(f"{sep}{number}"), number + 1
    return name


def host_name(text: str) -> str:
    """Make a name into one that is allowed as a host name (RFC 1123): letters, digits, dashes, dots.

    Lower-case; whatever else is there becomes a dash; every label is at most 63 long. The result is empty
    when nothing usable is left.
    """
    labels = []
    for label in text.lower().split("."):
        clean = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in label)
        while "--" in clean:
            clean = clean.replace("--", "-")
        labels.append(clean.strip("-")[:63].strip("-"))
    return ".".join(label for label in labels if label)[:253].strip("-.")


def shell_word(name: str) -> str:
    """Return a name as it is typed in a shell, for commands in hints: names of a host can hold spaces and quotes."""
    import shlex

    return shlex.quote(name)
