"""How a guest gets its system: in two boots, in a single one, or not started at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest import boot
from virtprov.support.errors import HostError, UsageError

if TYPE_CHECKING:
    from virtprov.actions.request import InstallRequest
    from virtprov.actions.seed.login import Login
    from virtprov.actions.waiting.wait_goals import WaitGoals
    from virtprov.guest.document import Guest
    from virtprov.guest.host_view import HostView
    from virtprov.guest.rules.rule_context import RuleContext
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile


def method(request: InstallRequest, setting: RuleContext) -> boot.Method:
    """Return how the system is installed; products that only start stored definitions have a single phase.

    Raises UsageError for what they cannot do: VMware's, Microsoft's and Oracle's drivers have no virDomainCreateXML, or
    store the guest there as well.
    """
    asked = request.method
    if not setting.product:
        return asked
    flags = {"--transient": request.transient, "--install kernel=": asked.kind == boot.KERNEL}
    for flag, given in flags.items():
        if given:
            raise UsageError(
                f"{flag}: the {setting.driver} driver only starts stored guests",
                hint="omit it; use --cdrom ISO to install a system",
            )
    return asked._replace(live=True)


def final(setting: RuleContext, method: boot.Method, keep_media: bool) -> Guest:
    """Return the finished guest: with a single phase it keeps its medium."""
    if setting.product:
        return boot.only_phase(setting.guest, method)
    return boot.final_phase(setting.guest, method, keep_media)


def starts(request: InstallRequest) -> bool:
    """Return whether the guest is started: with --noreboot, one that is not installed is only defined."""
    installs = request.method.has_install_phase or request.seed is not None
    return installs or request.transient or not request.noreboot


def check_waiting(request: InstallRequest, host: HostView) -> None:
    """Raise HostError if the guest is to be waited for but will never run."""
    if not request.wait or request.printing or request.dry or not starts(request):
        return
    if host.driver == "test" or host.is_recorded:
        what = "a recorded host" if host.is_recorded else "libvirt's test driver"
        raise HostError(
            f"--wait cannot be used on {what}: its guests never run",
            hint="omit --wait, or connect to a host with a hypervisor",
        )


def wanted(
    request: InstallRequest, guest: Guest, host: Host, method: boot.Method, profile: Profile, login: Login | None = None
) -> WaitGoals | None:
    """Return what the guest is waited for; None if it is only shown, or if that is not named.

    A seed is read by the installer if there is one. `login` may know the guest's address. Raises UsageError for what
    can never be found out.
    """
    if request.goals is None or request.printing:
        return None
    from virtprov.actions.waiting.wait_goals import resolve
    from virtprov.guest.marks import reservations

    seeded = request.seed is not None and not method.has_install_phase
    log_in = login.command_at if login is not None and login.known_hosts else None  # else another machine may answer
    found = resolve(request.goals, guest, host, seeded=seeded, windows=profile.is_windows, log_in=log_in)
    known = [each.address for each in reservations.of_guest(guest)]
    known += [login.address] if login is not None and login.address else []
    return found._replace(expected=tuple(known)) if found is not None else None


def is_given(request: InstallRequest, guest: Guest) -> bool:
    """Return whether the request says how the system gets into the guest."""
    return bool(
        request.method.kind
        or request.printing
        or request.seed is not None
        or guest.has("./os/boot")
        or guest.has("./os/kernel")
        or guest.has("./os/init")
        or guest.is_xen_pv
        and guest.has("./bootloader")
    )
