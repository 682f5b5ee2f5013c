"""Explain in one sentence why a connection failed, with a hint.

libvirt passes on the messages of ssh, GnuTLS, libssh and the kernel; SIGNS recognises them. The texts are those of
libvirt 9.0 with OpenSSH 9.2 and of libvirt 11.3 with OpenSSH 10.0, found by provoking each failure with both. If
libvirt is translated, or reports something else, its own message is shown with a hint for the transport.
"""

from __future__ import annotations

import os
from typing import Any

import libvirt

from virtprov.host import failures
from virtprov.host.failures import Lost, Refused, code_of, reason
from virtprov.host.uri import DRIVERS, Uri
from virtprov.support.errors import HostError, nearest
from virtprov.support.frozen import Record

FORMS = "check the URI, for example qemu:///system, qemu+ssh://user@host/system, test:///default"
TRANSPORTS = ("ssh", "tls", "tcp", "unix", "libssh", "libssh2", "ext")
SSH = ("ssh", "libssh", "libssh2")
_NOT_LET_IN = frozenset(code for code, (kind, _) in failures.BY_CODE.items() if kind is Refused)
_DAEMONS = {"xen": "virtxend", "lxc": "virtlxcd", "vbox": "virtvboxd", "vz": "virtvzd", "bhyve": "virtbhyved"}
"""The daemons of drivers that have one (libvirt's manual, "Daemons")."""
_START = "start it{there}, for example with `systemctl start {daemon}.socket` or `systemctl start libvirtd`"
_NO_ENTRY = "ssh refused the login of '{user}'"
_RIGHTS = "become root or a member of the group 'libvirt'{there}, or use {driver}:///session"
_ACCEPT = "{accept}, or add known_hosts_verify=auto to the URI"
_NO_SSH = "{place} is not an ssh server, or refuses connections at the moment"
_SHUT_OUT = "{listener}; sshd blocks clients for a while after several failed logins"
_NO_HOST = "unknown host '{host}'"
_LOOK_UP = "check the host name and the name resolution of this machine"
_NOT_THERE = ("libvirt is not installed there", "install libvirt-daemon on '{host}'")
_LOGIN = (
    "run the command on a terminal, which is then asked for them, or put user and password into a file given with "
    "?authfile=FILE (https://libvirt.org/auth.html)"
)
_SELF_SIGNED = "add the certificate of its authority to those of this machine, or add no_verify=1 to the URI"
_PKI = "certificates are read from {pki}, or from the directory given with ?pkipath=DIR"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Sign(Record):
    """Words in what libvirt says; what to say in place of it ("": just that); the hint; for which transports.

    {host}, {login}, {listener} and so on stand for parts of the URI, {rest} for what follows the words. `then` must
    come anywhere behind the words.
    """

    words: str
    why: str
    hint: str
    kind: type[HostError] = HostError
    transports: tuple[str, ...] = ()
    then: str = ""

    def rest(self, target: Uri, why: str) -> str | None:
        """What follows the words in `why`; None when the sign is not in it."""
        _, words, rest = why.partition(self.words)
        if not words or self.then not in rest or (self.transports and target.transport not in self.transports):
            return None
        return rest


SIGNS = (
    Sign("Cannot find 'ssh' in path", "the program 'ssh' is not installed on this machine", "install openssh-client"),
    Sign("SSH session handshake failed", _NO_SSH, _SHUT_OUT),
    Sign(
        " driver is not active",  # "libxenlight state driver is not active" on a kernel without Xen
        "libvirt on that host has this driver, but it is not active",
        "check that the host runs this hypervisor and that the daemon of the driver is started, or use another URI",
    ),
    Sign(
        "vmrun utility is missing",
        "the program 'vmrun' is not installed on this machine",
        "install VMware",
    ),
    Sign("ouldn't connect to server", "no service listens at {place}", "{listener}"),
    Sign("SSL peer certificate", "the host's certificate is not trusted by this machine", _SELF_SIGNED, Refused),
    Sign(
        "incorrect user name or password",
        "the host refused the user name or the password",
        "check both; ?authfile=FILE reads them from a file",
        Refused,
    ),
    Sign("received from server too large", "{place} is not a libvirt daemon", "{listener}"),
    Sign("Error in the pull function", "{place} is not a TLS server", "{listener}"),
    Sign(
        "nexpected ",  # "unexpected qemu URI path '/nothing', try qemu:///system"
        "",
        "check the path of the URI: /system for the system's guests, /session for those of a user",
        then="URI path",
    ),
    Sign(
        "HAS CHANGED",
        "the host's ssh key has changed",
        "ask the administrator of '{host}' whether the key was changed; then run `ssh-keygen -R {known_as}` to "
        "remove the old one",
        Refused,
    ),
    Sign(
        "differs from stored identity",
        "the host's ssh key has changed",
        "ask the administrator of '{host}' whether the key was changed; then remove the old one from {known_hosts}",
        Refused,
    ),
    Sign("Host key verification failed", "the host's ssh key is unknown", "{accept}", Refused),
    Sign(
        "retrieve decision to accept host key",
        "the host's ssh key is unknown",
        _ACCEPT,
        Refused,
    ),
    # Asked in so many words, which libvirt 11.3 does not repeat in its error.
    Sign("Accept SSH host key", "the host's ssh key is unknown", _ACCEPT, Refused),
    Sign(
        "retrieve user response",
        "ssh requires a password or a passphrase, but cannot ask for it",
        "make sure that `ssh {login}` works without a password",
        Refused,
        SSH,
    ),
    Sign(
        "Permission denied (",
        _NO_ENTRY,
        "make sure that `ssh {login}` works without a password; ?keyfile=FILE selects a key",
        Refused,
        SSH,
    ),
    Sign("Access denied for", _NO_ENTRY, "make sure that `ssh {login}` works", Refused, SSH),
    Sign("combination invalid", _NO_ENTRY, "make sure that `ssh {login}` works", Refused, SSH),
    Sign("Could not resolve hostname", _NO_HOST, _LOOK_UP),
    Sign("nable to resolve address", _NO_HOST, _LOOK_UP),
    Sign("IP address lookup for host", _NO_HOST, _LOOK_UP),
    Sign("Connection refused", "no service listens at {place}", "{listener}"),
    Sign(
        "No route to host",
        "{place} cannot be reached",
        "check that '{host}' is up and in a network that this machine can reach",
    ),
    Sign(
        "etwork is unreachable",
        "{place} cannot be reached",
        "check that '{host}' is in a network that this machine can reach",
    ),
    Sign("': Permission denied", "", _RIGHTS, Refused),
    Sign("ailed to connect socket", "no libvirt daemon listens at {rest}", _START),
    Sign("terminated with non-zero code: 127", *_NOT_THERE),
    Sign("nc: not found", *_NOT_THERE),
    Sign("nc: command not found", *_NOT_THERE),
    Sign("terminated with non-zero code", "no libvirt daemon listens there", _START),
    Sign("kex_exchange_identification", _NO_SSH, _SHUT_OUT),
    Sign("Connection closed by ", _NO_SSH, _SHUT_OUT, transports=("ssh",)),
    Sign("verify peer's certificate", "the host's certificate is not trusted by {pki}", _PKI, Refused),
    Sign(
        "Unable to read TLS confirmation",
        "the host does not accept the certificate of this machine",
        "get one signed by the host's certificate authority; " + _PKI,
        Refused,
    ),
    Sign("failed validation", "", "get a certificate signed by the host's certificate authority; " + _PKI, Refused),
    Sign("Cannot read CA certificate", "", _PKI),
    Sign("ertificate", "", _PKI, Refused),
    Sign("ame request failed", "the host asks for a user name, but none was given", _LOGIN, Refused),
    Sign("assword request failed", "the host asks for a password, but none was given", _LOGIN, Refused),
    Sign("retrieve user response", "the host asks for a password, but none was given", _LOGIN, Refused),
    Sign("collect auth credentials", "the host asks for a password, but none was given", _LOGIN, Refused),
)


def refusal(uri: str | None, target: Uri, error: Any, asked: Sequence[str] = ()) -> HostError:
    """Return the HostError for libvirt's error on opening `target`, which the user wrote as `uri`.

    `asked` are libvirt's questions so far; the last one may have no answer.
    """
    name = f"'{uri}'" if uri else "libvirt"
    why = _shorten(reason(error))
    if asked and "retrieve user response" in why:
        why = f"{why}: {asked[-1]}"
    known = _explain_uri(uri, target, error, why)
    if known is None:
        known = _find_sign(target, why)
    if known is None:
        known = _by_code(target, error, why)
    kind, text, hint = known
    return kind(f"cannot connect to {name}: {text}", hint=hint)


def no_answer(target: Uri, seconds: float) -> HostError:
    """Return the HostError for a host that does not answer at all."""
    return Lost(
        f"cannot connect to '{target.text}': {_describe_target(target)} does not answer within {seconds:.0f} seconds",
        hint=f"check that '{target.host}' is up and that no firewall blocks the connection",
    )


def says_nothing(uri: str | None, target: Uri, seconds: float) -> HostError:
    """Return the HostError for a daemon that accepts the connection but does not answer."""
    daemon = _DAEMONS.get(target.driver, "virtqemud")
    at = f" on '{target.host}'" if target.host else ""
    who = f"the web service of '{target.host}'" if target.is_web else "libvirt"
    check = (
        f"check that the web service at port {target.service_port} works"
        if target.is_web
        else f"check that the libvirt daemon{at} works (`systemctl status {daemon} libvirtd`)"
    )
    longer = "60 to wait for a minute" if seconds < 60 else "600 to wait for ten minutes"
    return Lost(
        f"cannot connect to '{uri or 'the default host'}': {who} does not answer within {seconds:g} seconds",
        hint=f"{check}, or set VIRTPROV_CONNECT_TIMEOUT={longer}",
    )


def _explain_uri(uri: str | None, target: Uri, error: Any, why: str) -> tuple[type[HostError], str, str] | None:
    """Return an error found in the URI itself: an unknown driver or transport, a missing key file."""
    if "nable to parse URI" in why or (uri and not target.driver):
        return HostError, why, FORMS
    mistake = _mistake(target)
    if mistake is not None:
        return HostError, *mistake
    if code_of(error) == libvirt.VIR_ERR_NO_CONNECT and target.driver and "handshake failed" not in why:
        text = f"libvirt on that host has no driver for '{target.driver}'"
        return HostError, text, "install the driver and restart libvirt, or use another URI"
    return None


def _mistake(target: Uri) -> tuple[str, str] | None:
    """What is wrong in the URI, and a hint; None when each part of it may be right."""
    if target.driver and target.driver not in DRIVERS:
        hint = nearest(target.driver, DRIVERS) or "libvirt supports for example qemu, xen, lxc, vz, bhyve, esx, test"
        return f"unknown driver '{target.driver}'", hint
    if target.transport and target.transport not in TRANSPORTS:
        hint = nearest(target.transport, TRANSPORTS) or "choose from: " + ", ".join(TRANSPORTS)
        return f"unknown transport '{target.transport}'", hint
    if target.port and not (target.port.isdecimal() and 0 < int(target.port) < 65536):
        return f"invalid port {target.port}", "ports range from 1 to 65535"
    key = target.option("keyfile")
    if key and not os.path.exists(key):
        return f"key file '{key}' does not exist", "check the path after keyfile="
    credentials = target.option("authfile")
    if credentials and not os.path.exists(credentials):
        return f"file '{credentials}' with user name and password does not exist", "check the path after authfile="
    return None


def _find_sign(target: Uri, why: str) -> tuple[type[HostError], str, str] | None:
    """Return the entry of SIGNS for libvirt's message."""
    for sign in SIGNS:
        rest = sign.rest(target, why)
        if rest is None:
            continue
        parts = _parts(target) | {"rest": _socket(rest)}
        return sign.kind, sign.why.format_map(parts) or why, sign.hint.format_map(parts)
    return None


def _by_code(target: Uri, error: Any, why: str) -> tuple[type[HostError], str, str]:
    if code_of(error) in _NOT_LET_IN or "permission denied" in why.lower() or "access denied" in why.lower():
        return Refused, why, _not_let_in(target)
    if code_of(error) in (libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
        return HostError, why, "install and start the libvirt driver for it, or use another URI"
    if target.is_remote:
        return HostError, why, _reach(target)
    return HostError, why, FORMS


def _shorten(why: str) -> str:
    """Return the relevant part of an ssh transport's message."""
    for head in ("Cannot recv data: ", "End of file while reading data: ", "libvirt: error : "):
        why = why.removeprefix(head)
    for tail in (": Connection reset by peer", ": Input/output error"):
        why = why.removesuffix(tail)
    return why


def _socket(rest: str) -> str:
    """The path and the reason in " to '/run/libvirt/libvirt-sock': No such file or directory"."""
    _, _, quoted = rest.partition("'")
    where, _, why = quoted.partition("': ")
    return f"{where} ({why})" if why else where


def _parts(target: Uri) -> dict[str, str]:
    """Return the parts of the URI for hints."""
    login = _login(target)
    known_hosts = target.option("known_hosts")
    accept = f"run `ssh {login}` once and accept the host's key"
    return {
        "driver": target.driver,
        "daemon": _DAEMONS.get(target.driver, "virtqemud"),
        "host": target.host,
        "user": target.user or "you",
        "login": login,
        "place": _describe_target(target),
        "there": f" on '{target.host}'" if target.host else "",
        "known_as": f"[{target.host}]:{target.port}" if target.port else target.host,
        "known_hosts": known_hosts or "~/.config/libvirt/known_hosts",
        "accept": f"add the host's key to {known_hosts}" if known_hosts else accept,
        "pki": target.option("pkipath") or "/etc/pki",
        "listener": _listener(target),
    }


def _listener(target: Uri) -> str:
    """Return what should listen at the address of the URI."""
    if target.transport in SSH:
        return f"check that '{target.host}' is up, and that `ssh {_login(target)}` works"
    if target.is_web:
        return _service(target)
    if not target.is_remote and not target.transport:
        return "start libvirt, for example with `systemctl start libvirtd`"
    kind = target.transport or "tls"
    sockets = f"libvirtd-{kind}.socket or virtproxyd-{kind}.socket"
    return (
        f"check that '{target.host or 'localhost'}' is up, and that libvirt listens for {kind} connections there "
        f"({sockets})"
    )


def _service(target: Uri) -> str:
    check = f"check that '{target.host}' is up and its web service answers at port {target.service_port}"
    if target.option("no_verify") == "1" or target.option("transport") == "http":
        return check
    return check + "; add no_verify=1 to the URI if its certificate is self-signed"


def _describe_target(target: Uri) -> str:
    return f"'{target.host or 'localhost'}{f':{target.port}' if target.port else ''}'"


def _not_let_in(target: Uri) -> str:
    if target.transport in SSH:
        return f"make sure that `ssh {_login(target)}` works"
    if target.is_web:
        return "check the user name and the password; ?authfile=FILE reads them from a file"
    if target.is_remote or target.driver == "test":
        return "check the user name, the password and the certificates"
    return "become root, join the group 'libvirt', or use qemu:///session"


def _reach(target: Uri) -> str:
    if target.is_web:
        return _service(target)
    if target.transport == "ext":
        return "make sure that the program given with ?command= runs and reaches libvirt"
    if target.transport in SSH:
        return f"make sure that `ssh {_login(target)}` works and that libvirt is running there"
    return f"check that '{target.host}' is up and that its libvirt listens for {target.transport or 'tls'}"


def _login(target: Uri) -> str:
    port = f"-p {target.port} " if target.port else ""
    return port + (f"{target.user}@{target.host}" if target.user else target.host)
