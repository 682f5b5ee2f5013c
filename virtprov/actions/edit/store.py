"""The steps that give a guest another definition: a new one, or the one it had before a past run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run import definition
from virtprov.actions.steps.guest import Define, redefine
from virtprov.guest.document import DomainDocument

if TYPE_CHECKING:
    from virtprov.actions.edit.journal import Journal
    from virtprov.actions.edit.plan import Target
    from virtprov.actions.run.plan import Undo, World
    from virtprov.host.connection import Host


class Store:
    """The definition that waits in the journal at `place`, instead of the one the guest had; undone by that one.

    `kept` is False once the host stored the definition as it was before.
    """

    __slots__ = ("is_new", "journal", "kept", "name", "place", "uuid")

    def __init__(self, target: Target, place: int, journal: Journal) -> None:
        self.name, self.uuid, self.is_new = target.name, target.uuid, target.before is None
        self.place = place
        self.journal = journal
        self.kept = True

    @property
    def label(self) -> str:
        return f"{'Defining the guest' if self.is_new else 'Changing the definition of'} '{self.name}'"

    def look(self, host: Host) -> None:
        """Raise definition.Moved when the guest is not as it was read."""
        if self.is_new:
            return
        before = self.journal.entry(self.place).before
        now = definition.check(host, self.name, self.uuid, definition.digest(before) if before else definition.NONE)
        if now is None:  # it only ran, and is gone with its run
            raise definition.Moved(f"'{self.name}' is not there any more")

    def do(self, world: World) -> Undo | None:
        """Store it. Raises definition.Moved when the guest has another definition than the journal says it had."""
        entry = self.journal.entry(self.place)
        assert entry.after is not None
        if self.is_new:
            undo: Undo | None = Define(self.name, DomainDocument.parse(entry.after)).do(world)
            info = world.host.guests.find(self.name)
            if info is not None:
                self.journal.left(self.place, info.uuid, world.host.guests.stored_definition(info.uuid))
            return undo
        if not entry.before:
            self.look(world.host)
        in_trail = world.trail.is_written  # else the journal alone is the way back
        now, undo = redefine(world, self.name, self.uuid, entry.after, entry.before or "", in_trail=in_trail)
        self.kept = now != entry.before
        self.journal.left(self.place, self.uuid, now if self.kept else None)
        return undo


class PutBack:
    """The definition that a guest had before a past run, or none; undone by the one it has now.

    `place` is where the journal of that run has it, `expected` the mark of the definition that the guest has now.
    Raises definition.Moved when it has another one.
    """

    __slots__ = ("expected", "journal", "name", "place", "uuid")

    def __init__(self, name: str, uuid: str, place: int, journal: Journal, expected: str) -> None:
        self.name, self.uuid, self.place = name, uuid, place
        self.journal = journal
        self.expected = expected

    @property
    def label(self) -> str:
        return f"Putting back the definition of '{self.name}'"

    def look(self, host: Host) -> str | None:
        """Read the definition that the guest has now; raise definition.Moved when it is not the one that is meant."""
        return definition.check(host, self.name, self.uuid, self.expected)

    def do(self, world: World) -> Undo | None:
        before = self.journal.entry(self.place).before
        host, name, uuid = world.host, self.name, self.uuid
        then = self.look(host)
        now = definition.put(host, name, uuid, before, None)
        if now != (before or ""):
            world.warn(f"the host changed the definition of '{name}' when it took it back")
        left = definition.digest(now) if now else definition.NONE
        return lambda: definition.put(host, name, uuid, then, left)
