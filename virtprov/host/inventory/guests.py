"""The guests of a host: looked up by name, read, defined, started, stopped and removed."""

from __future__ import annotations

import re
from typing import Any

import libvirt

from virtprov.host.base import Link, Part
from virtprov.host.facts.info import Definition, GuestInfo, KeptStates
from virtprov.host.failures import MISSING, NotThere, asking, code_of
from virtprov.host.inventory.domains import Domains, guest_info
from virtprov.host.inventory.lookup import list_all, look_up, unless_missing
from virtprov.xml import path
from virtprov.xml.tree import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Guests(Part):
    """A guest is named as in `find`; each call raises HostError, NotThere when there is no such guest."""

    def __init__(self, link: Link, domains: Domains) -> None:
        super().__init__(link)
        self._domains = domains

    def find(self, key: str) -> GuestInfo | None:
        """Return the guest with this name, otherwise UUID, otherwise id (running guests only)."""
        domain = self._domains.find(key)
        if domain is None:
            return None
        try:
            return guest_info(domain)
        except NotThere:
            return None

    def xml(self, key: str, *, inactive: bool = False, secure: bool = False) -> str:
        """Return the guest's XML: of the running guest, or with `inactive` of the stored one.

        `secure` includes passwords (requires a read-write connection). Raises NotThere if there is no such guest.
        """
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        flags |= libvirt.VIR_DOMAIN_XML_SECURE if secure else 0
        domain = self._domains.get(key)
        with asking(f"read the document of the guest '{key}'"):
            return str(domain.XMLDesc(flags))

    def names(self) -> tuple[str, ...]:
        """Return the names of all guests, sorted; for hints, not for looking one up."""
        return self._domains.names()

    def documents(self, *, inactive: bool = False) -> Iterator[str]:
        """Return the XML of every guest: of the running guest, or with `inactive` of the stored one.

        Makes one call for each guest, for checks that require all of them (MAC addresses, disks in use). A guest that
        is removed meanwhile is omitted.
        """
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        with asking(f"list the guests of {self._link.uri}"):
            domains = self._conn.listAllDomains(0)
        for domain in domains:
            text = unless_missing(f"read the document of '{domain.name()}'", domain.XMLDesc, flags)
            if text is not None:
                yield str(text)

    # -- definitions -------------------------------------------------------------------------------------

    def definition(self, key: str, *, states: frozenset[str] = frozenset(), running: bool = True) -> Definition | None:
        """Read a guest by name, UUID or id; None if its state is not in `states` (names from STATES, empty: any).

        `running` tells whether the XML of the running guest is read as well.
        """
        domain = self._domains.get(key)
        info = guest_info(domain)
        if states and info.state not in states:
            return None
        secure = libvirt.VIR_DOMAIN_XML_SECURE
        with asking(f"read the document of the guest '{info.name}'"):
            stored = str(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | secure))
            return Definition(info, stored, str(domain.XMLDesc(secure)) if info.active and running else "")

    def stored_definition(self, uuid: str) -> str | None:
        """Return the stored XML of the guest with this UUID, including passwords.

        None if there is no such guest, "" for a transient guest.
        """
        what = f"read the definition of the guest {uuid}"
        domain = unless_missing(what, self._conn.lookupByUUIDString, uuid)
        if domain is None:
            return None
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
        try:
            with asking(what):
                return str(domain.XMLDesc(flags)) if domain.isPersistent() else ""
        except NotThere:
            return None

    def store_definition(self, name: str, xml: str) -> tuple[str, str]:
        """Store a new or changed guest; returns its UUID and the XML that is stored now.

        `name` is for error messages. The returned XML includes passwords.
        """
        with asking(f"define the guest '{name}'"):
            domain = self._conn.defineXML(xml)
            stored = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE)
        return str(domain.UUIDString()), str(stored)

    def autostart(self, key: str) -> bool:
        """Return whether the guest starts with the host."""
        domain = self._domains.get(key)
        with asking(f"read whether the guest '{key}' starts with the host"):
            return bool(domain.autostart())

    def kept_states(self, key: str) -> KeptStates:
        """Return what else libvirt keeps for the guest; nothing of a kind that its driver does not have."""
        domain = self._domains.get(key)
        saved = look_up(f"look for a saved state of the guest '{key}'", domain.hasManagedSaveImage, 0)
        snapshots = list_all(f"list the snapshots of the guest '{key}'", lambda: domain.listAllSnapshots(0))
        checkpoints = list_all(f"list the checkpoints of the guest '{key}'", lambda: domain.listAllCheckpoints(0))
        return KeptStates(bool(saved), _names(snapshots), _names(checkpoints))

    def snapshots(self, key: str) -> tuple[str, ...]:
        """Return the XML of each snapshot of the guest; none if its driver has no snapshots."""
        domain, what = self._domains.get(key), f"read the snapshots of the guest '{key}'"
        found = list_all(what, lambda: domain.listAllSnapshots(0))
        texts = (unless_missing(what, snapshot.getXMLDesc, 0) for snapshot in found)
        return tuple(str(text) for text in texts if text is not None)

    # -- coming and going -------------------------------------------------------------------------------

    def define(self, xml: str) -> GuestInfo:
        """Store a new or changed guest.

        Raises Taken if another guest has the name.
        """
        with asking(f"define the guest '{_name(xml)}'"):
            domain = self._conn.defineXML(xml)
        return guest_info(domain)

    def create(self, xml: str) -> GuestInfo:
        """Start a transient guest from XML: it no longer exists after it powers off.

        The definition of a stored guest with this UUID does not change.
        """
        with asking(f"start the guest '{_name(xml)}'"):
            domain = self._conn.createXML(xml, 0)
        return guest_info(domain)

    def start(self, key: str) -> None:
        """Start a stored guest, from its saved state if it has one. Raises NotNow if it is already running."""
        domain = self._domains.get(key)
        with asking(f"start the guest '{key}'"):
            domain.create()

    def shutdown(self, key: str) -> None:
        """Ask the guest to power off; returns at once, whether the guest reacts or not."""
        domain = self._domains.get(key)
        with asking(f"shut down the guest '{key}'"):
            domain.shutdown()

    def destroy(self, key: str) -> bool:
        """Power the guest off; False if it was already off or does not exist."""
        domain = self._domains.find(key)
        try:
            with asking(f"power off the guest '{key}'"):
                if domain is None or not domain.isActive():
                    return False
                domain.destroy()
        except NotThere:
            return False
        return True

    def set_autostart(self, key: str, on: bool) -> None:
        """Enable or disable autostart."""
        domain = self._domains.get(key)
        with asking(f"set autostart of the guest '{key}'"):
            domain.setAutostart(int(on))

    def undefine(self, key: str, *, nvram: bool | None = True, tpm: bool | None = None) -> bool:
        """Undefine a stored guest; a running one becomes transient. False if there is none.

        Its saved state is deleted as well, and the metadata of its snapshots and checkpoints (not their disks).

        `nvram` and `tpm`: True deletes the UEFI variables or the TPM's state, False keeps them, None leaves the
        decision to libvirt (which refuses a guest with NVRAM). Flags that a driver or an older libvirt does not know
        are omitted: it has no such state, or deletes it anyway.
        """
        domain = self._domains.find(key)
        if domain is None:
            return False
        names = {
            "NVRAM": nvram is True,
            "KEEP_NVRAM": nvram is False,
            "TPM": tpm is True,
            "KEEP_TPM": tpm is False,
            "MANAGED_SAVE": True,
            "SNAPSHOTS_METADATA": True,
            "CHECKPOINTS_METADATA": True,
        }
        flags = sum(getattr(libvirt, f"VIR_DOMAIN_UNDEFINE_{name}", 0) for name, on in names.items() if on)
        with asking(f"undefine the guest '{key}'"):
            try:
                with_known_flags(domain.undefineFlags, flags)
            except libvirt.libvirtError as error:
                if code_of(error) not in MISSING:
                    raise
                return False
        return True

    def rename(self, key: str, name: str) -> None:
        """Rename a stored guest that is off; its snapshots and autostart are kept.

        Raises NotNow for what libvirt cannot rename (a saved state), NotSupported, Taken.
        """
        domain = self._domains.get(key)
        with asking(f"rename the guest '{key}' to '{name}'"):
            domain.rename(name, 0)

    def drop_saved_state(self, key: str) -> bool:
        """Delete a saved state, so that the guest boots normally; False if there is none."""
        domain = self._domains.get(key)
        with asking(f"remove the saved state of the guest '{key}'"):
            try:
                if not domain.hasManagedSaveImage(0):
                    return False
                domain.managedSaveRemove(0)
            except libvirt.libvirtError as error:
                if code_of(error) == libvirt.VIR_ERR_NO_SUPPORT:
                    return False
                raise
        return True


def with_known_flags(call: Callable[[int], Any], flags: int) -> None:
    """Call with these flags; flags that the driver reports as unsupported are omitted in a second call.

    libvirt reports them as "unsupported flags (0x4) in function ...", code VIR_ERR_INVALID_ARG.
    """
    while True:
        try:
            call(flags)
            return
        except libvirt.libvirtError as error:
            found = re.search(r"\(0x([0-9a-f]+)\)", error.get_error_message() or "")
            unknown = int(found[1], 16) & flags if found else 0
            if code_of(error) != libvirt.VIR_ERR_INVALID_ARG or not unknown:
                raise
            flags &= ~unknown


def _names(objects: list[Any]) -> tuple[str, ...]:
    return tuple(sorted(str(one.getName()) for one in objects))


def _name(xml: str) -> str:
    return path.text(parse(xml, "the guest's document"), "./name")
