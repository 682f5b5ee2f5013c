"""Linked clones: thin images on top of the disks of a template."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.run import templates
from virtprov.actions.steps.guest import SetAutostart
from virtprov.actions.steps.storage import MakeVolume
from virtprov.actions.steps.template import MarkTemplate, SetModes, confirm_template, plan_protection
from virtprov.guest import template_mark
from virtprov.guest.disks.claimed_format import is_told_otherwise, unlike
from virtprov.guest.disks.source import FILE, VOLUME, DiskSource
from virtprov.guest.disks.source_element import write_host_path
from virtprov.guest.disks.volumes import FILE_POOLS, NewVolume, images_directory
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.request import CloneRequest
    from virtprov.actions.run.plan import Step
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host
    from virtprov.host.info import PoolInfo
    from virtprov.xml.tree import Element

LAYER = "qcow2"
"""The format of the images: the only common one with backing images."""


class TemplateSteps(Record):
    """The steps that make the original a template, and those that check it after the clone is defined."""

    first: tuple[Step, ...] = ()
    check: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_template(request: CloneRequest, host: Host, source: Guest) -> TemplateSteps:
    """Return what a clone of `source` requires of it.

    Raises HostError for a linked clone of a guest that is not a template, unless the request makes it one, and for a
    template with changed disks; UsageError for XML of a guest that is to be marked.
    """
    wanted = request.linked or request.make_template
    if template_mark.is_marked(source):
        if wanted:
            templates.refuse_changed(host, source)
            return TemplateSteps(check=_checks(request, source))
        changed = templates.find_changed(host, source)
        return TemplateSteps(warnings=(_CHANGED.format(", ".join(changed), source.name),) if changed else ())
    if not wanted:
        return TemplateSteps()
    if not request.make_template:
        raise HostError(
            f"guest '{source.name}' is not a template, so there can be no linked clones of it",
            hint=f"mark it with `virtprov-xml {source.name} --template yes`, or add --make-template",
        )
    if request.document:
        raise UsageError(
            "--make-template cannot be used with --original-xml", hint="name a guest of the host to make it a template"
        )
    return TemplateSteps(_plan_marking(host, source), _checks(request, source))


_CHANGED = "{} of template '{}' has been written to since the guest was marked: earlier linked clones may be damaged"


def _plan_marking(host: Host, source: Guest) -> tuple[Step, ...]:
    templates.check_candidate(host, source)
    modes = plan_protection(host, templates.make_mark(host, source))
    steps: list[Step] = [MarkTemplate(source.name, source.uuid)]
    steps += [SetModes(source.name, modes)] if modes else []
    steps += [SetAutostart(source.name, False, in_trail=True)] if host.guests.autostart(source.name) else []
    return tuple(steps)


def _checks(request: CloneRequest, source: Guest) -> tuple[Step, ...]:
    return () if request.document else (confirm_template(source.name, source.uuid),)


# -- the images ----------------------------------------------------------------------------------


def name_like(host: Host, where: str, source: DiskSource) -> str:
    """Return the path after which the image on top of the disk at `where` is named: the same, as qcow2.

    Images on top of devices are stored in the directory for images.
    """
    folder, base = os.path.split(where)
    pool = host.storage.pool_at(folder)
    is_file = source.kind == FILE or source.kind == VOLUME and pool is not None and pool.type in FILE_POOLS
    stem, dot, ending = base.rpartition(".")
    base = base if not dot or ending not in ("img", "raw", "qcow2", "iso", "vmdk", "vdi", "qed") else stem
    return os.path.join(folder if is_file else images_directory(host), f"{base}.{LAYER}")


def plan_layer(host: Host, disk: Element, where: str, target: str, pool: PoolInfo | None) -> Step:
    """Return the step that makes a thin image at `target` on top of the disk at `where`; write its format into `disk`.

    `pool` is the pool of the target. The format of the original's disk is the one in its XML; its bytes are never asked
    for it. Raises HostError for a disk that cannot be a backing image, and for a pool that cannot hold the image.
    """
    _refuse_unfit(disk, where)
    if pool is not None and pool.type not in FILE_POOLS:
        raise HostError(
            f"pool '{pool.name}' of {target} has no files, so it cannot hold a linked clone",
            hint="give --file PATH in a directory",
        )
    fmt = path.get(disk, "./driver/@type") or "raw"
    capacity = _find_capacity(host, where, fmt)
    if path.get(disk, "./driver/@name") is None:
        path.put(disk, "./driver/@name", "qemu")
    path.put(disk, "./driver/@type", LAYER)
    for tag in ("backingStore", "mirror"):
        tree.drop(disk, tag)
    name = os.path.basename(target)
    return MakeVolume(NewVolume(pool.name if pool else "", name, target, LAYER, capacity, 0, where, fmt))


def point(disk: Element, target: str, pool: PoolInfo | None) -> None:
    """Set the disk of the clone to its image: a volume stays one if its pool is the same."""
    source = DiskSource.of(disk)
    if source.kind == VOLUME and pool is not None and pool.name == source.pool:
        path.put(disk, "./source/@volume", os.path.basename(target))
    else:
        write_host_path(disk, FILE, target)


def _refuse_unfit(disk: Element, where: str) -> None:
    """Raise HostError for a disk that works only in the definition that it has."""
    kinds = {
        "an encrypted disk": any(True for _ in disk.iter("encryption")),
        "a part of a file": path.find(disk, "./source/slices") is not None,
        "a LUN": disk.get("device") == "lun",
    }
    kind = next((kind for kind, is_so in kinds.items() if is_so), "")
    if kind:
        raise HostError(f"{where} is {kind}, so there can be no linked clone of it", hint="omit --linked to copy it")


def _find_capacity(host: Host, where: str, fmt: str) -> int:
    """Return the size of a disk, as its guest sees it, in bytes. Raises HostError if it cannot be found out."""
    volume = host.storage.volume_at(where)
    if volume is not None and not is_told_otherwise(fmt, volume):
        return volume.capacity
    here = not (host.is_remote or host.is_recorded)
    if here and fmt == "raw":
        return _measure(where)
    if volume is not None:
        if fmt == "raw" and volume.physical:
            return volume.physical
        raise unlike(where, fmt, volume.format)
    if here:
        from virtprov.support.image import probe

        seen = probe(where)
        if seen is not None and seen.format == fmt and seen.size:
            return seen.size
        raise HostError(f"the size of {where} cannot be read as {fmt}", hint="check the path and its permissions")
    raise HostError(
        f"the original's disk {where} is not in any pool of the host", hint="create a pool for its directory"
    )


def _measure(where: str) -> int:
    """Return the size of a file or block device."""
    from virtprov.support.regular import open_regular

    try:
        handle = open_regular(where)
    except OSError as problem:
        raise HostError(f"cannot open {where}: {problem.strerror}", hint="check the path and its permissions") from None
    try:
        return os.lseek(handle, 0, os.SEEK_END)
    finally:
        os.close(handle)
