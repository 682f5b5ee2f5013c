"""Why a connection did not come up, in one sentence with the likely way out.

libvirt hands on what ssh, GnuTLS, libssh and the kernel say, each in words of its own; SIGNS tells them apart. The
words are those of libvirt 9.0 with OpenSSH 9.2 and of libvirt 11.3 with OpenSSH 10.0, met by provoking each failure
with both. Where libvirt is translated, or says something else, its own words are shown and the hint goes by the
transport.
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

FORMS = "see that the URI is right, e.g. qemu:///system, qemu+ssh://user@host/system, test:///default"
TRANSPORTS = ("ssh", "tls", "tcp", "unix", "libssh", "libssh2", "ext")
SSH = ("ssh", "libssh", "libssh2")
_NOT_LET_IN = frozenset(code for code, (kind, _) in failures.BY_CODE.items() if kind is Refused)
_DAEMONS = {"xen": "virtxend", "lxc": "virtlxcd", "vbox": "virtvboxd", "vz": "virtvzd", "bhyve": "virtbhyved"}
"""Where libvirt has a daemon for each driver: their names (libvirt's manual, "Daemons")."""
_START = "start it{there}, e.g. `systemctl start {daemon}.socket` or `systemctl start libvirtd`"
_NO_ENTRY = "ssh does not let '{user}' in there"
_RIGHTS = "be root or in the group 'libvirt'{there}, or use {driver}:///session"
_ACCEPT = "{accept}, or add known_hosts_verify=auto to the URI"
_NO_SSH = "what listens at {place} speaks no ssh, or lets nobody in for now"
_SHUT_OUT = "{listener}; sshd shuts out for a while whoever has failed several times"
_NO_HOST = "there is no host '{host}'"
_LOOK_UP = "see that the host's name is right, and that this machine can look it up"
_NOT_THERE = ("libvirt is not installed there", "install libvirt-daemon on '{host}'")
_PKI = "certificates are looked for in {pki}, or where ?pkipath=DIR says"

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
    Sign("Cannot find 'ssh' in path", "there is no program 'ssh' on this machine", "install it (openssh-client)"),
    Sign("SSH session handshake failed", _NO_SSH, _SHUT_OUT),
    Sign("received from server too large", "what listens at {place} is no libvirt", "{listener}"),
    Sign("Error in the pull function", "what listens at {place} speaks no TLS", "{listener}"),
    Sign(
        "nexpected ",  # "unexpected qemu URI path '/nothing', try qemu:///system"
        "",
        "see the path of the URI: /system for the host's guests, /session for those of one user",
        then="URI path",
    ),
    Sign(
        "HAS CHANGED",
        "the host's ssh key is not the one that is known",
        "ask who runs '{host}' whether the key was changed; then `ssh-keygen -R {known_as}` forgets the old one",
        Refused,
    ),
    Sign(
        "differs from stored identity",
        "the host's ssh key is not the one that is known",
        "ask who runs '{host}' whether the key was changed; then take the old one out of {known_hosts}",
        Refused,
    ),
    Sign("Host key verification failed", "the host's ssh key is not known", "{accept}", Refused),
    Sign(
        "retrieve decision to accept host key",
        "the host's ssh key is not known",
        _ACCEPT,
        Refused,
    ),
    # Asked in so many words, which libvirt 11.3 does not repeat in its error.
    Sign("Accept SSH host key", "the host's ssh key is not known", _ACCEPT, Refused),
    Sign(
        "retrieve user response",
        "ssh asks for a password or a passphrase, and there is nobody to ask",
        "see that `ssh {login}` lets you in without asking",
        Refused,
    ),
    Sign(
        "Permission denied (",
        _NO_ENTRY,
        "see that `ssh {login}` lets you in without asking; ?keyfile=FILE names a key",
        Refused,
        SSH,
    ),
    Sign("Access denied for", _NO_ENTRY, "see that `ssh {login}` lets you in", Refused, SSH),
    Sign("combination invalid", _NO_ENTRY, "see that `ssh {login}` lets you in", Refused, SSH),
    Sign("Could not resolve hostname", _NO_HOST, _LOOK_UP),
    Sign("nable to resolve address", _NO_HOST, _LOOK_UP),
    Sign("IP address lookup for host", _NO_HOST, _LOOK_UP),
    Sign("Connection refused", "nothing listens at {place}", "{listener}"),
    Sign("No route to host", "{place} cannot be reached", "see that '{host}' is up and on a network of this machine"),
    Sign("etwork is unreachable", "{place} cannot be reached", "see that '{host}' is on a network of this machine"),
    Sign("': Permission denied", "", _RIGHTS, Refused),
    Sign("ailed to connect socket", "no libvirt daemon listens at {rest}", _START),
    Sign("terminated with non-zero code: 127", *_NOT_THERE),
    Sign("nc: not found", *_NOT_THERE),
    Sign("nc: command not found", *_NOT_THERE),
    Sign("terminated with non-zero code", "no libvirt daemon listens there", _START),
    Sign("kex_exchange_identification", _NO_SSH, _SHUT_OUT),
    Sign("Connection closed by ", _NO_SSH, _SHUT_OUT, transports=("ssh",)),
    Sign("verify peer's certificate", "the host's certificate is not one that {pki} trusts", _PKI, Refused),
    Sign(
        "Unable to read TLS confirmation",
        "the host does not take the certificate of this machine",
        "have the host's authority sign one; " + _PKI,
        Refused,
    ),
    Sign("failed validation", "", "have the host's authority sign a certificate; " + _PKI, Refused),
    Sign("Cannot read CA certificate", "", _PKI),
    Sign("ertificate", "", _PKI, Refused),
    Sign(
        "ame request failed",
        "the host asks for a user name, and there is nobody to ask",
        "write it into the URI, as USER@HOST, and the password into a file that ?authfile= names",
        Refused,
    ),
)


def refusal(uri: str | None, target: Uri, error: Any, asked: Sequence[str] = ()) -> HostError:
    """The HostError for libvirt's error on opening the `target`, which the user wrote as `uri`.

    `asked` are the questions that libvirt has put meanwhile, the last of which may have got no answer.
    """
    name = f"'{uri}'" if uri else "libvirt"
    why = _shortened(reason(error))
    if asked and "retrieve user response" in why:
        why = f"{why}: {asked[-1]}"
    known = _ours(uri, target, error, why)
    if known is None:
        known = _recognised(target, why)
    if known is None:
        known = _by_code(target, error, why)
    kind, said, hint = known
    return kind(f"cannot connect to {name}: {said}", hint=hint)


def no_answer(target: Uri, seconds: float) -> HostError:
    """The HostError for a host that does not even say no."""
    return Lost(
        f"cannot connect to '{target.text}': {_place(target)} does not answer within {seconds:.0f} seconds",
        hint=f"see that '{target.host}' is up, and that no firewall drops what is sent there",
    )


def says_nothing(uri: str | None, target: Uri, seconds: float) -> HostError:
    """The HostError for a daemon that takes the connection and then does not say a word."""
    daemon = _DAEMONS.get(target.driver, "virtqemud")
    at = f" on '{target.host}'" if target.host else ""
    return Lost(
        f"cannot connect to '{uri or 'the default host'}': libvirt does not answer within {seconds:g} seconds",
        hint=f"see that its daemon{at} is at work (`systemctl status {daemon} libvirtd`);"
        " VIRTPROV_CONNECT_TIMEOUT=60 waits a minute",
    )


def _ours(uri: str | None, target: Uri, error: Any, why: str) -> tuple[type[HostError], str, str] | None:
    """What the URI itself tells: a driver or transport that there is none of, a key that is not there."""
    if "nable to parse URI" in why or (uri and not target.driver):
        return HostError, why, FORMS
    mistake = _mistake(target)
    if mistake is not None:
        return HostError, *mistake
    if code_of(error) == libvirt.VIR_ERR_NO_CONNECT and target.driver and "handshake failed" not in why:
        said = f"libvirt has no driver for '{target.driver}' there"
        return HostError, said, "install it and restart libvirt, or use another URI"
    return None


def _mistake(target: Uri) -> tuple[str, str] | None:
    """What is wrong in the URI, and a hint; None when each part of it may be right."""
    if target.driver and target.driver not in DRIVERS:
        hint = nearest(target.driver, DRIVERS) or "libvirt knows e.g. qemu, xen, lxc, vz, bhyve, esx, test"
        return f"there is no driver '{target.driver}'", hint
    if target.transport and target.transport not in TRANSPORTS:
        hint = nearest(target.transport, TRANSPORTS) or "there are: " + ", ".join(TRANSPORTS)
        return f"there is no transport '{target.transport}'", hint
    if target.port and not (target.port.isdecimal() and 0 < int(target.port) < 65536):
        return f"there is no port {target.port}", "ports go from 1 to 65535"
    key = target.option("keyfile")
    if key and not os.path.exists(key):
        return f"there is no key file '{key}'", "see the path after keyfile="
    return None


def _recognised(target: Uri, why: str) -> tuple[type[HostError], str, str] | None:
    """What SIGNS says of libvirt's words."""
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


def _shortened(why: str) -> str:
    """The middle of what the ssh transport says: its pipe broke because ssh said something."""
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
    """What hints may name."""
    login = _login(target)
    known_hosts = target.option("known_hosts")
    accept = f"run `ssh {login}` once and accept the host's key"
    return {
        "driver": target.driver,
        "daemon": _DAEMONS.get(target.driver, "virtqemud"),
        "host": target.host,
        "user": target.user or "you",
        "login": login,
        "place": _place(target),
        "there": f" on '{target.host}'" if target.host else "",
        "known_as": f"[{target.host}]:{target.port}" if target.port else target.host,
        "known_hosts": known_hosts or "~/.config/libvirt/known_hosts",
        "accept": f"add the host's key to {known_hosts}" if known_hosts else accept,
        "pki": target.option("pkipath") or "/etc/pki",
        "listener": _listener(target),
    }


def _listener(target: Uri) -> str:
    """What would listen at the place of the URI."""
    if target.transport in SSH:
        return f"see that '{target.host}' is up, and that `ssh {_login(target)}` works"
    if not target.is_remote and not target.transport:
        return "start libvirt, e.g. `systemctl start libvirtd`"
    kind = target.transport or "tls"
    sockets = f"libvirtd-{kind}.socket or virtproxyd-{kind}.socket"
    return f"see that '{target.host or 'localhost'}' is up, and libvirt listens for {kind} there ({sockets})"


def _place(target: Uri) -> str:
    return f"'{target.host or 'localhost'}{f':{target.port}' if target.port else ''}'"


def _not_let_in(target: Uri) -> str:
    if target.transport in SSH:
        return f"see that `ssh {_login(target)}` lets you in"
    if target.is_remote or target.driver == "test":
        return "see that user name, password and certificates are right"
    return "be root, join the group 'libvirt', or use qemu:///session"


def _reach(target: Uri) -> str:
    if target.transport == "ext":
        return "see that the program named with ?command= runs and reaches libvirt"
    if target.transport in SSH:
        return f"see that `ssh {_login(target)}` works and libvirt runs there"
    return f"see that '{target.host}' is up and its libvirt listens for {target.transport or 'tls'}"


def _login(target: Uri) -> str:
    port = f"-p {target.port} " if target.port else ""
    return port + (f"{target.user}@{target.host}" if target.user else target.host)
