"""The step that keeps the public host key of a new guest for ssh."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.run.artifacts.local_files import File
from virtprov.support.errors import ProvError
from virtprov.support.frozen import Record
from virtprov.support.user_files.private import check_folder, make_folder, write_new

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Undo


class KeepHostKey(Record):
    """Write the file that ssh reads as the known_hosts of one guest; one left by an older guest is replaced."""

    path: str
    text: str

    @property
    def label(self) -> str:
        return f"Keeping the guest's ssh host key in {self.path}"

    def do(self, context: RunContext) -> Undo | None:
        folder = os.path.dirname(self.path)
        try:
            make_folder(folder)
            check_folder(folder)
            if os.path.lexists(self.path):  # of a guest that had this UUID, which exists only once
                os.unlink(self.path)
        except OSError as problem:
            raise ProvError(f"cannot write {self.path}: {problem.strerror}") from None
        with context.making(File(self.path)) as entry:
            write_new(self.path, self.text.encode())
            entry.note_created(File(self.path, mark_of(self.path)))
        return context.undo(entry)
