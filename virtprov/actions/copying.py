"""Steps that copy disks which no pool holds, and put aside what would be in the way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.support.errors import ProvError
from virtprov.support.record import Record

if TYPE_CHECKING:
    from virtprov.actions.plan import Undo, World


class CopyFile(Record):
    """A full copy of a local file or block device, made by ourselves."""

    source: str
    target: str
    sparse: bool = True
    reflink: bool = False

    @property
    def label(self) -> str:
        return f"Copying {self.source} to {self.target}"

    def do(self, world: World) -> Undo | None:
        from virtprov.support.copy import copy_image

        new = copy_image(
            self.source, self.target, sparse=self.sparse, reflink=self.reflink, progress=world.advance
        )
        try:
            self._tell_pool(world)
        except BaseException:
            self._remove(world, new)
            raise
        return lambda: self._remove(world, new)

    def _tell_pool(self, world: World) -> None:
        """Where a pool covers the directory, it shall know the new file."""
        pool = world.host.pool_at(os.path.dirname(self.target))
        if pool is not None and pool.active:
            world.host.refresh_pool(pool.name)

    def _remove(self, world: World, new: bool) -> None:
        if not new:
            world.warn(f"what was on {self.target} is written over and cannot be brought back")
            return
        try:
            os.unlink(self.target)
        except FileNotFoundError:
            return
        except OSError as problem:
            raise ProvError(f"{self.target} cannot be removed: {problem.strerror}") from None
        self._tell_pool(world)


class PutAside(Record):
    """A file that shall be replaced waits under another name, until nothing can fail any more."""

    path: str
    aside: str

    @property
    def label(self) -> str:
        return f"Putting {self.path} aside"

    def do(self, world: World) -> Undo | None:
        _rename(self.path, self.aside)
        return lambda: _rename(self.aside, self.path)


class Discard(Record):
    """The last step for a file that was put aside: it goes for good."""

    aside: str

    @property
    def label(self) -> str:
        return f"Removing {self.aside}"

    def do(self, world: World) -> Undo | None:
        try:
            os.unlink(self.aside)
        except OSError as problem:
            world.warn(f"{self.aside} is left behind: {problem.strerror}")
        return None


def _rename(source: str, target: str) -> None:
    try:
        os.rename(source, target)
    except OSError as problem:
        raise ProvError(f"{source} cannot be renamed to {target}: {problem.strerror}") from None
