"""Which paths of a host are in use: by guests, and below the images that guests and pools have."""

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
    host: Host, own: frozenset[str], made: frozenset[str], back: Mapping[str, str] = _NONE
) -> Callable[[str], str]:
    """Who uses a path, in words such as "the guest 'web' uses it"; "" for nobody.

    `own` are the UUIDs of guests to leave out, `made` the paths of images that do not count as users themselves.
    `back` are, by UUID, the definitions that guests are about to get instead of those they have.
    Every guest is read with the first question.
    """
    known: dict[str, str] = {}
    read = False

    def user_of(path: str) -> str:
        nonlocal read
        if not read:
            for place, name in _used_by_guests(host, own, back):
                known.setdefault(place, f"the guest '{name}' uses it")
            read = True
        for place in (path, os.path.realpath(path) if not host.is_remote else path):
            if place in known:
                return known[place]
        return _volume_on(host, path, made)

    return user_of


def _used_by_guests(host: Host, own: frozenset[str], back: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Every path that a guest needs, as it runs or is stored, with the guest's name."""
    chains = Chains(host)
    for inactive in (False, True):
        for text in host.guests.documents(inactive=inactive):
            root = tree.parse(text)
            uuid = places.text(root, "./uuid")
            if uuid in back and (inactive or root.get("id") is None):  # what runs is not what is stored
                root = tree.parse(back[uuid])
            if uuid not in own:
                name = places.text(root, "./name")
                for place in _needed(chains, root):
                    yield place, name
                    yield chains.real(place), name


def _needed(chains: Chains, root: Element) -> Iterator[str]:
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


def _volume_on(host: Host, path: str, made: frozenset[str]) -> str:
    """Whether another image of the pool that holds the path stands on it, though no guest has that yet."""
    pool = host.storage.pool_at(os.path.dirname(path)) if path.startswith("/") else None
    if pool is None or not pool.active:
        return ""
    for volume in host.storage.volumes(pool.name):
        if volume.backing_path == path and volume.path not in made:
            return f"the volume {volume.name} stands on it"
    return ""
