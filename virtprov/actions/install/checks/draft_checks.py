"""Check the draft of a new guest before anything is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.checks import boot_checks
from virtprov.actions.install.os_source import phases
from virtprov.guest import boot, checks
from virtprov.guest.disks.checks import reachable
from virtprov.guest.network import publish
from virtprov.support.errors import HostError
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.actions.install.guest_draft import GuestDraft
    from virtprov.actions.request import InstallRequest
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.xml.tree import Element


def check(request: InstallRequest, drafted: GuestDraft) -> None:
    """Make the checks that require the host; raises HostError for the first failure."""
    setting = drafted.setting
    host, guest = setting.host, setting.guest
    checks.display_passwords(guest)
    if request.method.kind == boot.PXE and all(nic.get("type") == "user" for nic in guest.devices("interface")):
        setting.warn("the guest has no network to boot from: --pxe requires a bridge or a network with PXE")
    if request.transient and host.driver == "vz":
        raise HostError(
            "Virtuozzo keeps every guest that it starts, so a guest cannot be transient", hint="omit --transient"
        )
    others = checks.Others(host)
    if request.checks.mac_in_use:
        checks.given_macs_are_free(host, list(drafted.given_macs), others)
    if request.publish and not (host.is_remote or request.printing):
        publish.check_ports(request.publish)
    boot_checks.check_content(request, setting, drafted.makings)
    boot_checks.check_medium(request, setting)
    has_backing = any(volume.backing for making in drafted.makings for volume in making.volumes)
    if drafted.given_disks or drafted.told or has_backing:
        from virtprov.actions.install.checks import disk_checks

        disk_checks.check(request, setting, drafted.given_disks, drafted.makings, drafted.told, others)
    if request.checks.path_in_use and any(_may_write(device) for device in guest.devices() if device.tag != "disk"):
        from virtprov.actions.install.checks import disk_checks

        disk_checks.check_outputs(setting, others)
    phases.check_waiting(request, host)


def _may_write(device: Element) -> bool:
    return device.tag == "pstore" or device.get("type") == "file" or tree.child(device, "log") is not None


def check_identity(request: InstallRequest, drafted: GuestDraft) -> str:
    """Raise HostError if the name or the given UUID is in use; if nothing is created, return a warning instead."""
    setting = drafted.setting
    host, guest = setting.host, setting.guest
    try:
        if request.checks.name_in_use:
            checks.name_is_free(host, guest.name)
        if guest.uuid != drafted.generated_uuid:
            checks.uuid_is_free(host, guest.uuid, guest.name)
    except HostError as problem:
        if not (request.printing or request.dry):
            raise
        return problem.message
    return ""


def find_barriers(request: InstallRequest, setting: RuleContext) -> list[reachable.Barrier]:
    """Return the directories to which QEMU gets access; the user is warned of those that stay inaccessible."""
    if not (request.checks.permissions or request.fix_permissions):
        return []
    barriers = reachable.barriers(setting.host, setting.guest.disks())
    if request.fix_permissions:
        return barriers
    for barrier in barriers:
        setting.warn(barrier.sentence)
    return []
