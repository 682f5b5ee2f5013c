"""The lab: a libvirt host inside namespaces of its own, and ways to run commands in it."""

from __future__ import annotations

import contextlib
import fcntl
import grp
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from lab import keeper

URI = "qemu:///system"
CHECKOUT = Path(__file__).resolve().parents[3]
COMMAND_DEADLINE = 1200.0
RESTART_TRIES = 1200
STOP_DEADLINE = 60.0

LIBVIRTD_CONF = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0700"
host_uuid = "{uuid}"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""
# Guests run as root, so that their images may lie anywhere.
# The machine's security labels, control groups and device folders are none of the lab's business.
QEMU_CONF = """\
user = "root"
group = "root"
swtpm_user = "root"
swtpm_group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = []
namespaces = []
"""
# No <forward>, and a name server that asks nobody: guests reach the lab and nothing beyond it.
NETWORK = """\
<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>
  <name>default</name>
  <bridge name='virbr0' stp='on' delay='0'/>
  <domain name='lab.test' localOnly='yes'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.122.2' end='192.168.122.199'/></dhcp>
  </ip>
  <dnsmasq:options><dnsmasq:option value='no-resolv'/></dnsmasq:options>
</network>
"""
POOL = """\
<pool type='dir'><name>default</name><target><path>/var/lib/libvirt/images</path></target></pool>
"""


def free_user(name: str = "tester", number: int = 47011) -> tuple[str, int]:
    """A name and an id that no user and no group of this machine has: those given, else some that are like them.

    The name has at most eight letters: ps would show a longer one as a number.
    """
    taken = {entry.pw_name for entry in pwd.getpwall()} | {entry.gr_name for entry in grp.getgrall()}
    ids = {entry.pw_uid for entry in pwd.getpwall()} | {entry.gr_gid for entry in grp.getgrall()}
    names = (name, *(f"{name}{count}" for count in range(2, 100)))
    free_name = next(one for one in names if one not in taken)
    return free_name, next(one for one in itertools.count(number) if one not in ids)


# An ordinary user of the lab's hosts; the machine's own list of users is not touched.
USER, USER_ID = free_user()
USER_ENTRY = f"{USER}:x:{USER_ID}:{USER_ID}:Tester:/run/home/{USER}:/bin/sh"
GROUP_ENTRY = f"{USER}:x:{USER_ID}:"
GONE = 'tail --sleep-interval=0.05 --pid="$pid" -f /dev/null'
KEPT_VARIABLES = ("PATH", "TERM", "VIRTUAL_ENV")


class Done(NamedTuple):
    """What a command left: its exit code and everything it said."""

    rc: int
    out: str
    err: str


class Setup(NamedTuple):
    """How one host of the lab differs from another; `conf` are more lines for libvirtd's configuration.

    With `listen` its libvirtd can be reached over the network as `conf` says; with `cgroups` it runs containers.
    """

    name: str = "virtprov-lab"
    conf: str = ""
    listen: bool = False
    cgroups: bool = False
    uri: str = URI


PLAIN = Setup()


class Host:
    """A libvirt host in namespaces of its own, whose files lie in the folder `state`.

    Paths mean the same inside and outside, except for the folders that libvirt uses: see `outside`.
    `uri` is what it is called from inside.
    """

    def __init__(self, state: Path, process: subprocess.Popen[str], uri: str = URI, *, listen: bool = False) -> None:
        self.state = state
        self.process = process
        self.uri = uri
        self.listen = listen
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        self.pid = int(children[0])

    def outside(self, path: str) -> Path:
        """Where the machine keeps the file that is called `path` inside."""
        for place, name in keeper.STATE_FOLDERS.items():
            if path == place or path.startswith(f"{place}/"):
                return self.state / name / path[len(place) + 1 :]
        return Path(path)

    def inside(self, argv: Sequence[str | Path]) -> list[str]:
        """The words that run `argv` in the lab's namespaces with a home and an environment of its own."""
        return [*self.entering(str(self.state / "home")), *map(str, argv)]

    def entering(self, home: str, *, before: Sequence[str] = (), settings: Sequence[str] = ()) -> list[str]:
        """The words that lead inside, by way of the command `before`, to an environment with `home` and `settings`."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--uts", "--ipc", "--"]
        kept = [f"{name}={os.environ[name]}" for name in KEPT_VARIABLES if name in os.environ]
        return [*enter, *before, "env", "-C", home, "-i", f"HOME={home}", "LC_ALL=C.UTF-8", *kept, *settings]

    def execute(self, argv: Sequence[str | Path], *, stdin: str = "", deadline: float = COMMAND_DEADLINE) -> Done:
        """Run any command inside; `subprocess.TimeoutExpired` after `deadline` seconds."""
        done = subprocess.run(self.inside(argv), input=stdin, capture_output=True, text=True, timeout=deadline)
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, argv: Sequence[str | Path]) -> subprocess.Popen[str]:
        """Start any command inside and return at once; its output is to be read from the pipe."""
        return subprocess.Popen(
            self.inside(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(
        self, argv: Sequence[str | Path], *, uri: str = "", stdin: str = "", deadline: float = COMMAND_DEADLINE
    ) -> Done:
        """Run a command of the checkout here, `argv[0]` being virtprov-install, -clone or -xml.

        It connects to this host, or with `uri` to another one.
        """
        return self.execute(self.own(argv, uri=uri), stdin=stdin, deadline=deadline)

    def own(self, argv: Sequence[str | Path], *, uri: str = "") -> list[str]:
        """The words of a command of the checkout, told to connect to this host, or with `uri` to another one."""
        program, *rest = map(str, argv)
        return [sys.executable, str(CHECKOUT / "bin" / program), "--connect", uri or self.uri, *rest]

    def virsh(self, *argv: str, stdin: str = "") -> str:
        """What `virsh argv` prints, without the white space around it; a failure is an error here."""
        done = self.try_virsh(*argv, stdin=stdin)
        if done.rc:
            raise RuntimeError(f"virsh {' '.join(argv)}: {done.err.strip()}")
        return done.out.strip()

    def try_virsh(self, *argv: str, stdin: str = "") -> Done:
        """What `virsh argv` leaves, failures included."""
        return self.execute(["virsh", "--quiet", "--connect", self.uri, *argv], stdin=stdin)

    def define(self, kind: str, xml: str) -> str:
        """Give `xml` to virsh's define command for `kind` ("net", "pool", or "" for a guest)."""
        return self.virsh(f"{kind}-define" if kind else "define", "/dev/stdin", stdin=xml)

    def stop_libvirtd(self, pid_file: str = "/run/libvirtd.pid") -> None:
        """End this host's libvirtd; guests run on. Returns when it is gone."""
        self.execute(["sh", "-c", f'pid=$(cat {pid_file}); kill "$pid"; {GONE}'])

    def start_libvirtd(self) -> None:
        """Start it again as it was; returns when it answers. The guests that ran on are known to it."""
        libvirtd = f"libvirtd{' --listen' if self.listen else ''} --pid-file /run/libvirtd.pid"
        self.execute(["sh", "-c", f"setsid {libvirtd} </dev/null >>/var/log/libvirt/libvirtd.out 2>&1 &"])
        for _ in range(RESTART_TRIES):
            if self.try_virsh("uri").rc == 0:
                return
            time.sleep(0.1)
        raise RuntimeError(f"libvirtd did not start again:\n{logs(self.state)}")

    def stop(self) -> None:
        """End every process of the lab; mounts and network go with the last one."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            # unshare takes its child along (--kill-child), and that one everything else
            self.process.kill()
            self.process.wait(COMMAND_DEADLINE)


def entered(process: subprocess.Popen[str]) -> list[int]:
    """The ids of the commands that nsenter's `process` has led into a lab; none when they have ended."""
    try:
        return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    except OSError:
        return []


@contextlib.contextmanager
def running_host(runs: Path) -> Iterator[Host]:
    """A host with a started `default` network and pool, its state in a new folder of `runs`."""
    with new_state(runs) as state:
        host = start_host(state)
        try:
            furnish(host)
            os.truncate(state / "log/libvirtd.log", 0)  # complaints about namespaces, the same each time
            yield host
        finally:
            host.stop()


def furnish(host: Host) -> None:
    """Give `host` a started `default` network and pool."""
    for kind, xml in (("net", NETWORK), ("pool", POOL)):
        host.define(kind, xml)
        host.virsh(f"{kind}-autostart", "default")
        host.virsh(f"{kind}-start", "default")


def fill(state: Path, setup: Setup) -> None:
    """Write what a host's first process puts over the machine's folders and files."""
    for name in (*keeper.STATE_FOLDERS.values(), "lib/images", "lib/boot", "home"):
        (state / name).mkdir(exist_ok=True)
    (state / "etc/libvirtd.conf").write_text(LIBVIRTD_CONF.format(uuid=uuid.uuid4()) + setup.conf)
    (state / "etc/qemu.conf").write_text(QEMU_CONF)
    (state / "hosts").write_text(f"127.0.0.1 localhost {setup.name}\n")
    (state / "passwd").write_text(f"{Path('/etc/passwd').read_text().rstrip()}\n{USER_ENTRY}\n")
    (state / "group").write_text(f"{Path('/etc/group').read_text().rstrip()}\n{GROUP_ENTRY}\n")
    (state / "no-kvm").touch()


def start_host(state: Path, setup: Setup = PLAIN) -> Host:
    """Fill `state` and start a host's first process on it; returns when libvirtd answers."""
    fill(state, setup)
    switches = [f"--{name}" for name in ("listen", "cgroups") if getattr(setup, name)]
    namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child=SIGKILL"]
    keep = [sys.executable, keeper.__file__, str(state), setup.name, *switches]
    with (state / "keeper.log").open("w") as log:
        process = subprocess.Popen(
            ["unshare", *namespaces, "--mount-proc", *keep],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,  # Ctrl-C is for the test run, which then stops the lab in order
        )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        process.kill()
        process.communicate()
        raise RuntimeError(f"the live tests' libvirt did not start:\n{logs(state)}")
    return Host(state, process, setup.uri, listen=setup.listen)


def logs(state: Path, tail: int = 3000) -> str:
    """The end of every log of the lab in `state`, for the report of a failure."""
    paths = [state / "keeper.log", *sorted((state / "log").rglob("*"))]
    parts = []
    for path in paths:
        text = path.read_text(errors="replace")[-tail:] if path.is_file() else ""
        if text.strip():
            parts.append(f"----- {path.relative_to(state)}\n{text.rstrip()}")
    return "\n".join(parts)


@contextlib.contextmanager
def new_state(runs: Path) -> Iterator[Path]:
    """A new folder under `runs`, locked while in use and removed afterwards.

    Folders that a killed run left behind are nobody's: their lock is free, and they go first.
    """
    runs.mkdir(parents=True, exist_ok=True)
    with (runs / "lock").open("w") as all_runs:
        fcntl.flock(all_runs, fcntl.LOCK_EX)
        sweep(runs)
        state = Path(tempfile.mkdtemp(prefix="lab-", dir=runs))
        state.chmod(0o755)
        lock = claim(state)
    assert lock is not None
    with lock:
        try:
            yield state
        finally:
            with (runs / "lock").open("w") as all_runs:  # a sweep must not see the half of it
                fcntl.flock(all_runs, fcntl.LOCK_EX)
                shutil.rmtree(state)


def sweep(runs: Path) -> None:
    """Remove the folders in `runs` that no living run holds."""
    for state in runs.glob("lab-*"):
        lock = claim(state)
        if lock is not None:
            with lock:
                shutil.rmtree(state)


def claim(state: Path) -> IO[str] | None:
    """The open lock of the folder `state`, or None when another run holds it."""
    lock = (state / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock
