"""Runs that come to no good end, wherever that is: the host ends as it began, or --clean-up makes it so."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from lab import installer, inventory
from lab.guests import BOOT_DEADLINE, hear, until
from lab.host import URI, Done, Host, running_host
from lab.image import cache_root
from lab.web import serving

pytestmark = pytest.mark.live

FAULTY = Path(__file__).resolve().parent / "lab/faulty.py"
DOOMED, ORIGINAL, OLD = "doomed", "original", "old"
IMAGES, TIGHT = "/var/lib/libvirt/images", "/run/tight"
NVRAM = "/var/lib/libvirt/qemu/nvram/{}.fd"
KILLED = -9
MOST = 60
INTERRUPTED, REFUSED, TOO_LONG, BROKEN = 130, 3, 4, 5
DISK = f"size=0.01,backing_store={IMAGES}/system.qcow2"
INSTALL = [
    *("virtprov-install", "--virt-type", "qemu", "--name", DOOMED, "--osinfo", "generic", "--memory", "64", "--import"),
    *("--graphics", "none", "--noautoconsole", "--network", "none", "--disk", DISK, "--boot", "uefi"),
    *("--tpm", "emulator", "--cloud-init", "disable=on"),
]
RESERVED = "192.168.122.60"
_AT = INSTALL.index("--network") + 1
RESERVING = [*INSTALL[:_AT], f"network=default,reserve={RESERVED}", *INSTALL[_AT + 1 :]]
LOCATED = [
    *("virtprov-install", "--virt-type", "qemu", "--name", DOOMED, "--osinfo", "generic", "--memory", "256"),
    *("--graphics", "none", "--noautoconsole", "--network", "none", "--disk", "none"),
]
CLONE = ["virtprov-clone", "--original", ORIGINAL, "--auto-clone", "--name", DOOMED]
REPLACE = ["virtprov-clone", "--original", ORIGINAL, "--auto-clone", "--name", OLD, "--replace"]
GUEST = """\
<domain type='qemu'><name>{name}</name><memory unit='MiB'>64</memory>
<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
<source file='/var/lib/libvirt/images/{name}.qcow2'/><target dev='vda' bus='virtio'/></disk>
<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm></devices></domain>
"""
FULL = """\
<domain type='qemu'><name>full</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><disk type='file' device='disk'><driver name='qemu' type='raw'/>
<source file='/var/lib/libvirt/images/full.raw'/><target dev='vda' bus='virtio'/></disk></devices></domain>
"""


@pytest.fixture(scope="module")
def host(prerequisites: None, request: pytest.FixtureRequest) -> Iterator[Host]:
    """A host of its own: its libvirt is stopped now and then, which guests of others need not see."""
    with running_host(cache_root() / "runs") as made:
        furnish(made)
        yield made
    injected, leaked = sum(tally.injected for tally in TALLIES), sum(len(tally.leaked) for tally in TALLIES)
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\n{injected} injected, {leaked} leaked")


def furnish(host: Host) -> None:
    """Give the host an original to copy, a guest to be replaced, and a pool that is soon full."""
    for name in (ORIGINAL, OLD):
        host.virsh("vol-create-as", "default", f"{name}.qcow2", "1M", "--format", "qcow2")
        define(host, name)
    host.virsh("vol-create-as", "default", "system.qcow2", "1M", "--format", "qcow2")
    host.execute(["mkdir", TIGHT])
    host.execute(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", TIGHT])
    host.virsh("pool-create-as", "tight", "dir", "--target", TIGHT)


def define(host: Host, name: str) -> None:
    """Define a guest that has what libvirt keeps beside guests: UEFI variables, a TPM's state, a snapshot."""
    host.define("", GUEST.format(name=name))
    host.virsh("start", name, "--paused")
    host.virsh("destroy", name)
    host.virsh("snapshot-create-as", name, "before")
    host.virsh("autostart", name)


@pytest.fixture(autouse=True)
def quiet(host: Host) -> Iterator[None]:
    """Every test leaves no run behind, and the disk of the original as it was."""
    image = host.outside(f"{IMAGES}/{ORIGINAL}.qcow2")
    before = image.read_bytes()
    yield
    assert trails(host) == []
    assert image.read_bytes() == before


def trails(host: Host) -> list[str]:
    """The files of runs that are not settled."""
    return sorted(path.name for path in (host.state / "home/.local/state/virtprov").glob("run-*"))


def words(command: Sequence[str], fault: str, point: str) -> list[str]:
    """The words of a command to which something happens at a point of its run."""
    tool, *rest = command
    return [sys.executable, str(FAULTY), tool, fault, point, "--connect", URI, *rest]


def clean_up(host: Host) -> Done:
    done = host.run(["virtprov-install", "--clean-up", "--yes"])
    assert done.rc == 0, done.err
    return done


TALLIES: list[Tally] = []


class Tally:
    """How often something was made to go wrong, and what was left over in the end."""

    def __init__(self, host: Host) -> None:
        self.host, self.before = host, inventory.take(host)
        self.injected = 0
        self.leaked: list[str] = []
        TALLIES.append(self)

    def count(self, what: str) -> None:
        """Something has gone wrong: see what came, or went, and is not as before."""
        self.injected += 1
        after = inventory.take(self.host)
        pairs = zip(self.before, after, strict=True)
        self.leaked += [f"{what}: {thing}" for old, new in pairs for thing in sorted(set(old) ^ set(new))]
        self.before = after

    def close(self, least: int) -> None:
        """Nothing may have been left over of at least so many runs."""
        assert self.leaked == []
        assert self.injected >= least


def uuid_of(host: Host, name: str) -> str:
    """The UUID of a guest, "" when it is not there."""
    return host.try_virsh("domuuid", name).out.strip()


def remove(host: Host, name: str) -> None:
    """Take down a guest and its disks."""
    host.try_virsh("destroy", name)
    host.virsh("undefine", name, "--nvram", "--tpm", "--snapshots-metadata", "--remove-all-storage")


def downloads(host: Host) -> list[str]:
    """The files in the cache of images."""
    return sorted(path.name for path in (host.state / "home/.cache/virtprov/images").rglob("*") if path.is_file())


def killed_everywhere(
    host: Host, command: Sequence[str], name: str, more: Callable[[Host], list[str]] = lambda host: []
) -> None:
    """Kill the run at each of its points, one after the other, and clean up, until it was done: its guest is there.

    `more` lists what must not be left either.
    """
    tally, uuid = Tally(host), uuid_of(host, name)
    for point in range(1, MOST):
        done = host.execute(words(command, "SIGKILL", f"line:{point}"))
        assert done.rc in (0, KILLED), done.err
        clean_up(host)
        if uuid_of(host, name) != uuid:
            break
        tally.count(f"killed at {point}")
        assert more(host) == [], f"killed at {point}"
    tally.close(10)


def test_an_installation_that_is_killed(host: Host) -> None:
    before = inventory.take(host)
    killed_everywhere(host, RESERVING, DOOMED)
    after = inventory.take(host)
    assert not [volume for volume in after.volumes if "seed" in volume], "all was made, but for taking the seed away"
    assert host.virsh("domstate", DOOMED) == "running"
    remove(host, DOOMED)
    host.virsh("net-update", "default", "delete", "ip-dhcp-host", f"<host ip='{RESERVED}'/>", "--live", "--config")
    assert inventory.take(host) == before


def test_an_installer_from_a_place_that_is_killed(host: Host) -> None:
    folder = host.state / "place"
    folder.mkdir()
    shutil.copy(installer.folder() / "linux", folder / "linux")
    (folder / "initrd").write_bytes(gzip.compress(b""))
    (folder / "answers").write_text("a secret")
    before = inventory.take(host)
    with serving(host, folder) as web:
        place = f"{web.url}/,kernel=linux,initrd=initrd"
        killed_everywhere(host, [*LOCATED, "--location", place, "--initrd-inject", f"{folder}/answers"], DOOMED)
    assert host.virsh("domstate", DOOMED) == "running"
    cache = host.state / "home/.cache/virtprov/boot"
    kept = sorted(path.name for path in cache.rglob("*") if path.is_file())
    assert kept == ["initrd", "initrd.version", "linux", "linux.version"], "the initrd with the secret is gone"
    remove(host, DOOMED)
    assert inventory.take(host) == before


def test_an_installation_from_an_image_that_is_killed(host: Host) -> None:
    folder = host.state / "images"
    folder.mkdir()
    disk = host.outside(f"{IMAGES}/system.qcow2").read_bytes()
    packed = lzma.compress(disk)
    (folder / "own.qcow2.xz").write_bytes(packed)
    before = inventory.take(host)
    with serving(host, folder) as web:
        image = f"{web.url}/own.qcow2.xz,checksum=sha256:{hashlib.sha256(packed).hexdigest()}"
        at = INSTALL.index("--import")
        killed_everywhere(
            host,
            [*INSTALL[:at], "--image", image, *(word for word in INSTALL[at + 1 :] if word not in ("--disk", DISK))],
            DOOMED,
            downloads,
        )
    assert host.virsh("domstate", DOOMED) == "running"
    remove(host, DOOMED)
    assert "Removed base image" in host.run(["virtprov-install", "--image-cache", "prune"]).out
    assert downloads(host) == []
    assert inventory.take(host) == before


# -- the answers of an installer -------------------------------------------------------------------

ANSWERS = f"{IMAGES}/{DOOMED}-unattended.iso"
SECRET = "correct horse battery"


@pytest.fixture(scope="module")
def answering(host: Host) -> list[str]:
    """A command that answers an installer from a CD by a disk, whose answers hold a password."""
    installer.copy_grub(host.state / "grub.iso")
    (host.state / "secret").write_text(f"{SECRET}\n")
    words = ["--cdrom", str(host.state / "grub.iso"), "--osinfo", "win10", "--unattended"]
    return [*LOCATED, *words, f"admin-password-file={host.state}/secret,user-login=ana"]


def test_an_installer_with_answers_that_is_killed(host: Host, answering: list[str]) -> None:
    before = inventory.take(host)
    killed_everywhere(host, answering, DOOMED)
    assert host.virsh("domstate", DOOMED) == "running"
    assert SECRET not in host.virsh("dumpxml", DOOMED)
    remove(host, DOOMED)
    assert inventory.take(host) == before


def test_who_is_killed_while_the_installer_runs(host: Host, answering: list[str]) -> None:
    """The guest goes on: it has the disk open."""
    before = inventory.take(host)
    run = host.start(host.own([*answering, "--wait", "10m"]))
    until("it runs", lambda: host.try_virsh("domstate", DOOMED).out.strip() == "running", time.sleep, BOOT_DEADLINE)
    volume = host.outside(ANSWERS)
    assert SECRET.encode() in volume.read_bytes() and stat.S_IMODE(volume.stat().st_mode) == 0o600
    (child,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)
    run.communicate(timeout=BOOT_DEADLINE)
    assert volume.exists()
    assert f"Removed volume {DOOMED}-unattended.iso in pool 'default'." in clean_up(host).out
    assert not volume.exists() and host.virsh("domstate", DOOMED) == "running"
    remove(host, DOOMED)
    assert inventory.take(host) == before


def test_a_replacement_that_is_killed(host: Host) -> None:
    killed_everywhere(host, REPLACE, OLD)
    after = inventory.take(host)
    assert not [thing for kind in after for thing in kind if "replaced" in thing or f"snapshot/{OLD}" in thing]
    assert [file for file in after.files if "/nvram/old_VARS" in file] == [NVRAM.format(f"{OLD}_VARS-1")]
    remove(host, OLD)
    define(host, OLD)


@pytest.mark.parametrize(
    ("command", "steps"), [(RESERVING, 5), (CLONE, 3), (REPLACE, 4)], ids=["install", "clone", "replace"]
)
def test_a_run_that_is_interrupted(host: Host, command: list[str], steps: int) -> None:
    tally = Tally(host)
    for point in range(1, steps + 1):
        done = host.execute(words(command, "SIGINT", f"step:{point}"))
        assert done.rc == INTERRUPTED, done.err
        tally.count(f"interrupted at {point}")
    tally.close(steps)


@pytest.mark.parametrize("point", [2, 3, 4])
def test_a_host_that_stops_between_steps(host: Host, point: int) -> None:
    tally = Tally(host)
    argv = host.inside(words(REPLACE, "hold", f"step:{point}"))
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as run:
        assert run.stdin is not None and run.stdout is not None
        assert run.stdout.readline() == "held\n"
        host.stop_libvirtd()
        _, told = run.communicate("go on\n", timeout=600)
    assert run.returncode == REFUSED, told
    assert "some changes could not be undone; remove them later with `virtprov-install --clean-up`" in told
    unreached = host.run(["virtprov-install", "--clean-up", "--yes"])
    assert unreached.rc == REFUSED and "cannot clean up after " in unreached.err
    host.start_libvirtd()
    clean_up(host)
    tally.count(f"stopped at {point}")
    tally.close(1)


@pytest.mark.parametrize("stops", [False, True], ids=["it runs", "it is off again"])
def test_an_original_that_is_started_while_it_is_copied(host: Host, stops: bool) -> None:
    tally = Tally(host)
    argv = host.inside(words(CLONE, "hold", "step:1"))
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as run:
        assert run.stdin is not None and run.stdout is not None
        assert run.stdout.readline() == "held\n"
        host.virsh("start", ORIGINAL, "--paused")
        if stops:
            host.virsh("destroy", ORIGINAL)
        _, told = run.communicate("go on\n", timeout=600)
    assert run.returncode == REFUSED, told
    assert f"guest '{ORIGINAL}' was started while its disks were copied" in told
    assert f"virsh shutdown {ORIGINAL}" in told
    host.try_virsh("destroy", ORIGINAL)
    tally.count("started")
    tally.close(1)


def test_a_disk_that_fills_up_on_the_way(host: Host) -> None:
    host.execute(["sh", "-c", f"head -c 8M /dev/urandom >{IMAGES}/full.raw"])
    host.virsh("pool-refresh", "default")
    host.define("", FULL)
    host.execute(["sh", "-c", f"cat /dev/zero >{TIGHT}/ballast"])  # until it is full
    tally = Tally(host)
    unchecked = ["--check", "disk_size=off"]
    new = [f"{DISK},pool=tight" if word == DISK else word for word in INSTALL]
    copied = ["virtprov-clone", "--original", "full", "--name", DOOMED, "--file", f"{TIGHT}/a.raw"]
    for command in (new, copied):
        done = host.run([*command, *unchecked])
        assert done.rc == REFUSED, done.err
        assert "No space left" in done.err
        tally.count(command[0])
    tally.close(2)
    remove(host, "full")


def test_the_next_run_tells_of_the_one_that_was_killed(host: Host) -> None:
    before = inventory.take(host)
    assert host.execute(words(INSTALL, "SIGKILL", "line:8")).rc == KILLED
    again = ["virtprov-install", *INSTALL[1:], "--name", "next"]
    done = host.run([*again, "--print-xml"])
    assert "--clean-up" not in done.err
    done = host.run(again)
    assert done.rc == 0, done.err
    assert f"virtprov-install for '{DOOMED}' on qemu:///system (started at" in done.err
    refused = host.execute(host.own(["virtprov-install", "--clean-up"]), stdin="n\n")
    assert refused.rc == 0 and "Remove? (y/n)" in refused.err
    assert trails(host) != []
    agreed = host.execute(host.own(["virtprov-install", "--clean-up"]), stdin="y\n")
    assert agreed.rc == 0 and f"Removed volume {DOOMED}.qcow2 in pool 'default'." in agreed.out
    remove(host, "next")
    assert inventory.take(host) == before


def test_who_waits_too_long_leaves_the_guest_and_tells_of_the_seed(host: Host) -> None:
    before = inventory.take(host)
    done = host.run([*INSTALL, "--wait", "0.02"])
    assert done.rc == TOO_LONG, done.err
    assert host.virsh("domstate", DOOMED) == "running"
    assert f"Removed volume {DOOMED}-seed.iso in pool 'default'." in clean_up(host).out
    assert host.virsh("domstate", DOOMED) == "running"
    remove(host, DOOMED)
    assert inventory.take(host) == before


def test_a_guest_that_is_off_before_it_is_ready(host: Host) -> None:
    before = inventory.take(host)
    argv = host.inside(host.own([*INSTALL, "--wait", "20"]))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        hear(run, f"Waiting for '{DOOMED}'")
        host.virsh("destroy", DOOMED)
        told, _ = run.communicate(timeout=600)
    assert run.returncode == BROKEN, told
    clean_up(host)
    remove(host, DOOMED)
    assert inventory.take(host) == before
