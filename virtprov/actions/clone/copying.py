"""Choose the step that copies a disk: virtprov itself, the host, or the host through this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.clone.places import FIXED
from virtprov.actions.steps import storage
from virtprov.actions.steps.local_files import CopyFile
from virtprov.guest.disks.claimed_format import PLAIN, is_told_otherwise, unlike
from virtprov.support.errors import HostError, UsageError
from virtprov.support.file_access.files import is_block_device
from virtprov.xml import path

if TYPE_CHECKING:
    from virtprov.actions.clone.places import Destination, Original
    from virtprov.actions.clone.space import Space
    from virtprov.actions.request import CloneRequest
    from virtprov.actions.run.plan import Step
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import VolumeInfo
    from virtprov.xml.tree import Element

WITHOUT_COPY = "use --skip-copy or --preserve-data for it; or --check path_exists=off with --print-xml"


class Copier:
    """Returns the steps for the copies of one clone, and asks for their space."""

    def __init__(self, request: CloneRequest, host: Host, space: Space, warnings: list[str]) -> None:
        self.request, self.host = request, host
        self.space = space
        self.warnings = warnings

    def choose(self, disk: Element, origin: Original, to: Destination, fmt: str, wanted: str) -> Step:
        """Return the step that copies a disk, which its guest uses as `fmt`, and that converts it to `wanted`.

        Raises HostError for a disk that cannot be copied, UsageError for a place that cannot hold the copy.
        """
        if origin.is_on_network or (to.pool is not None and to.pool.type == "rbd"):
            return self._within_pool(disk, origin, to)
        is_missing = not (self.host.is_remote or origin.volume is not None or os.path.exists(origin.path))
        if is_missing and not self.request.checks.path_exists:
            return CopyFile(origin.path, to.path, self.request.sparse, self.request.reflink)
        if is_missing:
            raise HostError(f"the original's disk {origin.path} does not exist", hint=WITHOUT_COPY)
        self._check_place(disk, to, "" if wanted == fmt and _is_device(origin) else wanted)
        if wanted != fmt:
            return self._convert(disk, origin, to, fmt, wanted)
        if self._is_done_here(origin, to, fmt):
            return self._copy_file(origin, to)
        source = origin.volume
        if source is None:
            return self._copy_outside(origin, to, fmt)
        if is_told_otherwise(fmt, source):
            return self._copy_bytes(source, to, fmt)
        return self._copy_volume(source, to, fmt)

    def _check_place(self, disk: Element, to: Destination, wanted: str) -> None:
        """Raise UsageError for a directory of this machine that does not exist, and for a format that does not fit.

        It does the same for /dev, where a file would take memory, and for pools whose volumes exist already.
        """
        in_devices = to.path.startswith("/dev/") and not to.path.startswith("/dev/shm/")
        is_fixed = to.pool.type in FIXED if to.pool is not None else in_devices
        if is_fixed and not (to.onto_device or self.host.is_recorded):
            target = path.text(disk, "./target/@dev")
            raise UsageError(
                f"{to.option}: no such device"
                if to.is_given
                else f"no path can be generated for the copy of {target}, which is a device",
                hint=f"give a device that exists, or another path, with --copy {target},path=PATH; or --pool NAME",
            )
        is_here = not (self.host.is_remote or self.host.is_recorded)
        directory = os.path.dirname(to.path)
        if is_here and to.pool is None and not to.onto_device and not os.path.isdir(directory):
            raise UsageError(
                f"{to.option}: the directory {directory} does not exist",
                hint="create it, or give another path",
            )
        if wanted not in PLAIN and not to.takes_images and to.pool is not None:
            target = path.text(disk, "./target/@dev")
            raise UsageError(
                f"--copy {target},format={wanted}: pool '{to.pool.name}' holds raw data only", hint="use format=raw"
            )

    # -- by virtprov -------------------------------------------------------------------------------

    def _is_done_here(self, origin: Original, to: Destination, fmt: str) -> bool:
        """Return whether this process can read the disk and write the copy, which then has the same bytes."""
        if self.host.is_remote or not os.access(origin.path, os.R_OK):
            return False
        if origin.volume is not None and origin.volume.type not in ("file", "block"):
            return False
        if to.onto_device:
            return True
        if not to.takes_images:
            return False
        return os.access(os.path.dirname(to.path), os.W_OK) and (
            fmt == "raw" or _stands_alone(origin.path, to.path, fmt)
        )

    def _copy_file(self, origin: Original, to: Destination) -> Step:
        if not to.onto_device:
            facts = os.stat(origin.path)
            size = facts.st_size or (origin.volume.capacity if origin.volume is not None else 0)
            need = size if is_block_device(origin.path) else min(facts.st_blocks * 512, size)
            self._ask(origin.path, need, size, to)
        request = self.request
        return CopyFile(origin.path, to.path, request.sparse, request.reflink, request.checks.disk_size)

    # -- by the host -------------------------------------------------------------------------------

    def _copy_outside(self, origin: Original, to: Destination, fmt: str) -> Step:
        """Let the host copy a disk that is not in any of its pools, through temporary pools."""
        source = self._describe_outside(origin.path, fmt)
        self._ask(source.path, source.allocation, source.capacity, to)
        return storage.CopyDisk(source, to.path, reflink=self.request.reflink, sparse=self.request.sparse, declared=fmt)

    def _copy_volume(self, source: VolumeInfo, to: Destination, fmt: str) -> Step:
        """Let the host copy a volume of a pool."""
        request = self.request
        is_logical = to.pool is not None and to.pool.type == "logical"
        self._ask(source.path, source.capacity if is_logical else source.allocation, source.capacity, to)
        share = request.reflink and source.type == "file" and source.format == "raw"
        if request.reflink and not share:
            kind = source.format or f"{source.type} volumes"
            self.warnings.append(f"{source.path} is copied in full: the host cannot share the blocks of {kind}")
        return storage.CopyDisk(source, to.path, reflink=share, sparse=request.sparse and not is_logical, declared=fmt)

    def _copy_bytes(self, source: VolumeInfo, to: Destination, fmt: str) -> Step:
        """Copy a disk for which the pool and the guest assume different formats: its bytes go through this machine."""
        if self.host.is_recorded:  # whose files are elsewhere: the step would refuse
            return storage.CopyDisk(source, to.path, declared=fmt)
        size = source.physical
        if not size or not to.takes_images:
            raise unlike(source.path, fmt, source.format)
        self._ask(source.path, source.allocation, size, to)
        return storage.PourDisk(source, to.path, size)

    def _within_pool(self, disk: Element, origin: Original, to: Destination) -> Step:
        """Let the host copy a disk on the network within its pool. Raises HostError for any other place."""
        volume, pool = origin.volume, to.pool
        if volume is None or pool is None or pool.name != volume.pool:
            target = path.text(disk, "./target/@dev")
            raise HostError(
                f"{target}: a disk can only be copied within its rbd pool, not into or out of one",
                hint=f"use --skip-copy {target} to share it, or copy it with `qemu-img convert`, and use "
                "--preserve-data --file COPY",
            )
        self._ask(origin.path, volume.allocation, volume.capacity, to)
        return storage.CopyDisk(volume, to.path, sparse=self.request.sparse, pool=pool.name)

    def _convert(self, disk: Element, origin: Original, to: Destination, fmt: str, wanted: str) -> Step:
        """Let the host convert a disk to another format."""
        target = path.text(disk, "./target/@dev")
        if to.onto_device:
            raise UsageError(
                f"--copy {target},format={wanted}: a disk cannot be converted onto the device {to.path}",
                hint="omit format=, or give another path",
            )
        if path.find(disk, "./source/encryption") is not None or path.find(disk, "./encryption") is not None:
            raise UsageError(
                f"--copy {target},format={wanted}: an encrypted disk cannot be converted", hint="omit format="
            )
        source = origin.volume or self._describe_outside(origin.path, fmt)
        if is_told_otherwise(fmt, source):
            raise unlike(source.path, fmt, source.format)
        if self.request.reflink:
            self.warnings.append(f"{origin.path} is copied in full: blocks are not shared with another format")
        need = source.allocation if to.takes_images else source.capacity
        self._ask(source.path, need, source.capacity, to, shares=False)
        return storage.CopyDisk(source, to.path, sparse=self.request.sparse, declared=fmt, format=wanted)

    def _describe_outside(self, where: str, fmt: str) -> VolumeInfo:
        """Describe a disk that is in none of the host's pools as a volume."""
        return _outside(where, fmt) if self.host.is_remote else _outside_here(where)

    def _ask(self, what: str, need: int, size: int, to: Destination, *, shares: bool = True) -> None:
        """Raise HostError if a copy does not fit; `need` is its size if it is sparse, `size` if it is not."""
        if not self.request.checks.disk_size or (self.request.reflink and shares):
            return
        amount = need if self.request.sparse else max(size, need)
        self.space.take(what, amount, os.path.dirname(to.path), to.pool)


def new_format(origin: Original, to: Destination, fmt: str, chosen: str) -> str:
    """Return the format of a copy: the chosen one; raw where libvirt unpacks an image; otherwise that of the disk.

    libvirt unpacks an image file whose copy is a logical volume; from one logical volume to another it copies bytes.
    """
    if chosen:
        return chosen
    return "raw" if not (fmt in PLAIN or to.takes_images or _is_device(origin)) else fmt


def _is_device(origin: Original) -> bool:
    return origin.volume is not None and origin.volume.type == "block"


def _stands_alone(where: str, target: str, fmt: str) -> bool:
    """Return whether a copy of an image needs only its bytes.

    It needs more if a relative backing file would not be found from the copy's directory, or if other files hold data.
    """
    from virtprov.support.file_access.image_header import probe

    seen = probe(where)
    if seen is None or (fmt and seen.format == "raw"):
        return True
    plain = seen.backing and not seen.backing.startswith(("/", "json:")) and "://" not in seen.backing
    leans = bool(plain) and os.path.dirname(where) != os.path.dirname(target)
    return not leans and not seen.data


def _outside_here(where: str) -> VolumeInfo:
    """Describe a file of this machine that is outside of all pools as a volume."""
    from virtprov.support.file_access.image_header import probe

    image = probe(where)
    size = os.path.getsize(where)
    return _outside(where, image.format if image else "raw")._replace(
        capacity=image.size if image and image.size else size,
        allocation=min(size, os.stat(where).st_blocks * 512),
        backing_path=image.backing if image else "",
    )


def _outside(where: str, fmt: str) -> VolumeInfo:
    """Describe a file of the host that is outside of all pools as a volume."""
    from virtprov.host.facts.info import VolumeInfo

    return VolumeInfo("", os.path.basename(where), where, where, "file", fmt or "raw", 0, 0, "", "", "")
