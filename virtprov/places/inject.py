"""Files that are added to an initrd."""

from __future__ import annotations

from virtprov.places.place import InjectedFile
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LIMIT = 64 * 1024 * 1024
"""Bytes of one file; the kernel unpacks it into memory."""


def read_files(paths: Iterable[str]) -> tuple[InjectedFile, ...]:
    """Return the files at `paths`, to be added under their own names.

    Raises InputError if one cannot be read, UsageError if two have the same name.
    """
    import os.path

    from virtprov.support.files import read_bytes

    files: dict[str, InjectedFile] = {}
    for path in paths:
        name = os.path.basename(path)
        if name in files:
            raise UsageError(
                f"--initrd-inject {path}: a file '{name}' is already added", hint="all files go into the same directory"
            )
        files[name] = InjectedFile(name, read_bytes(os.path.expanduser(path), limit=_LIMIT, what="file to inject"))
    return tuple(files.values())
