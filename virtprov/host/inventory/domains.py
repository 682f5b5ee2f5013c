"""libvirt's own objects of guests, for those parts of a host that call them."""

from __future__ import annotations

from typing import Any

from virtprov.host.base import Part
from virtprov.host.facts.info import STATES, GuestInfo
from virtprov.host.failures import NotThere, asking
from virtprov.host.inventory.lookup import similar_names, unless_missing
from virtprov.support.text import is_uuid


class Domains(Part):
    """Looks guests up by name, UUID or id (running guests only)."""

    def find(self, key: str) -> Any | None:
        """libvirt's object of the guest of that name, else UUID, else id; None when there is none."""
        domain = unless_missing(f"look for the guest '{key}'", self._conn.lookupByName, key)
        if domain is None and is_uuid(key):
            domain = unless_missing(f"look for the guest '{key}'", self._conn.lookupByUUIDString, key.lower())
        if domain is None and key.isdecimal() and len(key) < 10:
            domain = unless_missing(f"look for the guest '{key}'", self._conn.lookupByID, int(key))
        return domain

    def get(self, key: str) -> Any:
        """The same. Raises NotThere when there is none."""
        domain = self.find(key)
        if domain is None:
            raise NotThere(f"{self._link.uri} has no guest '{key}'", hint=similar_names(key, self.names))
        return domain

    def names(self) -> tuple[str, ...]:
        """Return the names of all guests, sorted; for hints, not for looking one up."""
        with asking(f"list the guests of {self._link.uri}"):
            return tuple(sorted(str(domain.name()) for domain in self._conn.listAllDomains(0)))


def guest_info(domain: Any) -> GuestInfo:
    """Read the name, state and kind of a guest."""
    with asking(f"read the state of the guest '{domain.name()}'"):
        number = int(domain.ID())
        active = number >= 0
        return GuestInfo(
            name=str(domain.name()),
            uuid=str(domain.UUIDString()),
            id=number if active else None,
            state=STATES.get(int(domain.state()[0]), STATES[0]),
            active=active,
            persistent=bool(domain.isPersistent()),
        )
