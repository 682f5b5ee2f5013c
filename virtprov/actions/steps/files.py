"""Steps that copy disks which no pool holds, and put aside what would be in the way."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run import artifact, teardown
from virtprov.actions.run.artifact import Thing, mark_of
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Undo, World


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

        how = {"sparse": self.sparse, "reflink": self.reflink}
        if os.path.lexists(self.target):  # a device; files are never written over
            copy_image(self.source, self.target, progress=world.advance, **how)
            return lambda: world.warn(f"what was on {self.target} is written over and cannot be brought back")
        with world.making(Thing(artifact.FILE, self.target, path=self.target)) as entry:
            copy_image(self.source, self.target, progress=world.advance, **how)
            entry.thing = entry.thing._replace(mark=mark_of(self.target))
            entry.made()
            try:
                teardown.tell_pool(world.host, self.target)
            except BaseException:
                entry.stays = True
                os.unlink(self.target)
                entry.stays = False
                raise
        return world.undo(entry)


class PutAside(Record):
    """A file that shall be replaced waits under another name, until nothing can fail any more."""

    path: str
    aside: str

    @property
    def label(self) -> str:
        return f"Putting {self.path} aside"

    def do(self, world: World) -> Undo | None:
        thing = Thing(artifact.ASIDE, self.path, path=self.path, aside=self.aside, mark=mark_of(self.path))
        with world.making(thing) as entry:
            teardown.rename_file(self.path, self.aside)
        return world.undo(entry)


class Discard(Record):
    """The last step for a file that was put aside: it goes for good."""

    aside: str
    final = True

    @property
    def label(self) -> str:
        return f"Removing {self.aside}"

    def do(self, world: World) -> Undo | None:
        try:
            os.unlink(self.aside)
        except OSError as problem:
            world.trail.stuck = True
            world.warn(f"{self.aside} is left behind: {problem.strerror}")
        return None

