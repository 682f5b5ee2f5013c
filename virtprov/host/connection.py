"""The door to libvirt: `connect` opens a host by its URI."""

from __future__ import annotations

import os
from typing import Any

import libvirt

from virtprov.host import failures
from virtprov.host.failures import code_of, reason
from virtprov.host.running import Running
from virtprov.host.tuning import Tuning
from virtprov.host.uri import DRIVERS, Uri, parse, recorded_folder
from virtprov.host.writing import Writing
from virtprov.support.errors import HostError, nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    Ask = Callable[[str, bool], str | None]


class Host(Writing, Tuning, Running):
    """A host: its view (capabilities, inventory) and the calls that change it. Made by `connect`."""

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except HostError:
            if error is None:
                raise


def connect(uri: str | None = None, *, events: bool = False, ask: Ask | None = None) -> Host:
    """Open the host at `uri`.

    None or "" follows libvirt: $LIBVIRT_DEFAULT_URI, then `uri_default` of its client configuration, then its own
    choice (qemu:///system for root, qemu:///session for others where QEMU runs, else xen, lxc ...).
    `recorded:///DIR` opens a recorded host.
    `events` makes the connection fit for waiting on a remote host's events without opening a second one; do so
    when the run is going to wait for a guest.
    `ask(prompt, secret)` is called for a user name or a password the host wants; None gives up.

    Raises HostError: no such driver, nobody listens, not let in, or a URI that makes no sense.
    """
    libvirt.registerErrorHandler(_silent, None)
    uri = uri or os.environ.get("LIBVIRT_DEFAULT_URI") or None
    folder = recorded_folder(uri) if uri else None
    if folder is not None:
        from virtprov.host.recorded import open_inventory, read_recording

        recording = read_recording(folder)
        return Host(open_inventory(recording), recording.uri, recording, has_events=True)
    if events:
        from virtprov.host.events import start_loop

        start_loop()
    conn = open_connection(uri, ask)
    called = str(conn.getURI())
    in_process = parse(called).driver == "test"  # it can begin with events at any time
    return Host(conn, called, has_events=events or in_process, reopen=lambda: open_connection(uri, ask))


def open_connection(uri: str | None, ask: Ask | None = None) -> Any:
    """Open libvirt's connection; raises HostError."""
    target = parse(uri or "")
    if target.driver == "test" and not target.transport and target.path not in ("", "/", "/default"):
        _see_inventory(target)
    wanted = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE, libvirt.VIR_CRED_ECHOPROMPT]
    wanted.append(libvirt.VIR_CRED_NOECHOPROMPT)
    try:
        return libvirt.openAuth(uri, [wanted, _answer, ask], 0)
    except libvirt.libvirtError as error:
        raise _failed(uri, target, error) from error


def _silent(context: object, error: object) -> None:
    """libvirt prints every error on standard error unless somebody takes them; they are raised anyway."""


def _answer(wanted: list[list[Any]], ask: Ask | None) -> int:
    """libvirt's call for credentials: fill in the fifth member of each, -1 to give up."""
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


def _failed(uri: str | None, target: Uri, error: Any) -> HostError:
    """Say why a connection did not come up."""
    name = f"'{uri}'" if uri else "libvirt"
    why = _shortened(reason(error))
    kind, hint = HostError, FORMS
    if code_of(error) in _NOT_LET_IN or "permission denied" in why.lower() or "access denied" in why.lower():
        kind, hint = failures.Refused, _not_let_in(target)
    elif "nable to parse URI" in why or (uri and not target.driver):
        pass
    elif target.driver and target.driver not in DRIVERS:
        why = f"there is no driver '{target.driver}'"
        hint = nearest(target.driver, DRIVERS) or "libvirt knows e.g. qemu, xen, lxc, vz, bhyve, esx, test"
    elif target.transport and target.transport not in TRANSPORTS:
        why = f"there is no transport '{target.transport}'"
        hint = nearest(target.transport, TRANSPORTS) or "there are: " + ", ".join(TRANSPORTS)
    elif code_of(error) in (libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
        hint = "install and start the libvirt driver for it, or use another URI"
    elif "ailed to connect socket" in why:
        why = "no libvirt daemon listens at " + why.partition("'")[2].replace("': ", " (") + ")"
        hint = "start it, e.g. `systemctl start virtqemud.socket` or `systemctl start libvirtd`"
    elif target.is_remote:
        hint = _reach(target, why)
    return kind(f"cannot connect to {name}: {why}", hint=hint)


FORMS = "see that the URI is right, e.g. qemu:///system, qemu+ssh://user@host/system, test:///default"
TRANSPORTS = ("ssh", "tls", "tcp", "unix", "libssh", "libssh2", "ext")
_NOT_LET_IN = frozenset(code for code, (kind, _) in failures.BY_CODE.items() if kind is failures.Refused)


def _shortened(why: str) -> str:
    """The middle of what the ssh transport says: its pipe broke because ssh said something."""
    why = why.removeprefix("Cannot recv data: ").removeprefix("libvirt: error : ")
    return why.removesuffix(": Connection reset by peer")


def _not_let_in(target: Uri) -> str:
    if target.transport in ("ssh", "libssh", "libssh2"):
        return f"see that `ssh {_login(target)}` lets you in"
    if target.is_remote or target.driver == "test":
        return "see that user name, password and certificates are right"
    return "be root, join the group 'libvirt', or use qemu:///session"


def _reach(target: Uri, why: str) -> str:
    if target.transport == "ext":
        return "see that the program named with ?command= runs and reaches libvirt"
    if "Host key verification failed" in why:
        return f"run `ssh {_login(target)}` once and accept the host's key"
    if "certificate" in why.lower():
        return "put the certificates where libvirt looks for them, or name their folder with ?pkipath=DIR"
    if target.transport in ("ssh", "libssh", "libssh2"):
        return f"see that `ssh {_login(target)}` works and libvirt runs there"
    return f"see that '{target.host}' is up and its libvirt listens for {target.transport or 'tls'}"


def _login(target: Uri) -> str:
    port = f"-p {target.port} " if target.port else ""
    return port + (f"{target.user}@{target.host}" if target.user else target.host)
