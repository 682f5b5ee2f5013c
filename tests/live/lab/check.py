"""What the live tests need of a machine, and what of it is missing. Run it to be told: `python -m lab.check`."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lab.image import cache_root
from lab.sources import KEYRING

PROGRAMS = (
    "libvirtd virtlogd virsh qemu-system-x86_64 qemu-img dnsmasq iptables ip unshare nsenter mount umount hostname ps "
    "ssh ssh-keygen sshd openssl setpriv ldd swtpm mkfs.xfs mkfs.btrfs parted "
    "mmdebstrap apt-get apt-config dpkg-deb dpkg-buildpackage dh pybuild mkfs.ext4 mkfs.vfat mmd mcopy sfdisk dd"
).split()
NAMESPACES = "unshare --mount --net --pid --uts --ipc --fork --mount-proc".split()
# What the lab's first process does to its namespaces, tried in some that end at once.
TRIAL = "mount --make-rprivate / && umount -R -l /sys && mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run"
REASONS = pytest.StashKey[list[str]]()
"""Where a run of tests keeps what is missing."""
DISK_GIB = 6
MEMORY_GIB = 3.5
LIST = Path(__file__).resolve().parents[1] / "packages.txt"


def missing() -> list[str]:
    """One sentence for each thing the live tests need and this machine has not."""
    found = []
    if platform.machine() != "x86_64":
        found.append(f"the guest image is for x86_64, this machine is {platform.machine()}")
    programs = [name for name in PROGRAMS if shutil.which(name, path=search_path()) is None]
    if programs:
        found.append(f"these programs are missing: {' '.join(programs)} (packages: {LIST})")
    if not Path(KEYRING).exists():
        found.append(f"{KEYRING} is missing (package debian-archive-keyring)")
    if os.geteuid() != 0:
        found.append("network and mount namespaces for libvirtd take root")
    elif not programs:
        found.extend(missing_rights())
    return found + missing_room()


def search_path() -> str:
    """$PATH with the folders of the administrator's programs, which an ordinary user's may lack."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


def missing_rights() -> list[str]:
    """Try namespaces and mounts: a container may forbid them to its root."""
    tried = subprocess.run([*NAMESPACES, "sh", "-c", TRIAL], capture_output=True, text=True)
    if tried.returncode == 0:
        return []
    return [f"namespaces and mounts of their own are not allowed here: {tried.stderr.strip()}"]


def missing_room() -> list[str]:
    """Say when disk or memory are short."""
    folder = next(path for path in (cache_root(), *cache_root().parents) if path.exists())
    free = shutil.disk_usage(folder).free / 2**30
    found = [] if free >= DISK_GIB else [f"{folder} has {free:.1f} GiB free, {DISK_GIB} are needed"]
    facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    memory = int(facts["MemAvailable"].split()[0]) / 2**20
    if memory < MEMORY_GIB:
        found.append(f"{memory:.1f} GiB of memory are available, {MEMORY_GIB} are needed")
    return found


def report(reasons: list[str]) -> str:
    """The reasons as a text nobody overlooks."""
    lines = ["THE LIVE TESTS CANNOT RUN HERE:", *(f"  * {reason}" for reason in reasons)]
    bar = "!" * max(map(len, lines))
    return "\n".join([bar, *lines, bar])


if __name__ == "__main__":
    lacking = missing()
    print(report(lacking) if lacking else "all that the live tests need is here")
    sys.exit(1 if lacking else 0)
