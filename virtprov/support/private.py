"""Folders and files for their owner alone, as ssh has them: put right where they are ours, refused otherwise."""

from __future__ import annotations

import errno
import os
import stat

from virtprov.support.errors import ProvError


def make_folder(path: str) -> None:
    """Make a folder (0700) and the missing ones above it (0755), whatever the umask is. Raises OSError."""
    above = os.path.dirname(path)
    if above and not os.path.isdir(above):
        _make_above(above)
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise


def _make_above(path: str) -> None:
    above = os.path.dirname(path)
    if above and not os.path.isdir(above):
        _make_above(above)
    try:
        os.mkdir(path, 0o755)
    except FileExistsError:
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from None


def check_folder(path: str) -> None:
    """See that nobody else gets into a folder: rights that it has too many are taken away, if it is ours and no link.

    Raises ProvError when others may get in, OSError.
    """
    facts = os.stat(path)
    if facts.st_uid != os.geteuid():
        raise _refused(path, "belongs to another user", f"make it yours: `chown {os.geteuid()} {path}`")
    if not stat.S_IMODE(facts.st_mode) & 0o077:
        return
    if os.path.islink(path):
        raise _refused(path, "is a link to a folder that others may enter", f"`chmod 700 {os.path.realpath(path)}`")
    os.chmod(path, 0o700)


def check_file(number: int, path: str) -> None:
    """The same for an open file (0600)."""
    facts = os.fstat(number)
    if facts.st_uid != os.geteuid():
        raise _refused(path, "belongs to another user", "see who put it there, and remove it")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        os.fchmod(number, 0o600)


def _refused(path: str, why: str, hint: str) -> ProvError:
    return ProvError(f"'{path}' may hold passwords, and {why}: it is not used", hint=hint)
