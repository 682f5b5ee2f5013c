"""The mark in a guest's metadata that it has cloud-init, for systems of which that is not known anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.document import Guest

if TYPE_CHECKING:
    from virtprov.osinfo.profile import Profile

_MARK = "./metadata/virtprov:guest/@cloud-init"


def names_cloud_init(profile: Profile) -> bool:
    """Return whether the system is known to have images with cloud-init."""
    return any(image.cloud_init for image in profile.cloud_images())


def is_marked(guest: Guest) -> bool:
    """Return whether the guest had a cloud-init seed before, according to its metadata."""
    return guest.get(_MARK) == "yes"


def mark(guest: Guest, profile: Profile) -> None:
    """Note in the metadata of a guest that gets a seed that it has cloud-init."""
    if not names_cloud_init(profile):
        guest.put(_MARK, "yes")
