"""Files of this machine that a run creates or moves aside."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import (
    GONE,
    OTHERS,
    OURS,
    Artifact,
    Aside,
    Evidence,
    Standing,
    judge,
    mark_of,
)
from virtprov.support.errors import ProvError

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class File(Artifact):
    """A new file; `mark` distinguishes it from others of the same name, a `passing` one is deleted after use."""

    kind = "file"
    path: str
    mark: str = ""
    passing: bool = False

    def describe(self) -> str:
        return f"file {self.path}"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        if not os.path.lexists(self.path):
            return Standing(GONE)
        user = evidence.user_of(self.path)
        if user:
            return Standing(OTHERS, user)
        return judge(self.mark, mark_of(self.path), evidence)

    def is_there(self, host: Host) -> bool:
        return os.path.lexists(self.path)

    def take_down(self, host: Host) -> None:
        unlink(host, self.path)


class Download(File):
    """A file that is downloaded or extracted into a folder of its own, and what lies beside it meanwhile.

    `had` means that a file was there before: then only what an interrupted download leaves beside it is removed. The
    same is true if another run uses the file.
    """

    kind = "download"
    had: bool = False

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        seen = Standing(GONE) if self.had else super().standing(host, evidence)
        return Standing(OURS) if seen.state == GONE and self._parts() else seen

    def take_down(self, host: Host) -> None:
        from virtprov.support.user_files.sharing import is_shared

        parts = self._parts()
        keeps = is_shared(os.path.dirname(self.path)) or self.had
        for path in parts if keeps else [self.path, f"{self.path}.version", *parts]:
            unlink(host, path)
        if not keeps:
            with suppress(OSError):  # it is not empty, or not there
                os.rmdir(os.path.dirname(self.path))

    def _parts(self) -> list[str]:
        """Return the files with its incomplete contents that no other run is writing.

        They are named as in `support/web/download.py` and `files.py`.
        """
        import re

        from virtprov.support.user_files.sharing import is_being_written

        folder, name = os.path.split(self.path)
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            return []
        is_part = re.compile(rf"{re.escape(name)}(\.\d+)?\.part(\.from)?").fullmatch
        parts = [f"{folder}/{file}" for file in names if is_part(file)]
        passing = [f"{folder}/{file}" for file in names if file.startswith(f".{name}.")]
        return [path for path in parts if not is_being_written(path.removesuffix(".from"))] + passing


class AsideFile(Aside):
    """The original file at `path`, moved aside to `aside`."""

    kind = "aside"
    path: str
    aside: str
    mark: str = ""

    def describe(self) -> str:
        return f"{self.path} (moved to {self.aside})"

    def standing(self, host: Host, evidence: Evidence) -> Standing:
        return self.waits(host, evidence)

    def take_down(self, host: Host) -> None:
        if os.path.lexists(self.path):
            raise ProvError(f"{self.path} has been replaced by another one")
        rename(self.aside, self.path)

    def waits(self, host: Host, evidence: Evidence) -> Standing:
        if not os.path.lexists(self.aside):
            return Standing(GONE)
        if self.mark and mark_of(self.aside) != self.mark:
            return Standing(OTHERS, "another file now has this name")
        return Standing(OURS)

    def discard(self, host: Host) -> None:
        unlink(host, self.aside)


def unlink(host: Host, path: str) -> None:
    """Remove a file and refresh the pool of its directory; a missing file is ignored. Raises ProvError."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as problem:
        raise ProvError(f"cannot delete {path}: {problem.strerror}") from None
    refresh_pool_over(host, path)


def rename(source: str, target: str) -> None:
    """Rename a file; raises ProvError."""
    try:
        os.rename(source, target)
    except OSError as problem:
        raise ProvError(f"cannot rename {source} to {target}: {problem.strerror}") from None


def refresh_pool_over(host: Host, path: str) -> None:
    """Refresh the pool of this directory, if there is one."""
    pool = host.storage.pool_at(os.path.dirname(path))
    if pool is not None and pool.active:
        host.storage.refresh_pool(pool.name)
