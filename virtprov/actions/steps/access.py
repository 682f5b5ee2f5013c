"""Give the account of QEMU access to a guest's disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.directory_access import SearchRight, spell
from virtprov.actions.run.plan import FunctionStep
from virtprov.support.errors import HostError
from virtprov.support.file_access.acl import Person, let_search, rights_of

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Step, Undo


def grant_search(directory: str, person: Person) -> Step:
    """Let an account search (not list) a directory of this machine; undo restores the permissions.

    Raises HostError if this account may not change the directory.
    """

    def do(context: RunContext) -> Undo:
        try:
            right = SearchRight(person.name, directory, spell(rights_of(directory)), person.uid)
            with context.making(right) as entry:
                let_search(directory, person)
        except OSError as problem:
            raise HostError(
                f"cannot change the permissions of {directory}: {problem.strerror}",
                hint=f"its owner or root can do it: `setfacl --modify user:{person.name}:x {directory}`",
            ) from None
        return context.undo(entry)

    return FunctionStep(f"Granting '{person.name}' search permission on {directory}", do)
