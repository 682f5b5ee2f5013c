"""A guest's stored definition: what it is known by, and the one way to give a guest another one.

libvirt has no call that stores a document only if another one is still there. `put` reads the definition again in
the call before the one that stores: what others stored earlier is noticed. What a program other than virtprov stores
between these two calls (well below a millisecond on this machine, one trip on the network to another) is overwritten;
two runs of virtprov keep out of each other's way with `locked`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from virtprov.host.connection import Host

NONE = ""
"""The mark of a guest that has no definition."""


class Moved(HostError):
    """The definition is another than the one that was expected, so nothing was stored."""


def digest(text: str) -> str:
    """The mark of a definition: what it is known by. New records hold this one."""
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()


def is_known_by(text: str, mark: str) -> bool:
    """Whether a definition has a mark; trails of 0.1.0 hold a CRC-32 of eight digits."""
    if len(mark) == 8:
        import zlib

        return f"{zlib.crc32(text.encode()):08x}" == mark
    return digest(text) == mark


def check(host: Host, name: str, uuid: str, expected: str) -> str | None:
    """Read the definition of a guest; it must have the mark `expected` (NONE: it must have none).

    `name` is for messages. Raises Moved when it is another, or the guest is gone.
    """
    now = host.guests.stored_definition(uuid) if uuid else None
    if not expected:
        if now:
            raise Moved(f"'{name}' got a definition meanwhile", hint=_AGAIN)
    elif not now:
        raise Moved(f"'{name}' is not defined any more", hint="it stays undefined")
    elif not is_known_by(now, expected):
        raise Moved(f"the definition of '{name}' was changed meanwhile", hint=_AGAIN)
    return now


_AGAIN = "run the command again, for what is there now"


def put(host: Host, name: str, uuid: str, text: str | None, expected: str | None) -> str:
    """Give a guest another definition; None as `text` takes away the one that it has.

    Nothing is stored unless the guest still has the definition with the mark `expected`; NONE: none, and None: whatever
    it has. `uuid` may be "" for a guest that is not there yet. Returns what the host stored, "" for nothing. Raises
    Moved, or the HostError of a host that refuses.
    """
    if expected is not None:
        check(host, name, uuid, expected)
    if text is None:
        host.guests.undefine(uuid or name, nvram=False)
        return ""
    return host.guests.store_definition(name, text)[1]


def locked(
    host: Host, name: str, uuid: str, stop: Callable[[], None], say: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Take the lock on a guest: until the block ends no other run of virtprov, of this user, changes its definition.

    `stop` is called while it waits, and may raise; `say` hears that it does. Raises ProvError when the other run does
    not end in time.
    """
    from virtprov.support import lock

    return lock.take(f"{host.uri}\n{uuid or name}", f"changing '{name}'", say, stop)
