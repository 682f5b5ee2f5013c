"""File systems and disks of the lab, each with a pool of its own: XFS and Btrfs, which share blocks, ext4, a disk."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from lab.host import Host
from lab.loops import loop_devices

MIB = 1 << 20
# XFS refuses to be smaller than 300 MiB. All are sparse files.
SIZES = {"xfs": 320, "btrfs": 256, "ext4": 128, "disk": 128}
MAKE = {
    "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"],
    "btrfs": ["mkfs.btrfs", "-q"],
    "ext4": ["mkfs.ext4", "-q"],
    "disk": ["sfdisk", "-q"],
}
# libvirt takes the 34th sector for the first free one, as parted's tables have it.
TABLE = "label: gpt\nfirst-lba: 34\n"
SHARING = ("xfs", "btrfs")
POOLS = ("xfs", "btrfs", "ext4", "disk")
DIRECTORY = "<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"
FILE_SYSTEM = """\
<pool type='fs'><name>ext4</name><source><device path='{device}'/><format type='ext4'/></source>
<target><path>{path}</path></target></pool>
"""
DISK = """\
<pool type='disk'><name>disk</name><source><device path='{device}'/><format type='gpt'/></source>
<target><path>/dev</path></target></pool>
"""


@contextlib.contextmanager
def pools(lab: Host) -> Iterator[Host]:
    """Started pools called as in POOLS; they and what they stand on are gone afterwards."""
    base = lab.state / "storage"
    base.mkdir()
    files = [make(base / f"{kind}.img", kind) for kind in POOLS]
    with loop_devices(lab, files) as devices:
        started: list[str] = []
        try:
            for kind, device in zip(POOLS, devices, strict=True):
                start(lab, kind, device, base / kind)
                started.append(kind)
            yield lab
        finally:
            for kind in started:
                lab.virsh("pool-destroy", kind)
                lab.virsh("pool-undefine", kind)
            for kind in SHARING:
                lab.execute(["umount", str(base / kind)])


def make(path: Path, kind: str) -> Path:
    """A sparse file with a file system, or with an empty partition table."""
    with path.open("wb") as file:
        file.truncate(SIZES[kind] * MIB)
    run([*MAKE[kind], path], TABLE if kind == "disk" else "")
    return path


def start(lab: Host, kind: str, device: str, folder: Path) -> None:
    """Mount what libvirt does not, then define and start the pool."""
    folder.mkdir()
    xml = {"ext4": FILE_SYSTEM, "disk": DISK}.get(kind, DIRECTORY)
    if kind in SHARING:
        mounted = lab.execute(["mount", device, folder])
        if mounted.rc:
            raise RuntimeError(f"{kind} cannot be mounted: {mounted.err}")
    lab.define("pool", xml.format(name=kind, path=folder, device=device))
    lab.virsh("pool-start", kind)


def run(words: Sequence[str | Path], stdin: str = "") -> None:
    """Run a command on the machine's own files."""
    done = subprocess.run(words, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr}")
