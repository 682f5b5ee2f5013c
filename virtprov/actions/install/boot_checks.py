"""Is there anything to boot? A disk that the command makes new and empty holds no system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest import boot
from virtprov.guest.disks.source import DiskSource
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.guest.disks.volumes import Making
    from virtprov.guest.document import Guest
    from virtprov.guest.rule_context import RuleContext
    from virtprov.xml.tree import Element

_WAY = "give backing_store=IMAGE or upload=IMAGE to begin with an image that holds a system"


def check_content(request: InstallRequest, setting: RuleContext, makings: tuple[Making, ...]) -> None:
    """Warn of a guest that boots an empty disk; with `--cloud-init`, which needs a system, raise UsageError."""
    guest = setting.guest
    cloud = request.seed is not None
    if request.method.has_install_phase or guest.is_container or not (cloud or request.method.kind == boot.IMPORT):
        return
    empty = {
        where
        for making in makings
        for volume in making.volumes
        if not (volume.backing or volume.upload)
        for where in (volume.path, f"{volume.pool}/{volume.name}")
    }
    first = _booted(guest)
    where = DiskSource.of(first).spelled if first is not None else ""
    if not where or where not in empty:
        return
    flag = "--cloud-init" if cloud else "--import"
    sentence = f"{flag}: the guest boots from {where}, which is new and empty"
    if cloud and not request.printing:
        raise UsageError(sentence, hint=_WAY)
    setting.warn(f"{sentence}: {_WAY}")


def _booted(guest: Guest) -> Element | None:
    """The disk that the firmware turns to first; None where it is another device, or a kernel is started directly."""
    if guest.has("./os/kernel"):
        return None
    ordered = [device for device in guest.devices() if tree.child(device, "boot") is not None]
    if ordered:
        first = min(ordered, key=lambda device: int(path.get(device, "./boot/@order") or 0))
        return first if first.tag == "disk" and first.get("device", "disk") == "disk" else None
    if (guest.get("./os/boot/@dev") or "hd") != "hd":
        return None
    return boot.device_for(guest, "hd")
