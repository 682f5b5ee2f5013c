"""Waiting until a guest is what it should be: powered off after an installation, or done with cloud-init."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from virtprov.actions.install.agent_answers import CloudInitResult, cloud_init_result
from virtprov.support.errors import GuestBroken, WaitTimeout

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.console import ConsoleReader
    from virtprov.host.events import GuestEvent, Watch

FINISHED = re.compile(r"Cloud-init v\. [^\n]*finished at[^\n]*")
"""What cloud-init's last stage prints on the console unless the user words it otherwise (final_message)."""
ASK_EVERY = 2.0


class Deadline:
    """A point in time to wait for at most; without minutes there is none."""

    def __init__(self, minutes: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.minutes = minutes
        self._clock = clock
        self._end = None if minutes is None or minutes < 0 else clock() + minutes * 60

    def left(self) -> float | None:
        """Seconds that are left (never negative), None for as long as it takes."""
        return None if self._end is None else max(self._end - self._clock(), 0.0)

    def slice(self, most: float) -> float:
        """Seconds to wait now: `most`, or what is left of the whole."""
        left = self.left()
        return most if left is None else min(most, left)

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        left = self.left()
        return left is not None and left <= 0


def _too_long(name: str, what: str, deadline: Deadline) -> WaitTimeout:
    return WaitTimeout(
        f"'{name}' {what} within {deadline.minutes:g} minutes; the guest is left as it is",
        hint=f"look at it with `virsh console {name}`, or allow more time with --wait",
    )


def until_off(watch: Watch, name: str, deadline: Deadline) -> GuestEvent:
    """Wait until the guest is off; raises WaitTimeout."""
    event = watch.wait_stopped(deadline.left())
    if event is None:
        raise _too_long(name, "has not powered off", deadline)
    return event


def until_ready(host: Host, watch: Watch, name: str, deadline: Deadline) -> None:
    """Wait until cloud-init in the guest is done, as its agent tells, or else its text console.

    Raises WaitTimeout, and GuestBroken when the guest stops on the way, when cloud-init reports errors, or when
    it never found its seed.
    """
    with host.running.console(name) as console:
        while True:
            result = cloud_init_result(host, name) if watch.agent_connected() else None
            if result is not None:
                _judge(name, result)
                return
            said = FINISHED.search(console.text())
            if said is not None:
                _judge_console(name, said[0])
                return
            ended = watch.wait_for(_is_end, deadline.slice(ASK_EVERY))
            if ended is not None:
                _ended(name, ended)
                return
            known = host.guests.find(name)
            if known is None or not known.active:
                raise GuestBroken(
                    f"'{name}' is off before cloud-init was done",
                    hint=f"start it and look at it: `virsh start --console {name}`",
                )
            if deadline.over:
                raise _not_ready(name, deadline, console)


def _is_end(event: GuestEvent) -> bool:
    return event.kind in ("stopped", "crashed")


def _not_ready(name: str, deadline: Deadline, console: ConsoleReader) -> WaitTimeout:
    """What is known about a guest that is not ready in time."""
    last = console.tail(3)
    heard = f"; its console says: {' | '.join(last)}" if last else ""
    return WaitTimeout(
        f"'{name}' is not done with cloud-init within {deadline.minutes:g} minutes{heard}",
        hint=f"the guest is left as it is: look at it with `virsh console {name}`, or allow more time with --wait",
    )


def _ended(name: str, event: GuestEvent) -> None:
    if event.detail in ("crashed", "failed", "destroyed") or event.kind == "crashed":
        raise GuestBroken(f"'{name}' stopped before cloud-init was done: {event.detail or event.kind}")


def _judge(name: str, result: CloudInitResult) -> None:
    if not result.errors and "DataSourceNone" in result.datasource:
        raise _seedless(name)
    if result.errors:
        raise GuestBroken(
            f"cloud-init in '{name}' reports: " + "; ".join(result.errors[:3]),
            hint="see /var/log/cloud-init.log in the guest",
        )


def _judge_console(name: str, line: str) -> None:
    if "DataSourceNone" in line:
        raise _seedless(name)


def _seedless(name: str) -> GuestBroken:
    return GuestBroken(
        f"cloud-init in '{name}' did not find its seed", hint="does the image read NoCloud seeds (datasource_list)?"
    )
