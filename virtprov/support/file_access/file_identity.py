"""The inode and creation time of a file, which distinguish it from a later file with the same name."""

from __future__ import annotations

import os

_AT_FDCWD, _NOFOLLOW = -100, 0x100
_INODE, _BIRTH = 0x100, 0x800
_SIZE, _AT_INODE, _AT_BIRTH = 256, 32, 80
"""struct statx: its size, and where stx_ino and stx_btime are in it (Linux, include/uapi/linux/stat.h)."""


def origin(path: str) -> tuple[int, float] | None:
    """Return the inode of the file at `path` and its creation time in seconds since 1970; 0.0 if that is unknown.

    None if there is no such file, or it cannot be accessed. Links are not followed.
    """
    try:
        seen = _statx(path)
        return seen if seen is not None else (os.lstat(path).st_ino, 0.0)
    except OSError:
        return None


def _statx(path: str) -> tuple[int, float] | None:
    """What the kernel's statx says; None where the C library has no such call. Raises OSError."""
    import ctypes

    try:
        call = ctypes.CDLL(None, use_errno=True).statx
    except (OSError, AttributeError):
        return None
    box = ctypes.create_string_buffer(_SIZE)
    if call(_AT_FDCWD, os.fsencode(path), _NOFOLLOW, _INODE | _BIRTH, box) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)
    return _read(box.raw)


def _read(box: bytes) -> tuple[int, float]:
    import struct

    (mask,) = struct.unpack_from("=I", box, 0)
    (inode,) = struct.unpack_from("=Q", box, _AT_INODE)
    seconds, nanoseconds = struct.unpack_from("=qI", box, _AT_BIRTH)
    return inode, seconds + nanoseconds / 1e9 if mask & _BIRTH else 0.0
