"""Sizes and durations as people write them.

Sizes follow libvirt's habit: "G" and "GiB" are powers of 1024, "GB" is a power of 1000. Everything is kept
in whole numbers, so that no size is off by a byte.
"""

from __future__ import annotations

from virtprov.support.errors import UsageError

KIB = 1024
GIB = 1024**3

_POWERS = {letter: number for number, letter in enumerate("kmgtpe", 1)}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SECONDS |= {"sec": 1, "secs": 1, "second": 1, "seconds": 1}
_SECONDS |= {"min": 60, "mins": 60, "minute": 60, "minutes": 60}
_SECONDS |= {"hour": 3600, "hours": 3600, "day": 86400, "days": 86400}
_NAMES = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def is_whole(text: str) -> bool:
    """Whether the text is a whole number in digits, and none that is absurdly long: `int` refuses those."""
    return len(text) < 20 and text.isdecimal()


def factor(unit: str) -> int | None:
    """Return how many bytes the size unit `unit` stands for ("", "b", "K", "KiB", "kB" ...), or None."""
    word = unit.strip().lower()
    if word in ("", "b", "byte", "bytes"):
        return 1
    power = _POWERS.get(word[0])
    if power is None or word[1:] not in ("", "ib", "b"):
        return None
    base = 1000 if word[1:] == "b" else 1024
    scale: int = base**power
    return scale


def parse_size(text: str) -> int:
    """Return `text` ("20G", "1.5 GiB", "4096") in bytes.

    A bare number counts bytes; parts of a byte are rounded up. Raises UsageError for anything that is not a size.
    """
    digits, fraction, unit = _split(text)
    scale = factor(unit)
    if not digits or scale is None:
        raise UsageError(f"'{text}' is not a valid size", hint="give a number and a unit, such as 512M, 20G or 1.5TiB")
    return _scale(digits, fraction, scale)


def parse_duration(text: str, default: str = "s", what: str = "duration") -> int:
    """Return `text` ("90s", "30m", "1h30m", "2 days", "45") in seconds.

    A bare number counts in `default` units; parts of a second are rounded up. `what` names the value in
    the message. Raises UsageError for anything that is not a duration.
    """
    rest, total, parts = text.strip(), 0, 0
    while rest or not parts:
        digits, fraction, tail = _split(rest)
        unit = _letters(tail)
        rest = tail[len(unit) :].strip()
        scale = _SECONDS.get(unit.lower() or default)
        # a number without a unit must be all there is: "1h30" could mean two things
        if not digits or scale is None or (not unit and (rest or parts)):
            hint = "give a number and a unit, such as 90s, 30m or 1h"
            raise UsageError(f"'{text}' is not a {what}", hint=hint)
        total += _scale(digits, fraction, scale)
        parts += 1
    return total


def show_size(size: int) -> str:
    """Return `size` in bytes for people: "20 GiB", "1.5 MiB", "17 bytes"."""
    value, power = float(size), 0
    while abs(value) >= 1024 and power < len(_NAMES) - 1:
        value, power = value / 1024, power + 1
    if power and round(value, 1) >= 1024 and power < len(_NAMES) - 1:
        value, power = value / 1024, power + 1
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number} {'byte' if size == 1 else _NAMES[power]}"


def show_gib(size: int) -> str:
    """Return `size` in bytes as a person would write a disk's: "0.05 GiB", "20 GiB", "1,234.5 GiB"; "9 MiB" below."""
    value = size / GIB
    if value < 0.01:
        return show_size(size)
    return (f"{value:.3g}" if value < 99.95 else f"{value:,.1f}".removesuffix(".0")) + " GiB"


def show_duration(seconds: float) -> str:
    """Return a number of seconds for people: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    big, small, names = (whole // 60, whole % 60, ("min", "s"))
    if whole >= 3600:
        big, small, names = (whole // 3600, whole % 3600 // 60, ("h", "min"))
    return f"{big} {names[0]} {small} {names[1]}" if small else f"{big} {names[0]}"


def _split(text: str) -> tuple[str, str, str]:
    """Cut "1.5GiB" into "1", "5", "GiB"; the first is empty when there is no number in front."""
    word = text.strip()
    end = 0
    while end < len(word) and (word[end] in "0123456789" or (word[end] == "." and "." not in word[:end])):
        end += 1
    digits, _, fraction = word[:end].partition(".")
    if word[:end].endswith(".") or (fraction and not digits):
        return "", "", word
    return digits, fraction, word[end:].strip()


def _scale(digits: str, fraction: str, scale: int) -> int:
    """Return digits.fraction times `scale`, rounded up."""
    below: int = 10 ** len(fraction)
    return -(-int(digits + fraction) * scale // below)


def _letters(text: str) -> str:
    """Return the letters `text` begins with."""
    end = 0
    while end < len(text) and text[end].isalpha():
        end += 1
    return text[:end]
