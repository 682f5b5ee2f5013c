"""Private folders and files, like those of ssh: permissions are corrected if they are ours, otherwise refused."""

from __future__ import annotations

import errno
import os
import stat

from virtprov.support.errors import ProvError
from virtprov.support.user_files import dirs


def make_folder(path: str) -> None:
    """Create a folder (0700) and its missing parents (0755), whatever the umask is. Raises OSError.

    The user's home directory is not created.
    """
    above = os.path.dirname(path)
    if above and not os.path.isdir(above) and dirs.lacks_home(path):
        raise FileNotFoundError(errno.ENOENT, "the home directory does not exist", path)
    _make(path, 0o700)


def _make(path: str, mode: int) -> None:
    above = os.path.dirname(path)
    if above and not os.path.isdir(above):
        _make(above, 0o755)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path) from None


def check_folder(path: str) -> None:
    """Make sure that nobody else can access a folder; its permissions are reduced if it is ours and not a link.

    Raises ProvError if others may have access, OSError.
    """
    facts = os.stat(path)
    if facts.st_uid != os.geteuid():
        raise _refusal(path, "belongs to another user", f"take ownership of it: `chown {os.geteuid()} {path}`")
    if not stat.S_IMODE(facts.st_mode) & 0o077:
        return
    if os.path.islink(path):
        raise _refusal(
            path, "is a link to a folder that other users can access", f"`chmod 700 {os.path.realpath(path)}`"
        )
    os.chmod(path, 0o700)


def check_file(number: int, path: str) -> None:
    """Do the same for an open file (0600). Raises ProvError if it belongs to another user."""
    facts = os.fstat(number)
    if facts.st_uid != os.geteuid():
        raise _refusal(path, "belongs to another user", "find out who created it, and delete it")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        os.fchmod(number, 0o600)


def write_new(path: str, data: bytes) -> None:
    """Write a new file that only its owner can read (0600). Raises ProvError; a failure leaves nothing behind."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise ProvError(f"cannot write {path}: {problem.strerror}") from None
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(data)
    except BaseException as problem:
        os.unlink(path)
        if isinstance(problem, OSError):
            raise ProvError(f"cannot write {path}: {problem.strerror}") from None
        raise


def _refusal(path: str, why: str, hint: str) -> ProvError:
    return ProvError(f"'{path}' may contain passwords but {why}, so it is not used", hint=hint)
