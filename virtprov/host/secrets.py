"""Secrets that a host keeps: passwords of encrypted volumes."""

from __future__ import annotations

from virtprov.host.base import Part
from virtprov.host.failures import asking
from virtprov.host.lookup import look_up


class Secrets(Part):
    """The secrets of a host, known by UUID."""

    def create(self, xml: str, value: bytes) -> None:
        """Keep a secret that the document describes; a failure leaves none. Raises HostError."""
        with asking("keep the password as a secret"):
            secret = self._conn.secretDefineXML(xml, 0)
            try:
                secret.setValue(value, 0)
            except BaseException:
                secret.undefine()
                raise

    def exists(self, uuid: str) -> bool:
        """Whether the host keeps a secret of that UUID. Raises HostError."""
        look = self._conn.secretLookupByUUIDString
        return look_up(f"look for the secret {uuid}", look, uuid) is not None

    def remove(self, uuid: str) -> None:
        """Forget a secret. Raises HostError."""
        with asking(f"remove the secret {uuid}"):
            self._conn.secretLookupByUUIDString(uuid).undefine()
