"""Read files named by the user, and write files so that nobody sees an incomplete one."""

from __future__ import annotations

import os

from virtprov.support.errors import InputError, ProvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

LIMIT = 16 * 1024 * 1024


def read_bytes(path: str, *, limit: int = LIMIT, what: str = "file") -> bytes:
    """Return the contents of `path`; pipes such as /dev/fd/3 work too, but named FIFOs do not.

    `limit` is in bytes, `what` describes the expected file ("ssh key"). Raises InputError if it is missing, a
    directory, not readable, not a regular file or larger than `limit`.
    """
    from virtprov.support.file_access.regular import reading

    try:
        with reading(path, pipes=True) as handle:
            data = handle.read(limit + 1)
    except OSError as error:
        raise unreadable(path, error, what) from None
    if len(data) > limit:
        from virtprov.support.notation.units import show_size

        message = f"the {what} '{path}' is larger than {show_size(limit)}"
        raise InputError(message, hint="check that this is the right file")
    return data


def unreadable(path: str, error: OSError, what: str) -> InputError:
    """Return the error for a file that cannot be read."""
    if isinstance(error, FileNotFoundError):
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            return InputError(f"the {what} '{path}' does not exist", hint=f"directory '{folder}' does not exist")
        return InputError(f"the {what} '{path}' does not exist", hint=_neighbours(path))
    if isinstance(error, IsADirectoryError):
        return InputError(f"the {what} '{path}' is a directory", hint="give a file in this directory")
    if isinstance(error, PermissionError):
        return InputError(f"the {what} '{path}' cannot be read: permission denied")
    return InputError(f"the {what} '{path}' cannot be read: {_reason(error)}")


def _reason(error: OSError) -> str:
    """Return what the system says is wrong, fit for the middle of a sentence."""
    return (error.strerror or str(error)).lower()


def _neighbours(path: str) -> str:
    """Return a hint with files in the same folder with a similar name."""
    from virtprov.support.errors import nearest

    try:
        names = os.listdir(os.path.dirname(path) or ".")
    except OSError:
        return ""
    return nearest(os.path.basename(path), names) if len(names) <= 2000 else ""


def free_bytes(directory: str) -> int | None:
    """Return the free bytes for a directory that may not exist yet; None if this cannot be found out."""
    while True:
        try:
            found = os.statvfs(directory)
        except FileNotFoundError:
            if directory in ("", "/"):
                return None
            directory = os.path.dirname(directory)
            continue
        except OSError:
            return None
        return found.f_bavail * found.f_frsize


def write_atomic(path: str, data: bytes | str) -> None:
    """Write `data` (text as UTF-8) to `path` at once: readers see the old file or the new one.

    Its mode is 0644. Raises ProvError if it cannot be written; nothing is left behind then.
    """
    content = data.encode() if isinstance(data, str) else data
    with writing(path) as temporary, open(temporary, "wb") as handle:
        handle.write(content)


def rewrite(path: str, data: bytes) -> None:
    """Replace the contents of the file at `path` at once; its mode and, if permitted, its owner are kept.

    A symbolic link is kept and its target replaced. Raises ProvError if it cannot be written.
    """
    import contextlib

    target = os.path.realpath(path)
    try:
        facts = os.stat(target)
    except OSError as error:
        raise ProvError(f"'{path}' cannot be written: {_reason(error)}") from None
    with writing(target, mode=facts.st_mode & 0o7777) as temporary, open(temporary, "wb") as handle:
        handle.write(data)
        with contextlib.suppress(OSError):
            os.fchown(handle.fileno(), facts.st_uid, facts.st_gid)


def writing(path: str, *, mode: int = 0o644) -> AbstractContextManager[str]:
    """Yield a private temporary path next to `path`; move the file to `path` if the block succeeds.

    The temporary file has mode 0600 until then. Raises ProvError if the directory or the file cannot be written.
    """
    from contextlib import contextmanager

    @contextmanager
    def window() -> Iterator[str]:
        temporary = ""
        try:
            temporary = _new_file(os.path.dirname(path) or ".", f".{os.path.basename(path)}.")
            yield temporary
            os.chmod(temporary, mode)
            to_disk(temporary)
            os.replace(temporary, path)
        except OSError as error:
            raise ProvError(f"'{path}' cannot be written: {_reason(error)}") from None
        finally:
            if temporary and os.path.exists(temporary):
                os.unlink(temporary)

    return window()


def private_file(*, suffix: str = "") -> PrivateFile:
    """Create an empty temporary file that only this user can read (0600).

    Use it as a context manager (yields the path, deletes the file at the end) or call `remove` yourself. Raises
    ProvError if it cannot be created.
    """
    import tempfile

    folder = tempfile.gettempdir()
    try:
        path = _new_file(folder, "virtprov-", suffix)
    except OSError as error:
        raise ProvError(f"cannot create a temporary file in '{folder}': {_reason(error)}") from None
    return PrivateFile(path)


class PrivateFile:
    """A private temporary file, deleted after the `with` block."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def remove(self) -> None:
        """Delete the file; can be called again."""
        if os.path.exists(self.path):
            os.unlink(self.path)

    def __enter__(self) -> str:
        return self.path

    def __exit__(self, *failure: object) -> None:
        self.remove()


def _new_file(folder: str, prefix: str, suffix: str = "") -> str:
    """Make an empty 0600 file with a name nobody can guess and return its path."""
    import tempfile

    handle, path = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=folder)
    os.close(handle)
    return path


def is_block_device(path: str) -> bool:
    """Return whether a block device is at `path`."""
    import stat

    try:
        return stat.S_ISBLK(os.stat(path).st_mode)
    except OSError:
        return False


def to_disk(path: str) -> None:
    """Flush a file, or the entries of a folder, to the disk. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
