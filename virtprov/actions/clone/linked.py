"""Linked clones: thin images on top of the disks of a template."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.clone.places import Destination, Original
from virtprov.actions.run import templates
from virtprov.actions.run.artifacts.pools_and_volumes import inactive
from virtprov.actions.steps.guest import SetAutostart
from virtprov.actions.steps.storage import MakeVolume
from virtprov.actions.steps.template import MarkTemplate, SetModes, confirm_template, plan_mark
from virtprov.guest.disks.claimed_format import is_told_otherwise, unlike
from virtprov.guest.disks.new.volumes import FILE_POOLS, NewVolume, images_directory
from virtprov.guest.disks.source import FILE, VOLUME, DiskSource
from virtprov.guest.disks.source_element import write_host_path
from virtprov.guest.marks import template_mark
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.request import CloneRequest
    from virtprov.actions.run.plan import Step
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element

LAYER = "qcow2"
"""The format of the images: the only common one with backing images."""


class TemplateSteps(Record):
    """The steps that make the original a template, and those that check it after the clone is defined."""

    first: tuple[Step, ...] = ()
    check: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan_template(request: CloneRequest, host: Host, source: Guest) -> TemplateSteps:
    """Return what a clone of `source` requires of it.

    Raises HostError for a linked clone of a guest that is not a template, unless the request makes it one, and for a
    template with changed disks; UsageError for XML of a guest that is to be marked.
    """
    wanted = request.linked or request.make_template or any(choice.linked for choice in request.choices)
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
            f"guest '{source.name}' is not a template, so it cannot have linked clones",
            hint=f"mark it with `virtprov-xml {source.name} --template yes`, or add --make-template",
        )
    if request.document:
        raise UsageError(
            "--make-template cannot be used with --original-xml", hint="name a guest of the host to make it a template"
        )
    return _plan_marking(host, source)


_CHANGED = "{} of template '{}' has been written to since the guest was marked: earlier linked clones may be damaged"


def _plan_marking(host: Host, source: Guest) -> TemplateSteps:
    name, uuid = source.name, source.uuid
    mark = plan_mark(host, source, is_on=True)
    steps: list[Step] = [MarkTemplate(name, uuid)]
    steps += [SetModes(name, uuid, mark.modes)] if mark.modes else []
    steps += [SetAutostart(name, False, in_trail=True)] if host.guests.autostart(name) else []
    read_only = " with read-only disks" if mark.modes else ""
    note = f"'{name}' becomes a template{read_only}: virtprov does not start it as long as it has linked clones"
    return TemplateSteps(tuple(steps), (confirm_template(name, uuid),), (note,), mark.warnings)


def _checks(request: CloneRequest, source: Guest) -> tuple[Step, ...]:
    return () if request.document else (confirm_template(source.name, source.uuid),)


# -- the images ----------------------------------------------------------------------------------


def name_after(host: Host, disk: Element, origin: Original) -> Original:
    """Return the path after which an image on top of a disk is named; for devices it is where images are."""
    pool = host.storage.pool(origin.volume.pool) if origin.volume is not None else None
    if DiskSource.of(disk).kind == FILE or pool is not None and pool.type in FILE_POOLS:
        return origin
    name = os.path.basename(origin.path)
    return Original(os.path.join(images_directory(host), name), None)


def plan_layer(host: Host, disk: Element, origin: Original, to: Destination) -> Step:
    """Return the step that makes a thin image on top of a disk of the original; write its format into `disk`.

    The format of the original's disk is the one in its XML; its bytes are never asked for it. Raises HostError for a
    disk that cannot be a backing image, and for a pool that cannot hold the image; UsageError for a missing directory.
    """
    _refuse_unfit(disk, origin.path)
    if not to.takes_images:
        raise HostError(
            f"{to.path} is in a storage pool without files, so it cannot be a linked clone",
            hint="give --file PATH in a directory",
        )
    folder, name = os.path.split(to.path)
    if to.pool is not None and not to.pool.active:
        raise inactive(to.pool)
    if to.pool is None and not host.is_remote and not os.path.isdir(folder):
        raise UsageError(f"{to.path}: the directory {folder} does not exist", hint="create it, or give another path")
    fmt = path.get(disk, "./driver/@type") or "raw"
    capacity = _find_capacity(host, origin, fmt)
    if path.get(disk, "./driver/@name") is None:
        path.put(disk, "./driver/@name", "qemu")
    path.put(disk, "./driver/@type", LAYER)
    for tag in ("backingStore", "mirror"):
        tree.drop(disk, tag)
    pool = to.pool.name if to.pool is not None else ""
    return MakeVolume(NewVolume(pool, name, to.path, LAYER, capacity, 0, origin.path, fmt))


def point(disk: Element, to: Destination) -> None:
    """Set the disk of the clone to its image: a volume stays one if its pool is the same."""
    source = DiskSource.of(disk)
    if source.kind == VOLUME and to.pool is not None and to.pool.name == source.pool:
        path.put(disk, "./source/@volume", os.path.basename(to.path))
    else:
        write_host_path(disk, FILE, to.path)


def _refuse_unfit(disk: Element, where: str) -> None:
    """Raise HostError for a disk that cannot be the backing file of another image."""
    kinds = {
        "an encrypted disk": any(True for _ in disk.iter("encryption")),
        "a part of a file": path.find(disk, "./source/slices") is not None,
        "a LUN": disk.get("device") == "lun",
        "on the network": not where.startswith("/"),
    }
    kind = next((kind for kind, is_so in kinds.items() if is_so), "")
    if kind:
        raise HostError(f"{where} is {kind}, so it cannot have a linked clone", hint="omit --linked to copy it")


def _find_capacity(host: Host, origin: Original, fmt: str) -> int:
    """Return the size of a disk, as its guest sees it, in bytes. Raises HostError if it cannot be found out."""
    where, volume = origin.path, origin.volume
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
        from virtprov.support.file_access.image_header import probe

        seen = probe(where)
        if seen is not None and seen.format == fmt and seen.size:
            return seen.size
        raise HostError(f"the size of {where} cannot be read as {fmt}", hint="check the path and its permissions")
    raise HostError(
        f"the original's disk {where} is not in any pool of the host", hint="create a pool for its directory"
    )


def _measure(where: str) -> int:
    """Return the size of a file or block device."""
    from virtprov.support.file_access.regular import reading

    try:
        with reading(where) as file:
            return file.seek(0, os.SEEK_END)
    except OSError as problem:
        raise HostError(f"cannot open {where}: {problem.strerror}", hint="check the path and its permissions") from None
