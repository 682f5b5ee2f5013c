"""Virtual networks of a host, its own interfaces and bridges."""

from __future__ import annotations

from virtprov.host.base import Part
from virtprov.host.failures import NotSupported, asking
from virtprov.host.info import NetworkInfo, network_info
from virtprov.host.lookup import look_up, names_of, unless_missing
from virtprov.support.errors import HostError


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
        """Whether the virtual network of that name is active; None when there is none. Two calls, no document.

        True where the driver has no networks and so cannot tell.
        """
        try:
            found = unless_missing(f"look for the network '{name}'", self._conn.networkLookupByName, name)
        except NotSupported:
            return True
        if found is None:
            return None
        with asking(f"read the state of the network '{name}'"):
            return bool(found.isActive())

    def has_interface(self, name: str) -> bool | None:
        """Whether the host has a network interface of that name, as libvirt sees it; None when it cannot tell."""
        try:
            look = self._conn.interfaceLookupByName
            return unless_missing(f"look for the interface '{name}'", look, name) is not None
        except HostError:
            return None

    def names(self) -> tuple[str, ...]:
        """The names of all networks, sorted."""
        return names_of("list the networks", self._conn.listAllNetworks)

    def default_bridge(self) -> str | None:
        """The host's bridge that carries its default route; None when there is none, or the host is remote."""
        if self._link.recording:
            return self._link.recording.default_bridge
        if self._link.target.is_remote:
            return None
        from virtprov.host.bridge import default_bridge

        return default_bridge()
