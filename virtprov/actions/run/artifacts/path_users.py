"""Find the paths of a host that are in use: by guests, and as backing files of images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.output_files import list_output_files
from virtprov.support.errors import HostError
from virtprov.support.frozen import Record
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import VolumeInfo
    from virtprov.xml.tree import Element

_NONE: Mapping[str, str] = {}
_BOOTED = ("os/kernel", "os/initrd", "os/dtb", "os/loader", "os/nvram")
"""Files that a guest needs to boot."""


def list_needed(chains: Chains, root: Element) -> Iterator[str]:
    """Return every path that a guest needs: boot files, disks and what is below them, files used as file systems."""
    return (place for place, _ in list_uses(chains, root))


def list_uses(chains: Chains, root: Element) -> Iterator[tuple[str, bool]]:
    """Return the same, each with whether an image of the guest is based on it."""
    for place in _BOOTED:
        named = (places.text(root, f"./{place}").strip(), places.text(root, f"./{place}/source/@file"))
        yield from ((path, False) for path in named if path)
    for disk in root.iterfind("devices/disk"):
        fmt = places.text(disk, "./driver/@type")
        for source in disk.iter("source"):
            above = source.getparent()
            top = DiskSource.read(source).path_on(chains.host)
            if top:
                yield top, above is not None and above.tag == "backingStore"
                yield from ((path, True) for path in chains.under(top, fmt if above is disk else ""))
    for filesystem in root.iterfind("devices/filesystem/source"):
        yield from ((path, False) for path in (filesystem.get("file"), filesystem.get("dev")) if path)
    for entry in root.iterfind("sysinfo/entry"):
        if entry.get("file"):
            yield entry.get("file", ""), False


class User(Record):
    """Who uses a path: the guest or the volume `name`. `is_based` means that an image of it has the path below it."""

    name: str
    is_guest: bool = True
    is_based: bool = False

    def describe(self) -> str:
        """Return who it is, and how the path is used."""
        if self.is_guest:
            return f"used by guest '{self.name}'"
        return f"used as backing image by volume {self.name}"


class PathUsers:
    """Who uses the paths of a host. The first question reads all guests.

    `own` are the UUIDs of guests to ignore, `new_images` the paths of images that do not count as users.
    `restored` has the definitions that will be restored, by guest UUID. With `all_pools` the images in all active pools
    are asked for their backing files, otherwise only those in the pool of a path.
    """

    def __init__(
        self,
        host: Host,
        own: frozenset[str],
        new_images: frozenset[str],
        restored: Mapping[str, str] = _NONE,
        *,
        all_pools: bool = False,
    ) -> None:
        self.host = host
        self.chains = Chains(host)
        self._own, self._new_images, self._restored, self._all_pools = own, new_images, restored, all_pools
        self._guests: dict[str, User] | None = None
        self._images: dict[str, User] | None = None
        self._secrets: dict[str, User] = {}
        self._raw: set[str] = set()

    def find(self, path: str) -> User | None:
        """Return who uses a path, first of all an image that is based on it; None for nobody."""
        known, real = self._by_guests(), self.chains.real(path)
        user = known.get(path) or known.get(real)
        if user is not None:
            return user
        return self._by_images().get(real) if self._all_pools else self._volume_beside(path)

    def find_secret(self, uuid: str) -> User | None:
        """Return who uses the secret with this UUID; None for nobody."""
        self._by_guests()
        self._by_images()
        return self._secrets.get(uuid)

    # -- guests -----------------------------------------------------------------------------------

    def _by_guests(self) -> dict[str, User]:
        """Return every path that another guest needs, running or stored."""
        if self._guests is not None:
            return self._guests
        self._guests = {}
        for inactive in (False, True):
            for text in self.host.guests.documents(inactive=inactive):
                root = tree.parse(text)
                uuid = places.text(root, "./uuid")
                if uuid in self._restored and (inactive or root.get("id") is None):  # what runs is not what is stored
                    root = tree.parse(self._restored[uuid])
                if uuid not in self._own:
                    self._read_guest(root, places.text(root, "./name"), self._guests)
        return self._guests

    def _read_guest(self, root: Element, name: str, known: dict[str, User]) -> None:
        for place, is_based in list_uses(self.chains, root):
            for path in (place, self.chains.real(place)):
                if path not in known or is_based:
                    known[path] = User(name, is_based=is_based)
        for disk in root.iterfind("devices/disk"):
            if places.text(disk, "./driver/@type") == "raw":
                self._raw.add(self.chains.real(DiskSource.of(disk).path_on(self.host)))
        for path in list_output_files(root):
            known.setdefault(path, User(name))
        for secret in root.iter("secret"):
            self._secrets.setdefault(secret.get("uuid", ""), User(name))
        for tpm in root.iterfind("devices/tpm/backend/encryption"):
            self._secrets.setdefault(tpm.get("secret", ""), User(name))

    # -- images -----------------------------------------------------------------------------------

    def _by_images(self) -> dict[str, User]:
        """Return every path that an image in an active pool has as its backing file.

        What a guest uses as raw has none, whatever its bytes claim.
        """
        if self._images is not None:
            return self._images
        self._by_guests()
        self._images = {}
        for pool in self.host.storage.pools():
            for volume in self._list_volumes(pool.name) if pool.active else ():
                if volume.path in self._new_images or self.chains.real(volume.path) in self._raw:
                    continue
                user = User(volume.name, is_guest=False, is_based=True)
                below = self.chains.under(volume.path, volume.format) if volume.backing_path else ()
                for path in filter(None, (volume.backing_path, *below)):
                    self._images.setdefault(self.chains.real(path), user)
                for secret in tree.parse(volume.xml).iter("secret"):
                    self._secrets.setdefault(secret.get("uuid", ""), user)
        return self._images

    def _list_volumes(self, pool: str) -> Iterator[VolumeInfo]:
        """Return the volumes of a pool that are based on others, or encrypted, also those that were just created."""
        try:
            self.host.storage.refresh_pool(pool)
        except HostError:  # a volume is being created in it, or it has just been removed
            if self.host.storage.pool(pool) is None:
                return
        yield from self.host.storage.volumes(pool, parts=("backingStore", "secret"))

    def _volume_beside(self, path: str) -> User | None:
        """Return an image in the same pool that has this path as its backing file."""
        pool = self.host.storage.pool_at(os.path.dirname(path)) if path.startswith("/") else None
        if pool is None or not pool.active:
            return None
        for volume in self.host.storage.volumes(pool.name):
            if volume.backing_path == path and volume.path not in self._new_images:
                return User(volume.name, is_guest=False, is_based=True)
        return None


def users_of(
    host: Host,
    own: frozenset[str],
    new_images: frozenset[str],
    restored: Mapping[str, str] = _NONE,
    *,
    all_pools: bool = False,
) -> Callable[[str], str]:
    """Return a function that tells who uses a path, such as "used by guest 'web'"; "" for nobody.

    The parameters are those of PathUsers.
    """
    users = PathUsers(host, own, new_images, restored, all_pools=all_pools)

    def user_of(path: str) -> str:
        user = users.find(path)
        return user.describe() if user is not None else ""

    return user_of
