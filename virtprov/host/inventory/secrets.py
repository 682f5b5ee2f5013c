"""Secrets that a host keeps: passwords of encrypted volumes."""

from __future__ import annotations

import libvirt

from virtprov.host.base import Part
from virtprov.host.failures import asking
from virtprov.host.inventory.lookup import look_up


class Secrets(Part):
    """The secrets of a host, known by UUID."""

    def create(self, xml: str, value: bytes) -> None:
        """Store a secret described by the XML; a failure leaves none. Raises HostError."""
        with asking("store the password as a secret"):
            secret = self._conn.secretDefineXML(xml, 0)
            try:
                secret.setValue(value, 0)
            except BaseException:
                secret.undefine()
                raise

    def exists(self, uuid: str) -> bool:
        """Return whether the host has a secret with this UUID. Raises HostError."""
        look = self._conn.secretLookupByUUIDString
        return look_up(f"look for the secret {uuid}", look, uuid) is not None

    def volume(self, uuid: str) -> str | None:
        """Return the path of the volume whose password the secret is, "" for a secret of another kind.

        None if the host has no secret with this UUID. Raises HostError.
        """
        secret = look_up(f"look for the secret {uuid}", self._conn.secretLookupByUUIDString, uuid)
        if secret is None:
            return None
        with asking(f"read the secret {uuid}"):
            is_volumes = secret.usageType() == libvirt.VIR_SECRET_USAGE_TYPE_VOLUME
            return str(secret.usageID()) if is_volumes else ""

    def usage(self, uuid: str) -> str | None:
        """Return what the secret is for, as its XML says: a path or a name; None without such a secret.

        Raises HostError.
        """
        secret = look_up(f"look for the secret {uuid}", self._conn.secretLookupByUUIDString, uuid)
        if secret is None:
            return None
        with asking(f"read the secret {uuid}"):
            return str(secret.usageID() or "")

    def remove(self, uuid: str) -> None:
        """Delete a secret. Raises HostError."""
        with asking(f"remove the secret {uuid}"):
            self._conn.secretLookupByUUIDString(uuid).undefine()
