"""virtprov-install: plan a new guest for a request and a host. Changes nothing: `plan.apply` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.checks import draft_checks
from virtprov.actions.install.draft import draft
from virtprov.actions.install.list_steps import list_steps
from virtprov.actions.install.os_source import first_boot, phases
from virtprov.actions.install.os_source.first_boot import NO_FILES, Files
from virtprov.actions.install.os_source.which_system import find_system
from virtprov.actions.request import InstallRequest
from virtprov.actions.run.plan import Plan
from virtprov.guest import boot, checks
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.machine import resources
from virtprov.guest.rules.rule_context import UNWATCHED, RuleContext, Watch
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.install.guest_draft import GuestDraft
    from virtprov.actions.install.os_source.image_disk import ImagePlan
    from virtprov.actions.install.os_source.which_system import System
    from virtprov.actions.install.unattended import Answered, Chosen
    from virtprov.actions.seed.attach import Seed
    from virtprov.actions.seed.login import Login
    from virtprov.actions.waiting.wait_goals import WaitGoals
    from virtprov.host.connection import Host


class InstallPlan(Record):
    """The plan, and what is needed after it has been carried out.

    `files` are those that only the first boot needs. `taken` is a warning if the guest is only shown and its name
    already exists. `starts` is False if the guest is only defined, `image` is its cloud image,
    `login` is how to log in, if virtprov set it up, `wanted` what the guest is waited for, if that is named,
    `answers` are those for its installer.
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
    answers: Answered | None = None


def plan(request: InstallRequest, host: Host, watch: Watch = UNWATCHED) -> InstallPlan:
    """Return the plan for a new guest; `watch` is told which option or rule writes what.

    Raises UsageError for invalid requests, HostError for what the host lacks.
    """
    warnings: list[str] = []
    system = find_system(request, host, warnings)
    request = _with_seed(request, system)
    request, system, chosen = _choose_answers(request, system, host, warnings)
    drafted = draft(request, host, system, watch)
    setting, guest = drafted.setting, drafted.setting.guest
    taken = draft_checks.check_name(request, setting)
    draft_checks.check(request, drafted)
    blocked = draft_checks.find_barriers(request, setting)
    request, system, answers = _answer(chosen, request, system, drafted)
    asked = request._replace(method=phases.method(request, setting))
    method, boot_files = first_boot.plan_kernel(asked, system, host, guest.name)
    files = boot_files.add(drafted.drive.files)
    final = phases.final(setting, method, first_boot.is_medium_kept(method, drafted.drive, system.profile))
    watch.begin(final)
    watch.step("boot-order")
    install = _plan_first_boot(request, setting, method, system)
    _check_host(request, setting, host, method, files)
    setting.notes[:0] = first_boot.collect_notes(request, system, guest, warnings)
    seed, login = _plan_inside(request, drafted, final, install, answers, host.machine)
    watch.step("cloud-init-seed")
    documents = tuple(DomainDocument.of(phase) for phase in (install, final) if phase is not None)
    steps = list_steps(request, drafted, blocked, files, documents, seed)
    warnings += setting.warnings + (list(seed.warnings) if seed is not None else [])
    told = Plan(documents, steps, guest.name, tuple(setting.notes), tuple(warnings))
    displays = tuple(display.get("type", "") for display in guest.devices("graphics"))
    volumes = tuple(volume.path for making in drafted.makings for volume in making.volumes)
    macs, starts, image = tuple(checks.mac_addresses(guest)), phases.starts(request), drafted.image
    wanted = phases.wanted(request, final, host, method, system.profile, login)
    return InstallPlan(
        told, seed, method, displays, guest.uuid, macs, volumes, taken, files, starts, image, login, wanted, answers
    )


def _choose_answers(
    request: InstallRequest, system: System, host: Host, warnings: list[str]
) -> tuple[InstallRequest, System, Chosen | None]:
    """Return how the installer is answered, if it is; the request and the system may change for that."""
    if request.unattended is None:
        return request, system, None
    from virtprov.actions.install import unattended

    return unattended.choose(request, system, host, warnings)


def _answer(
    chosen: Chosen | None, request: InstallRequest, system: System, drafted: GuestDraft
) -> tuple[InstallRequest, System, Answered | None]:
    """Return the answers for the installer, if there are any."""
    if chosen is None:
        return request, system, None
    from virtprov.actions.install import unattended

    return unattended.answer(chosen, request, system, drafted)


def _plan_first_boot(
    request: InstallRequest, setting: RuleContext, method: boot.Method, system: System
) -> Guest | None:
    """Return the guest for the boot of its installer; None without one."""
    if not method.has_install_phase:
        return None
    install = boot.install_phase(setting.guest, method)
    if first_boot.is_from_network(method, system):
        resources.boost_network_install(setting, install, given=any(use.group == "memory" for use in request.uses))
    return install


def _with_seed(request: InstallRequest, system: System) -> InstallRequest:
    """Return the request with the seed of a cloud image, if there is one."""
    if system.image is None:
        return request
    from virtprov.actions.install.os_source.image_disk import with_seed

    return with_seed(request, system)


def _check_host(request: InstallRequest, setting: RuleContext, host: Host, method: boot.Method, files: Files) -> None:
    """Ask the host what it can tell before anything is made."""
    if request.checks.host and not request.printing:
        from virtprov.actions.install.checks import host_checks

        host_checks.check(setting, host, method, files.made)


def _plan_inside(
    request: InstallRequest,
    drafted: GuestDraft,
    final: Guest,
    install: Guest | None,
    answers: Answered | None,
    machine: str,
) -> tuple[Seed | None, Login | None]:
    """Return the cloud-init seed or the answers' disk, and how to log in to the guest; most guests have neither."""
    if answers is not None and install is not None:
        from virtprov.actions.install import unattended

        return unattended.plan_disk(answers, drafted, final, install, build=not (request.printing or request.dry)), None
    if request.seed is None and not drafted.fixed and not request.ssh_config:
        return None, None
    from virtprov.actions.install import inside

    return inside.plan(request, drafted.setting, drafted.fixed, final, install, machine=machine)
