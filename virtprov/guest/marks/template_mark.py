"""The mark in a guest's metadata that it is a template: linked clones stand on its disks.

    <virtprov:guest template="yes" autostart="yes">
      <virtprov:base path="/srv/images/web.qcow2" size="1073741824" mtime="1764000000.5" mode="0644"/>
    </virtprov:guest>

There is one `base` for each disk: its state when the guest was marked, and the permissions that it had before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.source import DiskSource
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.document import Guest
    from virtprov.xml.tree import Element

_GUEST = "./metadata/virtprov:guest"
_BASE = "virtprov:base"
_MARK, _AUTOSTART = f"{_GUEST}/@template", f"{_GUEST}/@autostart"
READ_ONLY = 0o444
"""The permissions of the disks of a template."""


class Image(Record):
    """A disk of a template: its path, its size in bytes, and when it was last written.

    `mtime` is in seconds since 1970, as text with fractions; "" if it is unknown, as `size` is if it is 0. `mode` are
    the permissions before it became a template, None if they are unknown.
    """

    path: str
    size: int = 0
    mtime: str = ""
    mode: int | None = None

    def is_changed(self, now: Image) -> bool:
        """Return whether the image was written between this state and `now`; what is unknown is not compared."""
        if self.size and now.size and self.size != now.size:
            return True
        return bool(self.mtime and now.mtime) and _time(self.mtime) != _time(now.mtime)


class Mark(Record):
    """A guest's mark: the disks as they were, and whether the guest started with the host before."""

    images: tuple[Image, ...] = ()
    autostart: bool = False

    def image(self, place: str) -> Image | None:
        """Return the recorded state of the disk with this path."""
        return next((image for image in self.images if image.path == place), None)


def is_marked(guest: Guest) -> bool:
    """Return whether the guest is a template."""
    return guest.get(_MARK) == "yes"


def read(guest: Guest) -> Mark | None:
    """Return the mark of a guest; None for a guest that is not a template. Values that cannot be read are unknown."""
    if not is_marked(guest):
        return None
    box = path.find(guest.root, _GUEST)
    images = () if box is None else tuple(_read_image(node) for node in tree.children(box, _BASE))
    return Mark(images, guest.get(_AUTOSTART) == "yes")


def _read_image(node: Element) -> Image:
    size, mode, mtime = node.get("size", ""), node.get("mode", ""), node.get("mtime", "")
    is_octal = 0 < len(mode) <= 4 and not mode.strip("01234567")
    return Image(
        node.get("path", ""),
        int(size) if size.isascii() and size.isdecimal() and len(size) < 20 else 0,
        mtime if _time(mtime) is not None else "",
        int(mode, 8) & 0o666 if is_octal else None,
    )


def _time(text: str) -> tuple[int, int] | None:
    """Return seconds and nanoseconds; None for text that is not a time."""
    seconds, _, rest = text.partition(".")
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 12):
        return None
    if rest and not (rest.isascii() and rest.isdecimal()):
        return None
    return int(seconds), int(rest[:9].ljust(9, "0"))


def write(guest: Guest, mark: Mark) -> None:
    """Mark a guest as a template, in place of an older mark."""
    remove(guest)
    guest.put(_MARK, "yes")
    guest.put(_AUTOSTART, "yes" if mark.autostart else None)
    box = guest.ensure(_GUEST)
    for image in mark.images:
        facts = {"path": image.path}
        facts |= {"size": str(image.size)} if image.size else {}
        facts |= {"mtime": image.mtime} if image.mtime else {}
        facts |= {"mode": f"{image.mode:04o}"} if image.mode is not None else {}
        tree.add(box, tree.element(_BASE, None, facts))


def remove(guest: Guest) -> None:
    """Remove the mark from a guest; other metadata stay."""
    box = path.find(guest.root, _GUEST)
    if box is None or not (box.get("template") or box.get("autostart") or tree.children(box, _BASE)):
        return
    for node in tree.children(box, _BASE):
        tree.remove(node)
    guest.put(_AUTOSTART, None)
    guest.put(_MARK, None)


def list_base_disks(guest: Guest) -> list[Element]:
    """Return the disks on which linked clones can stand: those that only this guest writes to."""
    return [
        disk
        for disk in guest.disks()
        if disk.get("device", "disk") in ("disk", "lun")
        and tree.child(disk, "readonly") is None
        and tree.child(disk, "shareable") is None
        and DiskSource.of(disk).kind
    ]
