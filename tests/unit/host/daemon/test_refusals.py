"""Why a connection did not come up: libvirt's words for each failure, and ours."""

from __future__ import annotations

import libvirt
import pytest

from virtprov.host.daemon.refusals import refusal, says_nothing
from virtprov.host.failures import Refused
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


CLOSED = "'vm.example' is not an ssh server, or refuses connections at the moment"


# What libvirt 9.0 and 11.3 said when each of these was provoked.
@pytest.mark.parametrize(
    ("uri", "words", "code", "why", "hint"),
    [
        (
            "qemu+tcp://vm.example:1/system",
            "unable to connect to server at 'vm.example:1': Connection refused",
            SYSTEM_ERROR,
            "no service listens at 'vm.example:1'",
            "is up, and that libvirt listens for tcp connections there (libvirtd-tcp.socket or virtproxyd-tcp.socket)",
        ),
        (
            "qemu+tcp://vm.example:99999/system",
            "unable to connect to server at 'vm.example:99999': Connection refused",
            SYSTEM_ERROR,
            "invalid port 99999",
            "ports range from 1 to 65535",
        ),
        (
            LIBSSH,
            "no connection driver available for SSH session handshake failed: Failed getting banner",
            libvirt.VIR_ERR_NO_CONNECT,
            "'vm.example:2222' is not an ssh server, or refuses connections at the moment",
            "that `ssh -p 2222 root@vm.example` works; sshd blocks clients for a while after several failed logins",
        ),
        (
            "qemu+tcp://vm.example/system",
            "packet 1213486156 bytes received from server too large, want 33554432",
            RPC,
            "'vm.example' is not a libvirt daemon",
            "is up, and that libvirt listens for tcp connections there (",
        ),
        # sshd 9.2 told that it closed, sshd 10.0 does not
        (
            SSH,
            "Cannot recv data: kex_exchange_identification: Connection closed by remote host Connection closed by "
            "vm.example port 22: Connection reset by peer",
            SYSTEM_ERROR,
            CLOSED,
            "that `ssh root@vm.example` works; sshd blocks clients for a while after several failed logins",
        ),
        (
            SSH,
            "Cannot recv data: Connection closed by vm.example port 22: Connection reset by peer",
            SYSTEM_ERROR,
            CLOSED,
            "that `ssh root@vm.example` works; sshd blocks clients for a while after several failed logins",
        ),
        (
            "qemu+tls://vm.example:22/system",
            "TLS handshake failed Error in the pull function",
            AUTH,
            "'vm.example:22' is not a TLS server",
            "is up, and that libvirt listens for tls connections there (",
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
            "no service listens at 'vm.example:2222'",
            "that `ssh -p 2222 root@vm.example` works",
        ),
        (
            SSH,
            "Cannot recv data: ssh: connect to host vm.example port 22: No route to host: Connection reset by peer",
            SYSTEM_ERROR,
            "'vm.example' cannot be reached",
            "check that 'vm.example' is up and in a network that this machine can reach",
        ),
        (
            SSH,
            "Cannot recv data: ssh: Could not resolve hostname vm.example: Name or service not known: Connection reset",
            SYSTEM_ERROR,
            "unknown host 'vm.example'",
            "check the host name and the name resolution of this machine",
        ),
        (
            "qemu+tcp://vm.example/system",
            "Unable to resolve address 'vm.example' service '16509': Name or service not known",
            SYSTEM_ERROR,
            "unknown host 'vm.example'",
            "check the host name and the name resolution of this machine",
        ),
        (
            "esx://vm.example/",
            "IP address lookup for host 'vm.example' failed: Name or service not known",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "unknown host 'vm.example'",
            "check the host name and the name resolution of this machine",
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
            "check the path of the URI: /system for the system's guests, /session for those of a user",
        ),
        (
            "lxc:///nothing",
            "Unexpected LXC URI path '/nothing', try lxc:///system",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "Unexpected LXC URI path '/nothing', try lxc:///system",
            "check the path of the URI: /system for the system's guests, /session for those of a user",
        ),
        ("qemu+ssh://vm.example/system", "Cannot find 'ssh' in path: No such file or directory", SYSTEM_ERROR)
        + ("the program 'ssh' is not installed on this machine", "openssh-client"),
        (
            "xen:///",
            "libxenlight state driver is not active",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "libvirt on that host has this driver, but it is not active",
            "check that the host runs this hypervisor and that the daemon of the driver is started",
        ),
        (
            "xen:///",
            "xen:///",
            libvirt.VIR_ERR_NO_CONNECT,
            "libvirt on that host has no driver for 'xen'",
            "install the driver and restart libvirt, or use another URI",
        ),
        (
            "qemu+ssh://vm.example/system?keyfile=/no/such/key",
            "Cannot recv data: vm.example: Permission denied (publickey).: Connection reset by peer",
            SYSTEM_ERROR,
            "key file '/no/such/key' does not exist",
            "keyfile=",
        ),
        (
            "esx://root@vm.example/?authfile=/no/such/file",
            "An error occurred, but the cause is unknown",
            0,
            "file '/no/such/file' with user name and password does not exist",
            "authfile=",
        ),
        (
            "vpx://root@vm.example:8443/dc/h?no_verify=1",
            "curl_easy_perform() returned an error: Couldn't connect to server (7) : Failed to connect to vm.example",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "no service listens at 'vm.example:8443'",
            "web service answers at port 8443",
        ),
        (
            "vmwareplayer:///session",
            "vmrun utility is missing",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "the program 'vmrun' is not installed on this machine",
            "install VMware",
        ),
        (SSH, "Some new trouble", SYSTEM_ERROR, "Some new trouble", "`ssh root@vm.example` works"),
        (
            "qemu:///system",
            "Some new trouble",
            SYSTEM_ERROR,
            "Some new trouble",
            "check the URI, for example qemu:///system, qemu+ssh://user@host/system, test:///default",
        ),
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
        (SSH, CHANGED, SYSTEM_ERROR, "the host's ssh key has changed", "-R vm.example"),
        (
            "esx://root@vm.example/",
            "Could not login: ServerFaultCode: Cannot complete login due to an incorrect user name or password.",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "the host refused the user name or the password",
            "?authfile=FILE",
        ),
        (
            "esx://root@vm.example/",
            "curl_easy_perform() returned an error: SSL peer certificate or SSH remote key was not OK (60) : "
            "server certificate verification failed. CAfile: none CRLfile: none",
            libvirt.VIR_ERR_INTERNAL_ERROR,
            "the host's certificate is not trusted by this machine",
            "no_verify=1",
        ),
        (
            LIBSSH,
            "!!! SSH HOST KEY VERIFICATION FAILED !!!: Identity of host 'vm.example:2222' differs from stored identity",
            AUTH,
            "the host's ssh key has changed",
            "whether the key was changed; then remove the old one from /k",
        ),
        (
            SSH,
            "Cannot recv data: Host key verification failed.: Connection reset by peer",
            SYSTEM_ERROR,
            "the host's ssh key is unknown",
            "run `ssh root@vm.example` once and accept the host's key",
        ),
        (
            LIBSSH,
            "failed to retrieve decision to accept host key",
            libvirt.VIR_ERR_LIBSSH,
            "the host's ssh key is unknown",
            "add the host's key to /k, or add known_hosts_verify=auto",
        ),
        (
            SSH,
            "Cannot recv data: root@vm.example: Permission denied (publickey).: Connection reset by peer",
            SYSTEM_ERROR,
            "ssh refused the login of 'root'",
            "works without a password; ?keyfile=FILE selects a key",
        ),
        (
            LIBSSH,
            "failed to authenticate: Access denied for 'publickey'. Authentication that can continue: publickey",
            AUTH,
            "ssh refused the login of 'root'",
            "`ssh -p 2222 root@vm.example` works",
        ),
        (
            LIBSSH.replace("libssh", "libssh2"),
            "authentication with private key '/key' has failed: Username/PublicKey combination invalid",
            AUTH,
            "ssh refused the login of 'root'",
            "works",
        ),
        (
            TLS,
            "Failed to verify peer's certificate",
            AUTH,
            "the host's certificate is not trusted by /pki",
            "read from /pki",
        ),
        (
            TLS,
            "Unable to read TLS confirmation: Input/output error",
            SYSTEM_ERROR,
            "the host does not accept the certificate of this machine",
            "get one signed by the host's certificate authority",
        ),
        (
            TLS,
            "Our own certificate /pki/c failed validation against /pki/ca: The certificate hasn't got a known issuer",
            RPC,
            "Our own certificate /pki/c failed validation",
            "get a certificate signed by the host's certificate authority",
        ),
        ("esx://vm.example/", "Username request failed", AUTH, "but none was given", "?authfile="),
        ("hyperv://vm.example/", "Password request failed", AUTH, "a password, but none was given", "on a terminal"),
        ("esx://vm.example/", "Login failed", AUTH, "Login failed", "check the user name and the password; ?authfile="),
        (
            "qemu:///system",
            "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied",
            SYSTEM_ERROR,
            "Failed to connect socket to '/run/libvirt/libvirt-sock': Permission denied",
            "become root or a member of the group 'libvirt', or use qemu:///session",
        ),
        (
            "qemu:///system",
            "polkit said no",
            AUTH,
            "polkit said no",
            "become root, join the group 'libvirt', or use qemu:///session",
        ),
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
        (
            "Accept SSH host key with hash 'ab:cd' for host 'vm.example:2222' (yes/no)?",
            "the host's ssh key is unknown",
            "add the host",
        ),
        (
            "Passphrase for key '/key'",
            "ssh requires a password or a passphrase, but cannot ask for it",
            "`ssh -p 2222 root@vm.example`",
        ),
    ],
)
def test_a_question_that_nobody_answered(asked: str, why: str, hint: str) -> None:
    error = Said("failed to retrieve user response for authentication callback", libvirt.VIR_ERR_OPERATION_UNSUPPORTED)
    made = refusal(LIBSSH, parse(LIBSSH), error, [asked])
    assert why in made.message and hint in made.hint
    assert type(made) is Refused


@pytest.mark.parametrize(
    ("query", "is_offered"), [("", True), ("?no_verify=0", True), ("?no_verify=1", False), ("?transport=http", False)]
)
def test_a_switch_for_certificates_is_only_offered_where_it_helps(query: str, is_offered: bool) -> None:
    uri = f"esx://root@vm.example/{query}"
    made = refusal(uri, parse(uri), Said("Start tag expected, '<' not found", libvirt.VIR_ERR_XML_ERROR))
    assert "web service answers at port" in made.hint
    assert ("no_verify=1" in made.hint) == is_offered


@pytest.mark.parametrize(
    ("seconds", "longer"), [(10.0, "VIRTPROV_CONNECT_TIMEOUT=60 "), (60.0, "VIRTPROV_CONNECT_TIMEOUT=600 ")]
)
def test_a_silent_web_service_is_no_daemon_of_libvirt(seconds: float, longer: str) -> None:
    uri = "hyperv://admin@vm.example/?transport=http"
    made = says_nothing(uri, parse(uri), seconds)
    assert "the web service of 'vm.example' does not answer" in made.message
    assert "systemctl" not in made.hint and "port 5985" in made.hint and longer in made.hint
