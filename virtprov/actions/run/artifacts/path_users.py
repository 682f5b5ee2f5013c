"""Find the paths of a host that are in use: by guests, and as backing files of images."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.source import DiskSource
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element

_NONE: Mapping[str, str] = {}
_BOOTED = ("os/kernel", "os/initrd", "os/dtb", "os/loader", "os/nvram")
"""Files that a guest needs to boot."""


def users_of(
    host: Host, own: frozenset[str], new_images: frozenset[str], restored: Mapping[str, str] = _NONE
) -> Callable[[str], str]:
    """Return a function that tells who uses a path, such as "used by guest 'web'"; "" for nobody.

    `own` are the UUIDs of guests to ignore, `new_images` the paths of images that do not count as users.
    `restored` has the definitions that will be restored, by guest UUID. The first question reads all guests.
    """
    users: dict[str, str] = {}
    read = False

    def user_of(path: str) -> str:
        nonlocal read
        if not read:
            for place, name in _used_by_guests(host, own, restored):
                users.setdefault(place, f"used by guest '{name}'")
            read = True
        for place in (path, os.path.realpath(path) if not host.is_remote else path):
            if place in users:
                return users[place]
        return _volume_on(host, path, new_images)

    return user_of


def _used_by_guests(host: Host, own: frozenset[str], restored: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return every path that a guest needs, running or stored, with the guest's name."""
    chains = Chains(host)
    for inactive in (False, True):
        for text in host.guests.documents(inactive=inactive):
            root = tree.parse(text)
            uuid = places.text(root, "./uuid")
            if uuid in restored and (inactive or root.get("id") is None):  # what runs is not what is stored
                root = tree.parse(restored[uuid])
            if uuid not in own:
                name = places.text(root, "./name")
                for place in list_needed(chains, root):
                    yield place, name
                    yield chains.real(place), name


def list_needed(chains: Chains, root: Element) -> Iterator[str]:
    """Return every path that a guest needs: boot files, disks and what is below them, files used as file systems."""
    for place in _BOOTED:
        yield from filter(None, (places.text(root, f"./{place}").strip(), places.text(root, f"./{place}/source/@file")))
    for disk in root.iterfind("devices/disk"):
        fmt = places.text(disk, "./driver/@type")
        for source in disk.iter("source"):
            top = DiskSource.read(source).path_on(chains.host)
            if top:
                yield top
                yield from chains.under(top, fmt if source.getparent() is disk else "")
    for filesystem in root.iterfind("devices/filesystem/source"):
        yield from filter(None, (filesystem.get("file"), filesystem.get("dev")))


def _volume_on(host: Host, path: str, new_images: frozenset[str]) -> str:
    """Return an image in the same pool that has this path as its backing file."""
    pool = host.storage.pool_at(os.path.dirname(path)) if path.startswith("/") else None
    if pool is None or not pool.active:
        return ""
    for volume in host.storage.volumes(pool.name):
        if volume.backing_path == path and volume.path not in new_images:
            return f"used as backing image by volume {volume.name}"
    return ""
