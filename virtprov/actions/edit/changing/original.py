"""The XML to edit: the stored and running definition of a guest, or a file or standard input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changing.changes import blank
from virtprov.guest.document import DomainDocument, Guest
from virtprov.support.errors import HostError, nearest
from virtprov.support.frozen import Record
from virtprov.xml import keep

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import Definition, GuestInfo
    from virtprov.xml.keep import Letters


STDIN = "the XML on standard input"


class Source(Record):
    """The guest to change: its XML, and what the host knows about it.

    `info` is None if the XML does not come from a host; `running` is the running definition, None if the guest is off.
    `autostart` is None if it was not read.
    """

    stored: DomainDocument
    info: GuestInfo | None = None
    running: DomainDocument | None = None
    autostart: bool | None = None


def from_host(host: Host, key: str) -> Source:
    """Read a guest by name, id or UUID, including passwords. Raises HostError if the host has no such guest."""
    from virtprov.host.failures import NotThere

    try:
        definition = host.guests.definition(key)
    except NotThere:
        raise no_guest(host, key, host.guests.names()) from None
    assert definition is not None  # whatever its state
    return from_definition(definition)


def no_guest(host: Host, key: str, listed: tuple[str, ...]) -> HostError:
    """Return the error for a guest that does not exist; `listed` are the names of existing guests."""
    hint = nearest(key, listed) or "`virsh list --all` lists its guests"
    return HostError(f"guest '{key}' not found on {host.uri}", hint=hint)


def from_definition(found: Definition, autostart: bool | None = None) -> Source:
    """Return the source for a definition read from a host."""
    what = f"the XML of '{found.info.name}'"
    running = DomainDocument.parse(found.running, what) if found.running else None
    return Source(DomainDocument.parse(found.stored, what), found.info, running, autostart)


def from_bytes(data: bytes) -> Source:
    """Parse XML; raises XmlError if it is not a guest."""
    return Source(DomainDocument(Guest.parse(data, STDIN), keep.decode(data)))


def read_file(path: str) -> tuple[Letters, str]:
    """Read a file; returns its content, and a description for messages. Raises InputError, XmlError."""
    from virtprov.support.file_access.files import read_bytes

    what = f"the file '{path}'"
    return keep.letters(read_bytes(path), what), what


def from_file(file: Letters, what: str) -> Source:
    """Return the source for the content of a file; `what` describes it in messages. Raises XmlError."""
    text = keep.with_declaration(file.text)
    return Source(DomainDocument.parse(text, what))


def from_nothing(host: Host | None) -> Source:
    """Return an empty guest to build elements for."""
    return Source(DomainDocument.of(blank(host)))
