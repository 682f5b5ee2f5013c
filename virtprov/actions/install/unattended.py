"""Answer the questions of an installer: which way the answers take, and what the first boot gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.install.os_source.which_system import System, detect, find_system
from virtprov.guest import boot
from virtprov.places.place import DIRECTORY, TREE, InjectedFile, PlaceRequest
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.unattended.installers import (
    AUTOYAST,
    DISK,
    INITRD,
    KERNEL,
    KICKSTART,
    PRESEED,
    Installer,
    find_installer,
    initrd_file,
    kernel_args,
)

if TYPE_CHECKING:
    from virtprov.actions.install.guest_draft import GuestDraft
    from virtprov.actions.request import InstallRequest
    from virtprov.actions.seed.attach import Seed
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host
    from virtprov.unattended.unattended_request import UnattendedRequest
    from virtprov.unattended.variables import Facts

NEEDS_INSTALLER = "--unattended requires an installer, whose questions it answers"


class Chosen(Record):
    """Who is answered, and how: DISK or INITRD. `boots_kernel`: the kernel of the CD is booted for it."""

    installer: Installer
    way: str
    request: UnattendedRequest
    boots_kernel: bool = False


class Answered(Record):
    """The answers for a guest: the files on their disk or in the initrd, and a generated password, with its account."""

    chosen: Chosen
    files: dict[str, bytes]
    generated: str = ""
    account: str = "root"
    secrets: tuple[str, ...] = ()


def choose(
    request: InstallRequest, system: System, host: Host, warnings: list[str]
) -> tuple[InstallRequest, System, Chosen]:
    """Return how the installer gets its answers; a CD whose kernel is booted for that is a place from then on.

    Raises UsageError for installers that cannot be answered.
    """
    from virtprov.unattended import answers

    wanted, method = request.unattended, request.method
    assert wanted is not None
    _refuse(request)
    installer = find_installer(system.profile)
    answers.check_words(wanted, installer)
    answers.choose_profile(wanted, installer)
    _refuse_live(request, installer, system)
    by_kernel = method.kind == boot.KERNEL
    way = installer.location if by_kernel else installer.cdrom
    boots_kernel = way == KERNEL
    if boots_kernel:
        request, system = _boot_kernel(request, installer, host, warnings)
        way = installer.location
    if by_kernel and (system.source is None or not way):
        raise UsageError(
            f"--unattended: {installer.title} cannot be answered with a kernel of "
            f"{'Linux' if not way else 'another host'}",
            hint="use --cdrom ISO" if not way else "use --cdrom ISO or --location PLACE",
        )
    method = request.method._replace(answered=True)
    return request._replace(method=method), system, Chosen(installer, way, wanted, boots_kernel)


def _refuse(request: InstallRequest) -> None:
    """Raise UsageError for guests without an installer."""
    if request.method.live:
        raise UsageError(f"{NEEDS_INSTALLER}; live systems have none", hint="omit it, or --livecd")
    if request.method.kind == boot.IMPORT:
        raise UsageError(
            f"{NEEDS_INSTALLER}; --import boots a disk with an installed system", hint="use --cdrom or --location"
        )


def _refuse_live(request: InstallRequest, installer: Installer, system: System) -> None:
    """Raise UsageError for a live medium, whose installer only starts when someone clicks on it.

    A file of this machine is looked at even if the user has named the system.
    """
    if installer.name not in (KICKSTART.name, PRESEED.name, AUTOYAST.name):
        return
    medium, detected = request.method.medium, system.detected
    if detected is None and medium is not None and os.path.isfile(os.path.expanduser(medium.path)):
        detected = detect(request, [])
    if detected is not None and detected.live:
        raise UsageError(
            f"--unattended: {detected.name or 'this'} is a live medium, whose installer cannot be answered",
            hint="use the ISO of the installer, such as that named 'netinst', 'dvd' or 'Server'",
        )


def _boot_kernel(
    request: InstallRequest, installer: Installer, host: Host, warnings: list[str]
) -> tuple[InstallRequest, System]:
    """Return the request to boot the kernel and the initrd of the CD, and the system with them."""
    medium = request.method.medium
    if medium is None or not medium.path:
        name = "a volume" if medium is not None else "--pxe" if request.method.kind == boot.PXE else "this method"
        raise UsageError(
            f"--unattended: {installer.title} only reads answers from its initrd, which cannot be taken from {name}",
            hint="use --cdrom or --location with the path or the URL of an ISO",
        )
    method = boot.Method(boot.KERNEL, place=PlaceRequest(medium.path))
    changed = request._replace(method=method)
    results: list[str] = []
    system = find_system(changed, host, results)
    warnings += [sentence for sentence in results if sentence not in warnings]
    return changed, system


# -- the answers -----------------------------------------------------------------------------------


def answer(
    chosen: Chosen, request: InstallRequest, system: System, drafted: GuestDraft
) -> tuple[InstallRequest, System, Answered]:
    """Return the answers; those for an initrd and for the kernel's arguments are in the request and the system.

    Raises InputError and UsageError for values that cannot be used.
    """
    from virtprov.unattended.answers import read_answers
    from virtprov.unattended.render import render

    setting, installer = drafted.setting, chosen.installer
    if setting.product:
        raise UsageError(
            f"--unattended: the {setting.driver} driver only starts stored guests, which have a single phase",
            hint="omit it, and answer the installer's questions yourself",
        )
    for flag, is_given in (("--network static", drafted.fixed), ("--ssh-config", request.ssh_config)):
        if is_given:
            raise UsageError(f"{flag} cannot be used with --unattended: no answer is made for it", hint="omit it")
    wanted = chosen.request._replace(guest_name=setting.guest.name)
    given = read_answers(wanted, installer, generate=not request.printing)
    rendered = render(wanted, installer, given, _gather_facts(chosen, system, setting.guest))
    _tell(chosen, request, drafted, given.profile)
    setting.notes.extend(rendered.notes)
    setting.warnings.extend(rendered.warnings)
    account = given.user if given.generated and given.generated == given.user_password else "root"
    secrets = (given.admin_password, given.admin_hash, given.user_password, given.user_hash, given.product_key)
    answered = Answered(chosen, rendered.files, given.generated, account, tuple(text for text in secrets if text))
    source, name = system.source, initrd_file(installer, system.profile)
    if source is not None and not (request.method.place and request.method.place.overwrites_args):
        args = kernel_args(installer, system.profile, name) if chosen.way == INITRD else installer.args
        system = system._replace(source=source._replace(kernel_args=(*args, *source.kernel_args)))
    if chosen.way == INITRD:
        files = tuple(
            InjectedFile(name if file == installer.file else file, data, 0o600) for file, data in rendered.files.items()
        )
        method = request.method._replace(inject=(*request.method.inject, *files))
        request = request._replace(method=method)
    return request, system, answered


def _gather_facts(chosen: Chosen, system: System, guest: Guest) -> Facts:
    from virtprov.unattended.variables import Facts

    source, address = system.source, ""
    if source is not None and source.kind == TREE:
        address = source.place
    elif source is not None and source.kind == DIRECTORY:
        tree_of_os = system.profile.install_tree(guest.arch, chosen.request.profile)
        address = tree_of_os.url if tree_of_os is not None else ""
    return Facts(system.profile, guest.arch, _find_disk(guest), address, bool(chosen.request.drivers), guest.is_uefi)


def _find_disk(guest: Guest) -> str:
    """Return what Linux calls the guest's first disk. Those of IDE, SATA, SCSI and USB count together, without CDs."""
    from virtprov.xml import path

    target = next((path.text(disk, "./target/@dev") for disk in guest.disks("disk")), "vda")
    if target.startswith("nvme"):
        return "/dev/nvme0n1"
    kind = next((kind for kind in ("xvd", "vd") if target.startswith(kind)), "sd")
    return f"/dev/{kind}a"


def _tell(chosen: Chosen, request: InstallRequest, drafted: GuestDraft, profile: str) -> None:
    if not chosen.request.profile:
        drafted.setting.note(f"Using unattended profile '{profile}'")
    if chosen.boots_kernel:
        place = request.method.place
        assert place is not None
        drafted.setting.note(
            f"Booting the kernel of {place.location} for the installation, as --location does: otherwise "
            f"{chosen.installer.title} would not find its answers"
        )


def plan_disk(answered: Answered, drafted: GuestDraft, final: Guest, install: Guest, *, build: bool) -> Seed | None:
    """Return the small disk with the answers, if they are on one. The finished guest keeps its empty drive.

    The ISO with drivers for Windows gets a drive as well. Raises UsageError for a file of drivers that does not exist.
    """
    from virtprov.actions.seed import attach

    setting, drivers = drafted.setting, answered.chosen.request.drivers
    if answered.chosen.way != DISK:
        return None
    image = _build(answered) if build else b""
    seed = attach.plan_image(setting, final, install, image, password=answered.generated)
    if drivers:
        here = os.path.abspath(os.path.expanduser(drivers))
        if not os.path.isfile(here) and not (setting.host.is_remote or setting.host.is_recorded):
            raise UsageError(f"--unattended drivers: '{drivers}' does not exist", hint="give the ISO of virtio-win")
        for guest, where in ((install, here), (final, "")):
            attach.add_drive(setting, guest, where, cdrom=True)
        seed = attach.finish_image(seed, final, install)
    return seed


def _build(answered: Answered) -> bytes:
    from virtprov.support.file_access import iso

    return iso.build_iso(answered.files, answered.chosen.installer.label)
