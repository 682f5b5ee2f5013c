"""Looks before anything is written: is the name free, the address, the disk?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.view import HostView

_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", re.I)


def name_is_free(host: HostView, name: str) -> None:
    """Raise HostError when the host has a guest of this name."""
    if host.guest(name) is not None:
        raise HostError(
            f"the host has a guest '{name}' already", hint="give another --name, or remove that guest first"
        )


def mac_addresses(guest: Guest) -> list[str]:
    """Every address of the guest, in lower case; raises UsageError for one that is none."""
    found = []
    for nic in guest.devices("interface"):
        mac = (path.get(nic, "./mac/@address") or "").lower()
        if mac and mac != "random":
            check_mac(mac)
            found.append(mac)
    return found


def check_mac(mac: str) -> None:
    """Raise UsageError when this is no MAC address."""
    if not _MAC.fullmatch(mac):
        raise UsageError(f"'{mac}' is not a MAC address", hint="write six pairs, such as 52:54:00:12:34:56")


def given_macs_are_free(host: HostView, macs: list[str]) -> None:
    """Raise HostError when another guest has one of these addresses. Reads every guest: only for given ones."""
    if not macs:
        return
    for text in host.guest_documents():
        lowered = text.lower()
        for mac in macs:
            if mac in lowered and _has_mac(text, mac):
                owner = tree.find_text(tree.parse(text), "name")
                raise HostError(
                    f"the MAC address {mac} belongs to the guest '{owner}'",
                    hint="give another one, leave it out, or use --check mac_in_use=off",
                )


def _has_mac(text: str, mac: str) -> bool:
    return any(
        (path.get(nic, "./mac/@address") or "").lower() == mac for nic in Guest.parse(text).devices("interface")
    )


def disks_are_free(host: HostView, disks: list[Element], itself: str = "") -> None:
    """Raise HostError when another guest writes to the path of one of these disks, as its disk or below it."""
    wanted: dict[str, str] = {}
    for disk in disks:
        if tree.child(disk, "readonly") is None and tree.child(disk, "shareable") is None:
            wanted.update(_places(disk))
    if not wanted:
        return
    for text in host.guest_documents():
        if "<disk " in text:
            _refuse_shared(host, Guest.parse(text), wanted, itself)


def _places(disk: Element) -> dict[str, str]:
    """Where a disk's data lies -> a word that stands in the document of every guest that uses it."""
    source = path.get(disk, "./source/@file") or path.get(disk, "./source/@dev")
    if source:
        return {source: source}
    pool, volume = path.get(disk, "./source/@pool"), path.get(disk, "./source/@volume")
    return {f"{pool}/{volume}": volume} if pool and volume else {}


def _chain(host: HostView, places: dict[str, str]) -> Iterator[str]:
    """The places themselves and every image below them, as the host's pools know."""
    for where in places:
        yield where
        seen = {where}
        volume = host.volume_at(where) if where.startswith("/") else host.volume(*where.split("/", 1))
        if volume is not None and volume.path != where:
            yield volume.path
        while volume is not None and volume.backing_path and volume.backing_path not in seen:
            yield volume.backing_path
            seen.add(volume.backing_path)
            volume = host.volume_at(volume.backing_path)


def _refuse_shared(host: HostView, other: Guest, wanted: dict[str, str], itself: str) -> None:
    if other.name == itself:
        return
    for disk in other.disks():
        used = next((place for place in _chain(host, _places(disk)) if place in wanted), None)
        if used is not None:
            raise HostError(
                f"the disk {used} is in use by the guest '{other.name}'",
                hint="use another disk, shareable=on if both may write, or --check path_in_use=off",
            )
