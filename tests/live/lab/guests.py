"""Guests of the lab as a test sees them: events to wait for, their agent, and ssh."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

from lab.host import Done, Host, entered

# An emulated guest boots in 30 to 40 seconds on two idle cores; a busy machine may take several times that.
BOOT_DEADLINE = 900.0
STOP_DEADLINE = 900.0
# A guest that has only begun to boot hears neither its agent nor its power button, so it is asked again after this.
ASK_AGAIN = 30.0
# An event may slip by between looking and listening, so a wait looks again after this many seconds.
LOOK_AGAIN = 2.0
# QEMU 10.0 can end by an assertion of its own while a guest with several emulated processors starts on a busy machine.
EMULATOR_BUG = "iotlb_to_section: Assertion"
STARTS = 4
AGENT = "./devices/channel/target[@name='org.qemu.guest_agent.0'][@state='connected']"
SSH = (
    "ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
    "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR "
    # an emulated guest on a busy machine is slow to greet; one that has gone off says nothing for ever
    "-o ConnectTimeout=60 -o ServerAliveInterval=30 -o ServerAliveCountMax=10"
).split()


class TooLong(AssertionError):
    """Something that was to happen did not happen before its deadline."""


def until(what: str, happened: Callable[[], bool], wake: Callable[[float], None], deadline: float) -> float:
    """Return the seconds it took until `happened`; between two looks sleeps `wake(at most seconds)`."""
    started = time.monotonic()
    while not happened():
        left = deadline - (time.monotonic() - started)
        if left <= 0:
            raise TooLong(f"{what}: not after {deadline:.0f} s")
        wake(min(left, LOOK_AGAIN))
    return time.monotonic() - started


@contextlib.contextmanager
def listening(host: Host, name: str, event: str) -> Iterator[Callable[[float], None]]:
    """Offer a sleep that ends early when libvirt reports `event` of the guest `name`."""
    process = host.start(["virsh", "--connect", host.uri, "event", name, "--event", event, "--loop"])
    assert process.stdout is not None
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)

            def wake(seconds: float) -> None:
                if process.poll() is not None:
                    time.sleep(seconds)  # the guest is not there to be listened to
                elif selector.select(seconds):
                    process.stdout.readline()  # type: ignore[union-attr]

            yield wake
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End a command that was started in the lab, and what nsenter has started for it."""
    children = entered(process)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    if not children:
        process.kill()
    process.wait()  # nsenter ends with its child
    if process.stdout is not None:
        process.stdout.close()


def wait_agent(host: Host, name: str, deadline: float = BOOT_DEADLINE) -> float:
    """Wait until the agent of the guest `name` answers; returns the seconds that took."""

    def connected() -> bool:
        shown = host.try_virsh("dumpxml", name)
        return shown.rc == 0 and ElementTree.fromstring(shown.out).find(AGENT) is not None

    with listening(host, name, "agent-lifecycle") as wake:
        return until(f"the agent of {name} answers", connected, wake, deadline)


def wait_off(host: Host, name: str, deadline: float = STOP_DEADLINE) -> float:
    """Wait until the guest `name` is shut off; returns the seconds that took."""
    with listening(host, name, "lifecycle") as wake:
        return until(f"{name} is off", lambda: host.virsh("domstate", name) == "shut off", wake, deadline)


def emulator_failed(host: Host, name: str) -> bool:
    """Whether QEMU ended the guest's last run by EMULATOR_BUG."""
    log = host.state / "log/qemu" / f"{name}.log"
    return log.exists() and EMULATOR_BUG in log.read_text(errors="replace").rpartition("starting up")[2]


def start(host: Host, name: str, shell: Shell) -> None:
    """Start the guest `name` and wait until `shell` can log in; again where QEMU itself failed."""
    for _ in range(STARTS):
        host.virsh("start", name)
        shell.wait(over=lambda: host.virsh("domstate", name) == "shut off")
        if host.virsh("domstate", name) != "shut off":
            return
        if not emulator_failed(host, name):
            break
    raise AssertionError(f"{name} went off while it started: {host.virsh('domstate', name, '--reason')}")


def shut_down(host: Host, name: str) -> float:
    """Ask the guest `name` to power off, again and again, until it has; returns the seconds that took.

    A guest that powers off at once may stop its agent, and with it the agent's child, before the child has ended: then
    the request is said to have failed although it was heard. The power button is the second way.
    """
    began, said = time.monotonic(), ""
    while (spent := time.monotonic() - began) < STOP_DEADLINE:
        if host.virsh("domstate", name) == "running":
            said = host.try_virsh("shutdown", name, "--mode", "agent,acpi").err.strip()
        with contextlib.suppress(TooLong):
            return spent + wait_off(host, name, ASK_AGAIN)
    raise TooLong(f"{name} is not off after {STOP_DEADLINE:.0f} s: {said}")


def hear(process: subprocess.Popen[str], words: str) -> str:
    """Read what a command that was started in the lab says, up to the line with `words`; returns it."""
    assert process.stdout is not None
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, f"it ended without '{words}': {said}"
        said += line
    return said


def make_key(folder: Path) -> Path:
    """A fresh ssh key in `folder`; returns the private half, the public one lies beside it."""
    key = folder / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "live", "-f", key], check=True)
    return key


class Shell:
    """A login on a guest by ssh with a key."""

    def __init__(self, host: Host, address: str, user: str, key: Path, port: int = 22) -> None:
        self.host, self.address, self.key, self.port = host, address, key, port
        self.login = [*SSH, "-i", str(key), "-p", str(port), f"{user}@{address}"]

    def of(self, user: str) -> Shell:
        """The login of another user with the same key."""
        return Shell(self.host, self.address, user, self.key, self.port)

    def try_run(self, command: str, deadline: float = BOOT_DEADLINE) -> Done:
        """Run a shell command there, failures included."""
        return self.host.execute([*self.login, command], deadline=deadline)

    def run(self, command: str, deadline: float = BOOT_DEADLINE) -> str:
        """What a shell command prints there, without white space around it; a failure is an error here."""
        done = self.try_run(command, deadline)
        if done.rc:
            raise AssertionError(f"{' '.join(self.login[-1:])}: {command}: exit {done.rc}: {done.out}{done.err}")
        return done.out.strip()

    def wait(self, deadline: float = BOOT_DEADLINE, *, over: Callable[[], bool] = lambda: False) -> float:
        """Wait until a login works (nothing tells when a guest's sshd is up), or until it is `over` with the guest.

        Returns the seconds that took.
        """
        return until(
            f"{self.login[-1]} lets us in",
            lambda: self.try_run("true").rc == 0 or over(),
            lambda seconds: time.sleep(min(seconds, 0.5)),
            deadline,
        )
