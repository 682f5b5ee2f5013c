"""The host's own devices: PCI, USB and network cards ... (libvirt's node devices)."""

from __future__ import annotations

from virtprov.host.base import Part
from virtprov.host.facts.info import NodeDeviceInfo, node_device_info
from virtprov.host.failures import NotSupported, asking
from virtprov.host.inventory.lookup import look_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class NodeDevices(Part):
    """The devices of a host, looked up by libvirt's name for them ("pci_0000_00_1f_2")."""

    def find(self, name: str) -> NodeDeviceInfo | None:
        """The host's device of that name ("pci_0000_00_1f_2"); None also when the driver lists none."""
        device = look_up(f"look for the device '{name}'", self._conn.nodeDeviceLookupByName, name)
        if device is None:
            return None
        with asking(f"read the device '{name}'"):
            return node_device_info(str(device.XMLDesc(0)))

    def names(self, capability: str | None = None) -> tuple[str, ...]:
        """The names of the host's devices with a capability ("usb_device", "pci", "net" ...), or all; sorted."""
        try:
            with asking("list the host's devices"):
                return tuple(sorted(self._conn.listDevices(capability, 0)))
        except NotSupported:
            return ()

    def all(self, capability: str | None = None) -> Iterator[NodeDeviceInfo]:
        """The host's devices with a capability, or all; one call for each."""
        for name in self.names(capability):
            device = self.find(name)
            if device:
                yield device
