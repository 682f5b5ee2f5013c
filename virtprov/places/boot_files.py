"""The files of an installer: where they will be, and how they get there."""

from __future__ import annotations

import os

from virtprov.places import cache
from virtprov.places.place import BootFile, BootFiles, BootSource, InjectedFile, Medium, RemoteFile
from virtprov.support.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.support.terminal.progress import Progress


def plan_files(boot: BootSource, inject: tuple[InjectedFile, ...] = (), owner: str = "") -> BootFiles:
    """Return where the kernel and the initrd of a place will be; nothing is written.

    The paths only depend on the place, the injected files and `owner`, the name of the guest. Raises UsageError for
    files to inject without an initrd.
    """
    kernel = _planned(boot.kernel)
    if boot.initrd is None:
        if inject:
            raise UsageError(
                "files can only be injected into an initrd, and none is given", hint="give kernel=PATH,initrd=PATH"
            )
        return BootFiles(kernel)
    initrd = _planned(boot.initrd)
    if not inject:
        return BootFiles(kernel, initrd)
    path = cache.path_of(_private_key(boot.initrd, inject, owner), boot.initrd.name)
    return BootFiles(kernel, BootFile(boot.initrd, path, is_made=True, is_private=True), initrd, inject)


def obtain(files: BootFiles, progress: Progress) -> tuple[str, ...]:
    """Download, extract and inject; return the paths of the files that were written.

    Each file is complete, or is not there. Raises FetchError, MediaError, ProvError.
    """
    written = [file.path for file in files.made if not file.is_private and cache.fill(file.source, file.path, progress)]
    if files.initrd is not None and files.original is not None:
        _inject(files.original.path, files.initrd.path, files.injected)
        written.append(files.initrd.path)
    return tuple(written)


def medium_path(medium: Medium) -> str:
    """Return where the file of a medium on a server will be."""
    file = RemoteFile(url=medium.path)
    return cache.path_of(cache.key_of(file), file.name)


def obtain_medium(medium: Medium, progress: Progress) -> str:
    """Download a medium, and return its path. Raises FetchError, ProvError."""
    path = medium_path(medium)
    cache.fill(RemoteFile(url=medium.path), path, progress)
    return path


def _planned(file: RemoteFile) -> BootFile:
    if file.is_local:
        return BootFile(file, os.path.abspath(file.path))
    return BootFile(file, cache.path_of(cache.key_of(file), file.name), is_made=True)


def _private_key(initrd: RemoteFile, inject: tuple[InjectedFile, ...], owner: str) -> str:
    """Return what identifies an initrd with injected files: the guest, and the content of the files."""
    import hashlib

    digest = hashlib.sha256()
    for file in inject:
        digest.update(f"{file.name}\0{file.mode}\0{len(file.content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(file.content)
    return f"{cache.key_of(initrd)}\0{owner}\0{digest.hexdigest()}"


def _inject(original: str, path: str, files: tuple[InjectedFile, ...]) -> None:
    """Write a copy of an initrd with more files in it, for this user only."""
    import shutil

    from virtprov.places.inject import append_files
    from virtprov.support.file_access.files import unreadable, writing
    from virtprov.support.file_access.regular import reading

    cache.prepare(path)
    try:
        source = reading(original)
    except OSError as error:
        raise unreadable(original, error, "initrd") from None
    with source, writing(path, mode=0o600) as temporary, open(temporary, "wb") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)
        append_files(target, files)
