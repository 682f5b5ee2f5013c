"""Check the given disks before anything is created: whether they are in use, and what they contain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.checks import host_use
from virtprov.guest.disks.checks.in_use import disks_are_free, written_below
from virtprov.guest.disks.claimed_format import refuse_made_up
from virtprov.guest.disks.source import DiskSource
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.guest.checks import Others
    from virtprov.guest.disks.existing import DetectedImage
    from virtprov.guest.disks.new.volumes import Making
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.xml.tree import Element


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
