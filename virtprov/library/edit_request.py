"""One change to a guest, requested by a program or a command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import texts
from virtprov.support.errors import UsageError, nearest
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.edit.changing.changes import EditRequest
    from virtprov.guest.write.select import Selector
    from virtprov.guest.write.use import Use
    from virtprov.library.texts import Value
    from virtprov.osinfo.profile import Profile

CLOUD_INIT, TEMPLATE = "cloud-init", "template"
"""The groups that are also actions."""


class Change(Record):
    """One change to a guest; an edit consists of one or more of them.

    action   "edit", "add-device", "remove-device", "cloud-init" (a new seed for the next boot), or "template"
             (the guest becomes a template for linked clones, or ceases to be one)
    group    the option group: "memory", "disk", "rng" ...; for the last two, the same as the action
    value    the value of the group's flag, or a list of values; for "remove-device" which devices: "2", "all",
             "target.dev=vda"; for "cloud-init" "eject" removes the seed; for "template" "yes" or "no"
    which    for "edit": which elements, in the same form; None: the first
    osinfo   for "add-device": the guest's operating system, if its definition does not name it
    """

    action: str
    group: str
    value: Value = ""
    which: str | None = None
    osinfo: str = ""


def to_request(change: Change, *, schema: bool = True, checks: Sequence[str] = ()) -> EditRequest:
    """Return the request for one change; raises UsageError for invalid or contradictory values.

    `schema` tells whether names and values are checked against libvirt's schema. `checks` are the uses of --check.
    """
    request = _to_request(change, schema=schema)
    return request._replace(checks=texts.parse_checks(list(checks))) if checks else request


def _to_request(change: Change, *, schema: bool) -> EditRequest:
    from virtprov.actions.edit.changing.changes import ADD, EDIT, REMOVE, EditRequest, check_group
    from virtprov.guest.write.select import Selector

    action, group = change.action, change.group
    values = texts.as_list(change.value)
    if action == CLOUD_INIT:
        return _to_seed_change(values)
    if action == TEMPLATE:
        return _to_template_change(values)
    check_group(action, group)
    if action == REMOVE:
        return EditRequest(action, group, (), _selector(group, values[-1] if values else ""))
    profile = _profile(change.osinfo) if action == ADD else None
    if group.startswith("convert-to-"):
        values = [text for text in values if text != "default"]
    uses = _uses(group, values, action, schema=schema)
    chosen = Selector() if action != EDIT or change.which is None else _selector(group, change.which)
    return EditRequest(action, group, uses, chosen, profile)


def check_change(change: Change) -> None:
    """Raise UsageError for an action or an option group that does not exist."""
    from virtprov.actions.edit.changing.changes import ADD, EDIT, REMOVE
    from virtprov.options.catalogue import CONVERSIONS, XML

    actions = (EDIT, ADD, REMOVE, CLOUD_INIT, TEMPLATE)
    if change.action not in actions:
        hint = nearest(change.action, actions) or "known actions: " + ", ".join(actions)
        raise UsageError(f"unknown action '{change.action}'", hint=hint)
    texts.check_group(
        change.group, (change.action,) if change.action in (CLOUD_INIT, TEMPLATE) else (*XML, *CONVERSIONS)
    )
    values = texts.as_list(change.value)
    if change.action == CLOUD_INIT:
        texts.refuse_standard_input(CLOUD_INIT, values)
    elif change.action in (EDIT, ADD) and not values and change.group not in CONVERSIONS:
        raise UsageError(f"--{change.group} requires a value", hint="give its text, such as '4096' for memory")


def _to_seed_change(values: list[str]) -> EditRequest:
    """Return the request for all uses of --cloud-init."""
    from virtprov.actions.edit.changing.changes import EJECT, SEED, EditRequest
    from virtprov.cloudinit.seed_request import KEEP, from_options
    from virtprov.guest.write import gather
    from virtprov.options.guest_words import WORDS

    if EJECT in values:
        if len(values) > 1:
            raise UsageError(
                "--cloud-init eject and a new --cloud-init seed cannot be used together",
                hint="omit one of them: a new seed replaces the old one anyway",
            )
        return EditRequest(EJECT, CLOUD_INIT)
    if "none" in values:
        raise UsageError(
            "--cloud-init none cannot be used with an existing guest", hint="use --cloud-init eject to remove its seed"
        )
    words = gather.repeated_words(CLOUD_INIT, [text for text in values if text])
    seed = from_options(words)
    if words.get("keep") and seed.keep != KEEP:
        raise UsageError(
            f"--cloud-init keep={words['keep'][-1]}: the seed of an existing guest stays until it is ejected",
            hint="omit keep=; use `--cloud-init eject` to remove the seed",
        )
    several = [word.name for word in WORDS if word.several]
    text = ",".join(
        f"{name}={value}" for name, listed in words.items() for value in (listed if name in several else listed[-1:])
    )
    return EditRequest(SEED, CLOUD_INIT, seed=seed, seed_text=text)


def _to_template_change(values: list[str]) -> EditRequest:
    from virtprov.actions.edit.changing.changes import EditRequest

    if values not in (["yes"], ["no"]):
        raise UsageError(f"--template {','.join(values)}: unknown value", hint="use yes or no")
    return EditRequest(TEMPLATE, TEMPLATE, value=values[0])


def _selector(group: str, text: str) -> Selector:
    from virtprov.guest.write import subopts
    from virtprov.guest.write.assign import resolve
    from virtprov.guest.write.select import Selector, is_position
    from virtprov.options.catalogue import table

    text = text.strip()
    if not text:
        raise UsageError(f"the selection of --{group} is empty", hint="give a number, all, or a value from its XML")
    if is_position(text):
        return Selector(text)
    rows = table(group)
    return Selector("", resolve(rows, subopts.pairs(rows, text)), text)


def _uses(group: str, values: list[str], action: str, *, schema: bool) -> tuple[Use, ...]:
    from virtprov.guest.write import gather

    uses, refused = gather.group_uses(group, values, schema=schema)
    if any(use.fixed is not None for use in uses):
        raise UsageError(
            f"--network static cannot be used with --{action}: it is not part of the guest's definition",
            hint="change the address inside the guest, or with --cloud-init network-config=FILE at its next boot",
        )
    if refused:
        raise UsageError(
            f"--{group} none cannot be used with --{action}",
            hint=f"--remove-device --{group} all removes all of them",
        )
    return tuple(uses)


def _profile(name: str) -> Profile | None:
    if not name:
        return None
    from virtprov.osinfo.find_profile import find

    return find(name)
