"""The errors of virtprov, and helpers for hints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self


class ProvError(Exception):
    """A failure the user can act on: one sentence, and what to try next.

    `message` is one sentence that names the input and says what is wrong; `hint` says what to try.
    `exit_code` is the status the command ends with.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def reword(self, message: str, hint: str) -> Self:
        """Return an error of the same kind with other words."""
        copy = self.__class__.__new__(self.__class__)
        ProvError.__init__(copy, message, hint=hint)
        return copy


class UsageError(ProvError):
    """The command line is invalid."""

    exit_code = 2


class ParseError(UsageError):
    """The command line cannot be parsed: an unknown flag, a missing value."""


class InputError(UsageError):
    """A file, a URL or standard input given by the user cannot be used."""


class XmlError(InputError):
    """Invalid XML, or not the expected document."""


class HostError(ProvError):
    """The host refused a request, or cannot be reached."""

    exit_code = 3


class WaitTimeout(ProvError):
    """The time allowed by the user is over; the guest is left as it is."""

    exit_code = 4


class GuestBroken(ProvError):
    """The guest was started, but is not in the requested state."""

    exit_code = 5


class Differs(ProvError):
    """A guest that was to be ensured exists, but is not what is described; nothing has been changed."""

    exit_code = 10


class FetchError(ProvError):
    """A download failed."""


class MediaError(ProvError):
    """An image or medium is invalid."""


class CommandError(ProvError):
    """A helper program is missing or failed."""


_NEAR, _NEAR_SHORT = 0.7, 0.66
"""How much of two words must be alike before one is taken for the other, as difflib counts; less is guessing.

In a word of three letters one wrong letter is already a third.
"""


_MOST = 3


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the `known` names that are similar to `name`, or "" if there are none.

    Names that continue `name` with a dot or dash come first: `rhel7` -> `rhel7.9`.
    """
    import difflib

    folded = {word.lower().lstrip("-"): word for word in dict.fromkeys(known)}
    bare = name.lower().lstrip("-")
    longer = [word for word in folded if bare and word.startswith((f"{bare}.", f"{bare}-"))]
    close = sorted(longer, key=_newest_first)
    if not close:
        cutoff = _NEAR_SHORT if len(bare) == 3 else _NEAR
        close = difflib.get_close_matches(bare, folded, n=_MOST, cutoff=cutoff)
        tail = bare.rsplit(".", 1)[-1]
        close += [word for word in folded if tail and word.rsplit(".", 1)[-1] == tail and word not in close]
    words = [f"'{folded[word]}'" for word in close[:_MOST]]
    if not words:
        return ""
    listed = words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
    return f"did you mean {listed}?"


def _newest_first(word: str) -> list[tuple[bool, int]]:
    """Sorts versions with the highest first, and leaves names without numbers in their order."""
    parts = word.replace("-", ".").split(".")
    return [(not part.isdecimal(), -int(part) if part.isdecimal() else 0) for part in parts]


def no_guest(uri: str, key: str, names: tuple[str, ...]) -> HostError:
    """Return the error for a guest that the host `uri` does not have; `names` are those of its guests."""
    hint = nearest(key, names) or "`virsh list --all` lists its guests"
    return HostError(f"guest '{key}' not found on {uri}", hint=hint)
