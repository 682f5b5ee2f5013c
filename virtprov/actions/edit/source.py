"""What is edited: the definition of a guest, stored and running, or a document of a file or of standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changes import blank
from virtprov.guest.document import DomainDocument, Guest
from virtprov.support.errors import HostError, nearest
from virtprov.support.frozen import Record
from virtprov.xml import keep

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.info import Definition, GuestInfo
    from virtprov.xml.keep import Letters


STDIN = "the XML on standard input"


class Source(Record):
    """The guest that is changed: its document, and what the host knows of it.

    `info` is None when the document came from elsewhere; `running` is the guest as it runs, None when it does not.
    `autostart` says whether it starts with its host, None where that is not asked.
    """

    stored: DomainDocument
    info: GuestInfo | None = None
    running: DomainDocument | None = None
    autostart: bool | None = None


def from_host(host: Host, key: str) -> Source:
    """Read a guest by name, id or UUID, passwords included. Raises HostError when the host has none such."""
    from virtprov.host.failures import NotThere

    try:
        found = host.guests.definition(key)
    except NotThere:
        raise no_guest(host, key, host.guests.names()) from None
    assert found is not None  # whatever its state
    return from_definition(found)


def no_guest(host: Host, key: str, listed: tuple[str, ...]) -> HostError:
    """What to say of a guest that is none of those `listed`."""
    hint = nearest(key, listed) or "`virsh list --all` lists its guests"
    return HostError(f"the host {host.uri} has no guest '{key}'", hint=hint)


def from_definition(found: Definition, autostart: bool | None = None) -> Source:
    """The source for what was read of a guest."""
    what = f"the document of '{found.info.name}'"
    running = DomainDocument.parse(found.running, what) if found.running else None
    return Source(DomainDocument.parse(found.stored, what), found.info, running, autostart)


def from_bytes(data: bytes) -> Source:
    """Read a document; raises XmlError when it is none of a guest."""
    return Source(DomainDocument(Guest.parse(data, STDIN), keep.decode(data)))


def read_file(path: str) -> tuple[Letters, str]:
    """Read a file letter by letter; returns it, and what to call it in messages. Raises InputError, XmlError."""
    from virtprov.support.files import read_bytes

    what = f"the file '{path}'"
    return keep.letters(read_bytes(path), what), what


def from_file(file: Letters, what: str) -> Source:
    """The source for a file that was read letter by letter; `what` names it. Raises XmlError."""
    text = keep.declared(file.text)
    return Source(DomainDocument.parse(text, what))


def from_nothing(host: Host | None) -> Source:
    """An empty guest, to build elements for."""
    return Source(DomainDocument.of(blank(host)))
