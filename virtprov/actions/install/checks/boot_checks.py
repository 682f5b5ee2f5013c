"""Check that there is something to boot: a new empty disk contains no system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest import boot
from virtprov.guest.disks.source import DiskSource
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.guest.disks.new.volumes import Making
    from virtprov.guest.document import Guest
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.xml.tree import Element

_WAY = "give backing_store=IMAGE or upload=IMAGE to start from an image with an installed system"


def check_content(request: InstallRequest, setting: RuleContext, makings: tuple[Making, ...]) -> None:
    """Warn if the guest boots from an empty disk; with `--cloud-init`, which needs a system, raise UsageError."""
    guest = setting.guest
    cloud = request.seed is not None
    if request.method.has_install_phase or guest.is_container or not (cloud or request.method.kind == boot.IMPORT):
        return
    empty = {
        where
        for making in makings
        for volume in making.volumes
        if not (volume.backing or volume.upload or volume.base)
        for where in (volume.path, f"{volume.pool}/{volume.name}")
    }
    first = _find_boot_disk(guest)
    where = DiskSource.of(first).location if first is not None else ""
    if not where or where not in empty:
        return
    flag = "--cloud-init" if cloud else "--import"
    sentence = f"{flag}: the guest boots from {where}, which is new and empty"
    if cloud and not request.printing:
        raise UsageError(sentence, hint=_WAY)
    setting.warn(f"{sentence}: {_WAY}")


def _find_boot_disk(guest: Guest) -> Element | None:
    """Return the disk from which the firmware boots; None if it boots from another device or a kernel is given."""
    if guest.has("./os/kernel"):
        return None
    ordered = [device for device in guest.devices() if tree.child(device, "boot") is not None]
    if ordered:
        first = min(ordered, key=lambda device: int(path.get(device, "./boot/@order") or 0))
        return first if first.tag == "disk" and first.get("device", "disk") == "disk" else None
    if (guest.get("./os/boot/@dev") or "hd") != "hd":
        return None
    return boot.device_for(guest, "hd")
