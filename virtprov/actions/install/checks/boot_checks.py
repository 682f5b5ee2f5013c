"""Check that there is something to boot: a new empty disk contains no system."""

from __future__ import annotations

import os
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


def check_medium(request: InstallRequest, setting: RuleContext) -> None:
    """Warn if the ISO of `--cdrom` is a file of this machine that ends too early, such as an interrupted download."""
    medium = request.method.medium
    if request.method.kind != boot.CDROM or medium is None or not os.path.isfile(medium.path) or setting.host.is_remote:
        return
    from virtprov.osinfo.media.iso_header import RUN_OUT, read_iso
    from virtprov.support.file_access import regular

    try:
        with regular.reading(medium.path) as file:
            ids = read_iso(lambda offset, size: os.pread(file.fileno(), size, offset))
            missing = ids.size - os.fstat(file.fileno()).st_size if ids is not None else 0
    except OSError:  # the host may be able to read it
        return
    if missing > RUN_OUT:
        from virtprov.support.notation.units import show_size

        setting.warn(
            f"the ISO '{medium.path}' is incomplete: its last {show_size(missing)} are missing, so its installer may "
            "fail; download it again"
        )


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
