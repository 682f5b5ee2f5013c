"""The first process of a host of the lab: takes a fresh set of namespaces into use and ends them with itself.

Started as `unshare --mount --net --pid --uts --ipc ... python keeper.py STATE NAME [OPTIONS]`. It puts private
folders over the ones libvirt uses, starts virtlogd and libvirtd, writes "ready" and then waits until its standard
input closes, which happens when the test run ends in whatever way. As it is process 1 of its namespace, the kernel
then kills every process in there (the daemons, dnsmasq, guests), and with the last one go the mounts and the network.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path

# Where libvirt keeps things, and the folder of the lab's state that stands in for it.
STATE_FOLDERS = {
    "/etc/libvirt": "etc",
    "/var/lib/libvirt": "lib",
    "/var/log/libvirt": "log",
    "/var/cache/libvirt": "cache",
    "/var/lib/swtpm-localca": "swtpm",
}
# Files of the state that stand in for one of the machine's.
STATE_FILES = {"/etc/hosts": "hosts", "/etc/passwd": "passwd", "/etc/group": "group"}
CGROUPS = Path("/sys/fs/cgroup")
START_DEADLINE = 300.0


UPLINK = (
    "link set lo up",
    "link add uplink0 type veth peer name uplink1",
    "link set uplink1 up",
    "link set uplink0 up",
    "address add 192.0.2.2/24 dev uplink0",
    "route add default via 192.0.2.1",
)
"""A way out that leads nowhere: passt serves a guest only on a machine that has a default route."""


def main(words: list[str]) -> None:
    """Set the namespaces up around the state folder, report, and keep them until standard input closes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("state", type=Path)
    parser.add_argument("name")
    parser.add_argument("--listen", action="store_true", help="have libvirtd listen on the network")
    parser.add_argument("--cgroups", action="store_true", help="give the host control groups, as containers need")
    given = parser.parse_args(words)
    isolate(given.state, given.name)
    before = mount_cgroups() if given.cgroups else set()
    listen = ["--listen"] if given.listen else []
    daemons = [
        spawn(["virtlogd", "--pid-file", "/run/virtlogd.pid"], given.state / "log/virtlogd.out"),
        spawn(["libvirtd", *listen, "--pid-file", "/run/libvirtd.pid"], given.state / "log/libvirtd.out"),
    ]
    for socket in ("virtlogd-sock", "libvirt-sock"):
        wait_for_socket(Path("/run/libvirt") / socket, daemons)
    print("ready", flush=True)
    keep()
    if given.cgroups:
        leave_cgroups(before)


def isolate(state: Path, name: str) -> None:
    """Put the lab's own folders over the machine's; nothing mounted here is seen outside."""
    mount("--make-rprivate", "/")
    # /sys of this network namespace: libvirt looks for its bridges in /sys/class/net. Control groups stay behind.
    subprocess.run(["umount", "--recursive", "--lazy", "/sys"], check=True)
    mount("-t", "sysfs", "sysfs", "/sys")
    # No D-Bus, systemd or other libvirt of the machine is within reach.
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    locks = Path("/run/lock")  # as on every machine: libvirt locks the console of a guest there
    locks.mkdir()
    locks.chmod(0o1777)
    for place, folder in STATE_FOLDERS.items():
        Path(place).mkdir(parents=True, exist_ok=True)
        mount("--bind", str(state / folder), place)
    if os.path.exists("/dev/kvm"):
        # Not to be written to: else libvirt takes it for a KVM that has just come, and probes QEMU at every question.
        mount("--bind", str(state / "no-kvm"), "/dev/kvm")
        mount("-o", "remount,bind,ro", "/dev/kvm")
    for words in UPLINK:
        subprocess.run(["ip", *words.split()], check=True)
    subprocess.run(["hostname", name], check=True)
    for place, file in STATE_FILES.items():
        mount("--bind", str(state / file), place)


def mount_cgroups() -> set[Path]:
    """Mount the machine's control groups, and those of version 1 alone where it has both; returns what is there.

    libvirt's container driver does not cope with the two side by side.
    """
    lines = [line.split() for line in Path("/proc/cgroups").read_text().splitlines()[1:]]
    old = [name for name, hierarchy, *_ in lines if hierarchy != "0"]
    if old:
        mount("-t", "tmpfs", "tmpfs", str(CGROUPS))
    for name in old:
        (CGROUPS / name).mkdir()
        mount("-t", "cgroup", "-o", name, "cgroup", str(CGROUPS / name))
    if not old:
        mount("-t", "cgroup2", "cgroup2", str(CGROUPS))
    return set(groups())


def groups() -> list[Path]:
    """Every control group there is, those within others first."""
    return sorted((Path(top) for top, _, _ in os.walk(CGROUPS)), reverse=True)


def leave_cgroups(before: set[Path]) -> None:
    """End every process of the host and remove the groups that came with it: they are the machine's."""
    os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    for group in groups():
        if group not in before:
            with contextlib.suppress(OSError):  # somebody else's, who came meanwhile
                group.rmdir()


def mount(*words: str) -> None:
    """Run mount(8)."""
    subprocess.run(["mount", *words], check=True)


def spawn(argv: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a daemon that does not hold on to this process's input and output."""
    with log.open("ab") as out:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)


def wait_for_socket(path: Path, daemons: list[subprocess.Popen[bytes]]) -> None:
    """Return when `path` exists; end with a message when a daemon ended or the deadline passed."""
    deadline = time.monotonic() + START_DEADLINE
    while not path.exists():
        for daemon in daemons:
            if daemon.poll() is not None:
                sys.exit(f"{daemon.args!r} ended with {daemon.returncode}")
        if time.monotonic() > deadline:
            sys.exit(f"no {path} after {START_DEADLINE:.0f} s")
        time.sleep(0.02)


def keep() -> None:
    """Collect orphans that ended, as process 1 must, until standard input reaches its end."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        selector.register(reader, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if not os.read(key.fd, 4096) and key.fd == sys.stdin.fileno():
                    return
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


if __name__ == "__main__":
    main(sys.argv[1:])
