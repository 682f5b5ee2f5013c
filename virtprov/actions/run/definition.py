"""The stored definition of a guest: its digest, and the function that replaces it.

libvirt has no call that stores XML only if the definition is still the expected one. `put` therefore reads the
definition again directly before it stores the new one. A change that another program makes between these two calls
(well below a millisecond on this machine, one round trip on a network) is overwritten; runs of virtprov exclude each
other with `locked`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element

NONE = ""
"""The digest of a guest without a definition."""


class DefinitionChanged(HostError):
    """The definition is not the expected one, so nothing was stored."""


def digest(text: str) -> str:
    """Return the digest of a definition, as used in new records."""
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()


def is_known_by(text: str, mark: str) -> bool:
    """Return whether a definition has a digest; recovery logs of 0.1.0 contain CRC-32 sums with eight digits."""
    if len(mark) == 8:
        import zlib

        return f"{zlib.crc32(text.encode()):08x}" == mark
    return digest(text) == mark


def is_made_of(now: str, after: str, before: str) -> bool:
    """Return whether `now` is what a host makes of the definition `after`, stored in place of `before` ("": none).

    For a run that was killed after it stored `after` and before it recorded the result. A host adds elements; others
    than it is known to add come from someone else, and so does a change of what `before` already had.
    """
    from virtprov.xml import tree

    kept = {_form(node) for node in tree.parse(before).iter() if isinstance(node.tag, str)} if before else set()
    return _has_all(tree.parse(after), tree.parse(now), kept)


ADDED = frozenset(
    """
    acpi address alias apic audio boot clock console controller cpu currentMemory devices driver emulator feature
    features firmware gic idmap input listen loader mac master memballoon model nvram on_crash on_poweroff on_reboot os
    panic pm protocol resource seclabel source suspend-to-disk suspend-to-mem target timer uuid vcpu video watchdog
    """.split()
)
"""Elements that libvirt adds to a definition by itself (https://libvirt.org/formatdomain.html)."""


def _has_all(sent: Element, stored: Element, kept: set[str]) -> bool:
    """Return whether `stored` has all of `sent`, and besides only what hosts add; what is in `kept` must be the same.

    Hosts sort devices.
    """
    from virtprov.xml import tree

    if sent.tag != stored.tag or any(stored.get(name) != value for name, value in sent.attrib.items()):
        return False
    text = (sent.text or "").strip()
    if text and text != (stored.text or "").strip():
        return False
    form = _form(sent)
    if form in kept:
        return form == _form(stored)
    rest, at = tree.children(stored), 0
    for child in tree.children(sent):
        place = next((number for number in range(at, len(rest)) if _has_all(child, rest[number], kept)), None)
        if place is None:
            return False
        del rest[place]
        at = 0 if sent.tag == "devices" else place
    return all(tree.local_name(node) in ADDED for other in rest for node in other.iter())


def _form(node: Element) -> str:
    """Return an element as text that does not depend on white space or the order of attributes."""
    from virtprov.xml import tree

    inside = "".join(_form(child) for child in tree.children(node))
    return f"<{node.tag!r} {sorted(node.attrib.items())}>{(node.text or '').strip()}{inside}"


def check(host: Host, name: str, uuid: str, expected: str) -> str | None:
    """Read the definition of a guest and check that it has the digest `expected` (NONE: that there is none).

    `name` is for messages. Raises Moved if it has another one, or the guest does not exist.
    """
    now = host.guests.stored_definition(uuid) if uuid else None
    if not expected:
        if now:
            raise DefinitionChanged(f"guest '{name}' has been defined in the meantime", hint=_AGAIN)
    elif not now:
        raise DefinitionChanged(f"'{name}' is no longer defined", hint="it is not defined again")
    elif not is_known_by(now, expected):
        raise DefinitionChanged(f"the definition of '{name}' has been changed in the meantime", hint=_AGAIN)
    return now


_AGAIN = "run the command again, based on the current definition"


def replace(host: Host, name: str, uuid: str, text: str | None, expected: str | None) -> str:
    """Replace the definition of a guest; None as `text` undefines the guest.

    Nothing is stored unless the current definition has the digest `expected` (NONE: no definition, None: any). `uuid`
    may be "" for a new guest. Returns the definition that the host stored, "" for none. Raises Moved, or the HostError
    of a host that refuses.
    """
    if expected is not None:
        check(host, name, uuid, expected)
    if text is None:
        host.guests.undefine(uuid or name, nvram=False)
        return ""
    return host.guests.store_definition(name, text)[1]


def lock_guest(
    host: Host, name: str, uuid: str, stop: Callable[[], None], say: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Lock a guest: no other run of virtprov by this user can change its definition until the block ends.

    While it waits, `stop` is called and may raise, and `say` gets a message. Raises ProvError if the lock is not
    released in time.
    """
    from virtprov.support.user_files import lock

    return lock.take(f"{host.uri}\n{uuid or name}", f"changing '{name}'", say, stop)
