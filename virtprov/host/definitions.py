"""The definitions of many guests: listed, read and written with as few calls of libvirt as will do."""

from __future__ import annotations

import libvirt

from virtprov.host.failures import NotThere, asking
from virtprov.host.info import GuestInfo
from virtprov.host.inventory import Inventory
from virtprov.support.frozen import Record


class Definition(Record):
    """A guest and its documents with passwords: as `stored` for its next start, and as it is `running`, or ""."""

    info: GuestInfo
    stored: str
    running: str


class Definitions(Inventory):
    """Each call raises HostError, NotThere when there is no such guest."""

    def definition(self, key: str, *, states: frozenset[str] = frozenset(), running: bool = True) -> Definition | None:
        """Read a guest by name, UUID or id; None when its state is none of `states` (one of STATES each, none: any).

        `running` says whether the document of the running guest is wanted as well.
        """
        domain = self._domain(key)
        info = self._guest_info(domain)
        if states and info.state not in states:
            return None
        secure = libvirt.VIR_DOMAIN_XML_SECURE
        with asking(f"read the document of the guest '{info.name}'"):
            stored = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | secure))
            return Definition(info, stored, str(domain.XMLDesc(secure)) if info.active and running else "")

    def stored_definition(self, uuid: str) -> str | None:
        """The stored document of the guest with that UUID, passwords included.

        None when there is no such guest, "" for one that runs and has no definition.
        """
        what = f"read the definition of the guest {uuid}"
        domain = self._unless_missing(what, self._conn.lookupByUUIDString, uuid)
        if domain is None:
            return None
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        try:
            with asking(what):
                return str(domain.XMLDesc(flags)) if domain.isPersistent() else ""
        except NotThere:
            return None

    def store_definition(self, name: str, xml: str) -> tuple[str, str]:
        """Store a guest's document, new or in place of the one with its UUID; returns its UUID and what is stored now.

        `name` is for the message of a failure. What is returned is the document with passwords, as the host keeps it.
        """
        with asking(f"define the guest '{name}'"):
            domain = self._conn.defineXML(xml)
            stored = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        return str(domain.UUIDString()), str(stored)

    def autostart(self, key: str) -> bool:
        """Whether the guest starts with the host."""
        domain = self._domain(key)
        with asking(f"read whether the guest '{key}' starts with the host"):
            return bool(domain.autostart())
