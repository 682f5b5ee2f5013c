"""Search permission on directories: permission bits and POSIX access control lists (acl(5))."""

from __future__ import annotations

import errno
import os
import stat
import struct

from virtprov.support.frozen import Record

NAME = "system.posix_acl_access"
_HEAD, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_VERSION, _NOBODY = 2, 0xFFFFFFFF
_OWNER, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32
_SEARCH = 1
"""The layout of the attribute: Linux, include/uapi/linux/posix_acl.h and posix_acl_xattr.h."""

Entry = tuple[int, int, int]
"""Tag, permissions, and the id of a user or group."""


class Person(Record):
    """An account that needs access."""

    name: str
    uid: int
    groups: frozenset[int]


class Before(Record):
    """The previous permissions of a directory, to restore them."""

    mode: int
    acl: bytes | None


def may_search(directory: str, who: Person) -> bool | None:
    """Return whether the account can search a directory; None if this user cannot find out."""
    try:
        facts = os.stat(directory)
        entries = _entries(directory, facts.st_mode)
    except OSError:
        return None
    if who.uid in (0, facts.st_uid):
        return who.uid == 0 or bool(_of(entries, _OWNER)[0] & _SEARCH)
    mask = next(iter(_of(entries, _MASK)), 7)
    for tag, rights, number in entries:
        if tag == _USER and number == who.uid:
            return bool(rights & mask & _SEARCH)
    groups = [
        rights
        for tag, rights, number in entries
        if (tag == _GROUP and number in who.groups) or (tag == _GROUP_OBJ and facts.st_gid in who.groups)
    ]
    if groups:
        return any(rights & mask & _SEARCH for rights in groups)
    return bool(_of(entries, _OTHER)[0] & _SEARCH)


def rights_of(directory: str) -> Before:
    """Return the current permissions of a directory. Raises OSError."""
    return Before(stat.S_IMODE(os.stat(directory).st_mode), _raw(directory))


def let_search(directory: str, who: Person) -> Before:
    """Let the account search a directory: with an ACL entry for it, otherwise for everybody.

    Returns the previous permissions. Raises OSError if this user may not change them.
    """
    before = rights_of(directory)
    try:
        os.setxattr(directory, NAME, _add_entry(before, who.uid))
    except OSError as problem:
        if problem.errno != errno.ENOTSUP:
            raise
        os.chmod(directory, before.mode | stat.S_IXOTH)
    return before


def is_let(now: Before, before: Before, uid: int) -> bool:
    """Return whether the permissions are those that `let_search` makes of the previous ones."""
    return now.acl == _add_entry(before, uid) or (now.acl is None and now.mode == before.mode | stat.S_IXOTH)


def _add_entry(before: Before, uid: int) -> bytes:
    """The list with an entry by which the account may search."""
    kept = [entry for entry in _parse(before.acl, before.mode) if entry[0] != _MASK]
    entries = [entry for entry in kept if not (entry[0] == _USER and entry[2] == uid)]
    own = next((rights for tag, rights, number in kept if tag == _USER and number == uid), 0)
    entries.append((_USER, own | _SEARCH, uid))
    mask = 0
    for tag, rights, _ in entries:
        mask |= rights if tag in (_USER, _GROUP, _GROUP_OBJ) else 0
    entries.append((_MASK, mask, _NOBODY))
    packed = b"".join(_ENTRY.pack(*entry) for entry in sorted(entries, key=lambda entry: (entry[0], entry[2])))
    return _HEAD.pack(_VERSION) + packed


def restore(directory: str, before: Before) -> None:
    """Restore the permissions of a directory. Raises OSError."""
    if before.acl is not None:
        os.setxattr(directory, NAME, before.acl)
        return
    if _raw(directory) is not None:
        os.removexattr(directory, NAME)
    os.chmod(directory, before.mode)


def _raw(directory: str) -> bytes | None:
    """The list as the kernel hands it out; None when there is none, or the file system knows none."""
    try:
        return os.getxattr(directory, NAME)
    except OSError as problem:
        if problem.errno in (errno.ENODATA, errno.ENOTSUP):
            return None
        raise


def _entries(directory: str, mode: int) -> list[Entry]:
    """The list's entries, or those that the permission bits stand for."""
    return _parse(_raw(directory), mode)


def _parse(raw: bytes | None, mode: int) -> list[Entry]:
    if raw is None:
        bits = ((_OWNER, mode >> 6 & 7), (_GROUP_OBJ, mode >> 3 & 7), (_OTHER, mode & 7))
        return [(tag, rights, _NOBODY) for tag, rights in bits]
    body = raw[_HEAD.size :]
    return [_ENTRY.unpack_from(body, at) for at in range(0, len(body) - _ENTRY.size + 1, _ENTRY.size)]


def _of(entries: list[Entry], tag: int) -> list[int]:
    return [rights for kind, rights, _ in entries if kind == tag]
