"""What follows once the guest runs: a console, waiting, the second boot, the seed's way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions import seeds, wait
from virtprov.actions.install import InstallPlan
from virtprov.actions.request import InstallRequest
from virtprov.cloudinit.model import UNTIL_READY
from virtprov.support.errors import GuestBroken, HostError

if TYPE_CHECKING:
    from virtprov.actions.plan import World

DONE, PENDING, READY = "created", "installing", "ready"


def finish(request: InstallRequest, made: InstallPlan, world: World) -> str:
    """Wait as asked and bring the guest to its final state; returns DONE, PENDING or READY.

    Raises WaitTimeout and GuestBroken; the guest is left as it is then.
    """
    if made.seed is not None:
        return _finish_seed(request, made, world)
    if request.wait is None or request.wait == 0:
        return PENDING if made.method.has_install_phase else DONE
    name = made.plan.name
    with world.host.watch(name) as watch:
        event = wait.until_off(watch, name, wait.Deadline(request.wait))
    if event.detail in ("crashed", "failed"):
        raise GuestBroken(f"'{name}' {event.detail}", hint="its log is on the host, in /var/log/libvirt/qemu")
    if made.method.has_install_phase and not request.noreboot and event.detail != "destroyed":
        start(world, name)
    return DONE


def start(world: World, name: str) -> None:
    """Start the guest again after its installation, unless somebody did already."""
    known = world.host.guest(name)
    if known is None:
        raise HostError(f"'{name}' is gone from the host", hint="it was undefined while virtprov-install waited")
    if not known.active:
        world.say(f"'{name}' has powered off; starting it again")
        world.host.start_guest(name)


def _finish_seed(request: InstallRequest, made: InstallPlan, world: World) -> str:
    """Wait until cloud-init is done, then take the seed out. Nobody waits: the guest keeps what it has open."""
    seed, name = made.seed, made.plan.name
    assert seed is not None
    keeps = seed.keep != UNTIL_READY
    if not request.wait:
        if not keeps:
            seeds.delete(world, seed)
        return DONE
    with world.host.watch(name) as watch:
        wait.until_ready(world.host, watch, name, wait.Deadline(request.wait))
    if not keeps:
        seeds.retire(world, name, seed)
    return READY
