"""Find what depends on the disks of a guest: other guests, and images whose backing image is one of the disks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.path_users import list_needed
from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.source import DiskSource
from virtprov.support.frozen import Record
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.guest.document import Guest
    from virtprov.guest.host_view import HostView

MOST_FILES = 20_000
"""How many files of a folder are looked at."""


class Child(Record):
    """What depends on the `disk` (a path) of a guest: the guest named `guest`, or the `image`, which no guest uses.

    One of both is "". `shares` means that the guest writes to the disk itself, not to an image on top of it.
    """

    disk: str
    guest: str = ""
    image: str = ""
    shares: bool = False

    @property
    def label(self) -> str:
        """The child in words."""
        kind, name = ("guest", f"'{self.guest}'") if self.guest else ("image", self.image)
        return f"{kind} {name}"


def find_children(host: HostView, domain: Guest) -> tuple[Child, ...]:
    """Return everything that depends on the disks of a guest; each guest or image once for each disk.

    Reads every guest of the host, running and stored, the volumes in the folders of the disks, and, on this machine,
    the headers of the images there. Drives that are empty, read-only or on the network are not looked at. Raises
    HostError if the host does not answer.
    """
    return _Search(host, domain).find()


class _Search:
    """Compares the disks of one guest with what others need. Paths are compared with and without symbolic links."""

    def __init__(self, host: HostView, domain: Guest) -> None:
        self.host, self.uuid = host, domain.uuid.lower()
        self.chains = Chains(host)
        self.disks: dict[str, str] = {}
        for disk in domain.disks():
            place = self._place(DiskSource.of(disk)) if tree.child(disk, "readonly") is None else ""
            if place:
                self.disks[place] = self.disks[self.chains.real(place)] = place

    def find(self) -> tuple[Child, ...]:
        """Return the children."""
        if not self.disks:
            return ()
        guests, needed = self._find_guests()
        images = (child for child in self._find_images() if self.chains.real(child.image) not in needed)
        return (*guests, *images)

    def _place(self, source: DiskSource) -> str:
        return source.path_on(self.host) or source.location

    def _find_guests(self) -> tuple[list[Child], set[str]]:
        """Return the guests, and every path that any guest needs."""
        results: dict[Child, None] = {}
        every: set[str] = set()
        for inactive in (False, True):
            for text in self.host.guests.documents(inactive=inactive):
                root = tree.parse(text)
                needed = {self.chains.real(place) for place in list_needed(self.chains, root)}
                every |= needed
                if places.text(root, "./uuid").lower() == self.uuid:
                    continue
                disks = (disk for disk in root.iterfind("devices/disk") if tree.child(disk, "readonly") is None)
                tops = {self.chains.real(self._place(DiskSource.of(disk))) for disk in disks}
                for place in needed & self.disks.keys():
                    name = places.text(root, "./name")
                    results[Child(self.disks[place], guest=name, shares=place in tops)] = None
        return sorted(results), every

    def _find_images(self) -> Iterator[Child]:
        """Return the images beside the disks, known to libvirt or not, that have one of them below."""
        folders = dict.fromkeys(os.path.dirname(disk) for disk in self.disks.values() if disk.startswith("/"))
        for folder in folders:
            for image in dict.fromkeys((*self._list_volumes(folder), *self._list_files(folder))):
                places_below = map(self.chains.real, self.chains.under(image))
                below = next((place for place in places_below if place in self.disks), None)
                if below is not None and image not in self.disks:
                    yield Child(self.disks[below], image=image)

    def _list_volumes(self, folder: str) -> Iterator[str]:
        pool = self.host.storage.pool_at(folder)
        if pool is not None and pool.active:
            yield from (volume.path for volume in self.host.storage.volumes(pool.name) if volume.backing_path)

    def _list_files(self, folder: str) -> list[str]:
        """Return the files of a folder of this machine; libvirt only knows those of its last refresh."""
        if self.host.is_remote or self.host.is_recorded:
            return []
        try:
            with os.scandir(folder) as entries:
                files = [entry.path for entry in entries if entry.is_file(follow_symlinks=False)]
        except OSError:
            return []
        return sorted(files)[:MOST_FILES]
