"""Open libvirt's connection, and stop waiting for a host that does not answer.

libvirt has no timeout for this: the kernel gives up on a silent address after two minutes, and a daemon that accepts
the connection and never answers, such as a stopped one, is waited for forever. Therefore a connection is opened in a
thread, and given up after a while ($VIRTPROV_CONNECT_TIMEOUT). If a remote host does not answer, its port is probed, so
that an unreachable host is detected early. The time for which the user is asked for a password does not count.

When the connection is open, libvirt's keepalive detects a lost daemon; no call is given up because it is slow.
"""

from __future__ import annotations

import os
from typing import Any

import libvirt

from virtprov.host.uri import Uri, parse
from virtprov.support.errors import CommandError, HostError, UsageError
from virtprov.support.file_access.regular import HANDED_OVER, is_regular

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.support.slow_calls.background import Background
    from virtprov.support.slow_calls.waiting import Wait

    Ask = Callable[[str, bool], str | None]

LIMIT = 10.0
"""The timeout for opening a connection in seconds, unless $VIRTPROV_CONNECT_TIMEOUT is set (0: no limit)."""
LOGIN = 120.0
"""Additional seconds if ssh may prompt on the terminal: as long as an OpenSSH server waits for a login."""
WEB_LOGIN = 50.0
"""Additional seconds for a web service: a login takes several requests, each of which may take seconds."""
VARIABLE = "VIRTPROV_CONNECT_TIMEOUT"
KEEPALIVE = (5, 6)
"""How many seconds between the keepalive messages, and how many of them may be unanswered."""
PATIENCE = 5.0
"""How many seconds to wait before the port of a silent host is probed."""
KNOCK = 3.0
"""How many seconds to wait for an answer to that."""


def open_connection(uri: str | None, ask: Ask | None = None, *, read_only: bool = False) -> Any:
    """Open libvirt's connection; `ask(prompt, secret)` is called for credentials. Raises HostError.

    Raises UsageError if the environment variable for the timeout is not a number of seconds.
    """
    target = parse(uri or "")
    if target.driver == "test" and not target.transport and target.path not in ("", "/", "/default"):
        _see_inventory(target)
    wanted = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_ECHOPROMPT]
    wanted.append(libvirt.VIR_CRED_NOECHOPROMPT)
    prompts: list[str] = []
    flags = libvirt.VIR_CONNECT_RO if read_only else 0

    here, questions = is_here(target), _Questions(ask)
    asks = ask if here or ask is None else questions.ask

    def call() -> Any:
        return libvirt.openAuth(uri, [wanted, _answer, (asks, prompts)], flags)

    try:
        return call() if here else _elsewhere(call, uri, target, questions)
    except libvirt.libvirtError as error:
        from virtprov.host.daemon.refusals import refusal

        raise refusal(uri, target, error, prompts) from error


def is_here(target: Uri) -> bool:
    """Return whether the host is libvirt's test driver in this process, which never blocks."""
    return target.driver == "test" and not target.transport and not target.host


def limit_for(target: Uri) -> float | None:
    """Return the timeout for connecting in seconds, None for no limit; raises UsageError for an invalid one."""
    text = os.environ.get(VARIABLE, "")
    try:
        seconds = float(text) if text else LIMIT
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e6:
        raise UsageError(f"{VARIABLE}={text} is not a number of seconds", hint="use e.g. 30, or 0 for no limit")
    if target.transport == "ssh" and not target.option("no_tty") and _has_terminal():
        seconds += LOGIN if seconds else 0
    if target.is_web and not text:
        seconds += WEB_LOGIN
    return seconds or None


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


class _Questions:
    """Passes libvirt's questions from the thread that opens the connection to the thread that waits and asks the user.

    Thus Ctrl-C also ends a question, and the terminal shows typed text again.
    """

    def __init__(self, ask: Ask | None) -> None:
        self._ask = ask
        self._open: list[tuple[str, bool]] = []
        self._answers: list[str | None] = []

    def ask(self, prompt: str, secret: bool) -> str | None:
        """Have the user asked, and return the answer."""
        from time import sleep

        self._open.append((prompt, secret))
        while not self._answers:
            sleep(0.05)
        return self._answers.pop()

    def answer(self) -> float:
        """Ask the user the pending questions; returns the seconds that took."""
        from time import monotonic

        if not self._open or self._ask is None:
            return 0.0
        began = monotonic()
        self._answers.append(self._ask(*self._open.pop()))
        return monotonic() - began


def _elsewhere(call: Callable[[], Any], uri: str | None, target: Uri, questions: _Questions) -> Any:
    """Open a connection to a daemon on this or another machine, and enable its keepalive."""
    from contextlib import suppress

    from virtprov.host.daemon.calls import remote
    from virtprov.host.daemon.events import start_loop

    start_loop()
    conn = _patiently(call, uri, target, questions)
    with suppress(libvirt.libvirtError):  # not every driver can break
        conn.setKeepAlive(*KEEPALIVE)
    return remote(conn, uri or "libvirt")


def silence(context: object, error: object) -> None:
    """Discard libvirt's errors, which it would print on standard error; they are raised anyway."""


def _answer(requests: list[list[Any]], answers: tuple[Ask | None, list[str]]) -> int:
    """Answer libvirt's request for credentials: set the fifth member of each, -1 to give up; record the questions."""
    ask, asked = answers
    asked += [str(credential[1]) for credential in requests]
    if ask is None:
        return -1
    for credential in requests:
        secret = credential[0] in (libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_NOECHOPROMPT)
        answer = ask(f"{credential[1]}: ", secret)
        if answer is None:
            return -1
        credential[4] = answer or credential[3] or ""  # the default of the question
    return 0


def _see_inventory(target: Uri) -> None:
    """Raise HostError for a missing file, which libxml2 would report on standard error."""
    if not os.path.exists(target.path) and "%" not in target.path:
        raise HostError(
            f"cannot connect to '{target.text}': file '{target.path}' does not exist",
            hint="test:///default is libvirt's built-in test host; test:///PATH reads one from a file",
        )
    if not is_regular(target.path) and not target.path.startswith(HANDED_OVER):
        raise HostError(f"cannot connect to '{target.text}': '{target.path}' is not a regular file")


def _patiently(call: Callable[[], Any], uri: str | None, target: Uri, questions: _Questions) -> Any:
    """Return or raise what `call` does; raises Lost if the host does not answer in time. Ctrl-C ends it at once."""
    from virtprov.support.slow_calls.background import Background
    from virtprov.support.slow_calls.waiting import Wait

    limit, wait = limit_for(target), Wait(uri or "libvirt")
    opening = Background(call, "connecting")
    knocks = bool(target.host) and target.service_port is not None
    spent = 0.0
    if knocks:
        first = PATIENCE if limit is None else min(PATIENCE, limit / 2)
        spent = _wait(opening, first, wait, questions)
        if not opening.wait(0) and not _answers(target) and not opening.wait(0):
            from virtprov.host.daemon.refusals import no_answer

            raise no_answer(target, first + KNOCK)
    _wait(opening, None if limit is None else limit - spent, wait, questions)
    if not opening.wait(0):
        from virtprov.host.daemon.refusals import says_nothing

        raise says_nothing(uri, target, limit or 0)
    return opening.result()


def _wait(opening: Background[Any], limit: float | None, wait: Wait, questions: _Questions) -> float:
    """Wait for an answer, at most `limit` seconds, and return the seconds; the user's time does not count."""
    from time import monotonic

    from virtprov.support.slow_calls.waiting import SLICE

    began, asked = monotonic(), 0.0
    while not opening.wait(SLICE if limit is None else max(0.0, min(SLICE, limit))):
        asked += questions.answer()
        if limit is not None and monotonic() - began - asked >= limit:
            break
        wait.look()
    return monotonic() - began - asked


def _answers(target: Uri) -> bool:
    """Return whether the host's port answers, even with a refusal; True if that cannot be checked.

    An ssh server sends the first message (RFC 4253, 4.2): one that accepts a connection and sends nothing, like a
    machine whose programs hang, does not answer.
    """
    import socket
    import time

    place: tuple[str, int] | None = (target.host, target.service_port or 0)
    if target.transport == "ssh":
        place = _ssh_place(target)
    if place is None:
        return True

    from virtprov.host.daemon.refusals import SSH

    try:
        end = time.monotonic() + KNOCK
        with socket.create_connection(place, KNOCK) as knock:
            if target.transport in SSH:
                knock.settimeout(max(end - time.monotonic(), KNOCK / 10))
                knock.recv(1)
    except TimeoutError:
        return False
    except OSError:  # refused, or no such host: libvirt will hear of it too
        return True
    return True


def _ssh_place(target: Uri) -> tuple[str, int] | None:
    """Return the address that ssh uses for the host name, from its configuration; None with a proxy."""
    if target.option("command"):
        return None
    from virtprov.support import programs

    port = ["-p", target.port] if target.port else []
    try:
        told = programs.run(["ssh", "-G", *port, "--", target.host], timeout=KNOCK)
    except CommandError:
        return None
    words = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    if words.get("proxyjump", "none") != "none" or words.get("proxycommand", "none") != "none":
        return None
    return words.get("hostname", target.host), int(words.get("port", "22"))
