"""The format of a disk that a guest has already: what that guest's driver is told, not what the disk's bytes say.

A guest can write any header into a raw disk, one that names a file of the host as backing file included; libvirt's
advice since CVE-2010-2237 is never to tell the format of such a disk by looking into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.in_use import places_of, sources_of
from virtprov.guest.disks.source import FILE, DiskSource
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.checks import Others
    from virtprov.guest.disks.existing import Told
    from virtprov.guest.host_view import HostView
    from virtprov.host.info import VolumeInfo
    from virtprov.xml.tree import Element


PLAIN = ("", "raw", "iso", "none", "unknown")
"""What pools say of volumes whose bytes are copied as they are."""


def declared(disk: Element, driver: str) -> str:
    """The format in which a guest's disk is used; QEMU takes one without a word for raw. "" when it does not matter."""
    said = path.get(disk, "./driver/@type") or ""
    return said or ("raw" if driver == "qemu" else "")


def refuse_made_up(host: HostView, images: tuple[Told, ...], others: Others) -> None:
    """Raise HostError for an image that a guest of the host writes to as raw, and whose bytes claim another format."""
    for image in images:
        if image.format in ("", "raw"):
            continue
        places = places_of(host, DiskSource(FILE, image.path))
        for text in others.texts():
            if any(word in text for word in places.values()):
                _compare(host, image, set(places), Guest.parse(text))


def _compare(host: HostView, image: Told, places: set[str], guest: Guest) -> None:
    for disk in guest.disks():
        written = tree.child(disk, "readonly") is None and declared(disk, host.driver) == "raw"
        if written and places & {source.spelled for source in sources_of(disk)}:
            raise HostError(
                f"{image.path} is a raw disk of the guest '{guest.name}', but its first bytes say {image.format}: the"
                " guest may have written them to read files of the host",
                hint=f"add {image.words}=raw, or ={image.format} if you know better",
            )


def is_told_otherwise(declared: str, volume: VolumeInfo) -> bool:
    """Whether a pool takes a disk for another format than its guest; the guest may have written what the pool saw."""
    return bool(declared) and volume.format not in PLAIN and volume.format != declared


def unlike(where: str, declared: str, seen: str) -> HostError:
    """What to say of a disk that cannot be copied byte by byte, and would be misread otherwise."""
    return HostError(
        f"{where} is a {declared} disk of the original, but its storage pool takes it for {seen}: the host would copy"
        " what the bytes claim, not what the guest sees",
        hint="copy it yourself and name the copy with --file and --preserve-data, or share it with --skip-copy",
    )
