"""What a real host refuses late is refused early; what guests write is not believed; a wait that ends is told of."""

from __future__ import annotations

import os
import signal
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import inventory
from lab.guests import hear
from lab.host import Host, entered

pytestmark = pytest.mark.live

IMAGES = "/var/lib/libvirt/images"
REFUSED, INTERRUPTED = 3, 130
WAIT_SECONDS = 600
PLAIN = [
    *("virtprov-install", "--virt-type", "qemu", "--name", "early", "--osinfo", "generic", "--memory", "64"),
    *("--import", "--graphics", "none", "--noautoconsole", "--disk", "none"),
]
SLY = """\
<domain type='qemu'><name>sly</name><memory unit='MiB'>64</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><disk type='file' device='disk'>
<driver name='qemu' type='raw'/><source file='/var/lib/libvirt/images/sly.img'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>
"""
HEADER = struct.pack(">4sIQIIQ", b"QFI\xfb", 2, 104, 11, 16, 1 << 20).ljust(104, b"\0") + b"/etc/passwd"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--network", "network=nowhere"], ["virtual network 'nowhere' does not exist on the host"]),
        (["--network", "bridge=nosuch0"], ["the host has no bridge 'nosuch0'"]),
        (["--network", "network=default,model=virtoi"], ["model=virtoi", "did you mean 'virtio'"]),
        (["--network", "none", "--cpu", "host-passthrogh"], ["--cpu host-passthrogh", "'host-passthrough'"]),
        (["--network", "none", "--vcpus", "4096"], ["--vcpus 4096", "at most"]),
        (["--network", "none", "--boot", "loader=/nosuch/boot"], ["--boot loader=/nosuch/boot", "file not found"]),
        (["--network", "none", "--filesystem", "/nosuch,tag"], ["--filesystem /nosuch", "directory not found"]),
        (["--network", "none", "--disk", IMAGES], ["is a directory, but"]),
    ],
)
def test_what_this_host_cannot_run(lab: Host, flags: list[str], words: list[str]) -> None:
    for way in ([], ["--dry-run"]):
        done = lab.run([*PLAIN, *flags, *way])
        assert done.rc == REFUSED, done.out + done.err
        assert all(word in done.err for word in words) and "--check host=off" in done.err


def test_what_this_host_can_run(lab: Host) -> None:
    before = inventory.take(lab)
    done = lab.run([*PLAIN, "--network", "network=default", "--vcpus", "200", "--memory", "999999999", "--dry-run"])
    assert done.rc == 0, done.err
    assert "MiB: the guest may fail to start, or be killed when it uses the memory" in done.err and done.out.endswith(
        "Nothing has been changed.\n"
    )
    assert inventory.take(lab) == before


@pytest.fixture
def sly(lab: Host) -> Iterator[Path]:
    """A guest that has written a header of another format into its raw disk, and a pool that believes it."""
    disk = lab.outside(f"{IMAGES}/sly.img")
    disk.write_bytes(HEADER.ljust(1 << 20, b"s"))
    lab.virsh("pool-refresh", "default")
    lab.define("", SLY)
    yield disk
    for name in ("sly", "copy"):
        lab.try_virsh("undefine", name)
        lab.outside(f"{IMAGES}/{name}.img").unlink(missing_ok=True)
    lab.virsh("pool-refresh", "default")


def test_a_copy_holds_what_the_guest_sees(lab: Host, sly: Path) -> None:
    assert "qcow2" in lab.virsh("vol-dumpxml", "sly.img", "--pool", "default")
    done = lab.run(["virtprov-clone", "--original", "sly", "--name", "copy", "--auto-clone"])
    assert done.rc == 0, done.err
    assert lab.outside(f"{IMAGES}/copy.img").read_bytes() == sly.read_bytes()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_wait_that_is_interrupted(lab: Host, sent: signal.Signals) -> None:
    before = inventory.take(lab)
    lab.virsh("vol-create-as", "default", "system.qcow2", "1M", "--format", "qcow2")
    disk = ["--disk", f"size=0.01,backing_store={IMAGES}/system.qcow2", "--network", "none"]
    argv = [*PLAIN[:-2], *disk, "--cloud-init", "disable=on", "--wait", f"{WAIT_SECONDS // 60}"]
    running = lab.start(lab.own(argv))
    hear(running, "Waiting for 'early'")
    (child,) = entered(running)
    began = time.monotonic()
    os.kill(child, sent)
    told, _ = running.communicate(timeout=WAIT_SECONDS)
    spent = time.monotonic() - began
    assert running.returncode == INTERRUPTED, told
    assert "interrupted; guest 'early' keeps running" in told
    assert lab.virsh("domstate", "early") == "running"
    assert "seed" not in lab.virsh("vol-list", "default")
    lab.virsh("destroy", "early")
    lab.virsh("undefine", "early")
    for name in ("early.qcow2", "system.qcow2"):
        lab.virsh("vol-delete", name, "--pool", "default")
    assert inventory.take(lab) == before
    assert "Nothing to clean up." in lab.run(["virtprov-install", "--clean-up"]).out
    assert spent < WAIT_SECONDS / 10, f"heard after {spent:.1f} s"  # it is a second, and the time to delete the seed
