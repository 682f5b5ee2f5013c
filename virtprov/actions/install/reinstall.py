"""--reinstall: boot an existing guest from an installer again, without changing its definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.draft import InstallPlan, check_waiting, profile_for
from virtprov.actions.request import InstallRequest
from virtprov.actions.run.plan import Plan, Step
from virtprov.guest import boot, checks
from virtprov.guest.defaults import disk
from virtprov.guest.disks.locate import DiskResolver
from virtprov.guest.disks.spec import DiskSpec
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.rule_context import RuleContext
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile
    from virtprov.places.place import Medium


def plan(request: InstallRequest, host: Host) -> InstallPlan:
    """Return the plan to reinstall a guest: it is started once as the installer requires.

    Raises UsageError for invalid requests, HostError for guests that do not exist or are running.
    """
    from virtprov.actions.steps.guest import Create, Redefine, Start

    _refuse(request)
    known = host.guests.find(request.reinstall)
    if known is None:
        raise HostError(
            f"guest '{request.reinstall}' not found on the host", hint="`virsh list --all` lists its guests"
        )
    if not known.persistent or known.active and not request.printing:
        raise HostError(f"'{known.name}' is running, so it cannot be reinstalled", hint="shut it down first")
    check_waiting(request, host)
    warnings = _ignored(request)
    profile = profile_for(request, warnings)
    text = host.guests.xml(known.name, inactive=True, secure=not request.printing)
    final = Guest.parse(text, f"guest '{known.name}'")
    if request.checks.host and not request.printing:
        from virtprov.actions.install import host_checks

        host_checks.check_document(final, host)
    first = _first_boot(final, request.method, host, profile)
    steps: list[Step] = []
    if first is not None and request.method.medium is not None and profile.is_windows:  # it asks for its CD again
        _insert(final, request.method.medium, host, profile)
        steps.append(Redefine(known.name, final.text()))
    last = DomainDocument.of(final)
    documents = (last,) if first is None else (DomainDocument.of(first), last)
    steps.append(Start(known.name) if first is None else Create(known.name, documents[0]))
    displays = tuple(display.get("type", "") for display in final.devices("graphics"))
    told = Plan(documents, tuple(steps), known.name, (), tuple(warnings))
    return InstallPlan(told, None, request.method, displays, final.uuid, tuple(checks.mac_addresses(final)))


def _refuse(request: InstallRequest) -> None:
    """Raise UsageError for options that cannot be used with an existing guest."""
    for flag, given in (("--cloud-init", request.seed is not None), ("--transient", request.transient)):
        if given:
            raise UsageError(
                f"{flag} cannot be used with --reinstall", hint="omit it, or create a new guest without --reinstall"
            )
    if not request.method.kind and not request.printing:
        raise UsageError(
            f"--reinstall {request.reinstall}: no installation method given",
            hint="give --cdrom ISO, --pxe, or --install bootdev=...",
        )


def _ignored(request: InstallRequest) -> list[str]:
    """Warn of options that have no effect with --reinstall."""
    said = {f"--{use.group}": None for use in request.uses} | {f"--{group}": None for group in sorted(request.refused)}
    flags = (["--name"] if request.name else []) + list(said)
    if not flags:
        return []
    return [f"--reinstall does not change the configuration of the guest: {', '.join(flags)} has no effect"]


def _first_boot(final: Guest, method: boot.Method, host: Host, profile: Profile) -> Guest | None:
    """Return the guest for its first boot; None if nothing is installed."""
    if not method.has_install_phase:
        return None
    first = final.copy()
    for name in ("kernel", "initrd", "cmdline", "dtb"):
        first.put(f"./os/{name}", None)
    for device in first.devices():
        path.put(device, "./boot/@order", None)
    if method.medium is not None:
        _insert(first, method.medium, host, profile)
    return boot.install_phase(first, method)


def _insert(guest: Guest, medium: Medium, host: Host, profile: Profile) -> None:
    """Put the medium into the guest's first CD-ROM drive; a drive is added if it has none."""
    drives = guest.disks("cdrom")
    drive = drives[0] if drives else guest.add_device("disk", device="cdrom")
    _empty(drive)
    setting = RuleContext(guest, host, profile, fresh=[drive])
    spec = DiskSpec(path=medium.path or None, vol=medium.vol)
    DiskResolver(host, guest.name, qemu=setting.is_qemu).resolve(drive, spec)
    disk.fill_bus(setting)
    disk.fill_targets(setting)


def _empty(drive: Element) -> None:
    for tag in ("source", "driver", "backingStore"):
        tree.drop(drive, tag)
