"""The permissions of a file of this machine, changed by a run, and how to restore them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import GONE, OTHERS, OURS, Artifact, Evidence, Standing, mark_of
from virtprov.guest.marks.template_mark import READ_ONLY
from virtprov.support.errors import HostError
from virtprov.support.file_access.regular import open_regular
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class ModeChange(Record):
    """The permissions of a file before and after a step."""

    path: str
    before: int
    after: int

    def facts(self) -> dict[str, str]:
        """Return the change for JSON output; docs/reference/json.md explains each key."""
        return {"path": self.path, "before": f"{self.before:04o}", "after": f"{self.after:04o}"}

    def diff(self) -> str:
        """Return the change as a part of a diff."""
        return f"@@ permissions of {self.path} @@\n-{self.before:04o}\n+{self.after:04o}\n"


class FileMode(Artifact):
    """The permissions of the file `path`, in octal: `before` and `after` the run. `mark` identifies the file.

    `guest` is the UUID of the guest with that disk. A template keeps its permissions, READ_ONLY, while it has clones.
    """

    kind = "mode"
    path: str
    before: str
    after: str
    mark: str = ""
    guest: str = ""

    def describe(self) -> str:
        return f"permissions {self.after} of {self.path}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        try:
            now = read_mode(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return Standing(GONE)
        except OSError as problem:
            raise HostError(f"cannot read the permissions of {self.path}: {problem.strerror}") from None
        if now is None or now == int(self.before, 8) or self.mark and mark_of(self.path) != self.mark:
            return Standing(GONE)
        if now != int(self.after, 8):
            return Standing(OTHERS, "the permissions of the file have been changed since")
        from virtprov.actions.run.templates import judge_by_clones

        is_protected = bool(self.guest) and now == READ_ONLY
        return judge_by_clones(host, self.guest, evidence) if is_protected else Standing(OURS)

    def take_down(self, host: Host) -> None:
        try:
            set_mode(self.path, int(self.before, 8))
        except OSError as problem:
            raise HostError(f"cannot restore the permissions of {self.path}: {problem.strerror}") from None


def read_mode(path: str) -> int | None:
    """Return the permissions of a regular file; None for a file of another kind. Raises OSError."""
    seen = os.stat(path)
    return stat.S_IMODE(seen.st_mode) if stat.S_ISREG(seen.st_mode) else None


def set_mode(path: str, mode: int) -> None:
    """Set the permissions of a regular file. Raises OSError."""
    handle = open_regular(path)
    try:
        os.fchmod(handle, mode)
    finally:
        os.close(handle)
