"""The right to search a directory of this machine that a run gave to an account, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifact import GONE, OTHERS, OURS, Artifact, Evidence, Standing
from virtprov.support.acl import Before, is_let, restore, rights_of
from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class SearchRight(Artifact):
    """The right of the account `name`, by its `uid`, to search the directory `path`; `before` as `spell` wrote it."""

    kind = "rights"
    name: str
    path: str
    before: str
    uid: int = -1

    def describe(self) -> str:
        return f"the right of '{self.name}' to search {self.path}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        try:
            now = rights_of(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return Standing(GONE)
        except OSError as problem:
            raise HostError(f"the rights of {self.path} cannot be read: {problem.strerror}") from None
        before = parse(self.before)
        if now == before:
            return Standing(GONE)
        if is_let(now, before, self.uid):
            return Standing(OURS)
        return Standing(OTHERS, "somebody has changed the rights of the directory since")

    def take_down(self, host: Host) -> None:
        try:
            restore(self.path, parse(self.before))
        except OSError as problem:
            raise HostError(f"the rights of {self.path} cannot be put back: {problem.strerror}") from None


def spell(rights: Before) -> str:
    """Write rights in one word: the mode in octal, and behind a colon the list in hexadecimal."""
    return f"{rights.mode:o}" if rights.acl is None else f"{rights.mode:o}:{rights.acl.hex()}"


def parse(word: str) -> Before:
    """Read what `spell` wrote; raises ValueError."""
    mode, colon, acl = word.partition(":")
    return Before(int(mode, 8), bytes.fromhex(acl) if colon else None)
