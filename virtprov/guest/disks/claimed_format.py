"""The format of an existing guest's disk: as in the guest's XML, not as its bytes claim.

A guest can write any header into a raw disk, including one with a host file as backing file; therefore libvirt has
advised since CVE-2010-2237 never to detect the format of such a disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.checks.in_use import is_named, places_of, sources_of
from virtprov.guest.disks.source import FILE, DiskSource
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.checks import Others
    from virtprov.guest.disks.existing import DetectedImage
    from virtprov.guest.host_view import HostView
    from virtprov.host.facts.info import VolumeInfo
    from virtprov.xml.tree import Element


PLAIN = ("", "raw", "iso", "none", "unknown")
"""Formats reported by pools whose bytes are copied unchanged."""


def read_declared_format(disk: Element, driver: str) -> str:
    """Return the format in which a guest uses its disk; QEMU uses raw if none is given. "" if it does not matter."""
    said = path.text(disk, "./driver/@type")
    return said or ("raw" if driver == "qemu" else "")


def refuse_made_up(host: HostView, images: tuple[DetectedImage, ...], others: Others) -> None:
    """Raise HostError for an image that a guest uses as raw, but whose bytes claim another format."""
    chains = Chains(host)
    for image in images:
        if image.format in ("", "raw"):
            continue
        names = dict.fromkeys((image.path, chains.real(image.path)))  # whatever links lead there
        places = {place: word for name in names for place, word in places_of(host, DiskSource(FILE, name)).items()}
        for text in others.texts():
            if is_named(chains, text, places):
                _compare(chains, image, set(places), Guest.parse(text))


def _compare(chains: Chains, image: DetectedImage, places: set[str], guest: Guest) -> None:
    for disk in guest.disks():
        written = tree.child(disk, "readonly") is None and read_declared_format(disk, chains.host.driver) == "raw"
        names = {source.location for source in sources_of(disk)} if written else set()
        if places & (names | {chains.real(name) for name in names}):
            raise HostError(
                f"{image.path} is a raw disk of guest '{guest.name}', but looks like {image.format}: the guest "
                "may have written such a header in order to read files of the host",
                hint=f"add {image.words}=raw, or ={image.format} if you are sure that it is correct"
                if image.words
                else f"upload a copy: `qemu-img convert -f raw -O raw {image.path} COPY`",
            )


def is_told_otherwise(declared: str, volume: VolumeInfo) -> bool:
    """Return whether a pool detects another format than the guest uses; the guest may have written that header."""
    return bool(declared) and volume.format not in PLAIN and volume.format != declared


def unlike(where: str, declared: str, seen: str) -> HostError:
    """Return the error for a disk that can neither be copied byte by byte nor read in the format of the pool."""
    return HostError(
        f"{where} is a {declared} disk of the original, but its storage pool detects {seen}: the host would not "
        "copy what the guest sees",
        hint="use --skip-copy to share it; or copy it yourself, and use --preserve-data --file COPY",
    )
