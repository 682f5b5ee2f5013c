"""Steps that define, start, replace and remove guests."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.actions.run import definition, nvram
from virtprov.actions.run.artifact import Artifact
from virtprov.actions.run.artifact_guests import AsideGuest, Definition, Guest, StartedGuest
from virtprov.actions.run.artifact_storage import Volume
from virtprov.actions.run.plan import FunctionStep
from virtprov.actions.run.trail import note_nothing
from virtprov.guest.document import Guest as Domain
from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Step, Undo, World
    from virtprov.actions.run.trail import Entry
    from virtprov.guest.document import DomainDocument
    from virtprov.host.info import GuestInfo


class Define(Record):
    """Define a guest on the host."""

    name: str
    document: DomainDocument

    @property
    def label(self) -> str:
        return f"Defining guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        domain = self.document.guest
        guest = Guest(self.name, domain.uuid, nvram=nvram.are_new(world, domain))
        with world.making(guest) as entry:
            info = world.host.guests.define(self.document.text)
            entry.note_made(guest._replace(uuid=info.uuid))
        return world.undo(entry)


class Start(Record):
    """Start a defined guest."""

    name: str

    @property
    def label(self) -> str:
        return f"Starting guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        info = world.host.guests.find(self.name)
        guest = StartedGuest(self.name, info.uuid if info is not None else "")
        with world.making(guest) as entry:
            world.host.guests.start(self.name)
            _note_run(world, guest, entry)
        return world.undo(entry)


def _note_run(world: World, guest: StartedGuest, entry: Entry) -> None:
    """Record libvirt's id of the running guest."""
    info = world.host.guests.find(guest.uuid)
    if info is not None and info.id is not None:
        entry.note_made(guest._replace(run=info.id))


class Create(Record):
    """Run a guest from XML: transient unless it is defined."""

    name: str
    document: DomainDocument

    @property
    def label(self) -> str:
        return f"Starting guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        domain, text = self.document.guest, self.document.text
        uuid = domain.uuid
        if uuid and world.host.guests.find(uuid) is not None:
            started = StartedGuest(self.name, uuid)
            with world.making(started) as entry:
                world.host.guests.create(text)
                _note_run(world, started, entry)
            return world.undo(entry)
        files = nvram.new_files(world, domain)  # libvirt leaves them behind
        guest = Guest(self.name, uuid)
        new: list[Artifact] = [*(Volume(os.path.basename(path), path=path) for path in files), guest]
        with ExitStack() as making:
            entries = [making.enter_context(world.making(artifact)) for artifact in new]
            try:
                info = world.host.guests.create(text)
            except BaseException:
                for entry in entries[:-1]:
                    world.undo(entry)()
                raise
            entries[-1].note_made(guest._replace(uuid=info.uuid))
        return lambda: [world.undo(entry)() for entry in reversed(entries)]


class Redefine(Record):
    """Replace the definition of an existing guest; undo restores the previous one."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Changing the definition of '{self.name}'"

    def do(self, world: World) -> Undo | None:
        before = world.host.guests.xml(self.name, inactive=True, secure=True)
        return redefine(world, self.name, Domain.parse(before).uuid, self.xml, before)[1]


def redefine(world: World, name: str, uuid: str, xml: str, before: str, *, in_trail: bool = True) -> tuple[str, Undo]:
    """Replace the definition of a guest if it still is `before` ("": none, the guest is transient).

    `in_trail` tells whether the change is recorded in the recovery log. Returns what the host stored, and how to undo
    it. Raises definition.Moved if the guest now has another definition.
    """
    changed = Definition(name, uuid, before, after=xml)
    with world.making(changed) if in_trail else note_nothing(changed) as entry:
        expected = definition.digest(before) if before else definition.NONE
        now = definition.put(world.host, name, uuid, xml, expected)
        mark = definition.digest(now)
        entry.note_made(changed._replace(digest=mark, after=""))

    def undo() -> None:
        definition.put(world.host, name, uuid, before or None, mark)
        entry.note_gone()

    return now, undo


class SetAutostart(Record):
    """Switch autostart on or off; undo restores the previous setting."""

    name: str
    on: bool

    @property
    def label(self) -> str:
        return f"Enabling autostart of '{self.name}'" if self.on else f"Disabling autostart of '{self.name}'"

    def do(self, world: World) -> Undo | None:
        world.host.guests.set_autostart(self.name, self.on)
        return lambda: world.host.guests.set_autostart(self.name, not self.on)


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

    def do(self, world: World) -> Undo | None:
        info = world.host.guests.find(self.name)
        if info is None:
            return None
        before = world.host.guests.xml(self.name, inactive=True, secure=True)
        aside = f"{self.name}.replaced-{info.uuid[:8]}" if info.persistent else ""
        guest = AsideGuest(self.name, info.uuid, aside, before, info.active, info.persistent, not self.keep_nvram)
        with world.making(guest) as entry:
            whole = self._make_room(world, info, guest, entry)
        return lambda: self._bring_back(world, entry, whole)

    def _bring_back(self, world: World, entry: Entry, whole: bool) -> None:
        world.undo(entry)()
        if not whole:
            world.warn(
                f"'{self.name}' is defined as before; its snapshots and firmware variables could not be restored"
            )

    def _make_room(self, world: World, info: GuestInfo, guest: AsideGuest, entry: Entry) -> bool:
        """Stop the guest and rename it; return whether nothing of it is lost."""
        from virtprov.host.failures import NotNow, NotSupported

        try:
            world.host.guests.destroy(info.uuid)
            if not info.persistent:
                return True
            if world.host.guests.drop_saved_state(info.uuid):
                world.warn(f"the saved state of '{self.name}' is lost")
            try:
                world.host.guests.rename(info.uuid, guest.aside)
                return True
            except (NotNow, NotSupported):
                world.host.guests.undefine(info.uuid, nvram=not self.keep_nvram)
                return False
        except BaseException:
            with entry.cleaning_up():
                guest.take_down(world.host)
            raise


def discard_guest(name: str) -> Step:
    """The last step for a replaced guest: remove it, but not its disks."""

    def do(world: World) -> None:
        try:
            for guest in world.trail.artifacts(AsideGuest):
                guest.discard(world.host)
        except ProvError as problem:
            world.trail.keep()
            world.warn(f"could not remove the previous guest: {problem.message}")

    return FunctionStep(f"Removing the remains of the previous guest '{name}'", do, final=True)
