"""What follows once the guest runs: waiting, the second boot, the seed's way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install import wait
from virtprov.actions.install.draft import InstallPlan
from virtprov.actions.request import InstallRequest
from virtprov.actions.seed import attach
from virtprov.cloudinit.seed_request import KEEP, UNTIL_READY
from virtprov.support.errors import GuestBroken, HostError

if TYPE_CHECKING:
    from virtprov.actions.run.plan import World
    from virtprov.host.events import GuestEvent

CREATED, INSTALLING, READY, OFF = "created", "installing", "ready", "off"
"""The guest runs; its installer runs; it runs and cloud-init is done; it has powered off."""


def finish(request: InstallRequest, made: InstallPlan, world: World) -> str:
    """Wait as asked and bring the guest to its final state; returns one of the words above.

    Raises WaitTimeout and GuestBroken; the guest is left as it is then.
    """
    if made.method.has_install_phase:
        return _finish_install(request, made, world)
    if made.seed is not None:
        return _finish_seed(request, made, world)
    if not request.wait:
        return CREATED
    _until_off(made.plan.name, request.wait, world)
    return OFF


def _until_off(name: str, minutes: float | None, world: World) -> GuestEvent:
    """Wait until the guest is off; raises GuestBroken when it did not go willingly."""
    with world.host.running.watch(name) as watch:
        event = wait.until_off(watch, name, wait.Deadline(minutes))
    if event.detail in ("crashed", "failed"):
        raise GuestBroken(f"'{name}' {event.detail}", hint="its log is on the host, in /var/log/libvirt/qemu")
    return event


def _finish_install(request: InstallRequest, made: InstallPlan, world: World) -> str:
    """Once the installer is done the guest is started again; a guest nobody waits for is left to it."""
    name = made.plan.name
    known = world.host.guests.find(name)
    if not request.wait and known is not None and known.active:
        _drop_seed(made, world)
        return INSTALLING
    if known is None:  # one that lives only while it runs
        _drop_seed(made, world)
        return OFF
    event = _until_off(name, request.wait, world)
    _drop_seed(made, world)
    if request.noreboot or request.transient:
        return OFF
    if event.detail == "destroyed":
        world.say(f"'{name}' was stopped from outside, so it is not started again")
        return OFF
    start(world, name)
    return CREATED


def leave(made: InstallPlan, world: World) -> str:
    """What to say when the user stops waiting: the guest goes on, its seed goes as if nobody had waited.

    The seed is deleted at once: it may hold secrets, and a guest that runs keeps what it has open.
    """
    name = made.plan.name
    known = world.host.guests.find(name)
    if known is None:
        sentence = f"the guest '{name}' is gone from the host"
    elif not known.active:
        sentence = f"the guest '{name}' is there, but off: `virsh start {name}` starts it"
    elif made.method.has_install_phase:
        sentence = (
            f"the guest '{name}' runs on with its installation; once it powers off, `virsh start {name}` starts it"
        )
    else:
        sentence = f"the guest '{name}' runs on; `virsh console {name}` shows it, `virsh destroy {name}` stops it"
    _drop_seed(made, world)
    return sentence


def start(world: World, name: str) -> None:
    """Start the guest again after its installation, unless somebody did already."""
    known = world.host.guests.find(name)
    if known is None:
        raise HostError(f"'{name}' is gone from the host", hint="it was undefined while virtprov-install waited")
    if not known.active:
        world.say(f"'{name}' has powered off; starting it again")
        world.host.guests.start(name)


def _drop_seed(made: InstallPlan, world: World) -> None:
    """Delete a seed that does not stay for good; a guest that still runs keeps what it has open."""
    if made.seed is not None and made.seed.keep != KEEP:
        attach.delete(world, made.seed)


def _finish_seed(request: InstallRequest, made: InstallPlan, world: World) -> str:
    """Wait until cloud-init is done, then take the seed out. Nobody waits: the guest keeps what it has open."""
    seed, name = made.seed, made.plan.name
    assert seed is not None
    if not request.wait:
        _drop_seed(made, world)
        return CREATED
    with world.host.running.watch(name) as watch:
        wait.until_ready(world.host, watch, name, wait.Deadline(request.wait))
    known = world.host.guests.find(name)
    if known is None or not known.active:  # its user-data told it to power off
        _drop_seed(made, world)
        return OFF
    if seed.keep == UNTIL_READY:
        attach.retire(world, name, seed)
    else:
        _drop_seed(made, world)
    return READY
