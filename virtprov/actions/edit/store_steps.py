"""The steps that replace the definition of a guest: with a new one, or with the one before a past run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run import definition
from virtprov.actions.steps.guest import Define, redefine
from virtprov.guest.document import DomainDocument

if TYPE_CHECKING:
    from virtprov.actions.edit.edit_plan import Target
    from virtprov.actions.edit.journal import Journal
    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.host.connection import Host


class StoreDefinition:
    """Store the new definition, which is in the journal at `place`; undo restores the previous one.

    `kept` is False if the host stored the same definition as before.
    """

    __slots__ = ("is_new", "journal", "kept", "name", "place", "uuid")
    needs_lock = True

    def __init__(self, target: Target, place: int, journal: Journal) -> None:
        self.name, self.uuid, self.is_new = target.name, target.uuid, target.before is None
        self.place = place
        self.journal = journal
        self.kept = True

    @property
    def label(self) -> str:
        return f"{'Defining the guest' if self.is_new else 'Changing the definition of'} '{self.name}'"

    def look(self, host: Host) -> None:
        """Raise DefinitionChanged if the guest has changed since it was read."""
        if self.is_new:
            return
        before = self.journal.entry(self.place).before
        now = definition.check(host, self.name, self.uuid, definition.digest(before) if before else definition.NONE)
        if now is None:  # it only ran, and is gone with its run
            raise definition.DefinitionChanged(f"'{self.name}' no longer exists")

    def do(self, context: RunContext) -> Undo | None:
        """Store the definition. Raises DefinitionChanged if the guest does not have the one in the journal."""
        entry = self.journal.entry(self.place)
        assert entry.after is not None
        if self.is_new:
            undo: Undo | None = Define(self.name, DomainDocument.parse(entry.after)).do(context)
            info = context.host.guests.find(self.name)
            if info is not None:
                self.journal.note_stored(self.place, info.uuid, context.host.guests.stored_definition(info.uuid))
            return undo
        if not entry.before:
            self.look(context.host)
        in_trail = context.trail.is_written  # else the journal alone is the way back
        now, undo = redefine(context, self.name, self.uuid, entry.after, entry.before or "", in_trail=in_trail)
        self.kept = now != entry.before
        self.journal.note_stored(self.place, self.uuid, now if self.kept else None)
        return undo


class RestoreDefinition:
    """Restore the definition before a past run, or undefine the guest if it had none; undo restores the current one.

    `place` is the entry in the journal of that run, `expected` the digest of the guest's current definition. Raises
    DefinitionChanged if the guest has another one.
    """

    __slots__ = ("expected", "journal", "name", "place", "uuid")
    needs_lock = True

    def __init__(self, name: str, uuid: str, place: int, journal: Journal, expected: str) -> None:
        self.name, self.uuid, self.place = name, uuid, place
        self.journal = journal
        self.expected = expected

    @property
    def label(self) -> str:
        return f"Restoring the definition of '{self.name}'"

    def look(self, host: Host) -> str | None:
        """Read the guest's current definition; raise DefinitionChanged if it is not the expected one."""
        return definition.check(host, self.name, self.uuid, self.expected)

    def do(self, context: RunContext) -> Undo | None:
        before = self.journal.entry(self.place).before
        host, name, uuid = context.host, self.name, self.uuid
        then = self.look(host)
        now = definition.replace(host, name, uuid, before, None)
        if now != (before or ""):
            context.warn(f"the host changed the restored definition of '{name}'")
        left = definition.digest(now) if now else definition.NONE
        return lambda: definition.replace(host, name, uuid, then, left)
