"""Why a connection did not come up: libvirt's words for each failure, and ours."""

from __future__ import annotations

import libvirt
import pytest

from virtprov.host.failures import Refused
from virtprov.host.refusals import refusal
from virtprov.host.uri import parse
from virtprov.support.errors import HostError

SSH = "qemu+ssh://root@vm.example/system"
LIBSSH = "qemu+libssh://root@vm.example:2222/system?known_hosts=/k"
TLS = "qemu+tls://vm.example/system?pkipath=/pki"
SYSTEM_ERROR, RPC, AUTH = libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_AUTH_FAILED
CHANGED = "Cannot recv data: @@@ @ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @ @@@ Host key verification failed."


class Said:
    """An error as libvirt's Python binding hands it out."""

    def __init__(self, message: str, code: int) -> None:
        self.message, self.code = message, code

    def get_error_code(self) -> int:
        return self.code

    def get_error_message(self) -> str:
        return self.message

    def get_str1(self) -> str:
        return "%s"

    def get_str2(self) -> str:
        return self.message


CLOSED = "what listens at 'vm.example' speaks no ssh, or lets nobody in for now"


# What libvirt 9.0 and 11.3 said when each of these was provoked.
@pytest.mark.parametrize(
    ("uri", "words", "code", "why", "hint"),
    [
        (
            "qemu+tcp://vm.example:1/system",
            "unable to connect to server at 'vm.example:1': Connection refused",
            SYSTEM_ERROR,
            "nothing listens at 'vm.example:1'",
            "libvirt listens for tcp there (libvirtd-tcp.socket or virtproxyd-tcp.socket)",
        ),
        (
            "qemu+tcp://vm.example:99999/system",
            "unable to connect to server at 'vm.example:99999': Connection refused",
            SYSTEM_ERROR,
            "there is no port 99999",
            "ports go from 1 to 65535",
        ),
        (
            LIBSSH,
            "no connection driver available for SSH session handshake failed: Failed getting banner",
            libvirt.VIR_ERR_NO_CONNECT,
            "what listens at 'vm.example:2222' speaks no ssh, or lets nobody in for now",
            "that `ssh -p 2222 root@vm.example` works; sshd shuts out for a while whoever",
        ),
        (
            "qemu+tcp://vm.example/system",
            "packet 1213486156 bytes received from server too large, want 33554432",
            RPC,
            "what listens at 'vm.example' is no libvirt",
            "libvirt listens for tcp there",
        ),
        # sshd 9.2 told that it closed, sshd 10.0 does not
        (
            SSH,
            "Cannot recv data: kex_exchange_identification: Connection closed by remote host Connection closed by "
            "vm.example port 22: Connection reset by peer",
            SYSTEM_ERROR,
            CLOSED,
            "that `ssh root@vm.example` works; sshd shuts out for a while whoever",
        ),
        (
            SSH,
            "Cannot recv data: Connection closed by vm.example port 22: Connection reset by peer",
            SYSTEM_ERROR,
            CLOSED,
            "that `ssh root@vm.example` works; sshd shuts out for a while whoever",
        ),
        (
            "qemu+tls://vm.example:22/system",
            "TLS handshake failed Error in the pull function",
            AUTH,
            "what listens at 'vm.example:22' speaks no TLS",
            "libvirt listens for tls there",
        ),
        (
            "lxc:///",
            "Failed to connect socket to '/run/libvirt/libvirt-sock': No such file or directory",
            SYSTEM_ERROR,
            "no libvirt daemon listens at /run/libvirt/libvirt-sock (No such file or directory)",
            "systemctl start virtlxcd.socket",
        ),
        (
            LIBSSH,
            "unable to connect to server at 'vm.example:2222': Connection refused",
            SYSTEM_ERROR,
            "nothing listens at 'vm.example:2222'",
            "that `ssh -p 2222 root@vm.example` works",
        ),
        (
            SSH,
            "Cannot recv data: ssh: connect to host vm.example port 22: No route to host: Connection reset by peer",
            SYSTEM_ERROR,
            "'vm.example' cannot be reached",
            "see that 'vm.example' is up",
        ),
        (
            SSH,
            "Cannot recv data: ssh: Could not resolve hostname vm.example: Name or service not known: Connection reset",
            SYSTEM_ERROR,
            "there is no host 'vm.example'",
            "the host's name is right",
        ),
        (
            "qemu+tcp://vm.example/system",
            "Unable to resolve address 'vm.example' service '16509': Name or service not known",
            SYSTEM_ERROR,
            "there is no host 'vm.example'",
            "the host's name is right",
        ),
        (
            "esx://vm.example/",
            "IP address lookup for host 'vm.example' failed: Name or service not known",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "there is no host 'vm.example'",
            "the host's name is right",
        ),
        (
            SSH,
            "End of file while reading data: sh: 1: nc: not found: Input/output error",
            SYSTEM_ERROR,
            "libvirt is not installed there",
            "install libvirt-daemon on 'vm.example'",
        ),
        (
            SSH,
            "End of file while reading data: virt-ssh-helper: cannot connect to '/run/libvirt/libvirt-sock': Failed to "
            "connect socket to '/run/libvirt/libvirt-sock': No such file or directory: Input/output error",
            SYSTEM_ERROR,
            "no libvirt daemon listens at /run/libvirt/libvirt-sock (No such file or directory)",
            "start it on 'vm.example'",
        ),
        (
            SSH,
            "End of file while reading data: libvirt: error : Failed to connect socket to '/run/libvirt/libvirt-sock': "
            "No such file or directory: Input/output error",
            SYSTEM_ERROR,
            "no libvirt daemon listens at /run/libvirt/libvirt-sock (No such file or directory)",
            "start it on 'vm.example'",
        ),
        (
            LIBSSH,
            "Remote command terminated with non-zero code: 1",
            libvirt.VIR_ERR_LIBSSH,
            "no libvirt daemon listens there",
            "start it on 'vm.example'",
        ),
        (
            LIBSSH,
            "Remote command terminated with non-zero code: 127",
            libvirt.VIR_ERR_LIBSSH,
            "libvirt is not installed there",
            "install libvirt-daemon on 'vm.example'",
        ),
        (
            "qemu:///sytem",
            "unexpected qemu URI path '/sytem', try qemu:///system",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "unexpected qemu URI path '/sytem', try qemu:///system",
            "/session for those of one user",
        ),
        (
            "lxc:///nothing",
            "Unexpected LXC URI path '/nothing', try lxc:///system",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "Unexpected LXC URI path '/nothing', try lxc:///system",
            "see the path of the URI",
        ),
        ("qemu+ssh://vm.example/system", "Cannot find 'ssh' in path: No such file or directory", SYSTEM_ERROR)
        + ("there is no program 'ssh' on this machine", "openssh-client"),
        ("xen:///", "xen:///", libvirt.VIR_ERR_NO_CONNECT, "libvirt has no driver for 'xen' there", "install it"),
        (
            "qemu+ssh://vm.example/system?keyfile=/no/such/key",
            "Cannot recv data: vm.example: Permission denied (publickey).: Connection reset by peer",
            SYSTEM_ERROR,
            "there is no key file '/no/such/key'",
            "keyfile=",
        ),
        (SSH, "Some new trouble", SYSTEM_ERROR, "Some new trouble", "`ssh root@vm.example` works"),
        ("qemu:///system", "Some new trouble", SYSTEM_ERROR, "Some new trouble", "see that the URI is right"),
    ],
)
def test_what_libvirt_says_in_our_words(uri: str, words: str, code: int, why: str, hint: str) -> None:
    made = refusal(uri, parse(uri), Said(words, code))
    assert made.message == f"cannot connect to '{uri}': {why}"
    assert hint in made.hint
    assert type(made) is HostError


@pytest.mark.parametrize(
    ("uri", "words", "code", "why", "hint"),
    [
        (SSH, CHANGED, SYSTEM_ERROR, "ssh key is not the one that is known", "-R vm.example"),
        (
            LIBSSH,
            "!!! SSH HOST KEY VERIFICATION FAILED !!!: Identity of host 'vm.example:2222' differs from stored identity",
            AUTH,
            "ssh key is not the one that is known",
            "take the old one out of /k",
        ),
        (
            SSH,
            "Cannot recv data: Host key verification failed.: Connection reset by peer",
            SYSTEM_ERROR,
            "the host's ssh key is not known",
            "run `ssh root@vm.example` once and accept the host's key",
        ),
        (
            LIBSSH,
            "failed to retrieve decision to accept host key",
            libvirt.VIR_ERR_LIBSSH,
            "the host's ssh key is not known",
            "add the host's key to /k, or add known_hosts_verify=auto",
        ),
        (
            SSH,
            "Cannot recv data: root@vm.example: Permission denied (publickey).: Connection reset by peer",
            SYSTEM_ERROR,
            "ssh does not let 'root' in there",
            "?keyfile=FILE names a key",
        ),
        (
            LIBSSH,
            "failed to authenticate: Access denied for 'publickey'. Authentication that can continue: publickey",
            AUTH,
            "ssh does not let 'root' in there",
            "`ssh -p 2222 root@vm.example` lets you in",
        ),
        (
            LIBSSH.replace("libssh", "libssh2"),
            "authentication with private key '/key' has failed: Username/PublicKey combination invalid",
            AUTH,
            "ssh does not let 'root' in there",
            "lets you in",
        ),
        (TLS, "Failed to verify peer's certificate", AUTH, "is not one that /pki trusts", "looked for in /pki"),
        (
            TLS,
            "Unable to read TLS confirmation: Input/output error",
            SYSTEM_ERROR,
            "the host does not take the certificate of this machine",
            "have the host's authority sign one",
        ),
        (
            TLS,
            "Our own certificate /pki/c failed validation against /pki/ca: The certificate hasn't got a known issuer",
            RPC,
            "Our own certificate /pki/c failed validation",
            "authority sign a certificate",
        ),
        ("esx://vm.example/", "Username request failed", AUTH, "there is nobody to ask", "?authfile="),
        (
            "qemu:///system",
            "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied",
            SYSTEM_ERROR,
            "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied",
            "be root or in the group 'libvirt', or use qemu:///session",
        ),
        ("qemu:///system", "polkit said no", AUTH, "polkit said no", "join the group 'libvirt'"),
    ],
)
def test_who_is_not_let_in(uri: str, words: str, code: int, why: str, hint: str) -> None:
    made = refusal(uri, parse(uri), Said(words, code))
    assert why in made.message and made.message.startswith(f"cannot connect to '{uri}': ")
    assert hint in made.hint
    assert type(made) is Refused


# In place of 9.0's "failed to retrieve decision to accept host key", libvirt 11.3 says this of any question.
@pytest.mark.parametrize(
    ("asked", "why", "hint"),
    [
        ("Accept SSH host key with hash 'ab:cd' for host 'vm.example:2222' (yes/no)?", "is not known", "add the host"),
        ("Passphrase for key '/key'", "asks for a password or a passphrase", "`ssh -p 2222 root@vm.example`"),
    ],
)
def test_a_question_that_nobody_answered(asked: str, why: str, hint: str) -> None:
    error = Said("failed to retrieve user response for authentication callback", libvirt.VIR_ERR_OPERATION_UNSUPPORTED)
    made = refusal(LIBSSH, parse(LIBSSH), error, [asked])
    assert why in made.message and hint in made.hint
    assert type(made) is Refused
