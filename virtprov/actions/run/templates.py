"""Templates: the state of their disks, and what is refused while the disks of clones depend on them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import OTHERS, OURS, Evidence, Standing
from virtprov.actions.run.children import find_children
from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.guest.marks.template_mark import Image, Mark
from virtprov.support.errors import HostError
from virtprov.support.text import join_words
from virtprov.xml import path as places

if TYPE_CHECKING:
    from virtprov.guest.host_view import HostView
    from virtprov.xml.tree import Element

_FEW = 3
"""Up to this many clones are named in a message; more are counted."""


def read_image(host: HostView, disk: Element) -> Image:
    """Return the current state of a disk: of the file if it is on this machine, otherwise as its pool reports it.

    Writes to block devices leave no trace that could be compared.
    """
    source = DiskSource.of(disk)
    place = source.path_on(host) or source.location
    here = _read_here(host, place)
    if here is not None:
        return here
    volume = source.volume_on(host)
    if volume is None or volume.type != "file":
        return Image(place)
    return Image(place, volume.physical, volume.mtime)


def _read_here(host: HostView, place: str) -> Image | None:
    """Return the current state of a file or device of this machine; None for any other."""
    if not place.startswith("/") or host.is_remote or host.is_recorded:
        return None
    try:
        seen = os.stat(place)
    except OSError:
        return None
    if not stat.S_ISREG(seen.st_mode):
        return Image(place)
    seconds, rest = divmod(seen.st_mtime_ns, 10**9)
    return Image(place, seen.st_size, f"{seconds}.{rest:09d}", stat.S_IMODE(seen.st_mode))


def make_mark(host: HostView, guest: Guest) -> Mark:
    """Return the mark for a guest with its disks as they are now.

    The permissions and autostart from before an older mark are kept.
    """
    old = template_mark.read(guest) or Mark()
    images = []
    for image in _read_images(host, guest):
        known = old.image(image.path)
        if known is not None and known.mode is not None:
            image = image._replace(mode=known.mode)
        if image.path:
            images.append(image)
    return Mark(tuple(images), old.autostart or host.guests.autostart(guest.name))


def find_changed(host: HostView, guest: Guest) -> list[str]:
    """Return the paths of the disks of a template that were written after it was marked."""
    return _list_changed(template_mark.read(guest) or Mark(), _read_images(host, guest))


def _read_images(host: HostView, guest: Guest) -> list[Image]:
    """Return the state of each disk, and of the files that hold the data of an image (`data_file=`)."""
    images = [read_image(host, disk) for disk in template_mark.list_base_disks(guest)]
    data = (_read_here(host, path) for path in list_data_files(host, guest))
    return [*images, *(image for image in data if image is not None)]


def list_data_files(host: HostView, guest: Guest) -> list[str]:
    """Return the paths of the external data files of a template's disks."""
    chains = Chains(host)
    files = [
        path
        for disk in template_mark.list_base_disks(guest)
        for path in chains.data_of(DiskSource.of(disk).path_on(host), places.text(disk, "./driver/@type"))
    ]
    return list(dict.fromkeys(files))


def _list_changed(mark: Mark, images: list[Image]) -> list[str]:
    return [now.path for now in images if (known := mark.image(now.path)) is not None and known.is_changed(now)]


def refuse_changed(host: HostView, guest: Guest) -> None:
    """Raise HostError if a disk of a template was written after it was marked: clones on top of it may be damaged.

    The same for a disk that it has got since, which is not protected.
    """
    hint = f"if that is as intended, record the current state with `virtprov-xml {guest.name} --template yes`"
    mark, images = template_mark.read(guest) or Mark(), _read_images(host, guest)
    new = [image.path for image in images if image.path and mark.image(image.path) is None]
    if new:
        raise HostError(f"{join_words(new)} was added to template '{guest.name}' after it was marked", hint=hint)
    changed = _list_changed(mark, images)
    if changed:
        raise HostError(
            f"{join_words(changed)} of template '{guest.name}' has been written to since the guest was marked, so "
            "earlier linked clones may be damaged",
            hint=hint,
        )


def check_candidate(host: HostView, guest: Guest) -> None:
    """Raise HostError for a guest that cannot become a template. Reads every guest.

    It has no disk of its own, another guest writes to one, or it would continue to write to them from a saved state.
    """
    if not template_mark.list_base_disks(guest):
        raise HostError(
            f"'{guest.name}' has no disk of its own on which a clone could be based",
            hint="read-only, shareable and empty drives do not count",
        )
    if host.guests.kept_states(guest.uuid).saved:
        raise HostError(
            f"'{guest.name}' cannot become a template: it has a saved state, from which it would continue",
            hint=f"start it and shut it down, or delete the state with `virsh managedsave-remove {guest.name}`",
        )
    child = next((child for child in find_children(host, guest) if child.shares), None)
    if child is not None:
        raise HostError(
            f"'{guest.name}' cannot become a template: {child.label} writes to its disk {child.disk}",
            hint="give that guest its own disk first",
        )


def list_dependent(host: HostView, guest: Guest) -> list[str]:
    """Return the guests and images on top of the disks of a guest, in words. Reads every guest."""
    return list(dict.fromkeys(child.label for child in find_children(host, guest) if not child.shares))


def refuse_dependent(host: HostView, guest: Guest, what: str) -> None:
    """Raise HostError if other guests or images depend on the disks of a guest.

    `what` is what cannot be done to it, such as "started". Reads every guest.
    """
    names = list_dependent(host, guest)
    if names:
        more = len(names) - _FEW
        listed = join_words([*names[:_FEW], f"{more} more"] if more > 0 else names)
        raise HostError(
            f"'{guest.name}' cannot be {what}: its disks are the backing images of {listed}",
            hint="remove them first, or make a full clone and use that",
        )


def find_use(host: HostView, uuid: str) -> str:
    """Return why a guest has to stay a template, in words; "" if it is none, or if nothing depends on its disks."""
    info = host.guests.find(uuid)
    guest = Guest.parse(host.guests.xml(uuid, inactive=True)) if info is not None else None
    if guest is None or not template_mark.is_marked(guest):
        return ""
    names = list_dependent(host, guest)
    return f"the disks of template '{guest.name}' are the backing images of {join_words(names)}" if names else ""


def judge_by_clones(host: HostView, uuid: str, evidence: Evidence) -> Standing:
    """Return OTHERS for a template on whose disks something depends, OURS for any other guest."""
    user = find_use(host, uuid) if evidence.use_of is None else evidence.use_of(uuid)
    return Standing(OTHERS, user) if user else Standing(OURS)


def refuse_template(host: HostView, guest: Guest, what: str) -> None:
    """Do the same for a guest that is marked as a template; others are not looked at."""
    if template_mark.is_marked(guest):
        refuse_dependent(host, guest, what)
