"""The end of what a guest wrote to its text console, for a user whose wait has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.support.errors import HostError
from virtprov.xml import path

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext
    from virtprov.host.connection import Host
    from virtprov.host.running.console import ConsoleReader

LINES = 10
_TAIL = 64 * 1024
"""How much of the end of a log is read, in bytes."""


def show(context: RunContext, name: str, console: ConsoleReader) -> None:
    """Show the last lines of the guest's log file, otherwise of its console as read during the wait."""
    from virtprov.host.running.console import find_last_lines

    log = find_log(context.host, name)
    lines = find_last_lines(_read_end(log), LINES) if log else []
    where = log if lines else f"the console of '{name}'"
    lines = lines or console.tail(LINES)
    if lines:
        context.say(f"Last lines of {where}:")
    for line in lines:
        context.say(f"    {line}")


def find_log(host: Host, name: str) -> str:
    """Return the file of this machine to which the guest's serial port is logged; "" without one."""
    if host.is_remote or host.is_recorded:
        return ""
    try:
        guest = Guest.parse(host.guests.xml(name) or "<domain/>")
    except HostError:  # it was transient, and is gone
        return ""
    ports = (*guest.devices("serial"), *guest.devices("console"))
    return next((log for port in ports if (log := path.get(port, "./log/@file"))), "")


def _read_end(log: str) -> str:
    """Return the end of a log file; "" if it cannot be read."""
    from virtprov.support.file_access.regular import reading

    try:
        with reading(log) as file:
            file.seek(max(file.seek(0, 2) - _TAIL, 0))
            return file.read(_TAIL).decode(errors="replace")
    except OSError:
        return ""
