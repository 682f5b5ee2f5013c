"""From a changed document to the steps that put it in force, stored or running."""

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

    `before` is its definition: "" for a guest that runs without one, None for one that is not there yet.
    """

    name: str
    uuid: str
    before: str | None


def target(made: Edited, host: Host) -> Target:
    """Whose definition the changed document becomes: a guest gets another name or UUID only together, as a further one.

    Raises HostError for a name or UUID that cannot be changed alone.
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
            f"the guest '{guest.name}' cannot get another UUID", hint="`virsh undefine` it first, or make a clone"
        )
    if same_uuid:
        raise HostError(
            f"the guest '{info.name}' cannot be renamed by changing its definition",
            hint=f"`virsh domrename {info.name} {guest.name}` renames a guest that is off",
        )
    return Target(guest.name, guest.uuid, None)


def stores(made: Edited, wanted: Wanted) -> bool:
    """Whether a definition is written: a guest of the host that stays as it is keeps the one it has."""
    return wanted.define and (bool(made.diff) or made.source.info is None)


def steps(made: Edited, wanted: Wanted, store: Step | None) -> tuple[list[Step], list[Step]]:
    """What must be done for the guest, in order, and what once all guests have their definitions.

    `store` is the step that stores the definition, None when none is stored.
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
    """The new seed is written, in a pool that a disk may have asked for as well."""
    return [step for part in made.parts if part.seeded is not None for step in part.seeded.steps if step not in listed]


def _last_steps(made: Edited) -> list[Step]:
    """Seeds that no document names any more are deleted once all else stands."""
    old = [seed for part in (*made.parts, *made.lives) if part.seeded is not None for seed in part.seeded.old]
    if not old:
        return []
    from virtprov.actions.steps.seed import DeleteSeeds

    return [DeleteSeeds(tuple(dict.fromkeys(old)))]
