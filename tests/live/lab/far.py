"""Further hosts, which the lab's first one reaches over the network as a user reaches machines elsewhere."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from lab import pki
from lab.guests import make_key
from lab.host import Host, Setup, furnish, start_host

CLOSED_PORT = 1
LISTENING = """\
listen_tcp = 1
auth_tcp = "none"
listen_addr = "0.0.0.0"
listen_tls = 1
ca_file = "{pki}/cacert.pem"
cert_file = "{pki}/servercert.pem"
key_file = "{pki}/serverkey.pem"
"""
SSHD_CONFIG = """\
HostKey {ssh}/host_key
AuthorizedKeysFile {ssh}/authorized_keys
PidFile /run/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
"""
# OpenSSH from 9.8 on shuts out for a while whoever has failed, which tests do all the time.
LENIENT = "PerSourcePenalties=no"
# libvirt's plain ssh transport hands these to nobody, so a wrapper says them.
WRAPPER = """\
#!/bin/sh
exec ssh -F none -o UserKnownHostsFile={known_hosts} -o GlobalKnownHostsFile=/dev/null "$@"
"""


class Far:
    """A further host: `host` runs commands in it, `address` is where the first one finds it."""

    def __init__(self, host: Host, address: str, folder: Path) -> None:
        self.host = host
        self.address = address
        self.pki = folder / "pki"
        self.ssh = folder / "ssh"

    def tcp(self, port: int | None = None) -> str:
        """The URI without encryption; `port` for one that is not the usual."""
        return f"qemu+tcp://{self.address}{f':{port}' if port else ''}/system"

    def tls(self, folder: Path | None = None) -> str:
        """The URI with certificates: those that the host trusts, or those of another `folder`."""
        return f"qemu+tls://{self.address}/system?pkipath={folder or self.pki}"

    def by_ssh(self, transport: str = "ssh", *, key: Path | None = None, known_hosts: Path | None = None) -> str:
        """The URI with `transport` ssh, libssh or libssh2; another key or list of hosts than the right ones."""
        known = known_hosts or self.ssh / "known_hosts"
        words = {"keyfile": str(key or self.ssh / "id_ed25519")}
        if transport == "ssh":
            words |= {"command": str(self.wrapper(known)), "no_tty": "1"}
        else:
            words |= {"known_hosts": str(known), "sshauth": "privkey"}
        return f"qemu+{transport}://root@{self.address}/system?{urlencode(words, safe='/')}"

    def wrapper(self, known_hosts: Path) -> Path:
        """A program that is ssh with the list of hosts that the lab knows."""
        path = self.ssh / f"ssh-{known_hosts.name}"
        path.write_text(WRAPPER.format(known_hosts=known_hosts))
        path.chmod(0o755)
        return path


@contextlib.contextmanager
def running_far(lab: Host, number: int) -> Iterator[Far]:
    """A further host, the `number`th, beside `lab`: listening for tcp, tls and ssh, with a network and a pool.

    A cable of its own joins the two; guests of one do not see those of the other.
    """
    state = lab.state / f"far{number}"
    state.mkdir()
    near, address = f"10.77.{number}.1", f"10.77.{number}.2"
    authority = pki.make_authority(state / "pki")
    pki.make_server(authority, address)
    pki.make_client(authority)
    setup = Setup(f"virtprov-far{number}", LISTENING.format(pki=authority), listen=True)
    host = start_host(state, setup)
    try:
        plug(lab, host, number, near, address)
        far = Far(host, address, state)
        start_sshd(far)
        furnish(host)
        yield far
    finally:
        host.stop()


def plug(lab: Host, host: Host, number: int, near: str, address: str) -> None:
    """Join the two hosts by a pair of network devices, which both end with either host."""
    for pid, words in (
        (lab.pid, f"link add far{number} type veth peer name eth0 netns {host.pid}"),
        (lab.pid, f"address add {near}/30 dev far{number}"),
        (lab.pid, f"link set far{number} up"),
        (host.pid, f"address add {address}/30 dev eth0"),
        (host.pid, "link set eth0 up"),
    ):
        # in the network of the host alone, so that the other's process id means what it means here
        subprocess.run(["nsenter", f"--target={pid}", "--net", "--", "ip", *words.split()], check=True)


def start_sshd(far: Far) -> None:
    """Start an sshd with keys of its own; it ends with the host."""
    far.ssh.mkdir()
    key = make_key(far.ssh)
    host_key = far.ssh / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
    (far.ssh / "authorized_keys").write_text(key.with_suffix(".pub").read_text())
    (far.ssh / "known_hosts").write_text(f"{far.address} {host_key.with_suffix('.pub').read_text()}")
    (far.ssh / "nobody_known").touch()
    config = far.ssh / "sshd_config"
    config.write_text(SSHD_CONFIG.format(ssh=far.ssh))
    log = far.host.state / "log/sshd.log"
    sshd = ["/usr/sbin/sshd", "-f", str(config), "-E", str(log)]
    far.host.execute(["mkdir", "-p", "/run/sshd"])
    if far.host.execute([*sshd, "-o", LENIENT, "-t"]).rc == 0:
        sshd += ["-o", LENIENT]
    log.unlink(missing_ok=True)
    started = far.host.execute(sshd)
    if started.rc:
        raise RuntimeError(f"sshd did not start: {started.err}{log.read_text()}")
