"""A guest's XML in a file, changed in place: only what is changed gets other letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit import outcome
from virtprov.actions.edit.outcome import Edited, Wanted
from virtprov.actions.edit.source import from_file, read_file
from virtprov.support.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.edit.changes import EditRequest
    from virtprov.host.connection import Host
    from virtprov.xml.keep import Letters


class FileEdit:
    """One edit of a file. `made` is what comes of it, for the content that was read last. Raises ProvError."""

    def __init__(self, path: str, changes: tuple[EditRequest, ...], host: Host | None) -> None:
        self.path = path
        self._changes = changes
        self._host = host
        self._file, what = read_file(path)
        self.made = self._change(self._file, what)

    def _change(self, file: Letters, what: str) -> Edited:
        return outcome.make(self._changes, from_file(file, what), Wanted(), self._host)

    def write(self, *, agreed: bool, say: Callable[[str], None]) -> None:
        """Write the changed document back.

        When the file is another by now, the change is made in what it holds now. `agreed` says that the user agreed to
        the difference, so that no other one is written. Raises InputError for that, and ProvError when another run of
        virtprov does not let go of the file in time, or it cannot be read or written.
        """
        import os

        from virtprov.support import lock
        from virtprov.support.files import rewrite

        data = outcome.respelled(self._file, self.made)
        with lock.take(f"file\n{os.path.realpath(self.path)}", f"writing '{self.path}'", say):
            file, what = read_file(self.path)
            if file != self._file:
                data = self._again(file, what, agreed=agreed)
                say(f"The file '{self.path}' was changed meanwhile: the change is made in what it holds now.")
            if self.made.diff:
                rewrite(self.path, data)

    def _again(self, file: Letters, what: str, *, agreed: bool) -> bytes:
        """Make the change in what the file holds now; returns what it is to hold."""
        made = self._change(file, what)
        if agreed and outcome.lines(made.diff) != outcome.lines(self.made.diff):
            raise InputError(
                f"the file '{self.path}' was changed meanwhile, and another change would be made in it than the one"
                " that was agreed to",
                hint="run the command again",
            )
        self._file, self.made = file, made
        return outcome.respelled(file, made)
