"""Decide for each disk of a cloned guest: copy it, base an image on it, share it, use an existing file, or none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.clone import linked
from virtprov.actions.clone.targets import Targets
from virtprov.actions.request import CloneRequest
from virtprov.actions.run.artifacts.pools_and_volumes import inactive
from virtprov.actions.run.plan import Step
from virtprov.actions.steps import storage
from virtprov.actions.steps.local_files import CopyFile, discard, put_aside
from virtprov.guest import identity
from virtprov.guest.disks.chains import Chains
from virtprov.guest.disks.claimed_format import is_told_otherwise, read_declared_format, unlike
from virtprov.guest.disks.source import ATTRIBUTE, FILE, VOLUME, DiskSource
from virtprov.guest.disks.source_element import write_host_path
from virtprov.guest.disks.volumes import FILE_POOLS
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError, InputError, UsageError
from virtprov.support.files import is_block_device
from virtprov.support.frozen import Record
from virtprov.support.regular import is_regular
from virtprov.support.text import first_free
from virtprov.support.units import show_gib
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.info import PoolInfo, VolumeInfo

COPIED, LINKED, SHARED, GIVEN, EMPTY, SEED = "copied", "linked", "shared", "given", "empty", "seed"


class DiskFate(Record):
    """One disk: its target name, the path of the original, the path of the copy, and one of the decisions above."""

    target: str
    source: str
    path: str
    fate: str


class DiskCopies(Record):
    """The decisions on all disks, the steps that copy them, and the steps to run after everything else."""

    fates: tuple[DiskFate, ...]
    steps: tuple[Step, ...]
    last: tuple[Step, ...]


def plan(request: CloneRequest, host: Host, guest: Guest, name: str, warnings: list[str]) -> DiskCopies:
    """Decide on every disk and write the new paths into `guest`.

    Raises UsageError for missing or invalid paths, HostError for disks that cannot be copied.
    """
    _check_targets(request, guest)
    own = set(filter(None, (_path(host, disk) for disk in guest.disks())))
    work = _Work(request, host, guest.name, name, warnings, Targets(request, host, own))
    for disk in guest.disks():
        work.settle(disk)
    work.finish()
    return DiskCopies(tuple(work.fates), tuple(work.steps), tuple(work.last))


def _check_targets(request: CloneRequest, guest: Guest) -> None:
    known = [*(_target(disk) for disk in guest.disks()), ALL]
    for option, words in (("--force-copy", request.force), ("--skip-copy", request.skip)):
        for word in sorted(words):
            if word not in known:
                raise UsageError(
                    f"{option} {word}: the guest has no disk with this name",
                    hint="its disks: " + ", ".join(known[:-1]) if known[1:] else "it has no disks",
                )


def _target(disk: Element) -> str:
    return path.text(disk, "./target/@dev")


_WITHOUT_COPY = "use --skip-copy or --preserve-data for it; or --check path_exists=off with --print-xml"
ALL = "all"
"""Stands for every disk in --skip-copy and --force-copy."""


class _Work:
    """Handles the disks one after the other and remembers which paths are taken."""

    def __init__(
        self,
        request: CloneRequest,
        host: Host,
        source: str,
        clone: str,
        warnings: list[str],
        targets: Targets,
    ) -> None:
        self.request, self.host = request, host
        self.source, self.clone = source, clone
        self.warnings = warnings
        self.targets = targets
        self.chains = Chains(host)
        self.last: list[Step] = []
        self.files = list(request.files)
        for file in () if host.is_remote else self.files:
            if not is_regular(file):
                raise InputError(f"--file {file} is not a regular file", hint="give a file or a block device")
        self.fates: list[DiskFate] = []
        self.steps: list[Step] = []
        self._taken: set[str] = set()
        self._missing: list[str] = []
        self._needed: dict[str, int] = {}

    def settle(self, disk: Element) -> None:
        """Decide on one disk."""
        where = _path(self.host, disk)
        if not self._is_copied(disk):
            has = tree.child(disk, "source") is not None
            self._note(disk, where, where if has else "", SHARED if has else EMPTY)
            return
        if not where:
            raise _unclonable(disk)
        given = bool(self.files)
        target = self._new_path(disk, where)
        if target is None:
            self._missing.append(_target(disk) or where)
            return
        if given:
            self.targets.check(disk, target)
        if self.request.preserve:
            self._check_given(target)
            _point(self.host, disk, target)
            self._note(disk, where, target, GIVEN)
        elif self._is_linked(disk):
            self._link(disk, where, target)
            self._note(disk, where, target, LINKED)
        else:
            self._copy(disk, where, target)
            self._note(disk, where, target, COPIED)

    def _note(self, disk: Element, where: str, target: str, fate: str) -> None:
        self.fates.append(DiskFate(_target(disk), where, target, fate))

    def finish(self) -> None:
        """Raise an error for disks without a path, and warn of paths that are not used."""
        if self._missing:
            raise UsageError(
                f"no file given for the copy of {', '.join(self._missing)}",
                hint="give --file PATH once for each disk, or --auto-clone to generate the paths",
            )
        for file in self.files:
            self.warnings.append(f"--file {file} is not used: the guest has no more disks to copy")

    def _is_copied(self, disk: Element) -> bool:
        """Return whether a disk is copied: by default not if it is empty, read-only or shareable."""
        target = _target(disk)
        if tree.child(disk, "source") is None or target in self.request.skip:
            return False
        if target in self.request.force:
            return True
        if ALL in self.request.skip:
            return False
        if ALL in self.request.force:
            return True
        if path.get(disk, "./transient/@shareBacking") == "yes":
            return False
        return not any(tree.child(disk, mark) is not None for mark in ("readonly", "shareable"))

    def _is_linked(self, disk: Element) -> bool:
        """Return whether the clone gets an image on top of a disk that would be copied."""
        if not self.request.linked or disk.get("device", "disk") not in ("disk", "lun"):
            return False
        return not any(tree.child(disk, mark) is not None for mark in ("readonly", "shareable"))

    def _new_path(self, disk: Element, where: str) -> str | None:
        """Return the path of the copy, as given or generated; None if there is neither."""
        if self.files:
            target = self.files.pop(0)
            target = target if self.host.is_remote else os.path.abspath(os.path.expanduser(target))
            if target in self._taken:
                raise UsageError(f"--file {target} is given for two disks", hint="give each copy its own path")
        elif self.request.auto:
            like = linked.name_like(self.host, where, DiskSource.of(disk)) if self._is_linked(disk) else where
            target = identity.clone_path(like, self.source, self.clone, self._is_taken)
        else:
            return None
        self._taken.add(target)
        return target

    def _is_taken(self, where: str) -> bool:
        return where in self._taken or self.host.storage.volume_at(where) is not None or self._is_here(where)

    def _is_here(self, where: str) -> bool:
        return not self.host.is_remote and os.path.lexists(where)

    def _check_given(self, target: str) -> None:
        """Raise HostError if a disk that is to be used as it is does not exist."""
        if not self.request.checks.path_exists:
            return
        if self.host.storage.volume_at(target) is None and not self._is_here(target):
            raise HostError(
                f"--preserve-data: {target} does not exist", hint="omit --preserve-data to copy the disk there"
            )

    # -- copying ----------------------------------------------------------------------------------

    def _link(self, disk: Element, where: str, target: str) -> None:
        """Base an image on the original's disk. An existing file is never used for it."""
        if self.host.storage.volume_at(target) is not None or self._is_here(target):
            raise HostError(f"{target} already exists", hint="give another --file")
        pool = self.host.storage.pool_at(os.path.dirname(target))
        if pool is not None and not pool.active:
            raise inactive(pool)
        if pool is None and not self.host.is_remote:
            self._check_directory(target)
        self.chains.check_end(where, f"the original's disk {where}", path.get(disk, "./driver/@type") or "raw")
        self.steps.append(linked.plan_layer(self.host, disk, where, target, pool))
        linked.point(disk, target, pool)

    def _copy(self, disk: Element, where: str, target: str) -> None:
        host, source, existing = self.host, self.host.storage.volume_at(where), self.host.storage.volume_at(target)
        if os.path.normpath(target) == os.path.normpath(where):
            raise UsageError(f"--file {target} is the original's own disk", hint="give another path")
        onto_device = not host.is_remote and is_block_device(target)
        if existing is not None and not onto_device:
            raise HostError(
                f"{target} already exists and would be overwritten",
                hint="give another --file, or --preserve-data to use it as it is",
            )
        if self._is_here(target) and not onto_device:
            self._put_aside(target)
        pool = host.storage.pool_at(os.path.dirname(target))
        if pool is not None and not pool.active:
            raise inactive(pool)
        fmt = read_declared_format(
            disk, "" if self.request.document else host.driver
        )  # libvirt's own documents always say
        self.chains.check_end(where, f"the original's disk {where}", fmt)
        if source is None:
            self._copy_outside(where, target, pool, onto_device, fmt)
        elif onto_device:
            self.steps.append(CopyFile(where, target, sparse=self.request.sparse))
        elif is_told_otherwise(fmt, source):
            self._copy_bytes(source, target, pool, fmt)
        else:
            self._copy_volume(source, target, pool, fmt)
        _point(host, disk, target)

    def _put_aside(self, target: str) -> None:
        """Move an existing file out of the way, which the user has agreed to lose."""
        if self.request.checks.path_exists or not os.path.isfile(target):
            raise HostError(
                f"{target} already exists and would be overwritten",
                hint="give another --file, --preserve-data to use it as it is, or --check path_exists=off to "
                "overwrite it",
            )
        aside = first_free(os.path.lexists, lambda mark: f"{target}.old{mark}", sep="")
        self.warnings.append(f"the contents of {target} will be lost")
        self.steps.append(put_aside(target, aside))
        self.last.append(discard(aside))

    def _copy_bytes(self, source: VolumeInfo, target: str, pool: PoolInfo | None, fmt: str) -> None:
        """Copy a disk for which the pool and the guest assume different formats. Raises HostError on a remote host."""
        here = source.type == "file" and not self.host.is_remote and os.access(source.path, os.R_OK)
        if self.host.is_recorded:  # whose files are elsewhere: the step would refuse
            self.steps.append(storage.CopyDisk(source, target, declared=fmt))
            return
        if not here or not (pool is None or pool.type in FILE_POOLS):
            raise unlike(source.path, fmt, source.format)
        self._check_directory(target)
        self._check_room(source._replace(capacity=os.path.getsize(source.path)), pool)
        self.steps.append(CopyFile(source.path, target, self.request.sparse, self.request.reflink))

    def _copy_volume(self, source: VolumeInfo, target: str, pool: PoolInfo | None, fmt: str) -> None:
        """Copy a volume of a pool: libvirt does it, except for sharing the blocks of raw images."""
        request = self.request
        self._check_room(source, pool)
        if request.reflink and source.type == "file" and not self.host.is_remote and os.access(source.path, os.R_OK):
            self.steps.append(CopyFile(source.path, target, reflink=True))
            return
        share = request.reflink and source.type == "file" and source.format == "raw"
        if request.reflink and not share:
            kind = source.format or f"{source.type} volumes"
            self.warnings.append(f"{source.path} is copied in full: the host cannot share the blocks of {kind}")
        whole = not request.sparse or pool is not None and pool.type == "logical"
        self.steps.append(storage.CopyDisk(source, target, reflink=share, sparse=not whole, declared=fmt))

    def _copy_outside(self, where: str, target: str, pool: PoolInfo | None, onto_device: bool, fmt: str) -> None:
        """Copy a disk that is not in any pool of the host."""
        request = self.request
        if not (self.host.is_remote or os.path.exists(where) or request.checks.path_exists):
            self.steps.append(CopyFile(where, target, request.sparse, request.reflink))
            return
        if self.host.is_remote or not os.path.exists(where):
            what = "is not in any pool of the remote host" if self.host.is_remote else "does not exist"
            raise HostError(f"the original's disk {where} {what}", hint=_WITHOUT_COPY)
        plain = pool is None or pool.type in FILE_POOLS
        if (plain or onto_device) and os.access(where, os.R_OK) and (fmt == "raw" or not _leans(where, target)):
            self._check_directory(target)
            self.steps.append(CopyFile(where, target, request.sparse, request.reflink))
            return
        self.steps.append(
            storage.CopyDisk(_outside(where), target, reflink=request.reflink, sparse=request.sparse, declared=fmt)
        )

    def _check_directory(self, target: str) -> None:
        directory = os.path.dirname(target)
        if not os.path.isdir(directory):
            raise UsageError(
                f"--file {target}: the directory {directory} does not exist", hint="create it, or give another path"
            )

    def _check_room(self, source: VolumeInfo, pool: PoolInfo | None) -> None:
        """Raise HostError if the copies do not fit into the pool."""
        if pool is None or not pool.active or not self.request.checks.disk_size:
            return
        need = source.allocation if self.request.sparse else max(source.capacity, source.allocation)
        self._needed[pool.name] = self._needed.get(pool.name, 0) + need
        if not self.request.reflink and self._needed[pool.name] > pool.available:
            raise HostError(
                f"the copy of {source.path} needs {show_gib(need)}, but pool '{pool.name}' has only "
                f"{show_gib(pool.available)} of free space",
                hint="free some space, give --file PATH in another pool, or use --check disk_size=off",
            )


def _leans(where: str, target: str) -> bool:
    """Return whether an image has a relative backing file that would not be found from the copy's directory."""
    from virtprov.support.image import probe

    seen = probe(where)
    backing = seen.backing if seen is not None else ""
    plain = backing and not backing.startswith(("/", "json:")) and "://" not in backing
    return bool(plain) and os.path.dirname(where) != os.path.dirname(target)


def _path(host: Host, disk: Element) -> str:
    """Return the path of a disk on the host; "" for network disks and empty drives."""
    source = DiskSource.of(disk)
    where = source.path_on(host)
    return "" if source.kind == VOLUME and not where.startswith("/") else where  # on the network it has an address


def _unclonable(disk: Element) -> HostError:
    target = _target(disk) or "a disk"
    kind = path.get(disk, "./source/@protocol") or disk.get("type", "")
    return HostError(
        f"{target} is a disk of type '{kind}', which cannot be copied",
        hint=f"use --skip-copy {target} to share it; or copy it yourself, and use --preserve-data --file COPY",
    )


def _outside(where: str) -> VolumeInfo:
    """Describe a file outside of all pools as a volume."""
    from virtprov.host.info import VolumeInfo
    from virtprov.support.image import probe

    image = probe(where)
    size = os.path.getsize(where)
    return VolumeInfo(
        pool="",
        name=os.path.basename(where),
        path=where,
        key=where,
        type="file",
        format=image.format if image else "raw",
        capacity=(image.size if image and image.size else size),
        allocation=size,
        backing_path=image.backing if image else "",
        backing_format="",
        xml="",
    )


def _point(host: Host, disk: Element, target: str) -> None:
    """Set the disk of the clone to `target`; a volume reference is kept if the pool is the same."""
    source = DiskSource.of(disk)
    pool = host.storage.pool(source.pool) if source.pool else None
    if source.kind in ATTRIBUTE:
        path.put(disk, f"./source/@{ATTRIBUTE[source.kind]}", target)
    elif pool is not None and pool.path and os.path.dirname(target) == os.path.normpath(pool.path):
        path.put(disk, "./source/@volume", os.path.basename(target))
    else:
        write_host_path(disk, FILE, target)
