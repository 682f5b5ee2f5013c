"""Check the draft of a new guest before anything is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.checks import boot_checks
from virtprov.actions.install.os_source import phases
from virtprov.guest import boot, checks
from virtprov.guest.disks.checks import reachable
from virtprov.guest.network import publish
from virtprov.support.errors import HostError

if TYPE_CHECKING:
    from virtprov.actions.install.guest_draft import GuestDraft
    from virtprov.actions.request import InstallRequest
    from virtprov.guest.rules.rule_context import RuleContext


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
    has_backing = any(volume.backing for making in drafted.makings for volume in making.volumes)
    if drafted.given_disks or drafted.told or has_backing:
        from virtprov.actions.install.checks import disk_checks

        disk_checks.check(request, setting, drafted.given_disks, drafted.makings, drafted.told, others)
    phases.check_waiting(request, host)


def check_name(request: InstallRequest, setting: RuleContext) -> str:
    """Raise HostError if the name is in use; if nothing is created, return a warning instead."""
    if not request.checks.name_in_use:
        return ""
    try:
        checks.name_is_free(setting.host, setting.guest.name)
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
