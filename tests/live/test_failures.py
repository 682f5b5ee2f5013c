"""What fails leaves the host as it was: listed before, listed after, nothing more and nothing less."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab import inventory
from lab.guests import until
from lab.host import Done, Host
from lab.inventory import Inventory
from lab.shared import NAME, Shared

pytestmark = pytest.mark.live

DOOMED = "doomed"
IMAGES = "/var/lib/libvirt/images"
USAGE, REFUSED, INTERRUPTED = 2, 3, 130
QUIET_NETWORK = "<network><name>quiet</name><bridge name='virbr9'/></network>"
COPIED_MIB = 1024
SOURCE = """\
<domain type='qemu'>
  <name>bulky</name><memory unit='MiB'>64</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices><disk type='file' device='disk'>
    <driver name='qemu' type='raw'/><source file='/var/lib/libvirt/images/bulky.img'/><target dev='vda' bus='virtio'/>
  </disk></devices>
</domain>
"""


@pytest.fixture
def broken(lab: Host) -> Iterator[str]:
    """A file in the pool that says it is a qcow2 image and is none."""
    path = f"{IMAGES}/broken.qcow2"
    lab.outside(path).write_bytes(b"QFI\xfb" + b"\xff" * 65532)
    yield path
    lab.outside(path).unlink()


@pytest.fixture
def quiet_network(lab: Host) -> Iterator[str]:
    """A network that is defined and not started."""
    lab.define("net", QUIET_NETWORK)
    yield "quiet"
    lab.virsh("net-undefine", "quiet")


@pytest.fixture
def bulky(lab: Host) -> Iterator[str]:
    """A guest, off, with a disk that takes a while to copy."""
    disk = lab.outside(f"{IMAGES}/bulky.img")
    with disk.open("wb") as file:
        for _ in range(COPIED_MIB):
            file.write(b"\x5a" * (1 << 20))
    lab.define("", SOURCE)
    yield "bulky"
    lab.virsh("undefine", "bulky")
    disk.unlink()


def seeded(key: Path) -> list[str]:
    """Options for a guest whose making takes several steps: a new disk and a seed, before it is started."""
    image = key.with_name("system.img")
    image.write_bytes(b"a system, so to say".ljust(1 << 20, b"\0"))
    return [
        *("virtprov-install", "--virt-type", "qemu", "--name", DOOMED, "--osinfo", "debian12", "--memory", "256"),
        *("--import", "--graphics", "none", "--noautoconsole", "--disk", f"upload={image},size=1"),
        *("--cloud-init", f"clouduser-ssh-key={key.with_suffix('.pub')}"),
    ]


def assert_refused(done: Done, *words: str) -> None:
    """The command failed because of the host, and says why in a sentence without a trace of its inside."""
    told = done.out + done.err
    assert done.rc == REFUSED, told
    assert "Traceback" not in told
    assert "bug in virtprov" not in told
    for word in words:
        assert word in done.err


def test_a_network_that_does_not_exist(lab: Host, key: Path) -> None:
    before = inventory.take(lab)
    done = lab.run([*seeded(key), "--network", "network=nowhere"])
    assert inventory.take(lab) == before
    assert_refused(done, "nowhere")


def test_a_network_that_is_not_started(lab: Host, key: Path, quiet_network: str) -> None:
    before = inventory.take(lab)
    done = lab.run([*seeded(key), "--network", f"network={quiet_network}"])
    assert inventory.take(lab) == before
    assert_refused(done, quiet_network)


@pytest.mark.parametrize("firmware", [[], ["--boot", "uefi"]], ids=["bios", "uefi"])
def test_a_broken_disk(lab: Host, key: Path, broken: str, firmware: list[str]) -> None:
    before = inventory.take(lab)
    done = lab.run([*seeded(key), *firmware, "--network", "network=default", "--disk", f"{broken},format=qcow2"])
    assert inventory.take(lab) == before
    assert_refused(done, DOOMED, "qcow2")
    assert lab.outside(broken).read_bytes()[:4] == b"QFI\xfb", "what existed before was touched"


def test_a_transient_guest_that_does_not_start(lab: Host, key: Path, broken: str) -> None:
    before = inventory.take(lab)
    done = lab.run([*seeded(key), "--transient", "--disk", f"{broken},format=qcow2"])
    assert inventory.take(lab) == before
    assert_refused(done, DOOMED)


def test_a_disk_that_does_not_fit_the_pool(lab: Host, key: Path) -> None:
    before = inventory.take(lab)
    done = lab.run([*seeded(key), "--disk", "size=1000000,format=raw,sparse=no"])
    assert inventory.take(lab) == before
    assert_refused(done, "default")


def test_a_name_that_is_taken(shared: Shared, key: Path) -> None:
    before = inventory.take(shared.host)
    argv = [NAME if word == DOOMED else word for word in seeded(key)]
    done = shared.host.run(argv)
    assert inventory.take(shared.host) == before
    assert_refused(done, NAME)


def test_a_seed_that_cannot_be_made(lab: Host, key: Path, tmp_path: Path) -> None:
    (tmp_path / "user-data").write_text("#cloud-config\nusers: [\n")
    before = inventory.take(lab)
    done = lab.run([*seeded(key)[:-1], f"user-data={tmp_path / 'user-data'}"])
    assert inventory.take(lab) == before
    assert done.rc == USAGE, done.err
    assert "user-data" in done.err


def test_an_interrupted_clone(lab: Host, bulky: str) -> None:
    before = inventory.take(lab)
    running = lab.start(lab.own(["virtprov-clone", "--original", bulky, "--name", DOOMED, "--auto-clone"]))
    interrupt_when(running, lambda: copying(before, lab))
    told, _ = running.communicate(timeout=600)
    assert inventory.take(lab) == before
    assert "Traceback" not in told
    assert running.returncode == INTERRUPTED, told


def copying(before: Inventory, lab: Host) -> bool:
    """Whether a file is there that was not there before."""
    return bool(set(inventory.files(lab)) - {*before.files, f"/etc/libvirt/qemu/{DOOMED}.xml"})


def interrupt_when(running: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Press Ctrl-C, so to say, on the command that nsenter's process `running` entered with, once `happened()`."""

    def due() -> bool:
        assert running.poll() is None, f"too early to be interrupted: {running.communicate()[0]}"
        return happened()

    until("the copy has begun", due, lambda _: time.sleep(0.01), 300)
    for child in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGINT)
