"""Turn changed XML into the steps that store it or apply it to the running guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.outcome import Edited, Wanted
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Create, SetAutostart, Start
from virtprov.guest.document import DomainDocument
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.edit.changes import Changed
    from virtprov.actions.run.plan import Step
    from virtprov.host.connection import Host


class Target(Record):
    """The guest whose definition is stored.

    `before` is its definition: "" for a transient guest, None for a guest that does not exist yet.
    """

    name: str
    uuid: str
    before: str | None


def target(made: Edited, host: Host) -> Target:
    """Return which guest gets the changed XML: with both a new name and a new UUID, it becomes another guest.

    Raises HostError if only the name or only the UUID changes.
    """
    guest, info = made.guest, made.source.info
    if info is None:
        known = host.guests.find(guest.name)
        if known is None:
            return Target(guest.name, guest.uuid, None)
        return Target(known.name, known.uuid, host.guests.stored_definition(known.uuid))
    same_name, same_uuid = guest.name == info.name, guest.uuid.lower() == info.uuid.lower()
    if same_name and same_uuid:
        return Target(info.name, info.uuid, made.source.stored.text if info.persistent else "")
    if same_name:
        raise HostError(
            f"the UUID of guest '{guest.name}' cannot be changed", hint="`virsh undefine` the guest first, or clone it"
        )
    if same_uuid:
        raise HostError(
            f"guest '{info.name}' cannot be renamed by editing its definition",
            hint=f"`virsh domrename {info.name} {guest.name}` renames a guest that is shut off",
        )
    return Target(guest.name, guest.uuid, None)


def stores(made: Edited, wanted: Wanted) -> bool:
    """Return whether a definition is stored; an unchanged guest of the host keeps its definition."""
    return wanted.define and (bool(made.diff) or made.source.info is None)


def steps(made: Edited, wanted: Wanted, store: Step | None) -> tuple[list[Step], list[Step]]:
    """Return the steps for the guest in order, and those to run after all guests have their definitions.

    `store` is the step that stores the definition, None if none is stored.
    """
    info, name = made.source.info, made.guest.name
    storing = _storage_steps(made.made)
    live = made.course.steps(info.name) if info is not None and made.course is not None else []
    turning = [SetAutostart(name, made.autostart[1])] if made.autostart is not None else []
    start = Start(name) if wanted.define else Create(name, DomainDocument(made.guest, made.text))
    rows: tuple[tuple[bool, Sequence[Step]], ...] = (
        (wanted.anything, storing),
        (wanted.define or wanted.start, _seed_steps(made, storing)),
        (wanted.update, live),
        (store is not None, [store] if store is not None else []),
        (wanted.define, turning),
        (wanted.start, [start]),
    )
    first = [step for is_wanted, listed in rows if is_wanted for step in listed]
    return first, _last_steps(made) if wanted.define or wanted.update else []


def _storage_steps(parts: tuple[Changed, ...]) -> list[Step]:
    makings = [making for part in parts for making in part.makings]
    pools = {pool.name: pool for making in makings for pool in making.pools}
    listed: list[Step] = [storage.MakePool(pool) for pool in pools.values()]
    listed += [storage.MakeVolume(volume) for making in makings for volume in making.volumes]
    return listed


def _seed_steps(made: Edited, listed: list[Step]) -> list[Step]:
    """Add the step that writes the new seed, after the steps that may create its pool."""
    return [step for part in made.parts if part.seeded is not None for step in part.seeded.steps if step not in listed]


def _last_steps(made: Edited) -> list[Step]:
    """Return the steps that delete seeds that are no longer used."""
    old = [seed for part in (*made.parts, *made.lives) if part.seeded is not None for seed in part.seeded.old]
    if not old:
        return []
    from virtprov.actions.steps.seed_volumes import DeleteSeeds

    return [DeleteSeeds(tuple(dict.fromkeys(old)))]
