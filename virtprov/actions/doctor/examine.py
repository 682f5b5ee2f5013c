"""Examine a host: connect to it, and ask every check, each with a time limit."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from virtprov.actions.doctor import machine_checks
from virtprov.actions.doctor.finding import MISSING, OK, UNKNOWN, Answer, Check, Finding, Mend, install, run, user_here
from virtprov.support import programs
from virtprov.support.errors import HostError, ProvError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from virtprov.host.connection import Host

LIMIT = 10.0
"""Seconds for each check; the connection has a limit of its own."""
_CONNECTION = Check("libvirt", "libvirt", "all guests", True)
_DAEMONS = ("libvirtd", "virtqemud")


class Report(Record):
    """What was found. `uri` and the rest are those of the host; "" and None if there is no connection."""

    uri: str
    machine: str
    is_session: bool | None
    is_recorded: bool
    answers: tuple[Answer, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing that every guest needs."""
        return not any(each.check.is_needed and each.finding.state == MISSING for each in self.answers)


def examine(uri: str | None, connect: Callable[[str | None], Host], limit: float = LIMIT) -> Report:
    """Ask all checks; `connect` opens the connection. A check that takes longer than `limit` seconds is unknown.

    Raises UsageError for an invalid setting of this command.
    """
    own = tuple(_ask_machine(limit))
    try:
        host = connect(uri)
    except ImportError as error:
        return _without_host(uri, Finding(MISSING, f"cannot be loaded: {error}"), own)
    except HostError as error:
        return _without_host(uri, _refusal(uri, error), own)
    answers = (Answer(_CONNECTION, _describe(host)), *_ask_host(host, limit))
    return Report(host.uri, host.machine, host.is_session, host.is_recorded, answers + own)


def _without_host(uri: str | None, finding: Finding, own: tuple[Answer, ...]) -> Report:
    return Report(uri or "", "", None, False, (Answer(_CONNECTION, finding), *own))


def _describe(host: Host) -> Finding:
    from virtprov.actions.doctor.host_checks import show_version

    whose = "the guests of this user" if host.is_session else "the guests of the system"
    what = "a recorded host" if host.is_recorded else whose if host.driver == "qemu" else f"driver '{host.driver}'"
    try:
        version = show_version(host.libvirt_version())
    except HostError as error:
        return Finding(UNKNOWN, error.message)
    return Finding(OK, " ".join(word for word in (version, f"at {host.uri}:", what) if word))


def _refusal(uri: str | None, error: HostError) -> Finding:
    """Return why there is no connection, with a command that fixes that on this machine."""
    from virtprov.host.failures import Lost, Refused
    from virtprov.host.uri import parse

    target = parse(uri or os.environ.get("LIBVIRT_DEFAULT_URI") or "")
    is_local = not target.is_remote and target.driver in ("", "qemu")
    mends: tuple[Mend, ...] = ()
    if is_local and isinstance(error, Refused):
        mends = run(f"usermod --append --groups libvirt {user_here()}")
    elif is_local and not any(_find_daemon(name) for name in _DAEMONS):
        mends = install("libvirt-daemon-system qemu-system", "libvirt-daemon-kvm")
    elif is_local:  # a daemon that hangs is there, but does not answer
        mends = run(f"systemctl {'restart' if isinstance(error, Lost) else 'start'} libvirtd")
    return Finding(MISSING, error.message, mends, error.hint)


def _find_daemon(name: str) -> bool:
    return bool(programs.find(name)) or os.path.exists(f"/usr/sbin/{name}")


# -- asking ---------------------------------------------------------------------------------------


def _ask_machine(limit: float) -> Iterator[Answer]:
    for check in machine_checks.CHECKS:
        finding = _within(limit, check.look)
        if finding is not None:
            yield Answer(check, finding)


def _ask_host(host: Host, limit: float) -> Iterator[Answer]:
    """Yield the answers of the host; after one that does not come in time, it is not asked again."""
    from virtprov.actions.doctor import host_checks
    from virtprov.support.slow_calls.background import Background
    from virtprov.support.slow_calls.waiting import state

    is_silent = False
    for check in host_checks.CHECKS:
        finding = _LATE if is_silent else _within(limit, partial(check.ask, host))
        is_silent = finding is _LATE
        if finding is not None:
            yield Answer(check, finding)
    if is_silent or not Background(host.close, "closing").wait(limit):
        state.left = True


_LATE = Finding(UNKNOWN, "no answer in time", hint="check whether libvirt on the host still works, then try again")


def _within(limit: float, look: Callable[[], Finding | None]) -> Finding | None:
    """Return what a check finds; it runs in a thread, which is left behind if it does not end in time."""
    from virtprov.support.slow_calls.background import Background

    asked = Background(look, "doctor")
    if not asked.wait(limit):
        return _LATE
    try:
        return asked.result()
    except ProvError as error:
        return Finding(UNKNOWN, error.message, hint=error.hint)
