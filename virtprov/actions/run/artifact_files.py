"""Files of this machine that a run makes, or puts aside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run.artifact import GONE, OTHERS, OURS, Artifact, Aside, Evidence, Standing, judge, mark_of
from virtprov.support.errors import ProvError

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class File(Artifact):
    """A new file; `mark` tells it from another of its name."""

    kind = "file"
    path: str
    mark: str = ""

    def describe(self) -> str:
        return f"the file {self.path}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        if not os.path.lexists(self.path):
            return Standing(GONE)
        user = evidence.user_of(self.path)
        if user:
            return Standing(OTHERS, user)
        return judge(self.mark, mark_of(self.path), evidence)

    def take_down(self, host: Host) -> None:
        unlink(host, self.path)


class AsideFile(Aside):
    """The file that was at `path`, which waits as `aside`."""

    kind = "aside"
    path: str
    aside: str
    mark: str = ""

    def describe(self) -> str:
        return f"{self.path}, put aside as {self.aside}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        return self.waits(host)

    def take_down(self, host: Host) -> None:
        if os.path.lexists(self.path):
            raise ProvError(f"there is another {self.path} by now")
        rename(self.aside, self.path)

    def waits(self, host: Host) -> Standing:
        if not os.path.lexists(self.aside):
            return Standing(GONE)
        if self.mark and mark_of(self.aside) != self.mark:
            return Standing(OTHERS, "another file has its name by now")
        return Standing(OURS)

    def discard(self, host: Host) -> None:
        unlink(host, self.aside)


def unlink(host: Host, path: str) -> None:
    """Remove a file, and tell the pool over its directory; no harm when it is gone. Raises ProvError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as problem:
        raise ProvError(f"{path} cannot be removed: {problem.strerror}") from None
    refresh_pool_over(host, path)


def rename(source: str, target: str) -> None:
    """Give a file another name; raises ProvError."""
    try:
        os.rename(source, target)
    except OSError as problem:
        raise ProvError(f"{source} cannot be renamed to {target}: {problem.strerror}") from None


def refresh_pool_over(host: Host, path: str) -> None:
    """Let the pool that covers the directory, if there is one, know what came or went there."""
    pool = host.storage.pool_at(os.path.dirname(path))
    if pool is not None and pool.active:
        host.storage.refresh_pool(pool.name)
