"""Write the source and the driver of a disk into its XML."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from virtprov.guest.disks.source import ATTRIBUTE, DiskSource
from virtprov.support.errors import UsageError
from virtprov.xml import path as places
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.guest.disks.spec import DiskSpec
    from virtprov.guest.host_view import HostView


def write_host_path(disk: Element, kind: str, path: str) -> None:
    """Write a file, block device or directory of the host as the source."""
    disk.set("type", kind)
    _source(disk, **{ATTRIBUTE[kind]: path})


def refer(disk: Element, pool: str, volume: str) -> None:
    """Write a volume of a pool as the source: libvirt looks up its path whenever the guest starts."""
    disk.set("type", "volume")
    _source(disk, pool=pool, volume=volume)


def _source(disk: Element, **attrs: str) -> None:
    source = places.ensure(disk, "./source")
    for name in ("file", "dev", "dir", "pool", "volume"):
        source.attrib.pop(name, None)
    for name, value in attrs.items():
        source.set(name, value)


def describe(
    host: HostView, disk: Element, kind: str, fmt: str, spec: DiskSpec, *, qemu: bool, new: bool = False
) -> None:
    """Write driver name and format, discard for new sparse disks, and direct I/O for block devices.

    `fmt` is the actual format of the disk: for an existing disk, `format=` has no effect.
    """
    if host.driver == "xen":
        if spec.driver_name:  # the user's, which has formats of its own
            return
        _describe_for_xen(disk, kind, spec.driver_format or fmt)
    elif qemu:
        _describe_for_qemu(disk, kind, fmt, spec.driver_format, new)
    elif spec.driver_format:
        places.put(disk, "./driver/@type", spec.driver_format)


def _describe_for_xen(disk: Element, kind: str, fmt: str) -> None:
    places.put(disk, "./driver/@name", "phy" if kind == "block" else "qemu")
    if kind != "block" and fmt:
        places.put(disk, "./driver/@type", fmt)


def _describe_for_qemu(disk: Element, kind: str, fmt: str, said: str, new: bool) -> None:
    if places.get(disk, "./driver/@name") is None:
        places.put(disk, "./driver/@name", "qemu")
    if places.get(disk, "./driver/@type") is None and (said or fmt):
        places.put(disk, "./driver/@type", said or fmt)
    if disk.get("device", "disk") != "disk":
        return
    if kind == "block":
        _default(disk, "cache", "none")
        _default(disk, "io", "native")
    if (new or kind == "block") and fmt:
        _default(disk, "discard", "unmap")


def _default(disk: Element, name: str, value: str) -> None:
    where = f"./driver/@{name}"
    if places.get(disk, where) is None and not (name == "io" and places.get(disk, "./driver/@cache") != "none"):
        places.put(disk, where, value)


def settle_without_path(host: HostView, disk: Element, spec: DiskSpec, *, qemu: bool) -> None:
    """Complete an empty drive, or a disk with a complete source. Raises UsageError for anything else."""
    source = tree.child(disk, "source")
    if source is None or not (source.attrib or _says_where(source)):
        if disk.get("device", "disk") in ("disk", "lun") and spec.path is None and not disk.get("type"):
            raise UsageError(
                "--disk: neither a path nor a size given",
                hint="for example --disk size=20, --disk /path/image.qcow2, or --disk none",
            )
        if not disk.get("type"):
            disk.set("type", "file" if disk.get("device") in ("cdrom", "floppy") else "block")
        if disk.get("device", "disk") not in ("cdrom", "floppy"):
            describe(host, disk, disk.get("type", "file"), "", spec, qemu=qemu)
        return
    if not disk.get("type"):
        disk.set("type", DiskSource.of(disk).kind or "file")
    if disk.get("type") not in ("nvme", "vhostuser"):  # no driver of QEMU's block layer stands in between
        describe(host, disk, disk.get("type", "file"), "", spec, qemu=qemu)


def _says_where(source: Element) -> bool:
    return any(child.tag != "encryption" for child in source)


def kind_here(path: str) -> str:
    """Return `file`, `block` or `dir` for a local path, "" if it does not exist; raises UsageError for a FIFO."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return ""
    if stat.S_ISBLK(mode):
        return "block"
    if stat.S_ISDIR(mode):
        return "dir"
    if not stat.S_ISREG(mode) and path != os.devnull:
        raise UsageError(f"disk '{path}' is not a regular file", hint="give an image, an ISO or a block device")
    return "file"
