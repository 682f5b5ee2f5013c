"""Steps that copy disks outside of pools, and move existing files aside."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.run.artifacts.local_files import AsideFile, File, refresh_pool_over, rename
from virtprov.actions.run.plan import FunctionStep
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Step, Undo


class CopyFile(Record):
    """A full copy of a local file or block device, made by virtprov itself.

    Blocks are shared where the file system can, unless it is not `sparse`; with `reflink`, the user is told if it
    cannot. `check_space` asks for the space of a full copy.
    """

    source: str
    target: str
    sparse: bool = True
    reflink: bool = False
    check_space: bool = True

    @property
    def label(self) -> str:
        return f"Copying {self.source} to {self.target}"

    def do(self, context: RunContext) -> Undo | None:
        if os.path.lexists(self.target):  # a device; files are never written over
            self._copy(context)
            return lambda: context.warn(
                f"the previous contents of {self.target} are overwritten and cannot be restored"
            )
        with context.making(File(self.target)) as entry:
            self._copy(context)
            entry.note_created(File(self.target, mark_of(self.target)))
            try:
                context.guard(True)
                refresh_pool_over(context.host, self.target)
            except BaseException:
                with entry.cleaning_up():
                    os.unlink(self.target)
                raise
        return context.undo(entry)

    def _copy(self, context: RunContext) -> None:
        from virtprov.support.file_access.copy import copy_image

        how = {"sparse": self.sparse, "check_space": self.check_space}
        why = copy_image(self.source, self.target, **how, progress=context.advance_copy)
        if why and self.reflink:
            context.warn(f"{self.target} is a full copy of {self.source}: {why}")


def put_aside(path: str, aside: str) -> Step:
    """Move a file that is replaced aside, until no step can fail any more."""

    def do(context: RunContext) -> Undo:
        with context.making(AsideFile(path, aside, mark_of(path))) as entry:
            rename(path, aside)
        return context.undo(entry)

    return FunctionStep(f"Moving {path} aside", do)


def discard(aside: str) -> Step:
    """The last step for a file that was moved aside: delete it."""

    def do(context: RunContext) -> None:
        try:
            os.unlink(aside)
        except OSError as problem:
            context.trail.keep()
            context.warn(f"could not remove {aside}: {problem.strerror}")

    return FunctionStep(f"Removing {aside}", do, final=True)
