"""Edit a guest's XML in a file, in place; everything that is not changed stays byte by byte the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changing import outcome
from virtprov.actions.edit.changing.original import from_file, read_file
from virtprov.actions.edit.changing.outcome import ApplyOptions, EditResult
from virtprov.support.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.edit.changing.changes import EditRequest
    from virtprov.host.connection import Host
    from virtprov.xml.keep import Letters


class FileEdit:
    """One edit of a file. `made` is the result for the content that was read last. Raises ProvError."""

    def __init__(self, path: str, changes: tuple[EditRequest, ...], host: Host | None) -> None:
        self.path = path
        self._changes = changes
        self._host = host
        self._file, what = read_file(path)
        self.made = self._change(self._file, what)

    def _change(self, file: Letters, what: str) -> EditResult:
        return outcome.make(self._changes, from_file(file, what), ApplyOptions(), self._host)

    def write(self, *, agreed: bool, say: Callable[[str], None]) -> None:
        """Write the changed XML back.

        If the file has changed since it was read, the change is applied to its current content. `agreed` means that the
        user confirmed the diff, so no other change may be written.

        Raises InputError in that case, and ProvError if another run of virtprov keeps the file locked for too long, or
        if the file cannot be read or written.
        """
        import os

        from virtprov.support.file_access.files import rewrite
        from virtprov.support.user_files import lock

        data = outcome.apply_to_file(self._file, self.made)
        with lock.take(f"file\n{os.path.realpath(self.path)}", f"writing '{self.path}'", say):
            file, what = read_file(self.path)
            if file != self._file:
                data = self._again(file, what, agreed=agreed)
                say(
                    f"The file '{self.path}' has been changed in the meantime; the change is applied to its current "
                    "contents."
                )
            if self.made.diff:
                rewrite(self.path, data)

    def _again(self, file: Letters, what: str, *, agreed: bool) -> bytes:
        """Apply the change to the current content of the file and return the new content."""
        edited = self._change(file, what)
        if agreed and outcome.lines(edited.diff) != outcome.lines(self.made.diff):
            raise InputError(
                f"file '{self.path}' has been changed in the meantime, so the change would differ from the "
                "confirmed one",
                hint="run the command again",
            )
        self._file, self.made = file, edited
        return outcome.apply_to_file(file, edited)
