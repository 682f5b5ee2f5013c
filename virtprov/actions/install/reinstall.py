"""--reinstall: boot an existing guest from an installer again, without changing its definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.install.os_source import first_boot, phases
from virtprov.actions.install.os_source.first_boot import NO_FILES, Drive, Files
from virtprov.actions.install.os_source.which_system import find_system
from virtprov.actions.request import InstallRequest
from virtprov.actions.run import templates
from virtprov.actions.run.plan import Plan, Step
from virtprov.guest import boot, checks
from virtprov.guest.defaults import disk
from virtprov.guest.disks.locate import DiskResolver
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.rules.rule_context import RuleContext
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
    info = host.guests.find(request.reinstall)
    if info is None:
        raise HostError(
            f"guest '{request.reinstall}' not found on the host", hint="`virsh list --all` lists its guests"
        )
    if not info.persistent or info.active and not request.printing:
        raise HostError(f"'{info.name}' is running, so it cannot be reinstalled", hint="shut it down first")
    phases.check_waiting(request, host)
    warnings = _warn_of_ignored(request)
    system = find_system(request, host, warnings)
    final = _read_guest(request, host, info.name)
    method, files = first_boot.plan_kernel(request, system, host, info.name)
    if request.checks.host and not request.printing:
        from virtprov.actions.install.checks import host_checks

        host_checks.check_document(final, host)
        host_checks.check_kernel(method, host, files.made)
    drives = _Drives(request, host, system.profile)
    first = drives.first_boot(final, method)
    steps: list[Step] = [*files.steps, *drives.files.steps]
    if first is not None and method.kind == boot.CDROM and system.profile.is_windows:  # it asks for its CD again
        drives.insert(final, method.medium)
        steps.append(Redefine(info.name, final.text()))
    notes = tuple(first_boot.collect_notes(request, system, final, warnings)) + tuple(drives.notes)
    last = DomainDocument.of(final)
    documents = (last,) if first is None else (DomainDocument.of(first), last)
    steps.append(Start(info.name) if first is None else Create(info.name, documents[0]))
    displays = tuple(display.get("type", "") for display in final.devices("graphics"))
    told = Plan(documents, () if request.printing else tuple(steps), info.name, notes, tuple(warnings))
    macs, wanted = tuple(checks.mac_addresses(final)), phases.wanted(request, final, host, method, system.profile)
    return InstallPlan(told, None, method, displays, final.uuid, macs, files=files.add(drives.files), wanted=wanted)


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


def _read_guest(request: InstallRequest, host: Host, name: str) -> Guest:
    """Return the guest. Raises HostError if its disks, which are written to, are the backing images of others."""
    text = host.guests.xml(name, inactive=True, secure=not request.printing)
    guest = Guest.parse(text, f"guest '{name}'")
    if request.checks.path_in_use and not request.printing:
        templates.refuse_dependent(host, guest, "reinstalled")
    return guest


def _warn_of_ignored(request: InstallRequest) -> list[str]:
    """Warn of options that have no effect with --reinstall."""
    values = {f"--{use.group}": None for use in request.uses} | {
        f"--{group}": None for group in sorted(request.refused)
    }
    flags = (["--name"] if request.name else []) + list(values)
    if not flags:
        return []
    return [f"--reinstall does not change the configuration of the guest: {', '.join(flags)} has no effect"]


class _Drives:
    """Puts the medium of the installer into guests. `files` and `notes` come of it."""

    def __init__(self, request: InstallRequest, host: Host, profile: Profile) -> None:
        self.host, self.profile = host, profile
        self.keep = request.method.live or profile.is_windows
        self.ask = request.checks.host and not request.printing
        self.drive: Drive | None = None
        self.notes: list[str] = []

    @property
    def files(self) -> Files:
        """Return the files that the medium needs."""
        return self.drive.files if self.drive is not None else NO_FILES

    def first_boot(self, final: Guest, method: boot.Method) -> Guest | None:
        """Return the guest for its first boot; None if nothing is installed."""
        if not method.has_install_phase:
            return None
        first = final.copy()
        for name in ("kernel", "initrd", "cmdline", "dtb"):
            first.put(f"./os/{name}", None)
        for device in first.devices():
            path.put(device, "./boot/@order", None)
        self.insert(first, method.medium)
        return boot.install_phase(first, method)

    def insert(self, guest: Guest, medium: Medium | None) -> None:
        """Put the medium into the guest's first CD-ROM drive; a drive is added if it has none."""
        if medium is None:
            return
        drives = guest.disks("cdrom")
        element = drives[0] if drives else guest.add_device("disk", device="cdrom")
        _empty(element)
        setting = RuleContext(guest, self.host, self.profile, fresh=[element])
        if self.drive is None:
            self.drive = first_boot.plan_medium(medium, setting, self.host, keep=self.keep, ask=self.ask)
            self.notes += setting.notes
        if self.drive.spec is not None:
            DiskResolver(self.host, guest.name, qemu=setting.is_qemu).resolve(element, self.drive.spec)
        else:
            first_boot.insert_file(element, self.drive.path, qemu=setting.is_qemu)
        disk.fill_bus(setting)
        disk.fill_targets(setting)


def _empty(drive: Element) -> None:
    for tag in ("source", "driver", "backingStore"):
        tree.drop(drive, tag)
