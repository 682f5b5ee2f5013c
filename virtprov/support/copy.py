"""Copy a disk image including its holes."""

from __future__ import annotations

import errno
import os
import stat

from virtprov.support.errors import HostError, ProvError
from virtprov.support.files import is_block_device
from virtprov.support.regular import open_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]

BLOCK = 4 << 20
_FICLONE = 0x40049409
"""The ioctl that lets a file share the blocks of another: linux/fs.h, `_IOW(0x94, 9, int)`."""


def copy_image(
    source: str, target: str, *, sparse: bool = True, reflink: bool = False, progress: Progress | None = None
) -> bool:
    """Copy a file or block device to a new file, or to an existing block device.

    With `sparse`, parts without data stay holes; `reflink` shares the blocks instead, if the file system can.
    `progress(done, total)` is in bytes of data, without holes, and may raise to stop. Returns whether a new file was
    created; an incomplete copy is deleted. Raises ProvError naming the file that failed.
    """
    with _open(source, os.O_RDONLY) as origin:
        onto_device = is_block_device(target)
        flags = os.O_WRONLY if onto_device else os.O_RDWR | os.O_CREAT | os.O_EXCL
        with _open(target, flags, _mode(origin.handle)) as copy:
            try:
                _fill(origin, copy, onto_device, sparse, reflink, progress)
            except BaseException as problem:
                if not onto_device:
                    os.unlink(target)
                if isinstance(problem, OSError):
                    raise _copy_error(source, target, problem) from None
                raise
    return not onto_device


class Exists(ProvError):
    """A file with the name of the new one already exists."""


class _OpenFile:
    """An open file with its name; closes itself."""

    __slots__ = ("handle", "path")

    def __init__(self, path: str, handle: int) -> None:
        self.path, self.handle = path, handle

    def __enter__(self) -> _OpenFile:
        return self

    def __exit__(self, *failure: object) -> None:
        os.close(self.handle)

    def size(self) -> int:
        """Bytes, of block devices as well."""
        return os.lseek(self.handle, 0, os.SEEK_END)


def _open(path: str, flags: int, mode: int = 0o600) -> _OpenFile:
    try:
        return _OpenFile(path, open_regular(path, flags, mode))
    except FileExistsError:
        raise Exists(f"{path} already exists", hint="give another path") from None
    except OSError as problem:
        raise ProvError(f"cannot open {path}: {problem.strerror}", hint="check the path and its permissions") from None


def _mode(handle: int) -> int:
    facts = os.fstat(handle)
    return stat.S_IMODE(facts.st_mode) & 0o666 | stat.S_IRUSR | stat.S_IWUSR if stat.S_ISREG(facts.st_mode) else 0o600


def _fill(
    origin: _OpenFile, copy: _OpenFile, onto_device: bool, sparse: bool, reflink: bool, progress: Progress | None
) -> None:
    total = origin.size()
    if onto_device:
        _check_room(copy, total)
    else:
        _same_owner(origin.handle, copy.handle)
    if reflink:
        _share(origin, copy)
    else:
        if not onto_device:
            os.ftruncate(copy.handle, total)
        if not sparse and not onto_device and total:
            os.posix_fallocate(copy.handle, 0, total)
        total = _copy_extents(origin, copy, total, onto_device or not sparse, progress)
    os.fsync(copy.handle)
    if progress is not None:
        progress(total, total)


def _copy_extents(origin: _OpenFile, copy: _OpenFile, total: int, whole: bool, progress: Progress | None) -> int:
    """Copy what holds data, or all when `whole`; returns the bytes that were to be copied."""
    extents = [(0, total)] if whole else list(_extents(origin.handle, total))
    need = sum(end - start for start, end in extents)
    before = 0

    def tell(at: int) -> None:
        if progress is not None:
            progress(before + at - start, need)

    for start, end in extents:
        _copy_extent(origin.handle, copy.handle, start, end, whole, tell)
        before += end - start
    return need


def _check_room(copy: _OpenFile, total: int) -> None:
    room = copy.size()
    if room < total:
        raise ProvError(
            f"device {copy.path} has {room} bytes, but the disk has {total}", hint="give a device of at least that size"
        )


def _same_owner(origin: int, copy: int) -> None:
    """What root copies belongs to whom the original belongs to."""
    facts = os.fstat(origin)
    if os.geteuid() == 0 and stat.S_ISREG(facts.st_mode):
        os.fchown(copy, facts.st_uid, facts.st_gid)


def _share(origin: _OpenFile, copy: _OpenFile) -> None:
    import fcntl

    try:
        fcntl.ioctl(copy.handle, _FICLONE, origin.handle)
    except OSError as problem:
        raise HostError(
            f"cannot share the blocks of {origin.path} with {copy.path}: {problem.strerror}",
            hint="--reflink requires a single Btrfs or XFS file system for both; omit it to copy in full",
        ) from None


def _extents(handle: int, total: int) -> Iterator[tuple[int, int]]:
    """Where there is data, from - to; everything when the file system cannot tell."""
    at = 0
    while at < total:
        try:
            start = os.lseek(handle, at, os.SEEK_DATA)
        except OSError as problem:
            if problem.errno == errno.ENXIO:  # nothing but a hole up to the end
                return
            yield at, total
            return
        at = os.lseek(handle, start, os.SEEK_HOLE)
        yield start, at


def _copy_extent(origin: int, copy: int, start: int, end: int, whole: bool, tell: Callable[[int], object]) -> None:
    """Copy a stretch; blocks of zeros stay holes unless `whole`."""
    at = start
    while at < end:
        data = os.pread(origin, min(BLOCK, end - at), at)
        if not data:
            return
        if whole or data.count(0) != len(data):
            _write(copy, data, at)
        at += len(data)
        tell(at)


def _write(handle: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(handle, view, at)
        view, at = view[done:], at + done


def _copy_error(source: str, target: str, problem: OSError) -> ProvError:
    full = problem.errno == errno.ENOSPC
    hint = "free some space there, or give another path" if full else "check that one can be read and the other written"
    return ProvError(f"cannot copy {source} to {target}: {problem.strerror}", hint=hint)
