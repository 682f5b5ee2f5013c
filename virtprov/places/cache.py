"""Files of places, kept for the next guest: `~/.cache/virtprov/boot`, a folder for each file.

A file is kept together with its version: the server's ETag or date, and the file's size. A file is only used again if
it is complete and known to be the current version. Files that have not been used for a month are deleted.
"""

from __future__ import annotations

import os

from virtprov.places.place import RemoteFile
from virtprov.places.place_text import scheme_of
from virtprov.support.errors import FetchError, MediaError, ProvError
from virtprov.support.web.http import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from virtprov.support.terminal.progress import Progress

    Report = Callable[[int, int], None]

_OLD = 30 * 24 * 3600
"""Seconds."""
_CHUNK = 1024 * 1024


def folder() -> str:
    """Return the folder of the cache. Nothing is created."""
    from virtprov.support.user_files import dirs

    return os.path.join(dirs.cache(), "virtprov", "boot")


def path_of(key: str, name: str) -> str:
    """Return the path of the file called `name` that `key` identifies."""
    import hashlib
    import re

    safe = re.sub(r"[^A-Za-z0-9._+-]", "_", name).lstrip(".")[-100:] or "file"
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
    return os.path.join(folder(), digest[:16], safe)


def key_of(file: RemoteFile) -> str:
    """Return what identifies a file: its address, or that of its ISO and its name there."""
    place = file.url or os.path.realpath(file.path)
    return f"{place}#{file.member}" if file.member else place


def fill(file: RemoteFile, path: str, progress: Progress) -> bool:
    """Bring a file to its `path` in the cache, unless its current version is there; return whether it was written.

    It is downloaded, or read from its ISO: completely or not at all. Raises FetchError, MediaError, ProvError.
    """
    prepare(path)
    if _is_current(file, path):
        os.utime(path)
        return False
    verb = "Downloading" if file.url else "Extracting"
    with progress.task(f"{verb} {file.name}") as task:
        mark = (_download if file.url else _extract)(file, path, task.update)
    _write_note(path, mark)
    return True


def prepare(path: str) -> None:
    """Create the folder of a file in the cache, for this user only; no other run removes it now. Raises ProvError."""
    from virtprov.support.user_files import private, sharing

    root = os.path.dirname(os.path.dirname(path))
    try:
        private.make_folder(root)
        private.check_folder(root)
        _delete_old(root)
        sharing.make_and_hold(os.path.dirname(path))
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise ProvError(
            f"cannot create the cache '{root}': {said}", hint="set XDG_CACHE_HOME to a folder that can be written"
        ) from None


# -- versions ------------------------------------------------------------------------------------


def _is_current(file: RemoteFile, path: str) -> bool:
    """Return whether the file at `path` is complete, and of the version that the place has now."""
    if not os.path.isfile(path):
        return False
    if file.checksum and not file.member:
        from virtprov.support.web.download import check_file

        try:
            check_file(path, file.checksum, path)
        except FetchError:
            return False
        return True
    size, mark = _noted(path)
    return bool(mark) and size == os.path.getsize(path) and mark == _mark_now(file)


def _mark_now(file: RemoteFile) -> str:
    """Return the version that the place has now; "" if it does not say."""
    if not file.url:
        return _iso_mark(file)
    if scheme_of(file.url) == "ftp":
        from virtprov.support.web.ftp import Ftp

        with Ftp() as ftp:
            size = ftp.size(file.url)
            return f"{size} {ftp.changed(file.url)}" if size is not None and size >= 0 else ""
    from virtprov.support.web.http import Web
    from virtprov.support.web.server_file import version

    with Web() as web, web.ask("HEAD", file.url) as answer:
        return version(answer) if answer.status_code == 200 else ""


def _iso_mark(file: RemoteFile) -> str:
    try:
        facts = os.stat(file.path)
    except OSError:
        return ""
    return f"{facts.st_size} {facts.st_mtime_ns} {file.offset} {file.size}"


def _noted(path: str) -> tuple[int, str]:
    """Return size and version of the file at `path`, as they were noted when it was complete."""
    try:
        with open(f"{path}.version", encoding="utf-8") as handle:
            size, _, mark = handle.read(4096).partition("\n")
    except (OSError, UnicodeDecodeError):
        return -1, ""
    return int(size) if size.isdecimal() else -1, mark


def _write_note(path: str, mark: str) -> None:
    from virtprov.support.file_access.files import writing

    note = f"{path}.version"
    with writing(note, mode=0o600) as temporary, open(temporary, "w", encoding="utf-8") as handle:
        handle.write(f"{os.path.getsize(path)}\n{mark}")


# -- getting files -------------------------------------------------------------------------------


def _download(file: RemoteFile, path: str, report: Report) -> str:
    from virtprov.support.web.download import download
    from virtprov.support.web.server_file import Piece

    _forget_version(path)
    piece = Piece(file.offset, file.size) if file.member else None
    mark = download(file.url, path, report=report, checksum="" if piece else file.checksum, piece=piece)
    with open(path, "rb") as handle:
        head = handle.read(512).lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        os.unlink(path)
        raise FetchError(
            f"'{shown(file.url)}' is a web page instead of {file.name}", hint="check the URL; some servers want a login"
        )
    return mark


def _forget_version(path: str) -> None:
    """Remove the note about a file before another one takes its place."""
    import contextlib

    with contextlib.suppress(FileNotFoundError):
        os.unlink(f"{path}.version")


def _extract(file: RemoteFile, path: str, report: Report) -> str:
    """Copy a file out of an ISO of this machine, and return its version."""
    from virtprov.support.file_access.files import unreadable, writing
    from virtprov.support.file_access.regular import reading

    _forget_version(path)
    mark = _iso_mark(file)
    try:
        iso = reading(file.path)
    except OSError as error:
        raise unreadable(file.path, error, "ISO image") from None
    with iso, writing(path, mode=0o600) as temporary, open(temporary, "wb") as target:
        iso.seek(file.offset)
        done = _copy(iso, target, file.size, report)
        if done < file.size:
            raise MediaError(
                f"the ISO '{file.path}' is incomplete: it ends in the middle of its file '{file.member}'",
                hint="download it again",
            )
    return mark


def _copy(source: BinaryIO, target: BinaryIO, size: int, report: Report) -> int:
    """Copy up to `size` bytes; return how many there were."""
    done = 0
    while done < size:
        data = source.read(min(_CHUNK, size - done))
        if not data:
            break
        target.write(data)
        done += len(data)
        report(done, size)
    return done


def _delete_old(root: str) -> None:
    """Delete what has not been used for a month."""
    import contextlib
    import time

    end = time.time() - _OLD
    for entry in os.scandir(root):
        with contextlib.suppress(OSError):
            files = list(os.scandir(entry.path))
            if max((file.stat(follow_symlinks=False).st_mtime for file in files), default=entry.stat().st_mtime) < end:
                for file in files:
                    os.unlink(file.path)
                os.rmdir(entry.path)
