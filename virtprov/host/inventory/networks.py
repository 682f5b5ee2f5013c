"""Virtual networks of a host, its own interfaces and bridges."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import libvirt

from virtprov.host.base import Part
from virtprov.host.facts.info import Lease, NetworkInfo, network_info
from virtprov.host.failures import NotSupported, asking
from virtprov.host.inventory.lookup import look_up, names_of, unless_missing
from virtprov.support.errors import HostError

LIVE, STORED = "live", "stored"
"""The two documents of a network: of the one that is active, and of its next start."""


class Networks(Part):
    """The networks of a host, looked up by name."""

    def find(self, name: str) -> NetworkInfo | None:
        """The virtual network of that name; None also when the driver has no networks."""
        found = look_up(f"look for the network '{name}'", self._conn.networkLookupByName, name)
        if found is None:
            return None
        with asking(f"read the network '{name}'"):
            return network_info(str(found.XMLDesc(0)), bool(found.isActive()))

    def is_active(self, name: str) -> bool | None:
        """Return whether the virtual network is active; None if there is none. Makes two calls and reads no XML.

        True if the driver has no networks and so cannot tell.
        """
        try:
            found = unless_missing(f"look for the network '{name}'", self._conn.networkLookupByName, name)
        except NotSupported:
            return True
        if found is None:
            return None
        with asking(f"read the state of the network '{name}'"):
            return bool(found.isActive())

    def documents(self, name: str) -> dict[str, str]:
        """Return the documents of a network by LIVE and STORED, those that it has; {} if there is no such network."""
        found = look_up(f"look for the network '{name}'", self._conn.networkLookupByName, name)
        if found is None:
            return {}
        with asking(f"read the network '{name}'"):
            states = self._states(found)
            texts = {LIVE: str(found.XMLDesc(0))} if LIVE in states else {}
        if STORED in states:
            with suppress(NotSupported), asking(f"read the network '{name}'"):  # the test driver has one document
                texts[STORED] = str(found.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE))
        return texts

    def _states(self, network: Any) -> dict[str, int]:
        """Return the states that a network has, with the flag that changes each."""
        flags = {}
        if network.isActive():
            flags[LIVE] = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE
        if network.isPersistent():
            flags[STORED] = libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
        return flags

    def leases(self, name: str) -> tuple[Lease, ...]:
        """Return the addresses that the DHCP server of a network has given away; () if the driver cannot tell."""
        found = look_up(f"look for the network '{name}'", self._conn.networkLookupByName, name)
        if found is None:
            return ()
        try:
            with asking(f"read the leases of the network '{name}'"):
                known = found.DHCPLeases()
        except NotSupported:
            return ()
        keys = ("mac", "ipaddr", "hostname")
        return tuple(Lease(*(lease.get(key) or "" for key in keys)) for lease in known)

    def add_dhcp_host(self, name: str, xml: str, ip_index: int) -> None:
        """Reserve an address, now and for later starts of the network.

        `xml` is a <host>, `ip_index` the position of the <ip> element to which it belongs. Raises HostError if the
        address is taken.
        """
        with asking(f"reserve an address in the network '{name}'"):
            network = self._conn.networkLookupByName(name)
            flags = sum(self._states(network).values())
            self._update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, ip_index, xml, flags)

    def remove_dhcp_host(self, name: str, xml: str, ip_index: int, state: str) -> None:
        """Remove a reservation from one document of a network: LIVE or STORED; `xml` as it is there."""
        with asking(f"remove a reservation from the network '{name}'"):
            network = self._conn.networkLookupByName(name)
            flags = self._states(network)[state]
            self._update(network, libvirt.VIR_NETWORK_UPDATE_COMMAND_DELETE, ip_index, xml, flags)

    @staticmethod
    def _update(network: Any, command: int, ip_index: int, xml: str, flags: int) -> None:
        network.update(command, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, ip_index, xml, flags)

    def has_interface(self, name: str) -> bool | None:
        """Return whether the host has a network interface with this name; None if libvirt cannot tell."""
        try:
            look = self._conn.interfaceLookupByName
            return unless_missing(f"look up the interface '{name}'", look, name) is not None
        except HostError:
            return None

    def has_filter(self, name: str) -> bool:
        """Return whether the host has a network filter with this name; True if the driver has no filters."""
        try:
            look = self._conn.nwfilterLookupByName
            return unless_missing(f"look for the network filter '{name}'", look, name) is not None
        except NotSupported:
            return True

    def filter_names(self) -> tuple[str, ...]:
        """The names of all network filters, sorted."""
        return names_of("list the network filters", self._conn.listAllNWFilters)

    def names(self) -> tuple[str, ...]:
        """The names of all networks, sorted."""
        return names_of("list the networks", self._conn.listAllNetworks)

    def default_bridge(self) -> str | None:
        """Return the host's bridge with its default route; None if there is none, or the host is remote."""
        if self._link.recording:
            return self._link.recording.default_bridge
        if self._link.target.is_remote:
            return None
        from virtprov.host.inventory.bridge import default_bridge

        return default_bridge()
