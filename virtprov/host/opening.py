"""Opening libvirt's connection, and knowing when to stop waiting for a host that does not answer.

libvirt has no limit of its own for this: the kernel gives up on a silent address after two minutes. So a connection
to another machine is opened in a thread of its own. When that takes long, the host's port is knocked at; where nobody
answers the knock, nobody is waited for. A host that answers slowly, or asks for a password, has all the time.
"""

from __future__ import annotations

import os
from typing import Any

import libvirt

from virtprov.host.refusals import SSH, no_answer, refusal
from virtprov.host.uri import Uri, parse
from virtprov.support.errors import CommandError, HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, bool], str | None]

PATIENCE = 5.0
"""Seconds before a host that has not answered is knocked at."""
KNOCK = 3.0
"""Seconds for an answer to that."""
PORTS = {"ssh": 22, "libssh": 22, "libssh2": 22, "tcp": 16509, "tls": 16514, "": 16514}
"""Where each transport leads (https://libvirt.org/uri.html)."""


def open_connection(uri: str | None, ask: Ask | None = None) -> Any:
    """Open libvirt's connection; `ask(prompt, secret)` is called for credentials. Raises HostError."""
    target = parse(uri or "")
    if target.driver == "test" and not target.transport and target.path not in ("", "/", "/default"):
        _see_inventory(target)
    wanted = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_ECHOPROMPT]
    wanted.append(libvirt.VIR_CRED_NOECHOPROMPT)
    asked: list[str] = []

    def call() -> Any:
        return libvirt.openAuth(uri, [wanted, _answer, (ask, asked)], 0)

    try:
        return _patiently(call, target) if target.host and target.transport in PORTS else call()
    except libvirt.libvirtError as error:
        raise refusal(uri, target, error, asked) from error


def silence(context: object, error: object) -> None:
    """libvirt prints every error on standard error unless somebody takes them; they are raised anyway."""


def _answer(wanted: list[list[Any]], given: tuple[Ask | None, list[str]]) -> int:
    """libvirt's call for credentials: fill in the fifth member of each, -1 to give up; notes what was asked."""
    ask, asked = given
    asked += [str(credential[1]) for credential in wanted]
    if ask is None:
        return -1
    for credential in wanted:
        secret = credential[0] in (libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_NOECHOPROMPT)
        answer = ask(f"{credential[1]}: ", secret)
        if answer is None:
            return -1
        credential[4] = answer
    return 0


def _see_inventory(target: Uri) -> None:
    """libxml2 would complain on standard error about a missing file, behind our back."""
    if not os.path.exists(target.path) and "%" not in target.path:
        raise HostError(
            f"cannot connect to '{target.text}': there is no file '{target.path}'",
            hint="test:///default is libvirt's own make-believe host; test:///PATH reads one from a file",
        )


def _patiently(call: Callable[[], Any], target: Uri) -> Any:
    """What `call` returns or raises; after a while, only if the host answers at all. Ctrl-C ends it at once."""
    from virtprov.host.background import Background

    opening = Background(call, "connecting")
    if not opening.wait(PATIENCE) and not _answers(target) and not opening.wait(0):
        raise no_answer(target, PATIENCE + KNOCK)
    return opening.result()


def _answers(target: Uri) -> bool:
    """Whether somebody, were it with a refusal, answers at the host's port; True where that cannot be told.

    A server of ssh speaks first (RFC 4253, 4.2): one that accepts and then says nothing, as a machine does whose
    programs have come to a stop, does not answer.
    """
    import socket
    import time

    place: tuple[str, int] | None = (target.host, int(target.port or PORTS[target.transport]))
    if target.transport == "ssh":
        place = _ssh_place(target)
    if place is None:
        return True

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
    """Where ssh goes for that name, by its own configuration; None when through another host or program."""
    if target.option("command"):
        return None
    from virtprov.support import command

    port = ["-p", target.port] if target.port else []
    try:
        told = command.run(["ssh", "-G", *port, "--", target.host], timeout=KNOCK)
    except CommandError:
        return None
    words = dict(line.split(" ", 1) for line in told.splitlines() if " " in line)
    if words.get("proxyjump", "none") != "none" or words.get("proxycommand", "none") != "none":
        return None
    return words.get("hostname", target.host), int(words.get("port", "22"))
