"""The step that reserves an address for a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.reservations import Reservation
from virtprov.support.frozen import Record
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Undo


class Reserve(Record):
    """Have the DHCP server of a network reserve an address; `ip_index` is the position of its <ip> element."""

    reservation: Reservation
    ip_index: int

    @property
    def label(self) -> str:
        return f"Reserving {self.reservation.address} in network '{self.reservation.network}'"

    def do(self, context: RunContext) -> Undo | None:
        with context.making(self.reservation) as entry:
            xml = tree.to_text(self.reservation.element())
            context.host.networks.add_dhcp_host(self.reservation.network, xml, self.ip_index)
        return context.undo(entry)
