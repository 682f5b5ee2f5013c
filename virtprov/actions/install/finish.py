"""What follows after the guest has been started: waiting, the second boot, removing the seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.install_plan import InstallPlan
from virtprov.actions.request import InstallRequest
from virtprov.actions.run import stages
from virtprov.actions.seed import remove
from virtprov.actions.steps.boot_files import remove_passing
from virtprov.actions.waiting import last_words, wait
from virtprov.actions.waiting.wait_for_goals import wait_for_goals
from virtprov.actions.waiting.wait_goals import WaitGoals
from virtprov.cloudinit.seed_request import KEEP, UNTIL_READY
from virtprov.support.errors import GuestBroken, HostError, WaitTimeout
from virtprov.support.text import shell_word

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext
    from virtprov.host.daemon.events import GuestEvent

CREATED, INSTALLING, READY, OFF = "created", "installing", "ready", "off"
"""The final state: running; running its installer; running with cloud-init done; powered off."""


def remove_boot_files(plan: InstallPlan, context: RunContext) -> None:
    """Remove what was needed until the guest had started: QEMU has read its kernel and initrd."""
    if plan.files.until_started:
        remove_passing(context, plan.files.until_started)


def finish(request: InstallRequest, plan: InstallPlan, context: RunContext) -> str:
    """Wait as requested and bring the guest to its final state; returns one of the constants above.

    Raises WaitTimeout and GuestBroken, and then leaves the guest as it is.
    """
    try:
        return _finish(request, plan, context)
    finally:
        context.stages.note(stages.END)


def _finish(request: InstallRequest, plan: InstallPlan, context: RunContext) -> str:
    if plan.method.has_install_phase:
        return _finish_install(request, plan, context)
    if plan.seed is not None:
        return _finish_seed(request, plan, context)
    if not request.wait:
        return CREATED
    if plan.wanted is not None:
        return READY if wait_for_goals(context, plan.plan.name, _deadline(request, plan), plan.wanted) else OFF
    _until_off(plan.plan.name, _deadline(request, plan), context)
    return OFF


def _deadline(request: InstallRequest, plan: InstallPlan) -> wait.Deadline:
    """Return the end of the time for the wait, which begins now."""
    return wait.Deadline(plan.wanted.minutes if plan.wanted is not None else request.wait)


def _until_off(name: str, deadline: wait.Deadline, context: RunContext) -> GuestEvent:
    """Wait until the guest is off; raises WaitTimeout and GuestBroken, and before that shows its last words.

    While it waits, a terminal shows a clock and the last line of the guest's console.
    """
    with context.host.running.watch(name) as watch, context.host.running.console(name) as console:
        try:
            with wait.show_clock(context.progress, f"Waiting until '{name}' powers off", console):
                return wait.until_off(watch, name, deadline)
        except (WaitTimeout, GuestBroken):
            last_words.show(context, name, console)
            raise


def _until_over(minutes: float, plan: InstallPlan, context: RunContext) -> str:
    """Wait until a guest with a seed is off or reboots, which ends its first boot; then delete the seed."""
    name = plan.plan.name
    with context.host.running.watch(name) as watch:
        event = wait.until_over(watch, name, wait.Deadline(minutes))
    _drop_seed(plan, context)
    if event.detail in ("crashed", "failed"):
        raise _broken(name, event.detail)
    return CREATED if event.kind == "rebooted" else OFF


def _broken(name: str, detail: str) -> GuestBroken:
    return GuestBroken(f"'{name}' {detail}", hint="see its log on the host, in /var/log/libvirt/qemu")


def _finish_install(request: InstallRequest, plan: InstallPlan, context: RunContext) -> str:
    """Start the guest again after its installation, if the command waits for it."""
    name = plan.plan.name
    known = context.host.guests.find(name)
    if not request.wait and known is not None and known.active:
        _drop_media(plan, context)
        return INSTALLING
    if known is None:  # one that lives only while it runs
        _drop_media(plan, context)
        return OFF
    deadline = _deadline(request, plan)
    try:
        event = _until_off(name, deadline, context)
    except (WaitTimeout, GuestBroken):
        if plan.answers is not None:  # they contain passwords; a running installer can still read the open file
            _drop_seed(plan, context)
        _drop_medium(plan, context)
        raise
    context.stages.note(stages.INSTALLED)
    _drop_media(plan, context)
    if request.noreboot or request.transient:
        return OFF
    if event.detail == "destroyed":
        context.say(f"'{name}' was stopped by someone else, so it is not started again")
        return OFF
    start(context, name)
    if plan.wanted is None or not plan.wanted.is_running:
        return CREATED
    return READY if wait_for_goals(context, name, deadline, plan.wanted) else OFF


def leave(plan: InstallPlan, context: RunContext) -> str:
    """Return messages for a user who stops waiting: the guest keeps running, and its seed is deleted.

    The seed is deleted at once because it may contain secrets; a running guest can still read its open file.
    """
    name = plan.plan.name
    known, word = context.host.guests.find(name), shell_word(name)
    if known is None:
        sentence = f"guest '{name}' no longer exists on the host"
    elif not known.active:
        sentence = f"guest '{name}' exists, but is off; start it with `virsh start {word}`"
    elif plan.method.has_install_phase:
        sentence = (
            f"guest '{name}' continues its installation; when it has powered off, start it with `virsh start {word}`"
        )
    else:
        sentence = (
            f"guest '{name}' keeps running; `virsh console {word}` shows its console, `virsh destroy {word}` stops it"
        )
    _drop_media(plan, context)
    return f"{sentence}{_describe_seed(plan)}"


def _describe_seed(plan: InstallPlan) -> str:
    """Return what becomes of the seed of a guest that is left alone, for the end of a sentence."""
    if plan.seed is None:
        return ""
    where = f"{plan.seed.pool}/{plan.seed.volume}" if plan.seed.pool else plan.seed.volume
    if plan.seed.keep == KEEP:
        return f"; its cloud-init seed {where} stays"
    return f"; its cloud-init seed {where} is deleted, but a running guest can still read it"


def start(context: RunContext, name: str) -> None:
    """Start the guest again after its installation, unless it has been started already.

    Raises HostError if it does not exist any more, or cannot be started.
    """
    known = context.host.guests.find(name)
    if known is None:
        raise HostError(
            f"'{name}' is no longer defined on the host", hint="it was undefined while virtprov-install waited"
        )
    if not known.active:
        context.say(f"'{name}' has powered off; starting it again")
        context.host.guests.start(name)


def _drop_media(plan: InstallPlan, context: RunContext) -> None:
    """Delete the seed and the uploaded medium of an installer; a running guest can still read its open files."""
    _drop_seed(plan, context)
    _drop_medium(plan, context)


def _drop_medium(plan: InstallPlan, context: RunContext) -> None:
    if plan.files.until_off:
        remove_passing(context, plan.files.until_off)


def _drop_seed(plan: InstallPlan, context: RunContext) -> None:
    """Delete a seed that is not kept; a running guest can still read its open file."""
    if plan.seed is not None and plan.seed.keep != KEEP:
        remove.delete(context, plan.seed)


def _finish_seed(request: InstallRequest, plan: InstallPlan, context: RunContext) -> str:
    """Wait until cloud-init is done and remove the seed; without waiting, delete it while the guest has it open."""
    seed, name = plan.seed, plan.plan.name
    assert seed is not None
    if not request.wait:
        _drop_seed(plan, context)
        return CREATED
    if request.until_off and plan.wanted is None:
        return _until_over(request.wait, plan, context)
    wanted = plan.wanted or WaitGoals(cloud_init=True)
    if seed.power is not None and wanted.is_running:  # what is true before that may not be true after it
        wanted = wanted._replace(cloud_init=True)
    wait_for_goals(context, name, _deadline(request, plan), wanted, seed.power)
    known = context.host.guests.find(name)
    if known is None or not known.active:  # its user-data told it to power off
        _drop_seed(plan, context)
        return OFF
    if seed.keep == UNTIL_READY and wanted.cloud_init:
        remove.detach_and_delete(context, name, seed)
    else:
        _drop_seed(plan, context)
    return READY
