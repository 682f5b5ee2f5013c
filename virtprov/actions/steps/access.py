"""Opening the way to a guest's disks for the account that QEMU runs as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run import artifact, directory_access
from virtprov.actions.run.artifact import Thing
from virtprov.support.acl import Person, let_search, rights_of
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Undo, World


class LetSearch(Record):
    """An account may go through a directory of this machine, but not list it; undone by the rights it had."""

    directory: str
    person: Person

    @property
    def label(self) -> str:
        return f"Letting '{self.person.name}' search {self.directory}"

    def do(self, world: World) -> Undo | None:
        try:
            before = directory_access.spelled(rights_of(self.directory))
            thing = Thing(artifact.RIGHTS, self.person.name, path=self.directory, before=before, number=self.person.uid)
            with world.making(thing) as entry:
                let_search(self.directory, self.person)
        except OSError as problem:
            raise HostError(
                f"the rights of {self.directory} cannot be changed: {problem.strerror}",
                hint=f"its owner or root can: `setfacl --modify user:{self.person.name}:x {self.directory}`",
            ) from None
        return world.undo(entry)
