"""virtprov-xml --keep-old: save the old definitions in new files that only their owner can read."""

from __future__ import annotations

import os

from virtprov.support.errors import InputError, ProvError
from virtprov.support.frozen import Record
from virtprov.support.user_files.private import make_folder


class KeptFiles(Record):
    """The files for old definitions: `path` for one guest, NAME.xml in the folder `path` with `many`."""

    path: str
    many: bool

    def make_ready(self, names: list[str]) -> None:
        """Create the folder. Raises InputError if it already has a file for one of the guests `names`."""
        if not self.path:
            what, hint = ("folder", "give a folder") if self.many else ("file", "name a new file")
            raise InputError(f"--keep-old: the {what} name is empty", hint=hint)
        if self.many:
            _make_folder(self.path, names)

    def path_for(self, name: str) -> str:
        """Return the path for the definition of a guest."""
        return os.path.join(self.path, f"{name}.xml") if self.many else self.path

    def write(self, name: str, text: str) -> None:
        """Write the definition of a guest to a new file (mode 0600). Raises InputError if the file exists."""
        path = self.path_for(name)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(handle)
        except FileExistsError:
            raise InputError(f"--keep-old {path}: the file already exists", hint="give a new file name") from None
        except OSError as error:
            raise ProvError(f"--keep-old {path}: {(error.strerror or str(error)).lower()}") from None

    def rewrite(self, name: str, text: str) -> None:
        """Replace a file that this run wrote with a later definition of the guest. Raises ProvError."""
        from virtprov.support.file_access import files

        files.rewrite(self.path_for(name), text.encode())


def _make_folder(path: str, names: list[str]) -> None:
    for name in names:
        if "/" in name:  # some of libvirt's drivers allow that
            raise InputError(
                f"--keep-old {path}: '{name}' cannot be used as a file name in this folder",
                hint="save the XML of this guest on its own",
            )
    try:
        make_folder(path)
    except OSError as error:
        raise InputError(
            f"--keep-old {path}: {(error.strerror or str(error)).lower()}", hint="for several guests, give a folder"
        ) from None
    for name in names:
        if os.path.lexists(os.path.join(path, f"{name}.xml")):
            raise InputError(f"--keep-old {path}: {name}.xml already exists in this folder", hint="give another folder")
