"""Stop guests before they are removed: they shut down by themselves, in a limited time, or are powered off."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.host.failures import NotThere
from virtprov.support.errors import HostError, WaitTimeout
from virtprov.support.notation.units import show_duration
from virtprov.support.text import join_words

if TYPE_CHECKING:
    from virtprov.actions.remove.draft import Removal
    from virtprov.actions.request import RemoveRequest
    from virtprov.actions.run.plan import RunContext
    from virtprov.host.daemon.events import Watch

ASK_AGAIN = 15.0
"""Seconds between two requests to shut down: a guest that is booting misses the first."""
GOING = 5.0
"""Seconds in which a guest that cannot be asked may power off: its agent or QEMU ended before it was seen to be off."""
Clock = Callable[[], float]


def stop(request: RemoveRequest, removals: list[Removal], context: RunContext, clock: Clock = time.monotonic) -> None:
    """Stop the guests that run, all at the same time; returns when they are off.

    Raises WaitTimeout if one of them is not off in time, HostError if one cannot be stopped.
    """
    running = [removal for removal in removals if removal.info.active]
    if request.force_off:
        for removal in running:
            with context.progress.task(f"Powering off guest '{removal.name}'"):
                context.host.guests.destroy(removal.info.uuid)
        return
    if not running:
        return
    names = join_words(f"'{removal.name}'" for removal in running)
    with ExitStack() as open_watches:
        watches = [open_watches.enter_context(context.host.running.watch(each.info.uuid)) for each in running]
        label = f"Waiting until {names} {'shuts' if len(running) == 1 else 'shut'} down"
        with context.progress.clock(label, lambda: ""):
            _wait(request, running, watches, context, clock)


def _wait(
    request: RemoveRequest, running: list[Removal], watches: list[Watch], context: RunContext, clock: Clock
) -> None:
    """Ask the guests to shut down, again and again, until all are off."""
    end = None if request.wait < 0 else clock() + request.wait * 60
    left = list(zip(running, watches, strict=True))
    while left:
        for removal, watch in left:
            _ask(removal, watch, context)
        again = clock() + ASK_AGAIN
        until = again if end is None else min(again, end)
        left = [(removal, watch) for removal, watch in left if not _is_off(removal, watch, max(until - clock(), 0.0))]
        if left and end is not None and clock() >= end:
            raise _timeout(request, [removal.name for removal, _ in left], len(running))


def _ask(removal: Removal, watch: Watch, context: RunContext) -> None:
    """Ask a guest to shut down; it may have just powered off, or be about to."""
    try:
        context.host.guests.shutdown(removal.info.uuid)
    except NotThere:
        return
    except HostError as problem:
        known = context.host.guests.find(removal.info.uuid)
        if known is not None and known.active and not _is_off(removal, watch, GOING):
            raise HostError(problem.message, hint="--force-off powers it off") from None


def _is_off(removal: Removal, watch: Watch, seconds: float) -> bool:
    """Wait until the guest is off, for so many seconds; raises HostError if it cannot go on."""
    event = watch.wait_stopped(seconds)
    if event is not None and event.kind != "stopped":
        raise HostError(
            f"guest '{removal.name}' does not shut down: it is {'paused' if event.kind == 'suspended' else 'crashed'} "
            f"({event.detail})",
            hint="--force-off powers it off; nothing has been removed",
        )
    return event is not None


def _timeout(request: RemoveRequest, names: list[str], count: int) -> WaitTimeout:
    who = join_words(f"'{name}'" for name in names)
    has = "has" if len(names) == 1 else "have"
    others = " (the other guests are off)" if len(names) < count else ""
    return WaitTimeout(
        f"{who} {has} not shut down within {show_duration(request.wait * 60)}; nothing has been removed{others}",
        hint="--force-off powers a guest off, --wait TIME allows more time",
    )
