"""A host view without libvirt: only knows what follows from the guest's XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.support.errors import UsageError

if TYPE_CHECKING:
    from virtprov.host.facts.capabilities import Capabilities
    from virtprov.host.facts.info import GuestInfo, KeptStates, NetworkInfo, NodeDeviceInfo, PoolInfo, VolumeInfo

ARCH = "x86_64"
"""The architecture if neither the XML nor a host gives one."""
_DRIVERS = {"kvm": "qemu", "hvf": "qemu", "qemu": "qemu", "": "qemu"}


class _NoCapabilities:
    def of_host(self) -> Capabilities:
        """Always raises UsageError: this requires a host."""
        raise UsageError("this change requires information about the host", hint="give --connect URI")

    def of_guest(
        self,
        arch: str | None = None,
        machine: str | None = None,
        virt_type: str | None = None,
        emulator: str | None = None,
    ) -> None:
        """Nothing is known."""


class _NoGuests:
    def find(self, key: str) -> GuestInfo | None:
        """No guests."""
        return None

    def documents(self, *, inactive: bool = False) -> Iterator[str]:
        """No guests."""
        return iter(())

    def xml(self, key: str, *, inactive: bool = False) -> str:
        """Never called: there are no guests to find."""
        raise UsageError(f"guest '{key}' is on a host", hint="give --connect URI")

    def autostart(self, key: str) -> bool:
        """No guests."""
        return False

    def kept_states(self, key: str) -> KeptStates:
        """Never called: there are no guests."""
        raise UsageError(f"guest '{key}' is on a host", hint="give --connect URI")


class _NoNetworks:
    def find(self, name: str) -> NetworkInfo | None:
        """No networks."""
        return None

    def default_bridge(self) -> None:
        """Nothing is known."""


class _NoStorage:
    def pool(self, name: str) -> PoolInfo | None:
        """No pools."""
        return None

    def pool_at(self, directory: str) -> PoolInfo | None:
        """No pools."""
        return None

    def pool_names(self) -> tuple[str, ...]:
        """No pools."""
        return ()

    def volume(self, pool: str, name: str) -> VolumeInfo | None:
        """No volumes."""
        return None

    def volumes(self, pool: str) -> Iterator[VolumeInfo]:
        """No volumes."""
        return iter(())

    def volume_at(self, path: str, *, fresh: bool = True) -> VolumeInfo | None:
        """No volumes."""
        return None

    def backing_of(self, path: str) -> str:
        """No volumes."""
        return ""

    def volume_head(self, pool: str, name: str, length: int) -> bytes | None:
        """No volumes."""
        return None


class _NoDevices:
    def find(self, name: str) -> NodeDeviceInfo | None:
        """No devices."""
        return None

    def all(self, capability: str | None = None) -> Iterator[NodeDeviceInfo]:
        """No devices."""
        return iter(())


class Offline:
    """Used in place of a host: derives the hypervisor from the guest's type, and has an empty inventory."""

    is_remote = False
    is_session = False
    is_recorded = False
    is_offline = True
    capabilities = _NoCapabilities()
    guests = _NoGuests()
    networks = _NoNetworks()
    storage = _NoStorage()
    devices = _NoDevices()

    def __init__(self, guest: Guest) -> None:
        self.driver = _DRIVERS.get(guest.domain_type, guest.domain_type)

    def hypervisor_version(self) -> None:
        """Nothing is known."""
