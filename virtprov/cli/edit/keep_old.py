"""virtprov-xml --keep-old: definitions as they were, in files that are new and for their owner alone."""

from __future__ import annotations

import os

from virtprov.support.errors import InputError, ProvError
from virtprov.support.private import make_folder


def write(path: str, text: str) -> None:
    """Write a definition to a new file (0600). Raises InputError when there is one already."""
    if not path:
        raise InputError("--keep-old: the name of the file is empty", hint="name a new file")
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


def folder(path: str, names: list[str]) -> None:
    """Make the folder for several definitions. Raises InputError when it has one of these guests already."""
    if not path:
        raise InputError("--keep-old: the name of the folder is empty", hint="name a folder")
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
        if os.path.lexists(place(path, name)):
            raise InputError(f"--keep-old {path}: it holds {name}.xml already", hint="name another folder")


def place(path: str, name: str) -> str:
    """Where the definition of a guest goes in a folder."""
    return os.path.join(path, f"{name}.xml")
