"""What is on the host, looked up by name: guests, networks, pools, volumes, devices.

Nothing is listed where a name will do. A look-up that finds nothing answers None; everything else that goes
wrong is a HostError.
"""

from __future__ import annotations

import os
from typing import Any

import libvirt

from virtprov.host.base import Link
from virtprov.host.failures import MISSING, NotSupported, NotThere, asking, code_of, in_our_words
from virtprov.host.info import (
    STATES,
    GuestInfo,
    NetworkInfo,
    NodeDeviceInfo,
    PoolInfo,
    VolumeInfo,
    network_info,
    node_device_info,
    pool_info,
    volume_info,
)
from virtprov.host.retry import PASSING, patiently
from virtprov.support.errors import HostError
from virtprov.support.text import is_uuid
from virtprov.support.waiting import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Inventory(Link):
    """The things on a host, read only."""

    # -- guests -----------------------------------------------------------------------------------------

    def guest(self, key: str) -> GuestInfo | None:
        """The guest of that name, else UUID, else id (running guests only)."""
        domain = self._find_domain(key)
        if domain is None:
            return None
        try:
            return self._guest_info(domain)
        except NotThere:
            return None

    @staticmethod
    def _guest_info(domain: Any) -> GuestInfo:
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

    def guest_xml(self, key: str, *, inactive: bool = False, secure: bool = False) -> str:
        """The guest's document: as it runs, or with `inactive` as it is stored for the next start.

        `secure` includes passwords (graphics, needs a read-write connection). Raises NotThere when there is none.
        """
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        flags |= libvirt.VIR_DOMAIN_XML_SECURE if secure else 0
        domain = self._domain(key)
        with asking(f"read the document of the guest '{key}'"):
            return str(domain.XMLDesc(flags))

    def guest_names(self) -> tuple[str, ...]:
        """The names of all guests, sorted; for hints, not for looking one up."""
        with asking(f"list the guests of {self.uri}"):
            return tuple(sorted(str(domain.name()) for domain in self._conn.listAllDomains(0)))

    def guest_documents(self, *, inactive: bool = False) -> Iterator[str]:
        """The document of every guest, as it runs now, or with `inactive` as stored.

        Costs one call per guest: for the checks that must see all of them (MAC addresses, disks in use).
        A guest that goes away meanwhile is left out.
        """
        flags = libvirt.VIR_DOMAIN_XML_INACTIVE if inactive else 0
        with asking(f"list the guests of {self.uri}"):
            domains = self._conn.listAllDomains(0)
        for domain in domains:
            text = self._unless_missing(f"read the document of '{domain.name()}'", domain.XMLDesc, flags)
            if text is not None:
                yield str(text)

    def _find_domain(self, key: str) -> Any | None:
        found = self._unless_missing(f"look for the guest '{key}'", self._conn.lookupByName, key)
        if found is None and is_uuid(key):
            found = self._unless_missing(f"look for the guest '{key}'", self._conn.lookupByUUIDString, key.lower())
        if found is None and key.isdecimal() and len(key) < 10:
            found = self._unless_missing(f"look for the guest '{key}'", self._conn.lookupByID, int(key))
        return found

    def _domain(self, key: str) -> Any:
        domain = self._find_domain(key)
        if domain is None:
            raise NotThere(f"{self.uri} has no guest '{key}'", hint=self._similar(key, self.guest_names))
        return domain

    # -- networks ---------------------------------------------------------------------------------------

    def network(self, name: str) -> NetworkInfo | None:
        """The virtual network of that name; None also when the driver has no networks."""
        found = self._lookup(f"look for the network '{name}'", self._conn.networkLookupByName, name)
        if found is None:
            return None
        with asking(f"read the network '{name}'"):
            return network_info(str(found.XMLDesc(0)), bool(found.isActive()))

    def network_is_active(self, name: str) -> bool | None:
        """Whether the virtual network of that name is active; None when there is none. Two calls, no document.

        True where the driver has no networks and so cannot tell.
        """
        try:
            found = self._unless_missing(f"look for the network '{name}'", self._conn.networkLookupByName, name)
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
            return self._unless_missing(f"look for the interface '{name}'", look, name) is not None
        except HostError:
            return None

    def network_names(self) -> tuple[str, ...]:
        """The names of all networks, sorted."""
        return self._names("list the networks", self._conn.listAllNetworks)

    # -- pools ------------------------------------------------------------------------------------------

    def pool(self, name: str) -> PoolInfo | None:
        """The storage pool of that name; None also when the driver has no storage."""
        found = self._find_pool(name)
        return None if found is None else self._pool_info(found)

    def pool_at(self, directory: str) -> PoolInfo | None:
        """The pool whose target is that directory, active or not; None when there is none."""
        found = self._find_pool_at(directory)
        return None if found is None else self._pool_info(found)

    def pool_names(self) -> tuple[str, ...]:
        """The names of all pools, sorted."""
        return self._names("list the pools", self._conn.listAllStoragePools)

    def pools(self) -> Iterator[PoolInfo]:
        """Every pool; one call for each."""
        for pool in self._listed("list the pools", self._conn.listAllStoragePools):
            yield self._pool_info(pool)

    def _pool_info(self, pool: Any) -> PoolInfo:
        with asking(f"read the pool '{pool.name()}'"):
            info = pool_info(str(pool.XMLDesc(0)), bool(pool.isActive()))
        return self._recording.measured(info) if self._recording else info

    def _find_pool(self, name: str) -> Any | None:
        return self._lookup(f"look for the pool '{name}'", self._conn.storagePoolLookupByName, name)

    def _pool(self, name: str) -> Any:
        pool = self._find_pool(name)
        if pool is None:
            raise NotThere(f"{self.uri} has no pool '{name}'", hint=self._similar(name, self.pool_names))
        return pool

    def _find_pool_at(self, directory: str) -> Any | None:
        """The pool over a directory, but for those that another command has made for a moment."""
        found = self._look_for_pool_at(directory)
        return None if found is None or self._passes(str(found.name())) else found

    def _passes(self, pool: str) -> bool:
        """Whether the pool is another command's, there for a moment only; see PASSING."""
        return pool.startswith(PASSING) and pool not in self._own_pools

    def _look_for_pool_at(self, directory: str) -> Any | None:
        """libvirt's own look-up knows running pools; the others, and drivers without it, are looked through once."""
        wanted = os.path.normpath(directory)
        rest = libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE
        try:
            with asking(f"look for a pool at '{directory}'"):
                return self._conn.storagePoolLookupByTargetPath(wanted)
        except NotSupported:
            rest = 0
        except NotThere:
            pass
        if self._off is None:
            listed = self._listed("list the pools", lambda: self._conn.listAllStoragePools(rest))
            paths = [(os.path.normpath(path), pool) for pool in listed if (path := self._pool_info(pool).path)]
            self._off = dict(reversed(paths))
        return self._off.get(wanted)

    # -- volumes ----------------------------------------------------------------------------------------

    def volume(self, pool: str, name: str) -> VolumeInfo | None:
        """The volume `name` of the pool `pool`; None when either is missing, or the pool is off."""
        found = self._find_volume(pool, name)
        return None if found is None else self._volume_info(found, pool)

    def volume_at(self, path: str, *, fresh: bool = True) -> VolumeInfo | None:
        """The volume with that path on the host.

        A file that appeared since its pool was read is found too: the pool over the path's directory, and only
        that one, is refreshed, at most once in the life of this object (see refresh_pool). Not with `fresh` False:
        then what the pools know counts.
        """
        what, look = f"look for a volume at '{path}'", self._conn.storageVolLookupByPath
        found = self._lookup(what, look, path)
        if found is None and fresh:
            pool = self._find_pool_at(os.path.dirname(path)) if os.path.isabs(path) else None
            if pool is None or not self._refresh_once(pool):
                return None
            found = self._lookup(what, look, path)
        if found is None:
            return None
        try:
            with asking(f"find the pool of '{path}'"):
                name = str(found.storagePoolLookupByVolume().name())
                return None if self._passes(name) else self._volume_info(found, name)
        except NotThere:
            return None

    def backing_of(self, path: str) -> str:
        """The path of the image that the volume at a path stands on, as its pool knows; "" without either."""
        found = self._lookup(f"look for a volume at '{path}'", self._conn.storageVolLookupByPath, path)
        text = self._unless_missing(f"read the volume at '{path}'", found.XMLDesc, 0) if found is not None else None
        if text is None or "<backingStore" not in text:
            return ""
        return volume_info(str(text), "").backing_path

    def volume_names(self, pool: str) -> tuple[str, ...]:
        """The names of the volumes of a pool, sorted; none while it is off. Raises NotThere: no such pool."""
        found = self._pool(pool)
        with asking(f"list the volumes of the pool '{pool}'"):
            return tuple(sorted(found.listVolumes())) if found.isActive() else ()

    def volumes(self, pool: str) -> Iterator[VolumeInfo]:
        """Every volume of a pool, one call for each; none while it is off. Raises NotThere: no such pool."""
        found = self._pool(pool)
        with asking(f"list the volumes of the pool '{pool}'"):
            listed = found.listAllVolumes(0) if found.isActive() else []
        for volume in listed:
            text = self._unless_missing(f"read the volume '{volume.name()}'", volume.XMLDesc, 0)
            if text is not None:
                yield volume_info(str(text), pool)

    def _volume_info(self, volume: Any, pool: str) -> VolumeInfo:
        with asking(f"read the volume '{volume.name()}'"):
            return volume_info(str(volume.XMLDesc(0)), pool)

    def _find_volume(self, pool: str, name: str) -> Any | None:
        found = self._find_pool(pool)
        if found is None:
            return None
        with asking(f"read the pool '{pool}'"):
            if not found.isActive():
                return None
        return self._lookup(f"look for the volume '{name}'", found.storageVolLookupByName, name)

    def _volume(self, pool: str, name: str) -> Any:
        self._pool(pool)
        volume = self._find_volume(pool, name)
        if volume is None:
            known = self._similar(name, lambda: self.volume_names(pool))
            raise NotThere(f"the pool '{pool}' has no volume '{name}'", hint=known)
        return volume

    def _refresh_once(self, pool: Any) -> bool:
        name = str(pool.name())
        try:
            with asking(f"refresh the pool '{name}'"):
                if name in self._refreshed or not pool.isActive():
                    return False
                self._refreshed.add(name)
                patiently(lambda: pool.refresh(0))
        except NotThere:  # it went meanwhile
            return False
        return True

    # -- devices of the host ----------------------------------------------------------------------------

    def node_device(self, name: str) -> NodeDeviceInfo | None:
        """The host's device of that name ("pci_0000_00_1f_2"); None also when the driver lists none."""
        found = self._lookup(f"look for the device '{name}'", self._conn.nodeDeviceLookupByName, name)
        if found is None:
            return None
        with asking(f"read the device '{name}'"):
            return node_device_info(str(found.XMLDesc(0)))

    def node_device_names(self, capability: str | None = None) -> tuple[str, ...]:
        """The names of the host's devices with a capability ("usb_device", "pci", "net" ...), or all; sorted."""
        try:
            with asking("list the host's devices"):
                return tuple(sorted(self._conn.listDevices(capability, 0)))
        except NotSupported:
            return ()

    def node_devices(self, capability: str | None = None) -> Iterator[NodeDeviceInfo]:
        """The host's devices with a capability, or all; one call for each."""
        for name in self.node_device_names(capability):
            device = self.node_device(name)
            if device:
                yield device

    # -- how all of them are looked up ------------------------------------------------------------------

    @staticmethod
    def _unless_missing(what: str, look: Callable[..., Any], *args: Any) -> Any | None:
        state.doing = what
        try:
            return look(*args)
        except libvirt.libvirtError as error:
            if code_of(error) in MISSING:
                return None
            raise in_our_words(what, error) from error

    def _lookup(self, what: str, look: Callable[..., Any], *args: Any) -> Any | None:
        """None when it is missing or the driver has no such things at all."""
        try:
            return self._unless_missing(what, look, *args)
        except NotSupported:
            return None

    @staticmethod
    def _listed(what: str, listing: Callable[[], Any]) -> list[Any]:
        try:
            with asking(what):
                return list(listing())
        except NotSupported:
            return []

    def _names(self, what: str, listing: Callable[[], Any]) -> tuple[str, ...]:
        return tuple(sorted(str(thing.name()) for thing in self._listed(what, listing)))

    @staticmethod
    def _similar(name: str, known: Callable[[], tuple[str, ...]]) -> str:
        from virtprov.support.errors import nearest

        names = known()
        hint = nearest(name, names)
        if hint or not names:
            return hint
        return "there are: " + ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
