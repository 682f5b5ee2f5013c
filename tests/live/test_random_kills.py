"""Commands that are killed at random moments: `--clean-up` and `--undo` make the host what it was.

A few kills belong to every run of the tests; `pytest tests/live/test_random_kills.py --kills 120` does more of them.
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
INSTALL = (
    *("virtprov-install", "--virt-type", "qemu", "--name", NEW, "--osinfo", "generic", "--memory", "64", "--import"),
    *("--graphics", "none", "--noautoconsole", "--network", "none", "--boot", "uefi", "--cloud-init", "disable=on"),
    *("--disk", f"size=0.01,backing_store={IMAGES}/system.qcow2"),
)
CLONE = ("virtprov-clone", "--original", ORIGINAL, "--auto-clone", "--name", NEW)
COMMANDS: dict[str, tuple[str, ...]] = {
    "install": INSTALL,
    "install without a start": (*INSTALL[:-2], "--disk", "size=0.01", "--noreboot", "--cloud-init", "none"),
    "clone": CLONE,
    "clone and replace": (*CLONE[:-1], OLD, "--replace"),
    "fleet edit": ("virtprov-xml", "fleet*", "--edit", "--memory", "96", "--autostart", "yes"),
    "fleet disks": ("virtprov-xml", "fleet*", "--add-device", "--disk", "size=0.001", "--jobs", "2"),
}
LOOK = """
import json, sys, libvirt
host = libvirt.open(sys.argv[1])
flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
guests = {each.name(): [each.XMLDesc(flags), each.isActive(), each.autostart()] for each in host.listAllDomains()}
pools = {}
for pool in host.listAllStoragePools():
    pool.refresh()
    pools[pool.name()] = sorted(each.path() for each in pool.listAllVolumes())
print(json.dumps([guests, pools]))
"""


class State(NamedTuple):
    """What a host holds: guests with their definitions, volumes of each pool, files, processes, unsettled runs."""

    guests: dict[str, list[object]]
    volumes: dict[str, list[str]]
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
    for name, old, new in zip(State._fields, before, after, strict=True):
        rows = [{repr(row) for row in (part.items() if isinstance(part, dict) else part)} for part in (old, new)]
        lines += [f"{name} lost: {row}" for row in sorted(rows[0] - rows[1])]
        lines += [f"{name} left over: {row}" for row in sorted(rows[1] - rows[0])]
    return lines


@pytest.fixture(scope="module")
def host(prerequisites: None) -> Iterator[Host]:
    """A host of its own, with guests to copy, to replace and to edit; none of them runs."""
    with running_host(cache_root() / "runs") as made:
        made.virsh("vol-create-as", "default", "system.qcow2", "1M", "--format", "qcow2")
        for name in (ORIGINAL, OLD):
            define(made, name)
        for number in range(FLEET):
            made.define("", MEMBER.format(name=f"fleet{number:02d}"))
        yield made


def define(host: Host, name: str) -> None:
    """Define a guest with a disk and UEFI variables."""
    host.virsh("vol-create-as", "default", f"{name}.qcow2", "1M", "--format", "qcow2")
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
        self.lasted: dict[str, float] = {}
        self.killed = 0

    def measure(self) -> None:
        """Note how long each command takes after it began to write down what it does."""
        for name in COMMANDS:
            self.lasted[name] = self.run(name, None)

    def once(self, name: str) -> None:
        """Kill a command at a random moment, or somewhat late, and clean up."""
        self.run(name, self.luck.uniform(0, self.lasted[name] * 1.1))

    def run(self, name: str, delay: float | None) -> float:
        """Run a command, kill it `delay` seconds after it began to write; return how long it went on."""
        journals = state_files(self.host, "edit-*")
        known = {*state_files(self.host, "*")}
        process = self.host.start(self.host.own(COMMANDS[name]))
        until(f"{name} writes or ends", lambda: self.writes(process, known), time.sleep, DEADLINE)
        begun = time.monotonic()
        if delay is not None:
            try:
                process.wait(delay)
            except subprocess.TimeoutExpired:
                kill(process)
        told, _ = process.communicate(timeout=DEADLINE)
        took = time.monotonic() - begun
        assert process.returncode in (0, KILLED), told
        self.killed += process.returncode == KILLED
        cleaned = self.host.run(["virtprov-install", "--clean-up", "--yes"])
        assert cleaned.rc == 0, cleaned.err
        if state_files(self.host, "edit-*") != journals:
            told += self.undo()
        if "fleet" not in name:
            self.remove_new(name)
        after = look(self.host)
        assert differences(self.before, after) == [], f"{name}, killed after {delay} s:\n{told}\n{cleaned.out}"
        return took

    def writes(self, process: subprocess.Popen[str], known: set[str]) -> bool:
        return process.poll() is not None or {*state_files(self.host, "*")} > known

    def undo(self) -> str:
        """Undo the run that was killed, unless that was before it changed anything; return what was said."""
        done = self.host.run(["virtprov-xml", "--undo"])
        return f"--undo ended with {done.rc}: {done.out}{done.err}"

    def remove_new(self, name: str) -> None:
        """Remove the guest of a run that was done before it was killed, and define what it replaced."""
        remove(self.host, NEW)
        now = self.host.try_virsh("domuuid", OLD).out.strip()
        if f"<uuid>{now}</uuid>" not in str(self.before.guests[OLD][0]):
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


def test_kills(host: Host, request: pytest.FixtureRequest) -> None:
    count, seed = request.config.getoption("kills"), random.SystemRandom().getrandbits(32)
    kills = Kills(host, random.Random(seed))
    kills.measure()
    names = list(COMMANDS)
    tries = 0
    while kills.killed < count:
        kills.once(names[tries % len(names)])
        tries += 1
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{kills.killed} killed of {tries} runs (seed {seed}), 0 left over")
