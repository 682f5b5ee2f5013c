"""Copy a disk image including its holes."""

from __future__ import annotations

import errno
import os
import stat

from virtprov.support.errors import HostError, ProvError
from virtprov.support.file_access.files import is_block_device
from virtprov.support.file_access.regular import open_regular
from virtprov.support.notation.units import show_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Progress = Callable[[int, int], None]

STEP = 1 << 20
"""Bytes that are copied with one call: the kernel is slower with many more at once."""
TELL_EVERY = 4 << 20
"""Bytes between two reports of progress."""
GRAIN = 64 << 10
"""Bytes that stay a hole in the copy if all of them are zero."""
_SAMPLE = 4096
_FICLONE = 0x40049409
"""The ioctl that lets a file share the blocks of another: linux/fs.h, `_IOW(0x94, 9, int)`."""
_START_WRITING = 2
"""SYNC_FILE_RANGE_WRITE of sync_file_range(2)."""


def copy_image(
    source: str, target: str, *, sparse: bool = True, check_space: bool = True, progress: Progress | None = None
) -> str:
    """Copy a file or block device to a new file, or to an existing block device.

    With `sparse`, the copy shares the blocks of the original if the file system can, otherwise parts without data stay
    holes. `check_space` asks whether the file system has room for it. `progress(done, total)` is in bytes of data,
    without holes, and may raise to stop. An incomplete copy is deleted. Returns why the blocks are not shared, "" if
    they are. Raises ProvError naming the file that failed, does not fit, or was written to meanwhile.
    """
    with _open(source, os.O_RDONLY) as origin:
        onto_device = is_block_device(target)
        flags = os.O_WRONLY if onto_device else os.O_RDWR | os.O_CREAT | os.O_EXCL
        before = _version(origin.handle)
        with _open(target, flags, _mode(origin.handle)) as copy:
            try:
                work = _Work(origin, copy, onto_device=onto_device, sparse=sparse, progress=progress)
                why = work.fill(check_space=check_space)
                if _version(origin.handle) != before:
                    raise HostError(
                        f"{source} was written to while it was copied", hint="stop the guest or program that uses it"
                    )
            except BaseException as problem:
                if not onto_device:
                    os.unlink(target)
                if isinstance(problem, OSError):
                    raise _copy_error(source, target, problem) from None
                raise
    return why


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


class _Work:
    """One copy: two open files, and the way in which the data gets from one to the other."""

    def __init__(
        self, origin: _OpenFile, copy: _OpenFile, *, onto_device: bool, sparse: bool, progress: Progress | None
    ) -> None:
        self.origin, self.copy = origin, copy
        self.onto_device, self.sparse = onto_device, sparse
        self.progress = progress
        self.total = origin.size()
        self.by_kernel = sparse and not onto_device
        self._done = self._need = self._due = 0

    def fill(self, *, check_space: bool) -> str:
        """Fill the copy; returns why no blocks are shared, "" if they are."""
        why = "the copy is a device" if self.onto_device else "the copy is not sparse"
        if self.onto_device:
            _check_room(self.copy, self.total)
        else:
            _same_owner(self.origin.handle, self.copy.handle)
        if self.by_kernel:
            why = _share(self.origin, self.copy)
        if why:
            self._copy_data(check_space=check_space and not self.onto_device)
        os.fsync(self.copy.handle)
        if self.progress is not None:
            self.progress(self._need, self._need)
        return why

    def _copy_data(self, *, check_space: bool) -> None:
        source, copy = self.origin.handle, self.copy.handle
        extents = [(0, self.total)] if self.onto_device else list(_extents(source, self.total))
        self._need = sum(end - start for start, end in extents)
        if check_space:
            _check_free_space(self.copy, self._need if self.sparse else self.total)
        if not self.onto_device:
            os.ftruncate(copy, self.total)
        if not (self.sparse or self.onto_device) and self.total:
            os.posix_fallocate(copy, 0, self.total)
        find_runs = _non_zero if not self.onto_device and _is_full(source) else _whole
        for start, end in extents:
            for low, high in find_runs(source, start, end):
                self._tell(low - start)
                self._copy_run(low, high)
            self._done += end - start

    def _tell(self, more: int) -> None:
        """Report the bytes that are done with, not too often: whoever hears of it has work of their own."""
        done = self._done + more
        if self.progress is not None and done >= self._due:
            self._due = done + TELL_EVERY
            self.progress(done, self._need)

    def _copy_run(self, start: int, end: int) -> None:
        """Copy at most STEP bytes, and let the kernel begin to write them."""
        at = start
        while at < end:
            done = self._copy_part(at, end - at)
            if not done:  # the file was cut meanwhile
                return
            at += done
        _start_writing(self.copy.handle, start, end - start)

    def _copy_part(self, at: int, length: int) -> int:
        """Copy some of the bytes and return how many: within the kernel if it can, such as on one file server."""
        source, copy = self.origin.handle, self.copy.handle
        if self.by_kernel:
            try:
                done = os.copy_file_range(source, copy, length, at, at)
            except OSError as problem:
                if problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
                    raise
                done = 0
            if done:
                return done
            self.by_kernel = False
        data = os.pread(source, length, at)
        _write(copy, data, at)
        return len(data)


def _whole(handle: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch into runs of STEP bytes."""
    for at in range(start, end, STEP):
        yield at, min(at + STEP, end)


def _non_zero(handle: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut a stretch into runs of at most STEP bytes, without the parts that are all zero."""
    zeros, sample = bytes(GRAIN), bytes(_SAMPLE)
    first = start
    for at in range(start, end, GRAIN):
        stop = min(at + GRAIN, end)
        head = os.pread(handle, min(_SAMPLE, stop - at), at)
        is_zero = head == sample[: len(head)] and (data := os.pread(handle, stop - at, at)) == zeros[: len(data)]
        if is_zero or stop - first > STEP:
            if first < at:
                yield first, at
            first = at
        if is_zero:
            first = stop
    if first < end:
        yield first, end


def _is_full(handle: int) -> bool:
    """Return whether there are no holes, as in a device: zeros may stand where nothing was ever stored."""
    facts = os.fstat(handle)
    return not stat.S_ISREG(facts.st_mode) or facts.st_blocks * 512 >= facts.st_size


def _version(handle: int) -> tuple[int, int]:
    """Return what changes if a regular file is written to."""
    facts = os.fstat(handle)
    return (facts.st_mtime_ns, facts.st_size) if stat.S_ISREG(facts.st_mode) else (0, 0)


def _start_writing(handle: int, at: int, length: int) -> None:
    """Let the kernel write these bytes to the disk now: less is left to wait for at the end. Failures do not matter."""
    call = _find_call()
    if call is not None:
        call(handle, at, length, _START_WRITING)


_calls: list[Callable[[int, int, int, int], int] | None] = []


def _find_call() -> Callable[[int, int, int, int], int] | None:
    """Return sync_file_range(2) of the C library, None without it."""
    if not _calls:
        import ctypes

        call = getattr(ctypes.CDLL(None), "sync_file_range", None)
        if call is not None:
            call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
        _calls.append(call)
    return _calls[0]


def _check_free_space(copy: _OpenFile, need: int) -> None:
    """Raise ProvError if so many bytes do not fit into the file system of the copy."""
    facts = os.fstatvfs(copy.handle)
    free = (facts.f_bfree if os.geteuid() == 0 else facts.f_bavail) * facts.f_frsize
    if need > free:
        raise HostError(
            f"{copy.path} needs {show_size(need)}, but its file system has only {show_size(free)} of free space",
            hint="free some space there, or give another path",
        )


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


def _share(origin: _OpenFile, copy: _OpenFile) -> str:
    """Let the copy share the blocks of the original; returns why it cannot, "" if it does."""
    import fcntl

    try:
        fcntl.ioctl(copy.handle, _FICLONE, origin.handle)
    except OSError as problem:
        if problem.errno == errno.EXDEV:
            return "the two files are on different file systems"
        if problem.errno in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL):
            return "the file system cannot share blocks, as XFS and Btrfs can"
        return problem.strerror or str(problem)
    return ""


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


def _write(handle: int, data: bytes, at: int) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(handle, view, at)
        view, at = view[done:], at + done


def _copy_error(source: str, target: str, problem: OSError) -> ProvError:
    text = f"cannot copy {source} to {target}: {problem.strerror}"
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return HostError(text, hint="free some space there, or give another path")
    return ProvError(text, hint="check that one can be read and the other written")
