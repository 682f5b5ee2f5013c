"""virtprov-install: plan a new guest for a request and a host. Changes nothing: `plan.apply` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install import draft_checks, first_boot, image_disk, phases
from virtprov.actions.install.draft import draft
from virtprov.actions.install.first_boot import NO_FILES, Files
from virtprov.actions.install.list_steps import list_steps
from virtprov.actions.install.system import find_system
from virtprov.actions.request import InstallRequest
from virtprov.actions.run.plan import Plan
from virtprov.guest import boot, checks, resources
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.rule_context import UNWATCHED, RuleContext, Watch
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.install.guest_draft import GuestDraft
    from virtprov.actions.install.image_disk import ImagePlan
    from virtprov.actions.seed.attach import Seed
    from virtprov.actions.seed.login import Login
    from virtprov.actions.waiting.wait_goals import WaitGoals
    from virtprov.host.connection import Host


class InstallPlan(Record):
    """The plan, and what is needed after it has been carried out.

    `files` are those that only the first boot needs. `taken` is a warning if the guest is only shown and its name
    already exists. `starts` is False if the guest is only defined, `image` is its cloud image,
    `login` is how to log in, if virtprov set it up, `wanted` what the guest is waited for, if that is named.
    """

    plan: Plan
    seed: Seed | None
    method: boot.Method
    displays: tuple[str, ...] = ()
    uuid: str = ""
    macs: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    taken: str = ""
    files: Files = NO_FILES
    starts: bool = True
    image: ImagePlan | None = None
    login: Login | None = None
    wanted: WaitGoals | None = None


def plan(request: InstallRequest, host: Host, watch: Watch = UNWATCHED) -> InstallPlan:
    """Return the plan for a new guest; `watch` is told which option or rule writes what.

    Raises UsageError for invalid requests, HostError for what the host lacks.
    """
    warnings: list[str] = []
    system = find_system(request, host, warnings)
    request = image_disk.with_seed(request, system)
    drafted = draft(request, host, system, watch)
    setting = drafted.setting
    taken = draft_checks.check_name(request, setting)
    draft_checks.check(request, drafted)
    blocked = draft_checks.find_barriers(request, setting)
    guest = setting.guest
    asked = request._replace(method=phases.method(request, setting))
    method, boot_files = first_boot.plan_kernel(asked, system, host, guest.name)
    files = boot_files.add(drafted.drive.files)
    final = phases.final(setting, method, first_boot.is_medium_kept(method, drafted.drive, system.profile))
    watch.begin(final)
    watch.step("boot-order")
    install = boot.install_phase(guest, method) if method.has_install_phase else None
    if install is not None and first_boot.is_from_network(method, system):
        resources.boost_network_install(setting, install, given=any(use.group == "memory" for use in request.uses))
    _check_host(request, setting, host, method, files)
    setting.notes[:0] = first_boot.collect_notes(request, system, guest, warnings)
    seed, login = _plan_inside(request, drafted, final, install, host.machine)
    watch.step("cloud-init-seed")
    documents = tuple(DomainDocument.of(phase) for phase in (install, final) if phase is not None)
    steps = list_steps(request, drafted, blocked, files, documents, seed)
    warnings += setting.warnings + (list(seed.warnings) if seed is not None else [])
    told = Plan(documents, steps, guest.name, tuple(setting.notes), tuple(warnings))
    displays = tuple(display.get("type", "") for display in guest.devices("graphics"))
    volumes = tuple(volume.path for making in drafted.makings for volume in making.volumes)
    macs = tuple(checks.mac_addresses(guest))
    starts = phases.starts(request)
    image = drafted.image
    wanted = phases.wanted(request, final, host, method, system.profile, login)
    return InstallPlan(
        told, seed, method, displays, guest.uuid, macs, volumes, taken, files, starts, image, login, wanted
    )


def _check_host(request: InstallRequest, setting: RuleContext, host: Host, method: boot.Method, files: Files) -> None:
    """Ask the host what it can tell before anything is made."""
    if request.checks.host and not request.printing:
        from virtprov.actions.install import host_checks

        host_checks.check(setting, host, method, files.made)


def _plan_inside(
    request: InstallRequest, drafted: GuestDraft, final: Guest, install: Guest | None, machine: str
) -> tuple[Seed | None, Login | None]:
    """Return the cloud-init seed, and how to log in to the guest; most guests have neither."""
    if request.seed is None and not drafted.fixed and not request.ssh_config:
        return None, None
    from virtprov.actions.install import inside

    return inside.plan(request, drafted.setting, drafted.fixed, final, install, machine=machine)
