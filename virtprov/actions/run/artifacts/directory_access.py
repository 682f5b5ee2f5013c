"""Search permission on a directory of this machine, granted to an account by a run, and how to undo that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Artifact, Evidence, Standing
from virtprov.support.errors import HostError
from virtprov.support.file_access.acl import Before, is_let, restore, rights_of

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class SearchRight(Artifact):
    """Search permission of the account `name` (`uid`) on the directory `path`; `before` is the output of `spell`."""

    kind = "rights"
    name: str
    path: str
    before: str
    uid: int = -1

    def describe(self) -> str:
        return f"permission of '{self.name}' to search {self.path}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        try:
            now = rights_of(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return Standing(GONE)
        except OSError as problem:
            raise HostError(f"cannot read the permissions of {self.path}: {problem.strerror}") from None
        before = parse(self.before)
        if now == before:
            return Standing(GONE)
        if is_let(now, before, self.uid):
            return Standing(OURS)
        return Standing(OTHERS, "the permissions of the directory have been changed since")

    def take_down(self, host: Host) -> None:
        try:
            restore(self.path, parse(self.before))
        except OSError as problem:
            raise HostError(f"cannot restore the permissions of {self.path}: {problem.strerror}") from None


def spell(rights: Before) -> str:
    """Return permissions as one word: the mode in octal, then a colon and the ACL in hexadecimal."""
    return f"{rights.mode:o}" if rights.acl is None else f"{rights.mode:o}:{rights.acl.hex()}"


def parse(word: str) -> Before:
    """Parse the output of `spell`; raises ValueError."""
    mode, colon, acl = word.partition(":")
    return Before(int(mode, 8), bytes.fromhex(acl) if colon else None)
