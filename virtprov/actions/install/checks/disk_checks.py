"""Check the given disks before anything is created: whether they are in use, and what they contain."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.guest.disks.checks import host_use
from virtprov.guest.disks.checks.in_use import disks_are_free, written_below
from virtprov.guest.disks.claimed_format import refuse_made_up
from virtprov.guest.disks.source import DiskSource
from virtprov.support.errors import HostError
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.guest.checks import Others
    from virtprov.guest.disks.existing import DetectedImage
    from virtprov.guest.disks.new.volumes import Making
    from virtprov.guest.host_view import HostView
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.xml.tree import Element


def check_outputs(setting: RuleContext, others: Others) -> None:
    """Raise HostError if the guest's output, such as that of `--serial file`, would overwrite a disk.

    These are disks of any guest, and files of this machine that are images of a format with a header.
    """
    from virtprov.guest.output_files import list_output_files

    host, written = setting.host, list(dict.fromkeys(list_output_files(setting.guest.root)))
    own = {DiskSource.of(disk).path for disk in setting.guest.disks()}
    for where in written:
        if where in own or _is_image(where, host):
            raise HostError(
                f"{where} is a disk image, which the output of the guest's devices would overwrite",
                hint="give another file for the output, or use --check path_in_use=off",
            )
    outputs = [tree.parse("<disk><source/></disk>") for _ in written]
    for disk, where in zip(outputs, written, strict=True):
        disk[0].set("file", where)
    disks_are_free(host, outputs, others)


def _is_image(where: str, host: HostView) -> bool:
    from virtprov.support.file_access.image_header import probe

    if host.is_remote or host.is_recorded or not os.path.isfile(where):
        return False
    image = probe(where)
    return image is not None and image.format != "raw"


def check(
    request: InstallRequest,
    setting: RuleContext,
    paths: tuple[Element, ...],
    makings: tuple[Making, ...],
    detected: tuple[DetectedImage, ...],
    others: Others,
) -> None:
    """Check the given disks, and the backing images of new ones; `detected` are those whose format was detected.

    Raises HostError for a disk used by another guest or by this host, and for a detected format that a guest may have
    forged; warns of backing images that another guest changes when it runs. If nothing is created, a guest that has the
    same name may have the same disks.
    """
    host = setting.host
    itself = setting.guest.name if request.printing or request.dry else ""
    volumes = [volume for making in makings for volume in making.volumes if volume.backing]
    if request.checks.path_in_use:
        disks_are_free(host, list(paths), others, itself=itself)
        for disk in paths:
            where = DiskSource.of(disk).path
            if where and disk.get("device") not in ("cdrom", "floppy") and tree.child(disk, "readonly") is None:
                host_use.refuse_used(host, where, f"--disk {where}")
        for image, user in written_below(host, [volume.backing for volume in volumes], others):
            setting.warn(f"{image} is a disk of guest '{user}': the new disk based on it is damaged if that guest runs")
    refuse_made_up(host, detected, others)
