"""Files of a guest's external snapshots: the images before and after each of them, and the saved memory.

libvirt does not delete them with the metadata of the snapshots (virDomainUndefineFlags).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtprov.guest.host_view import HostView
    from virtprov.xml.tree import Element


class SnapshotFiles(Record):
    """The paths of the images, the latest snapshot's first, and of the files with the contents of the memory."""

    images: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()


def read(host: HostView, documents: Iterable[str]) -> SnapshotFiles:
    """Return the files that the metadata of a guest's snapshots name, whether they exist or not."""
    images, memory = list[str](), list[str]()
    for text in documents:
        root = tree.parse(text)
        images += _list_images(host, root)
        if path.text(root, "./memory/@snapshot") == "external":
            memory.append(path.text(root, "./memory/@file"))
    return SnapshotFiles(tuple(dict.fromkeys(filter(None, images))), tuple(dict.fromkeys(filter(None, memory))))


def _list_images(host: HostView, root: Element) -> Iterator[str]:
    """Yield the image that each disk got by an external snapshot, and the one that the guest wrote to before."""
    box = tree.child(root, "domain")
    before = {path.text(disk, "./target/@dev"): disk for disk in Guest(box).disks()} if box is not None else {}
    for part in root.iterfind("disks/disk"):
        source = tree.child(part, "source")
        if part.get("snapshot") != "external" or source is None:
            continue
        yield DiskSource.read(source).path_on(host)
        disk = before.get(part.get("name", ""))
        if disk is not None and not any(tree.child(disk, mark) is not None for mark in ("readonly", "shareable")):
            yield DiskSource.of(disk).path_on(host)
