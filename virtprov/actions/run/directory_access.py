"""Rights that a run gave to directories: whether they still stand, and the way back."""

from __future__ import annotations

from virtprov.actions.run.artifact import Thing
from virtprov.support.acl import Before, is_let, restore, rights_of
from virtprov.support.errors import HostError


def is_as_before(thing: Thing) -> bool:
    """Whether the directory is gone, or its rights are what they were."""
    now = _now(thing)
    return now is None or now == _read(thing.before)


def is_as_made(thing: Thing) -> bool:
    """Whether the directory has the rights that the step gave it."""
    now = _now(thing)
    return now is not None and is_let(now, _read(thing.before), thing.number)


def put_back(thing: Thing) -> None:
    """Give the directory the rights it had; raises HostError."""
    try:
        restore(thing.path, _read(thing.before))
    except OSError as problem:
        raise HostError(f"the rights of {thing.path} cannot be put back: {problem.strerror}") from None


def _now(thing: Thing) -> Before | None:
    try:
        return rights_of(thing.path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise HostError(f"the rights of {thing.path} cannot be read: {problem.strerror}") from None


def spelled(rights: Before) -> str:
    """Rights in one word: the mode in octal, and behind a colon the list in hexadecimal."""
    return f"{rights.mode:o}" if rights.acl is None else f"{rights.mode:o}:{rights.acl.hex()}"


def _read(word: str) -> Before:
    mode, colon, acl = word.partition(":")
    return Before(int(mode, 8), bytes.fromhex(acl) if colon else None)
