"""virtprov-xml --keep-old: definitions as they were, in files that are new and for their owner alone."""

from __future__ import annotations

import os

from virtprov.support.errors import InputError, ProvError
from virtprov.support.frozen import Record
from virtprov.support.private import make_folder


class KeptFiles(Record):
    """Where old definitions go: the file `path` for one guest, NAME.xml in the folder `path` for `many`."""

    path: str
    many: bool

    def make_ready(self, names: list[str]) -> None:
        """Make the folder for the guests of these names. Raises InputError when it has a file for one already."""
        if not self.path:
            what, hint = ("folder", "name a folder") if self.many else ("file", "name a new file")
            raise InputError(f"--keep-old: the name of the {what} is empty", hint=hint)
        if self.many:
            _make_folder(self.path, names)

    def place(self, name: str) -> str:
        """Where the definition of a guest goes."""
        return os.path.join(self.path, f"{name}.xml") if self.many else self.path

    def write(self, name: str, text: str) -> None:
        """Write the definition of a guest to a new file (0600). Raises InputError when there is one already."""
        path = self.place(name)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(handle)
        except FileExistsError:
            raise InputError(f"--keep-old {path}: there is such a file already", hint="name a new one") from None
        except OSError as error:
            raise ProvError(f"--keep-old {path}: {(error.strerror or str(error)).lower()}") from None

    def rewrite(self, name: str, text: str) -> None:
        """Write a later definition of a guest in place of the one that this run wrote. Raises ProvError."""
        from virtprov.support import files

        files.rewrite(self.place(name), text.encode())


def _make_folder(path: str, names: list[str]) -> None:
    for name in names:
        if "/" in name:  # some of libvirt's drivers allow that
            raise InputError(f"--keep-old {path}: '{name}' cannot name a file in it", hint="keep that one by itself")
    try:
        make_folder(path)
    except OSError as error:
        raise InputError(
            f"--keep-old {path}: {(error.strerror or str(error)).lower()}", hint="for several guests, name a folder"
        ) from None
    for name in names:
        if os.path.lexists(os.path.join(path, f"{name}.xml")):
            raise InputError(f"--keep-old {path}: it holds {name}.xml already", hint="name another folder")
