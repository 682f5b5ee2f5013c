"""Opening the way to a guest's disks for the account that QEMU runs as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions import rights, things
from virtprov.actions.things import Thing
from virtprov.support.acl import Person, let_search, rights_of
from virtprov.support.errors import HostError
from virtprov.support.record import Record

if TYPE_CHECKING:
    from virtprov.actions.plan import Undo, World


class LetSearch(Record):
    """An account may go through a directory of this machine, but not list it; undone by the rights it had."""

    directory: str
    person: Person

    @property
    def label(self) -> str:
        return f"Letting '{self.person.name}' search {self.directory}"

    def do(self, world: World) -> Undo | None:
        try:
            before = rights.spelled(rights_of(self.directory))
            thing = Thing(things.RIGHTS, self.person.name, path=self.directory, before=before, number=self.person.uid)
            with world.making(thing) as entry:
                let_search(self.directory, self.person)
        except OSError as problem:
            raise HostError(
                f"the rights of {self.directory} cannot be changed: {problem.strerror}",
                hint=f"its owner or root can: `setfacl --modify user:{self.person.name}:x {self.directory}`",
            ) from None
        return world.undo(entry)
