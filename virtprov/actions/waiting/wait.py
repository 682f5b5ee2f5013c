"""Wait until a guest has powered off after its installation, or until cloud-init is done.

cloud-init is done when the guest has also rebooted or powered off, if its user-data asks for that (`power_state`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from virtprov.actions.waiting.agent_answers import LONGEST, CloudInitResult, answers, cloud_init_result
from virtprov.cloudinit.checks.power_state import HALT, REBOOT
from virtprov.host.daemon.events import NEWS
from virtprov.support.errors import GuestBroken, WaitTimeout
from virtprov.support.notation.units import show_duration
from virtprov.support.terminal.visible import one_line
from virtprov.support.text import shell_word

if TYPE_CHECKING:
    from virtprov.cloudinit.checks.power_state import PowerState
    from virtprov.host.connection import Host
    from virtprov.host.daemon.events import GuestEvent, Watch
    from virtprov.host.running.console import ConsoleReader
    from virtprov.support.terminal.progress import Progress, Task

FINISHED = re.compile(r"Cloud-init v\. [^\n]*finished at[^\n]*")
"""What the last stage of cloud-init prints on the console, unless the user changes it (final_message)."""
BACK = re.compile(r"Cloud-init v\. [^\n]*finished at|\blogin: *$")
"""What a guest's console shows when it has booted again."""
HALTED = re.compile(r"System halted")
"""What Linux prints when it has halted; the guest is not off then."""
FAILED = re.compile(r"\[(?:WARNING|ERROR|CRITICAL)\]: ((?:Failed to run module|Running module [^\n]*failed)[^\r\n]*)")
"""What cloud-init logs on the console about a module that fails (its modules.py and cc_scripts_user.py)."""
ASK_EVERY, ASK_SOON = 1.0, 0.2
"""How many seconds between two looks, and when the result is expected at any moment."""
RESULT_SECONDS = 5
"""How long the agent may take to give the result after the console has shown the last line."""
UNSURE_SECONDS = 120
"""How long to wait for a reboot that depends on a command in the guest, after its delay."""


class Deadline:
    """A deadline; without minutes there is none."""

    def __init__(self, minutes: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.minutes = minutes
        self.clock = clock
        self._end = None if minutes is None or minutes < 0 else clock() + minutes * 60

    def remaining(self) -> float | None:
        """Return the seconds that remain (never negative), None for no limit."""
        return None if self._end is None else max(self._end - self.clock(), 0.0)

    def slice(self, most: float) -> float:
        """Return how long to wait now, in seconds: `most`, or less if the deadline is closer."""
        left = self.remaining()
        return most if left is None else min(most, left)

    @property
    def shown(self) -> str:
        """Return the whole time for people."""
        return show_duration((self.minutes or 0) * 60)

    @property
    def over(self) -> bool:
        """Return whether the time is up."""
        left = self.remaining()
        return left is not None and left <= 0


def _timeout_error(name: str, what: str, deadline: Deadline) -> WaitTimeout:
    return WaitTimeout(
        f"'{name}' {what} within {deadline.shown}; the guest is left as it is",
        hint=f"see its console with `virsh console {shell_word(name)}`, or allow more time with --wait",
    )


def until_off(watch: Watch, name: str, deadline: Deadline) -> GuestEvent:
    """Wait until the guest is off; raises WaitTimeout, and GuestBroken if it has crashed or cannot go on."""
    event = watch.wait_stopped(deadline.remaining())
    if event is None:
        raise _timeout_error(name, "has not powered off", deadline)
    if event.kind != "stopped" or event.detail in ("crashed", "failed"):
        raise_broken(name, event)
    return event


def raise_broken(name: str, event: GuestEvent) -> NoReturn:
    """Raise GuestBroken for a guest that has crashed, or cannot go on."""
    if event.kind == "suspended" and event.detail != "crashed":
        why = _WHY_PAUSED.get(event.detail, event.detail)
        raise GuestBroken(
            f"'{name}' is paused by {why}",
            hint=f"when the cause is removed, `virsh resume {shell_word(name)}` continues it",
        )
    raise GuestBroken(
        f"'{name}' {_HOW_BROKEN.get(event.detail, 'crashed')}",
        hint="see its log on the host, in /var/log/libvirt/qemu",
    )


_WHY_PAUSED = {
    "I/O error": "an error while it accessed its disk: the file system of the host may be full",
    "watchdog": "its watchdog",
}
_HOW_BROKEN = {"panicked": "crashed: its kernel panicked", "failed": "stopped because its hypervisor failed"}


def until_over(watch: Watch, name: str, deadline: Deadline) -> GuestEvent:
    """Wait until the guest is off or reboots; raises WaitTimeout."""
    while True:
        event = watch.wait_for(_is_over, deadline.slice(ASK_EVERY))
        if event is not None and event.kind == "rebooted":
            return event
        off = watch.wait_stopped(0)
        if off is not None:
            return off
        if deadline.over:
            raise _timeout_error(name, "has neither powered off nor rebooted", deadline)


def until_ready(
    host: Host,
    watch: Watch,
    name: str,
    deadline: Deadline,
    console: ConsoleReader,
    power: PowerState | None = None,
    glance: Callable[[], None] = lambda: None,
) -> GuestEvent | None:
    """Wait until cloud-init is done, as reported by the guest agent or shown on the text console.

    `power` is what its user-data asks for at the end: then wait until the guest has rebooted and is back, or is off.
    `glance` is called before each look. Returns the event of a guest that is off then.

    Raises WaitTimeout, and GuestBroken if the guest stops, if cloud-init reports errors, or if it does not find its
    seed.
    """
    reboots = power is not None and power.mode == REBOOT
    event = _until_done(host, watch, name, deadline, console, glance, reboots=reboots)
    if event is None and power is not None:
        event = _until_power_changes(watch, name, deadline, console, power)
    if event is not None and event.kind == "rebooted":
        return _until_back(host, watch, name, deadline, console)
    return event


def _until_done(
    host: Host,
    watch: Watch,
    name: str,
    deadline: Deadline,
    console: ConsoleReader,
    glance: Callable[[], None],
    *,
    reboots: bool,
) -> GuestEvent | None:
    """Wait until cloud-init is done; returns the event of a guest that is off by then.

    With `reboots`, a reboot of a system that was up counts as well: its agent may not have been asked in time. Firmware
    may reboot before.
    """
    was_up = False
    grace: Deadline | None = None
    while True:
        glance()
        is_up = watch.agent_connected()
        was_up = was_up or is_up
        result = cloud_init_result(host, name) if is_up else None
        if result is not None:
            _judge(name, result)
            return None
        match = FINISHED.search(console.text())
        grace = grace or (Deadline(RESULT_SECONDS / 60, deadline.clock) if match is not None else None)
        if match is not None and grace is not None and (not is_up or grace.over):
            _judge_console(name, match[0], console.text())
            return None
        event = watch.wait_for(_is_news, deadline.slice(ASK_EVERY if match is None else ASK_SOON))
        if event is not None and event.kind == "rebooted":
            if reboots and (was_up or FINISHED.search(console.text())):
                return event
            continue
        if event is not None and _is_end(event):
            return _ended(name, event)
        _check_active(host, name)
        if deadline.over:
            raise _not_ready(name, deadline, console)


def _check_active(host: Host, name: str) -> None:
    known = host.guests.find(name)
    if known is None or not known.active:
        raise GuestBroken(
            f"'{name}' is shut off, but cloud-init was not done",
            hint=f"start it and watch its console: `virsh start --console {name}`",
        )


def _until_power_changes(
    watch: Watch, name: str, deadline: Deadline, console: ConsoleReader, power: PowerState
) -> GuestEvent | None:
    """Wait for the reboot or the end that user-data asks for.

    Returns None if the guest halts, or if the change was not certain and does not come.
    """
    patience = Deadline(None if power.sure else power.delay + UNSURE_SECONDS / 60)
    while True:
        event = watch.wait_for(_is_over, min(deadline.slice(ASK_EVERY), patience.slice(ASK_EVERY)))
        if event is not None and event.kind == "rebooted":
            if power.mode == REBOOT:
                return event
        elif event is not None:
            return _ended(name, event)
        if patience.over or (power.mode == HALT and HALTED.search(console.text())):
            return None
        if deadline.over:
            what = "rebooted" if power.mode == REBOOT else "powered off"
            raise _timeout_error(name, f"is done with cloud-init, but has not {what} as its user-data asks", deadline)


def _until_back(host: Host, watch: Watch, name: str, deadline: Deadline, console: ConsoleReader) -> GuestEvent | None:
    """Wait until a guest that reboots has booted: its agent answers, or its console shows it.

    Returns the event of a guest that is off instead.
    """
    console.forget()
    while True:
        if (watch.agent_connected() and answers(host, name)) or BACK.search(console.text()):
            return None
        event = watch.wait_for(_is_end, deadline.slice(ASK_EVERY))
        if event is not None:
            return _ended(name, event)
        if deadline.over:
            raise _timeout_error(name, "has rebooted as its user-data asks, but is not back", deadline)


def show_clock(progress: Progress, label: str, console: ConsoleReader) -> Task:
    """Return a task with a clock and the last line of the guest's console."""
    return progress.clock(label, lambda: " ".join(console.tail(1)))


def _is_end(event: GuestEvent) -> bool:
    return event.kind in ("stopped", "crashed")


def _is_news(event: GuestEvent) -> bool:
    return event.kind in (NEWS, "agent connected") or _is_over(event)


def _is_over(event: GuestEvent) -> bool:
    return event.kind == "rebooted" or _is_end(event)


def _not_ready(name: str, deadline: Deadline, console: ConsoleReader) -> WaitTimeout:
    """Return what is known about a guest that is not ready in time."""
    last = console.tail(3)
    heard = f"; last lines of its console: {' | '.join(last)}" if last else ""
    return WaitTimeout(
        f"cloud-init in '{name}' is not done after {deadline.shown}{heard}",
        hint=f"the guest is left as it is: see its console with `virsh console {shell_word(name)}`, or allow more time "
        "with --wait",
    )


def _ended(name: str, event: GuestEvent) -> GuestEvent:
    """Return the event of a guest that has powered off by itself; raises GuestBroken if it has ended in another way."""
    if event.detail in ("crashed", "failed", "destroyed") or event.kind == "crashed":
        raise GuestBroken(f"'{name}' stopped before cloud-init was done: {event.detail or event.kind}")
    return event


def _judge(name: str, result: CloudInitResult) -> None:
    if not result.errors and "DataSourceNone" in result.datasource:
        raise _seedless(name)
    if result.errors:
        raise GuestBroken(
            f"cloud-init in '{name}' reports: " + "; ".join(result.errors[:3]),
            hint="see /var/log/cloud-init.log in the guest",
        )


def _judge_console(name: str, line: str, text: str) -> None:
    """Judge by the console alone; its text is not trusted, and may have lost its beginning."""
    if "DataSourceNone" in line:
        raise _seedless(name)
    failed = list(dict.fromkeys(one_line(match[1])[:LONGEST] for match in FAILED.finditer(text)))
    if failed:
        raise GuestBroken(
            f"cloud-init in '{name}' reports on the console: " + "; ".join(failed[:3]),
            hint="see /var/log/cloud-init.log in the guest",
        )


def _seedless(name: str) -> GuestBroken:
    return GuestBroken(
        f"cloud-init in '{name}' did not find its seed",
        hint="check that the image reads NoCloud seeds (datasource_list)",
    )
