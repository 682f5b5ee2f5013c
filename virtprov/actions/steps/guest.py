"""Steps that define, start, replace and remove guests."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.actions.run import artifact, definition, teardown
from virtprov.actions.run.artifact import Thing
from virtprov.actions.run.teardown import inactive as inactive
from virtprov.actions.run.trail import nothing_noted
from virtprov.actions.steps import nvram
from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Undo, World
    from virtprov.actions.run.trail import Entry
    from virtprov.host.info import GuestInfo


class Define(Record):
    """The guest's definition on the host."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Defining the guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        uuid, ours = _uuid(self.xml), nvram.are_new(world, self.xml)
        with world.making(Thing(artifact.GUEST, self.name, uuid, nvram=ours)) as entry:
            made = world.host.define_guest(self.xml)
            entry.thing = entry.thing._replace(uuid=made.uuid)
        return world.undo(entry)


def _uuid(xml: str) -> str:
    return tree.find_text(tree.parse(xml), "uuid")


class Start(Record):
    """Starting a defined guest."""

    name: str

    @property
    def label(self) -> str:
        return f"Starting the guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        known = world.host.guest(self.name)
        with world.making(Thing(artifact.START, self.name, known.uuid if known is not None else "")) as entry:
            world.host.start_guest(self.name)
            _note_run(world, entry)
        return world.undo(entry)


def _note_run(world: World, entry: Entry) -> None:
    """Note which run of the guest this is."""
    runs = world.host.guest(entry.thing.uuid)
    if runs is not None and runs.id is not None:
        entry.thing = entry.thing._replace(number=runs.id)


class Create(Record):
    """Running a guest from a document: transient unless it is defined."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Starting the guest '{self.name}'"

    def do(self, world: World) -> Undo | None:
        uuid = _uuid(self.xml)
        known = world.host.guest(uuid) if uuid else None
        if known is not None:
            with world.making(Thing(artifact.START, self.name, uuid)) as entry:
                world.host.create_guest(self.xml)
                _note_run(world, entry)
            return world.undo(entry)
        files = nvram.new_files(world, self.xml)  # libvirt leaves them behind
        new = [Thing(artifact.VOLUME, os.path.basename(where), path=where) for where in files]
        with ExitStack() as making:
            made = [making.enter_context(world.making(thing)) for thing in new]
            made.append(making.enter_context(world.making(Thing(artifact.GUEST, self.name, uuid))))
            try:
                info = world.host.create_guest(self.xml)
            except BaseException:
                for entry in made[:-1]:
                    world.undo(entry)()
                raise
            made[-1].thing = made[-1].thing._replace(uuid=info.uuid)
        return lambda: [world.undo(entry)() for entry in reversed(made)]


class Redefine(Record):
    """Another definition for a guest that is there; undone by the one it had."""

    name: str
    xml: str

    @property
    def label(self) -> str:
        return f"Changing the definition of '{self.name}'"

    def do(self, world: World) -> Undo | None:
        before = world.host.guest_xml(self.name, inactive=True, secure=True)
        return redefine(world, self.name, _uuid(before), self.xml, before)[1]


def redefine(
    world: World, name: str, uuid: str, xml: str, before: str, *, in_trail: bool = True
) -> tuple[str, Undo]:
    """Give a guest another definition, if it still has the one in `before` ("": none, it only runs).

    `in_trail` says whether the change is noted in the run's trail. Returns what the host stored, and how to undo it.
    Raises definition.Moved when the guest has another one by now.
    """
    thing = Thing(artifact.DEFINITION, name, uuid, before=before)
    with world.making(thing) if in_trail else nothing_noted(thing) as entry:
        expected = definition.digest(before) if before else definition.NONE
        now = definition.put(world.host, name, uuid, xml, expected)
        mark = definition.digest(now)
        entry.thing = entry.thing._replace(mark=mark)

    def undo() -> None:
        definition.put(world.host, name, uuid, before or None, mark)
        entry.gone()

    return now, undo


class SetAutostart(Record):
    """Whether a guest starts with its host; undone by the contrary."""

    name: str
    on: bool

    @property
    def label(self) -> str:
        return f"Letting '{self.name}' start with the host" if self.on else f"Not starting '{self.name}' with the host"

    def do(self, world: World) -> Undo | None:
        world.host.set_autostart(self.name, self.on)
        return lambda: world.host.set_autostart(self.name, not self.on)


class Replace(Record):
    """A guest makes room for another one of its name: it is stopped and renamed, and goes once nothing can fail.

    Undone by its old name. What it had in memory is lost, and so is a saved state. Where the driver renames no
    guests it is undefined, and defined again: its snapshots are not brought back then.
    """

    name: str
    keep_nvram: bool = False

    @property
    def label(self) -> str:
        return f"Removing the guest '{self.name}' that is there"

    def do(self, world: World) -> Undo | None:
        info = world.host.guest(self.name)
        if info is None:
            return None
        before = world.host.guest_xml(self.name, inactive=True, secure=True)
        aside, number = (f"{self.name}.replaced-{info.uuid[:8]}", -1) if info.persistent else ("", 0)
        thing = Thing(artifact.REPLACED, self.name, info.uuid, aside=aside, before=before, active=info.active)
        with world.making(thing._replace(number=number, nvram=not self.keep_nvram)) as entry:
            whole = self._make_room(world, info, entry)
        return lambda: self._bring_back(world, entry, whole)

    def _bring_back(self, world: World, entry: Entry, whole: bool) -> None:
        world.undo(entry)()
        if not whole:
            world.warn(f"'{self.name}' is back as it was defined; its snapshots and firmware variables are not")

    def _make_room(self, world: World, info: GuestInfo, entry: Entry) -> bool:
        """Stop the guest and rename it; says whether nothing of it is lost."""
        from virtprov.host.failures import NotNow, NotSupported

        try:
            world.host.destroy_guest(info.uuid)
            if not info.persistent:
                return True
            if world.host.drop_saved_state(info.uuid):
                world.warn(f"the saved state of '{self.name}' is gone")
            try:
                world.host.rename_guest(info.uuid, entry.thing.aside)
                return True
            except (NotNow, NotSupported):
                world.host.undefine_guest(info.uuid, nvram=not self.keep_nvram)
                return False
        except BaseException:
            entry.stays = True
            teardown.bring_back(world.host, entry.thing)
            entry.stays = False
            raise


class DiscardGuest(Record):
    """The last step for a guest that made room: it goes for good. Its disks stay."""

    name: str
    final = True

    @property
    def label(self) -> str:
        return f"Removing what is left of the guest '{self.name}' that was there"

    def do(self, world: World) -> Undo | None:
        try:
            for thing in world.trail.held(artifact.REPLACED):
                teardown.discard(world.host, thing)
        except ProvError as problem:
            world.trail.stuck = True
            world.warn(f"the guest that was there is left behind: {problem.message}")
        return None
