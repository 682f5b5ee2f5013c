"""Steps that define, start, replace and remove guests."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.actions.run import definition
from virtprov.actions.run.artifacts import nvram
from virtprov.actions.run.artifacts.artifact import Artifact
from virtprov.actions.run.artifacts.pools_and_volumes import Volume
from virtprov.actions.run.artifacts.stored_guests import AsideGuest, Autostart, Definition, Guest, StartedGuest
from virtprov.actions.run.plan import FunctionStep
from virtprov.actions.run.trail import note_nothing
from virtprov.guest.document import Guest as Domain
from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Step, Undo
    from virtprov.actions.run.trail import Entry
    from virtprov.guest.document import DomainDocument
    from virtprov.host.facts.info import GuestInfo


class Define(Record):
    """Define a guest on the host."""

    name: str
    document: DomainDocument

    @property
    def label(self) -> str:
        return f"Defining guest '{self.name}'"

    def do(self, context: RunContext) -> Undo | None:
        domain = self.document.guest
        guest = Guest(self.name, domain.uuid, nvram=nvram.are_new(context, domain))
        with context.making(guest) as entry:
            info = context.host.guests.define(self.document.text)
            entry.note_created(guest._replace(uuid=info.uuid))
        return context.undo(entry)


class Start(Record):
    """Start a defined guest."""

    name: str

    @property
    def label(self) -> str:
        return f"Starting guest '{self.name}'"

    def do(self, context: RunContext) -> Undo | None:
        info = context.host.guests.find(self.name)
        guest = StartedGuest(self.name, info.uuid if info is not None else "")
        with context.making(guest) as entry:
            context.host.guests.start(self.name)
            _note_run(context, guest, entry)
        return context.undo(entry)


def _note_run(context: RunContext, guest: StartedGuest, entry: Entry) -> None:
    """Record libvirt's id of the running guest."""
    info = context.host.guests.find(guest.uuid)
    if info is not None and info.id is not None:
        entry.note_created(guest._replace(run=info.id))


class Create(Record):
    """Run a guest from XML: transient unless it is defined."""

    name: str
    document: DomainDocument

    @property
    def label(self) -> str:
        return f"Starting guest '{self.name}'"

    def do(self, context: RunContext) -> Undo | None:
        domain, text = self.document.guest, self.document.text
        uuid = domain.uuid
        if uuid and context.host.guests.find(uuid) is not None:
            started = StartedGuest(self.name, uuid)
            with context.making(started) as entry:
                context.host.guests.create(text)
                _note_run(context, started, entry)
            return context.undo(entry)
        files = nvram.new_files(context, domain)  # libvirt leaves them behind
        guest = Guest(self.name, uuid)
        new: list[Artifact] = [*(Volume(os.path.basename(path), path=path) for path in files), guest]
        with ExitStack() as making:
            entries = [making.enter_context(context.making(artifact)) for artifact in new]
            try:
                info = context.host.guests.create(text)
            except BaseException:
                for entry in entries[:-1]:
                    context.undo(entry)()
                raise
            entries[-1].note_created(guest._replace(uuid=info.uuid))
        return lambda: [context.undo(entry)() for entry in reversed(entries)]


class Redefine(Record):
    """Replace the definition of an existing guest; undo restores the previous one."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Changing the definition of '{self.name}'"

    def do(self, context: RunContext) -> Undo | None:
        before = context.host.guests.xml(self.name, inactive=True, secure=True)
        return redefine(context, self.name, Domain.parse(before).uuid, self.xml, before)[1]


def redefine(
    context: RunContext, name: str, uuid: str, xml: str, before: str, *, in_trail: bool = True
) -> tuple[str, Undo]:
    """Replace the definition of a guest if it still is `before` ("": none, the guest is transient).

    `in_trail` tells whether the change is recorded in the recovery log. Returns what the host stored, and how to undo
    it. Raises DefinitionChanged if the guest now has another definition.
    """
    changed = Definition(name, uuid, before, after=xml)
    with context.making(changed) if in_trail else note_nothing(changed) as entry:
        expected = definition.digest(before) if before else definition.NONE
        now = definition.replace(context.host, name, uuid, xml, expected)
        mark = definition.digest(now)
        entry.note_created(changed._replace(digest=mark, after=""))

    def undo() -> None:
        definition.replace(context.host, name, uuid, before or None, mark)
        entry.note_removed()

    return now, undo


class SetAutostart(Record):
    """Switch autostart on or off; undo restores the previous setting.

    `in_trail` tells whether the change of an existing guest is recorded, if the run has a recovery log by then.
    """

    name: str
    on: bool
    in_trail: bool = False
    needs_lock = True

    @property
    def label(self) -> str:
        return f"Enabling autostart of '{self.name}'" if self.on else f"Disabling autostart of '{self.name}'"

    def do(self, context: RunContext) -> Undo | None:
        if self.in_trail and context.trail.is_written:
            info = context.host.guests.find(self.name)
            with context.making(Autostart(self.name, info.uuid if info is not None else "", self.on)) as entry:
                context.host.guests.set_autostart(self.name, self.on)
            return context.undo(entry)
        context.host.guests.set_autostart(self.name, self.on)
        return lambda: context.host.guests.set_autostart(self.name, not self.on)


class Replace(Record):
    """Replace a guest by another one with the same name: it is stopped and renamed, and removed at the end.

    Undo restores its name. The contents of its memory and a saved state are lost. If the driver cannot rename guests,
    it is undefined, and undo defines it again, without its snapshots.
    """

    name: str
    keep_nvram: bool = False

    @property
    def label(self) -> str:
        return f"Removing the existing guest '{self.name}'"

    def do(self, context: RunContext) -> Undo | None:
        info = context.host.guests.find(self.name)
        if info is None:
            return None
        before = context.host.guests.xml(self.name, inactive=True, secure=True)
        aside = f"{self.name}.replaced-{info.uuid[:8]}" if info.persistent else ""
        guest = AsideGuest(self.name, info.uuid, aside, before, info.active, info.persistent, not self.keep_nvram)
        with context.making(guest) as entry:
            whole = self._make_room(context, info, guest, entry)
        return lambda: self._bring_back(context, entry, whole)

    def _bring_back(self, context: RunContext, entry: Entry, whole: bool) -> None:
        context.undo(entry)()
        if not whole:
            context.warn(
                f"'{self.name}' is defined as before; its snapshots and firmware variables could not be restored"
            )

    def _make_room(self, context: RunContext, info: GuestInfo, guest: AsideGuest, entry: Entry) -> bool:
        """Stop the guest and rename it; return whether nothing of it is lost."""
        from virtprov.host.failures import NotNow, NotSupported

        try:
            context.host.guests.destroy(info.uuid)
            if not info.persistent:
                return True
            if context.host.guests.drop_saved_state(info.uuid):
                context.warn(f"the saved state of '{self.name}' is lost")
            try:
                context.host.guests.rename(info.uuid, guest.aside)
                return True
            except (NotNow, NotSupported):
                context.host.guests.undefine(info.uuid, nvram=not self.keep_nvram)
                return False
        except BaseException:
            with entry.cleaning_up():
                guest.take_down(context.host)
            raise


def discard_guest(name: str) -> Step:
    """The last step for a replaced guest: remove it, but not its disks."""

    def do(context: RunContext) -> None:
        try:
            for guest in context.trail.artifacts(AsideGuest):
                guest.discard(context.host)
        except ProvError as problem:
            context.trail.keep()
            context.warn(f"could not remove the previous guest: {problem.message}")

    return FunctionStep(f"Removing the remains of the previous guest '{name}'", do, final=True)
