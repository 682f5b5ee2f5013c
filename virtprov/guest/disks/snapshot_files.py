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
    """The paths of the images, and of the files with the contents of the memory.

    `steps` has a pair for each disk of each snapshot: the image that the guest got, and the one that it had before, ""
    if that is for several guests.
    """

    steps: tuple[tuple[str, str], ...] = ()
    memory: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[str, ...]:
        """The paths of all images, each once."""
        return tuple(dict.fromkeys(path for step in self.steps for path in step if path))


def read(host: HostView, documents: Iterable[str]) -> SnapshotFiles:
    """Return the files that the metadata of a guest's snapshots name, whether they exist or not."""
    steps, memory = list[tuple[str, str]](), list[str]()
    for text in documents:
        root = tree.parse(text)
        steps += _list_steps(host, root)
        if path.text(root, "./memory/@snapshot") == "external":
            memory.append(path.text(root, "./memory/@file"))
    return SnapshotFiles(tuple(dict.fromkeys(steps)), tuple(dict.fromkeys(filter(None, memory))))


def _list_steps(host: HostView, root: Element) -> Iterator[tuple[str, str]]:
    """Yield the pairs of one snapshot."""
    box = tree.child(root, "domain")
    before = {path.text(disk, "./target/@dev"): disk for disk in Guest(box).disks()} if box is not None else {}
    for part in root.iterfind("disks/disk"):
        source = tree.child(part, "source")
        if part.get("snapshot") != "external" or source is None:
            continue
        disk = before.get(part.get("name", ""))
        is_own = disk is not None and all(tree.child(disk, mark) is None for mark in ("readonly", "shareable"))
        old = DiskSource.of(disk).path_on(host) if disk is not None and is_own else ""
        yield DiskSource.read(source).path_on(host), old
