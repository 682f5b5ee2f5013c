"""virtprov-xml: the changes on a command line, in the order in which they were typed."""

from __future__ import annotations

import argparse

from virtprov.cli import parser
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from virtprov.library.edit_request import Change
    from virtprov.osinfo.os_request import OsinfoRequest

FIRST = 1
"""What --edit alone means."""
_EACH = "of several actions each is followed by its change: --edit --memory 4096 --add-device --rng /dev/urandom"
ACTIONS = ("edit", "add-device", "remove-device", "build-xml")
CLOUD_INIT = "cloud-init"
"""A change that needs no action."""


class Said(argparse.Action):
    """A word of a change: kept under its own name as a list, and with all others in the order of the command line."""

    def __call__(self, parser: argparse.ArgumentParser, space: Any, values: Any, flag: str | None = None) -> None:
        value = self.const if self.nargs == 0 else values
        setattr(space, self.dest, [*(getattr(space, self.dest) or ()), value])
        space.said = [*getattr(space, "said", ()), (self.dest, value)]


class Words:
    """One change as it was typed: its action, which elements --edit means, the option groups and their values."""

    __slots__ = ("action", "groups", "which")

    def __init__(self, action: str, which: Any) -> None:
        self.action = action
        self.which = which
        self.groups: dict[str, list[str]] = {}

    def add(self, group: str, text: str) -> None:
        """A further use of an option group."""
        self.groups.setdefault(group, []).append(text)


def changes(args: argparse.Namespace, groups: tuple[str, ...]) -> list[Words]:
    """Cut the command line into changes.

    A lone action goes with whatever option group stands before or after it. Of several, each goes with the group that
    follows it. Raises UsageError for a change that says nothing, or two things.
    """
    names = {parser.destination(group): group for group in groups}
    actions = {parser.destination(action): action for action in ACTIONS}
    said = getattr(args, "said", [])
    uses = [(names[name], value) for name, value in said if name in names]
    seed = _seed(said, actions)
    count = sum(name in actions for name, _ in said)
    if not count:
        _refuse_no_action(uses, is_needed=seed is None and getattr(args, "autostart", None) is None)
    found: list[Words] = []
    for name, value in said:
        if name in actions:
            found.append(Words(actions[name], value))
            for group, text in uses if count == 1 else ():
                found[0].add(group, text)
        elif name in names and count > 1:
            if not found:
                raise UsageError(
                    f"--{names[name]} stands before the first action",
                    hint=_EACH,
                )
            found[-1].add(names[name], value)
    for words in found:
        _check_one(words, len(found) + (seed is not None))
    if seed is not None:
        found.insert(seed.which, seed)
    return found


def _refuse_no_action(uses: list[tuple[str, str]], *, is_needed: bool) -> None:
    """Raise UsageError for option groups without an action, and for nothing at all when something is needed."""
    if uses or is_needed:
        with_it = "" if is_needed else f" with --{uses[0][0]}"
        raise UsageError(
            f"what is to be done{with_it} is not said",
            hint="give one of --edit, --add-device, --remove-device, --build-xml, --autostart, --cloud-init, --undo",
        )


def _seed(said: list[tuple[str, Any]], actions: dict[str, str]) -> Words | None:
    """Every use of --cloud-init as one change; `which` is how many others begin before it."""
    flag = parser.destination(CLOUD_INIT)
    texts = [value for name, value in said if name == flag]
    if not texts:
        return None
    first = next(at for at, (name, _) in enumerate(said) if name == flag)
    seed = Words(CLOUD_INIT, sum(name in actions for name, _ in said[:first]))
    seed.groups[CLOUD_INIT] = texts
    return seed


def unheeded(said: list[Words]) -> list[str]:
    """Warnings about uses that have no effect: as with virt-xml, a removal heeds only the last."""
    return [
        f"of several --{group} only the last one is heeded: give each its own --remove-device"
        for words in said
        if words.action == "remove-device"
        for group, texts in words.groups.items()
        if len(texts) > 1
    ]


def _check_one(words: Words, count: int) -> None:
    """Each change is about exactly one option group."""
    given = list(words.groups)
    if len(given) > 1:
        again = f"--{words.action} --{given[0]} ... --{words.action} --{given[1]} ..."
        raise UsageError(
            f"--{given[0]} and --{given[1]} are two changes", hint=f"give each its own action: {again}"
        )
    if not given and count > 1:
        raise UsageError(
            f"one --{words.action} has no change behind it",
            hint=_EACH,
        )
    if not given:
        raise UsageError(
            "the change itself is missing", hint="add an option group, such as --disk ... or --memory 4096"
        )
    if words.action == "build-xml" and count > 1:
        raise UsageError("--build-xml shows one element, and changes none", hint="use it alone")


def change(words: Words, osinfo: OsinfoRequest) -> Change:
    """One change as the library takes it."""
    from virtprov.library.edit_request import Change

    (group, texts), *_ = words.groups.items()
    which = None if words.which == FIRST or words.action != "edit" else words.which
    return Change(words.action, group, texts, which, osinfo.name)
