"""Commands that are killed at random moments: `--clean-up` and `--undo` make the host what it was.

No part of `make test`: run it as root by `pytest tests/live/random_kills.py --kills 120`.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from lab import inventory
from lab.guests import until
from lab.host import Host, running_host
from lab.image import cache_root

pytestmark = pytest.mark.live

KILLED = -9
DEADLINE = 300.0
FLEET = 12
IMAGES = "/var/lib/libvirt/images"
NEW, OLD, ORIGINAL = "new", "old", "original"
GUEST = """\
<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory>
<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
<source file='/var/lib/libvirt/images/{name}.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>
"""
MEMBER = """\
<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os>
<devices><graphics type='vnc' passwd='sesame'/></devices></domain>
"""
BASE = (
    *("virtprov-install", "--virt-type", "qemu", "--name", NEW, "--osinfo", "generic", "--memory", "64", "--import"),
    *("--graphics", "none", "--noautoconsole", "--network", "none", "--boot", "uefi"),
)
CLONE = ("virtprov-clone", "--original", ORIGINAL, "--auto-clone", "--name")
COMMANDS: dict[str, tuple[str, ...]] = {
    "install": (*BASE, "--disk", f"size=0.01,backing_store={IMAGES}/system.qcow2", "--cloud-init", "disable=on"),
    "fleet edit": ("virtprov-xml", "fleet*", "--edit", "--memory", "96", "--autostart", "yes"),
    "clone": (*CLONE, NEW),
    "fleet disks": ("virtprov-xml", "fleet*", "--add-device", "--disk", "size=0.001", "--jobs", "2"),
    "clone and replace": (*CLONE, OLD, "--replace"),
    "install on a new disk": (*BASE, "--disk", "size=0.01"),
}
SHORT = 0.4
"""Seconds that a command is first taken to last after it begins to write down what it does."""
LOOK = """
import json, sys, libvirt
host = libvirt.open(sys.argv[1])
flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
guests = {each.name(): [each.XMLDesc(flags), each.isActive(), each.autostart()] for each in host.listAllDomains()}
volumes = []
for pool in host.listAllStoragePools():
    volumes.append(pool.name() + (" (active)" if pool.isActive() else " (inactive)"))
    if pool.isActive():
        pool.refresh()
        volumes += [pool.name() + ": " + each.path() for each in pool.listAllVolumes()]
print(json.dumps([guests, sorted(volumes)]))
"""


class State(NamedTuple):
    """What a host holds: guests with their definitions, pools and volumes, files, processes, unsettled runs."""

    guests: dict[str, list[object]]
    volumes: list[str]
    files: list[str]
    processes: tuple[str, ...]
    runs: list[str]


def look(host: Host) -> State:
    done = host.execute([sys.executable, "-c", LOOK, host.uri])
    assert done.rc == 0, done.err
    files = sorted(inventory.files(host))
    guests, volumes = json.loads(done.out)
    return State(guests, volumes, files, inventory.processes(host), state_files(host, "run-*"))


def state_files(host: Host, pattern: str) -> list[str]:
    """The names of files in the state folder of the commands."""
    return sorted(path.name for path in (host.state / "home/.local/state/virtprov").glob(pattern))


def differences(before: State, after: State) -> list[str]:
    """What is in one state only."""
    lines = []
    for name in State._fields:
        old, new = getattr(before, name), getattr(after, name)
        rows = [{repr(row) for row in (part.items() if isinstance(part, dict) else part)} for part in (old, new)]
        lines += [f"{name} lost: {row}" for row in sorted(rows[0] - rows[1])]
        lines += [f"{name} left over: {row}" for row in sorted(rows[1] - rows[0])]
    return lines


@pytest.fixture(scope="module")
def host(prerequisites: None) -> Iterator[Host]:
    """A host of its own, with guests to copy, to replace and to edit; none of them runs."""
    with running_host(cache_root() / "runs") as made:
        for name in ("system", ORIGINAL, OLD):
            made.virsh("vol-create-as", "default", f"{name}.qcow2", "1M", "--format", "qcow2")
        for name in (ORIGINAL, OLD):
            define(made, name)
        for number in range(FLEET):
            made.define("", MEMBER.format(name=f"fleet{number:02d}"))
        yield made


def define(host: Host, name: str) -> None:
    """Define a guest with UEFI variables; its disk is there."""
    host.define("", GUEST.format(name=name))
    host.virsh("start", name, "--paused")
    host.virsh("destroy", name)


def remove(host: Host, name: str) -> None:
    """Remove a guest with all that belongs to it, if it is there."""
    if host.try_virsh("domuuid", name).rc == 0:
        host.try_virsh("destroy", name)
        host.virsh("undefine", name, "--nvram", "--remove-all-storage")


class Kills:
    """Kills commands, and compares the host with what it was."""

    def __init__(self, host: Host, luck: random.Random) -> None:
        self.host, self.luck = host, luck
        self.before = look(host)
        self.lasts = dict.fromkeys(COMMANDS, SHORT)
        self.killed = 0

    def once(self, name: str) -> None:
        """Kill a command at a random moment after it began to write, clean up, and compare."""
        delay = self.luck.uniform(0, self.lasts[name])
        journals = state_files(self.host, "edit-*")
        told, status = self.run(name, delay)
        done = self.is_done()
        cleaned = self.host.run(["virtprov-install", "--clean-up", "--yes"])
        told += cleaned.out + cleaned.err
        assert cleaned.rc == 0, told
        if state_files(self.host, "edit-*") != journals:
            undone = self.host.run(["virtprov-xml", "--undo"])
            told += f"--undo ended with {undone.rc}: {undone.out}{undone.err}"
        if done:
            self.take_back(name)
        lines = differences(self.before, look(self.host))
        assert lines == [], f"{name} ended with {status}, to be killed after {delay:.3f} s:\n{told}" + "\n".join(lines)
        self.killed += status == KILLED

    def is_done(self) -> bool:
        """Whether the run has nothing to undo: its log is gone, or says that only what was put aside has to go."""
        logs = (path.read_text() for path in (self.host.state / "home/.local/state/virtprov").glob("run-*"))
        runs = [log for log in logs if log and '"tool":"virtprov",' not in log]  # such a log is of a temporary pool
        return all('{"settled":' in log or '{"complete":' in log for log in runs)

    def run(self, name: str, delay: float) -> tuple[str, int]:
        """Run a command, and kill it so long after it began to write; return what it said, and its status."""
        known = {*state_files(self.host, "*")}
        process = self.host.start(self.host.own(COMMANDS[name]))

        def writes() -> bool:
            return process.poll() is not None or bool({*state_files(self.host, "*")} - known)

        until(f"{name} writes or ends", writes, lambda _: time.sleep(0.005), DEADLINE)
        begun = time.monotonic()
        try:
            process.wait(delay)
            self.lasts[name] = max(time.monotonic() - begun, 0.05)
        except subprocess.TimeoutExpired:
            kill(process)
            self.lasts[name] = max(self.lasts[name], 1.5 * delay)
        told, _ = process.communicate(timeout=DEADLINE)
        assert process.returncode in (0, KILLED), told
        return told, process.returncode

    def take_back(self, name: str) -> None:
        """Remove what a run that was done has made, and define what it replaced."""
        if name == "fleet disks":
            new = set(look(self.host).volumes) - set(self.before.volumes)
            assert len(new) in (0, FLEET)
            for row in new:
                self.host.virsh("vol-delete", row.removeprefix("default: "))
        remove(self.host, NEW)
        uuid = self.host.virsh("domuuid", OLD)
        if f"<uuid>{uuid}</uuid>" not in str(self.before.guests[OLD][0]):
            remove(self.host, OLD)
            define(self.host, OLD)
            self.before = self.before._replace(guests={**self.before.guests, OLD: look(self.host).guests[OLD]})


def kill(process: subprocess.Popen[str]) -> None:
    """Kill the command that nsenter's process entered with, unless it has ended."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass


def test_nothing_is_left_over(host: Host, request: pytest.FixtureRequest) -> None:
    count, names = request.config.getoption("kills"), list(COMMANDS)
    kills = Kills(host, random.SystemRandom())
    for tries in range(count * 10):
        if kills.killed == count:
            break
        kills.once(names[tries % len(names)])
    assert kills.killed == count
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{kills.killed} killed of {tries} runs, 0 left over")
