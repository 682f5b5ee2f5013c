"""What the kernel says of devices and files that this machine uses itself; the kernel's files are made up here."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtprov.guest.disks.checks.host_use import _Kernel


@pytest.fixture
def kernel(tmp_path: Path) -> _Kernel:
    """sda1 is mounted, sdb is part of a logical volume, sdc is swap, sdd is Btrfs, sde2 is RAID, loop0 is mounted."""
    proc, sys = tmp_path / "proc", tmp_path / "sys"
    (proc / "self").mkdir(parents=True)
    (proc / "self/mountinfo").write_text(
        "22 1 8:1 / /mnt/my\\040disk rw - ext4 /dev/sda1 rw\n"
        "23 1 0:30 / /data rw - btrfs /dev/sdd rw\n"
        "24 1 7:0 / /loop rw - ext4 /dev/loop0 rw\n"
    )
    (proc / "swaps").write_text("Filename Type Size\n/dev/sdc partition 1\n/swap\\040file file 1\n")
    numbers = {"sda": "8:0", "sda/sda1": "8:1", "sda/sda2": "8:2", "sdb": "8:16", "sdc": "8:32", "sdd": "8:48"}
    numbers |= {"sde": "8:64", "sde/sde2": "8:66", "loop0": "7:0", "sdf": "8:80"}
    (sys / "dev/block").mkdir(parents=True)
    (sys / "block").mkdir()
    for name, number in numbers.items():
        folder = sys / "devices" / name
        (folder / "holders").mkdir(parents=True)
        (folder / "dev").write_text(number + "\n")
        if "/" in name:
            (folder / "partition").write_text("1\n")
        else:
            (sys / "block" / name).symlink_to(folder)
        (sys / "dev/block" / number).symlink_to(folder)
    (sys / "devices/sdb/holders/dm-3/dm").mkdir(parents=True)
    (sys / "devices/sdb/holders/dm-3/dm/name").write_text("vg-root\n")
    (sys / "devices/sde/sde2/holders/md0").mkdir()
    (sys / "devices/loop0/loop").mkdir()
    (sys / "devices/loop0/loop/backing_file").write_text("/srv/disk.img\n")
    return _Kernel(str(proc), str(sys))


@pytest.mark.parametrize(
    ("number", "use"),
    [
        ("8:0", "its partition sda1 is mounted at /mnt/my disk"),
        ("8:1", "its partition sda1 is mounted at /mnt/my disk"),
        ("8:2", ""),
        ("8:16", "sdb is part of vg-root"),
        ("8:32", "it is swap space"),
        ("8:48", "it is mounted at /data"),
        ("8:64", "sde2 is part of md0"),
        ("8:80", ""),
        ("9:9", ""),
    ],
)
def test_devices(number: str, use: str, kernel: _Kernel) -> None:
    assert kernel.use_of(number) == use


def test_files(kernel: _Kernel) -> None:
    assert kernel.use_of_file("/srv/disk.img") == "as the loop device loop0: it is mounted at /loop"
    assert kernel.use_of_file("/swap file") == "it is swap space"
    assert kernel.use_of_file("/srv/other.img") == ""
