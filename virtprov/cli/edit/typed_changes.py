"""virtprov-xml: the changes on a command line, in order."""

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
"""The element that --edit without a value selects."""
_EACH = (
    "with several actions, each must be followed by its change: --edit --memory 4096 --add-device --rng /dev/urandom"
)
ACTIONS = ("edit", "add-device", "remove-device", "build-xml")
CLOUD_INIT = "cloud-init"
"""A change that needs no action."""
TEMPLATE = "template"
"""Another one, which is not repeated."""


class StoreInOrder(argparse.Action):
    """Stores a value in a list under its own name, and together with all others in the order of the command line."""

    def __call__(self, parser: argparse.ArgumentParser, space: Any, values: Any, flag: str | None = None) -> None:
        value = self.const if self.nargs == 0 else values
        setattr(space, self.dest, [*(getattr(space, self.dest) or ()), value])
        space.said = [*getattr(space, "said", ()), (self.dest, value)]


class Words:
    """One change as it was typed: its action, the selector of --edit, the option groups and their values."""

    __slots__ = ("action", "groups", "which")

    def __init__(self, action: str, which: Any) -> None:
        self.action = action
        self.which = which
        self.groups: dict[str, list[str]] = {}

    def add(self, group: str, text: str) -> None:
        """Add another use of an option group."""
        self.groups.setdefault(group, []).append(text)


def changes(args: argparse.Namespace, groups: tuple[str, ...]) -> list[Words]:
    """Split the command line into changes.

    A single action belongs to the option group before or after it. Each of several actions belongs to the group that
    follows it. Raises UsageError for an action without a change, or with two.
    """
    names = {parser.destination(group): group for group in groups}
    actions = {parser.destination(action): action for action in ACTIONS}
    changes = getattr(args, "said", [])
    uses = [(names[name], value) for name, value in changes if name in names]
    seed = _combine_seed(changes, actions)
    count = sum(name in actions for name, _ in changes)
    if not count:
        _refuse_no_action(uses, is_needed=seed is None and not _has_settings(args))
    result: list[Words] = []
    for name, value in changes:
        if name in actions:
            result.append(Words(actions[name], value))
            for group, text in uses if count == 1 else ():
                result[0].add(group, text)
        elif name in names and count > 1:
            if not result:
                raise UsageError(
                    f"--{names[name]} is before the first action",
                    hint=_EACH,
                )
            result[-1].add(names[name], value)
    for words in result:
        _check_one(words, len(result) + (seed is not None))
    if seed is not None:
        result.insert(seed.which, seed)
    if args.template is not None:  # the last one: it records the disks as they are after the others
        _check_alone(result)
        result.append(Words(TEMPLATE, None))
        result[-1].add(TEMPLATE, args.template)
    return result


def _has_settings(args: argparse.Namespace) -> bool:
    return any(getattr(args, name, None) is not None for name in ("autostart", TEMPLATE))


def _check_alone(changes: list[Words]) -> None:
    if any(words.action == "build-xml" for words in changes):
        raise UsageError("--build-xml cannot be combined with changes", hint="use it on its own")


def _refuse_no_action(uses: list[tuple[str, str]], *, is_needed: bool) -> None:
    """Raise UsageError for option groups without an action, and for nothing at all when something is needed."""
    if uses:
        group = uses[0][0]
        raise UsageError(
            f"no action given with --{group}",
            hint=f"put --edit before --{group} to change it, or --add-device, --remove-device or --build-xml",
        )
    if is_needed:
        raise UsageError(
            "no action given",
            hint="give one of --edit, --add-device, --remove-device, --build-xml, --autostart, --template, "
            "--cloud-init, --undo",
        )


def _combine_seed(changes: list[tuple[str, Any]], actions: dict[str, str]) -> Words | None:
    """Return every use of --cloud-init as one change; `which` is the number of changes before it."""
    flag = parser.destination(CLOUD_INIT)
    texts = [value for name, value in changes if name == flag]
    if not texts:
        return None
    first = next(at for at, (name, _) in enumerate(changes) if name == flag)
    seed = Words(CLOUD_INIT, sum(name in actions for name, _ in changes[:first]))
    seed.groups[CLOUD_INIT] = texts
    return seed


def warn_of_unheeded(changes: list[Words]) -> list[str]:
    """Return warnings about uses without effect: as with virt-xml, only the last one of a removal is used."""
    return [
        f"only the last --{group} is used: give each its own --remove-device"
        for words in changes
        if words.action == "remove-device"
        for group, texts in words.groups.items()
        if len(texts) > 1
    ]


def _check_one(words: Words, count: int) -> None:
    """Raise UsageError unless a change has exactly one option group."""
    groups = list(words.groups)
    if len(groups) > 1:
        again = f"--{words.action} --{groups[0]} ... --{words.action} --{groups[1]} ..."
        raise UsageError(
            f"--{groups[0]} and --{groups[1]} are two separate changes", hint=f"give each its own action: {again}"
        )
    if not groups and count > 1:
        raise UsageError(
            f"--{words.action} is not followed by a change",
            hint=_EACH,
        )
    if not groups:
        raise UsageError("no change given", hint="add an option such as --disk ... or --memory 4096")
    if words.action == "build-xml" and count > 1:
        raise UsageError("--build-xml cannot be combined with changes", hint="use it on its own")


def change(words: Words, osinfo: OsinfoRequest) -> Change:
    """One change as the library takes it."""
    from virtprov.library.edit_request import Change

    (group, texts), *_ = words.groups.items()
    which = None if words.which == FIRST or words.action != "edit" else words.which
    return Change(words.action, group, texts, which, osinfo.name)
