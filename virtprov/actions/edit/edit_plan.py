"""Turn changed XML into the steps that store it or apply it to the running guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changing.changes import template_of
from virtprov.actions.edit.changing.outcome import ApplyOptions, EditResult
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Create, SetAutostart, Start
from virtprov.guest import names
from virtprov.guest.document import DomainDocument
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.support.text import shell_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.edit.changing.changes import ChangeResult
    from virtprov.actions.run.plan import Step
    from virtprov.host.connection import Host


class Target(Record):
    """The guest whose definition is stored.

    `before` is its definition: "" for a transient guest, None for a guest that does not exist yet.
    """

    name: str
    uuid: str
    before: str | None


def choose_target(result: EditResult, host: Host) -> Target:
    """Return which guest gets the changed XML: with both a new name and a new UUID, it becomes another guest.

    Raises HostError if only the name or only the UUID changes.
    """
    guest, info = result.guest, result.source.info
    if info is None:
        known = host.guests.find(guest.name)
        if known is None:
            return Target(guest.name, guest.uuid, None)
        return Target(known.name, known.uuid, host.guests.stored_definition(known.uuid))
    same_name, same_uuid = guest.name == info.name, guest.uuid.lower() == info.uuid.lower()
    if same_name and same_uuid:
        return Target(info.name, info.uuid, result.source.stored.text if info.persistent else "")
    if same_name:
        raise HostError(
            f"the UUID of guest '{guest.name}' cannot be changed", hint="`virsh undefine` the guest first, or clone it"
        )
    if same_uuid:
        names.check_name(guest.name)
        raise HostError(
            f"guest '{info.name}' cannot be renamed by editing its definition",
            hint=f"`virsh domrename {shell_word(info.name)} {shell_word(guest.name)}` renames a guest that is shut off",
        )
    return Target(guest.name, guest.uuid, None)


def is_stored(result: EditResult, options: ApplyOptions) -> bool:
    """Return whether a definition is stored; an unchanged guest of the host keeps its definition."""
    return options.define and (bool(result.diff) or result.source.info is None)


def plan_steps(result: EditResult, options: ApplyOptions, store: Step | None) -> tuple[list[Step], list[Step]]:
    """Return the steps for the guest in order, and those to run after all guests have their definitions.

    `store` is the step that stores the definition, None if none is stored.
    """
    info, name = result.source.info, result.guest.name
    storing = _storage_steps(result.effective)
    live = result.course.steps(info.name) if info is not None and result.course is not None else []
    turning = [SetAutostart(name, result.autostart[1], in_trail=True)] if result.autostart is not None else []
    start = Start(name) if options.define else Create(name, DomainDocument(result.guest, result.text))
    rows: tuple[tuple[bool, Sequence[Step]], ...] = (
        (options.anything, storing),
        (options.define or options.start, _seed_steps(result, storing)),
        (options.update, live),
        (options.define, _list_mode_steps(result)),
        (store is not None, [store] if store is not None else []),
        (options.define, _list_checks(result)),
        (options.define, turning),
        (options.start, [start]),
    )
    first = [step for is_wanted, listed in rows if is_wanted for step in listed]
    return first, _last_steps(result) if options.define or options.update else []


def _list_checks(result: EditResult) -> list[Step]:
    value = template_of(result.requests)
    if not value:
        return []
    from virtprov.actions.edit import template

    return template.list_checks(value, result.source.stored.guest, result.guest)


def _list_mode_steps(result: EditResult) -> list[Step]:
    if not result.modes:
        return []
    from virtprov.actions.steps.template import SetModes

    return [SetModes(result.guest.name, result.guest.uuid, result.modes)]


def _storage_steps(parts: tuple[ChangeResult, ...]) -> list[Step]:
    makings = [making for part in parts for making in part.makings]
    pools = {pool.name: pool for making in makings for pool in making.pools}
    listed: list[Step] = [storage.MakePool(pool) for pool in pools.values()]
    listed += [storage.MakeVolume(volume) for making in makings for volume in making.volumes]
    return listed


def _seed_steps(result: EditResult, listed: list[Step]) -> list[Step]:
    """Add the step that writes the new seed, after the steps that may create its pool."""
    return [
        step for part in result.parts if part.seeded is not None for step in part.seeded.steps if step not in listed
    ]


def _last_steps(result: EditResult) -> list[Step]:
    """Return the steps that delete seeds that are no longer used."""
    old = [seed for part in (*result.parts, *result.lives) if part.seeded is not None for seed in part.seeded.old]
    if not old:
        return []
    from virtprov.actions.steps.seed_volumes import DeleteSeeds

    return [DeleteSeeds(tuple(dict.fromkeys(old)))]
