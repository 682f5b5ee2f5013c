"""The guest image of the live tests: a Debian disk built from packages, kept between runs.

The disk boots by itself under BIOS, UEFI and UEFI with Secure Boot. Its kernel is Debian's cloud flavour, which
has no AHCI driver: what sits on a SATA bus, a CD-ROM of a q35 machine for one, is invisible to the guest.
`python -m lab.image` builds it ahead of the tests, which may then run without a network.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lab import bios
from lab.sources import Sources, find_sources, proxy_environment

Say = Callable[[str], None]

ROOT_MIB = 1100
ESP_MIB = 16
# Where things lie on the disk, in sectors: room for GRUB's core, the EFI partition, the root file system.
CORE_AT, CORE_SECTORS = 2048, 2048
ESP_AT = 4096
ROOT_AT = ESP_AT + ESP_MIB * 2048
WORK_SPACE = 4 << 30
UNUSED_DAYS = 14

PACKAGES = (
    "linux-image-cloud-amd64 initramfs-tools zstd systemd-sysv udev dbus cloud-init cloud-guest-utils fdisk "
    "e2fsprogs openssh-server qemu-guest-agent iproute2 netbase sudo tzdata ca-certificates"
).split()
BOOT_FILES = "shim-signed grub-efi-amd64-signed grub-pc-bin".split()
BOOT_PROGRAMS = ["grub-common"]  # grub-mkimage
LIBRARIES = "/loaders/lib/x86_64-linux-gnu:/loaders/usr/lib/x86_64-linux-gnu"
INITRD_MODULES = "virtio_pci virtio_blk virtio_scsi nvme sd_mod ext4".split()
GRUB_MODULES = "biosdisk part_gpt ext2 search search_label configfile normal linux serial terminal test".split()
MASKED_UNITS = (
    "apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service "
    "fstrim.timer systemd-pstore.service systemd-update-utmp.service systemd-update-utmp-runlevel.service "
    "systemd-binfmt.service systemd-random-seed.service systemd-tmpfiles-clean.timer getty@tty1.service "
    "dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount "
    "sys-kernel-config.mount sys-fs-fuse-connections.mount modprobe@.service "
    "systemd-network-generator.service systemd-machine-id-commit.service"
).split()
LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")

# Settings that spare an emulated machine seconds: only the modules that some test's seed speaks to.
CLOUD_CONFIG = """\
ssh_genkeytypes: [ed25519]
cloud_init_modules:
  [bootcmd, write-files, growpart, resizefs, set_hostname, update_hostname, update_etc_hosts, ca-certs, users-groups,
  ssh]
cloud_config_modules: [set-passwords, apt-configure, timezone, runcmd]
cloud_final_modules:
  [package-update-upgrade-install, scripts-vendor, scripts-per-once, scripts-per-instance, scripts-user,
  final-message, power-state-change]
apt: {preserve_sources_list: true}
"""
JOURNAL = "[Journal]\nStorage=volatile\n"
FSTAB = """\
LABEL=root / ext4 rw,noatime 0 0
LABEL=EFI /boot/efi vfat umask=0077,nofail,noauto 0 0
"""
EARLY_GRUB = """\
search --no-floppy --label root --set=root
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
"""
KERNEL_ARGS = "console=ttyS0,115200 no_timer_check mitigations=off net.ifnames=0"
"""On a busy machine the timer of an emulated guest comes late: a kernel that checks it ends in a panic."""
GRUB = f"""\
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=0
menuentry Debian {{
 search --no-floppy --label root --set=root
 linux /boot/vmlinuz root=LABEL=root ro {KERNEL_ARGS}
 initrd /boot/initrd.img
}}
"""


class Image(NamedTuple):
    """A built image: the disk (qcow2, read it only), and its kernel and initrd for booting without a loader."""

    disk: Path
    kernel: Path
    initrd: Path


def cache_root() -> Path:
    """The folder kept between runs: $VIRTPROV_TEST_CACHE, else virtprov-tests in the user's cache folder."""
    named = os.environ.get("VIRTPROV_TEST_CACHE")
    if named:
        return Path(named).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "virtprov-tests"


def recipe_key(sources: Sources) -> str:
    """A name that changes with whatever decides what the image holds: this recipe and the suite."""
    digest = hashlib.sha256(sources.suite.encode())
    for module in (__file__, bios.__file__):
        digest.update(Path(module).read_bytes())
    return f"image-{sources.suite}-{digest.hexdigest()[:16]}"


def ready_image(say: Say) -> Image:
    """The cached image, built first where there is none; two runs at a time build it once."""
    sources = find_sources()
    root = cache_root()
    root.mkdir(parents=True, exist_ok=True)
    folder = root / recipe_key(sources)
    image = Image(folder / "base.qcow2", folder / "vmlinuz", folder / "initrd.img")
    with (root / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            build(sources, folder, say)
        os.utime(folder)
    return image


def build(sources: Sources, folder: Path, say: Say) -> None:
    """Build the image of `sources` aside and rename it to `folder` when it is whole; then tidy up."""
    started = time.monotonic()
    say(f"building the Debian image of the live tests ({sources.suite}), kept in {folder.parent}")
    part = folder.parent / "part"
    shutil.rmtree(part, ignore_errors=True)  # of a build that was killed: whoever gets here holds the lock
    part.mkdir(mode=0o755)
    with tempfile.TemporaryDirectory(prefix="virtprov-image-", dir=work_parent(folder.parent)) as work:
        Builder(sources, Path(work)).build(part)
    part.rename(folder)
    for old in folder.parent.glob("image-*"):
        if time.time() - old.stat().st_mtime > UNUSED_DAYS * 86400:
            shutil.rmtree(old)
    say(f"image built in {time.monotonic() - started:.0f} s")


def work_parent(otherwise: Path) -> Path:
    """Memory where there is plenty of it (a build writes a gigabyte of small files), else `otherwise`."""
    memory = Path("/dev/shm")
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if memory.is_dir() and min(free // 2, shutil.disk_usage(memory).free) > WORK_SPACE:
        return memory
    return otherwise


class Builder:
    """One build of the image in the scratch folder `work`."""

    def __init__(self, sources: Sources, work: Path) -> None:
        self.sources = sources
        self.work = work
        self.tree = work / "root"
        self.loaders = self.tree / "loaders"

    def build(self, target: Path) -> None:
        """Leave base.qcow2, vmlinuz and initrd.img in `target`."""
        self.make_tree()
        self.settle_tree()
        core, esp = self.make_loaders()
        boot_image = (self.loaders / "usr/lib/grub/i386-pc/boot.img").read_bytes()
        shutil.rmtree(self.loaders)
        for name in ("vmlinuz", "initrd.img"):
            shutil.copyfile((self.tree / "boot" / name).resolve(), target / name)
        raw = self.make_disk(esp)
        bios.embed(raw, boot_image, core.read_bytes(), sector=CORE_AT, room=CORE_SECTORS)
        run(["qemu-img", "convert", "-O", "qcow2", raw, target / "base.qcow2"])

    def make_tree(self) -> None:
        """Install the packages; boot loaders are fetched and unpacked only."""
        initramfs = (
            'mkdir -p "$1/etc/initramfs-tools/conf.d"; '
            'printf "MODULES=list\\nCOMPRESS=zstd\\nRUNSIZE=10%%\\n" > "$1/etc/initramfs-tools/conf.d/small"; '
            f'printf "%s\\n" {" ".join(INITRD_MODULES)} > "$1/etc/initramfs-tools/modules"'
        )
        # The programs come with whatever of their dependencies the tree lacks: names of libraries change.
        apt = 'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q=2 -o APT::Sandbox::User=root'
        loaders = (
            f'mkdir "$1/loaders"; cd "$1/loaders"; {apt} download {" ".join(BOOT_FILES)}; '
            f'{apt} -o Dir::Cache::Archives="$PWD" -y --download-only install {" ".join(BOOT_PROGRAMS)}; '
            'for deb in *.deb; do dpkg-deb -x "$deb" .; done'
        )
        run(
            [
                *("mmdebstrap", "--mode=root", "--variant=apt", "--format=directory"),
                *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
                '--aptopt=APT::Install-Recommends "0"',
                f"--essential-hook={initramfs}",
                f"--customize-hook={loaders}",
                f"--include={','.join(PACKAGES)}",
                *(self.sources.suite, str(self.tree), *self.sources.lines),
            ],
            env={**proxy_environment(), "TMPDIR": str(self.work)},
        )

    def settle_tree(self) -> None:
        """Write what makes the tree a machine, and take out what came from the machine that built it."""
        tree = self.tree
        (tree / "etc/cloud/cloud.cfg.d/95_live.cfg").write_text(CLOUD_CONFIG)
        (tree / "etc/fstab").write_text(FSTAB)
        (tree / "etc/systemd/journald.conf.d").mkdir()
        (tree / "etc/systemd/journald.conf.d/live.conf").write_text(JOURNAL)
        for trace in [tree / "etc/resolv.conf", *tree.glob("etc/ssh/ssh_host_*")]:
            trace.unlink(missing_ok=True)
        (tree / "etc/machine-id").write_text("")
        (tree / "etc/hostname").write_text("localhost\n")
        self._keep_one_authority()
        for unit in MASKED_UNITS:
            link(tree / "etc/systemd/system" / unit, "/dev/null")
        wants = tree / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        link(wants / "systemd-networkd.service", "/lib/systemd/system/systemd-networkd.service")
        (tree / "boot/grub").mkdir(exist_ok=True)
        (tree / "boot/efi").mkdir(exist_ok=True)
        (tree / "boot/grub/grub.cfg").write_text(GRUB)
        for name in ("vmlinuz", "initrd.img"):
            newest = max(path.name for path in (tree / "boot").glob(f"{name}-*"))
            link(tree / "boot" / name, newest)

    def _keep_one_authority(self) -> None:
        """Leave one certificate authority: a test adds another, and an emulated machine takes a minute for all of them.

        Newer versions of cloud-init do not start without any.
        """
        known, bundle = self.tree / "usr/share/ca-certificates", self.tree / "etc/ssl/certs/ca-certificates.crt"
        first = min(known.rglob("*.crt"))
        (self.tree / "etc/ca-certificates.conf").write_text(f"{first.relative_to(known)}\n")
        shutil.rmtree(bundle.parent)
        bundle.parent.mkdir()
        shutil.copyfile(first, bundle)

    def make_loaders(self) -> tuple[Path, Path]:
        """GRUB's core for BIOS and the EFI partition with shim and the signed GRUB; returns their paths."""
        (self.loaders / "early.cfg").write_text(EARLY_GRUB)
        run(
            [
                *("chroot", str(self.tree), "env", f"LD_LIBRARY_PATH={LIBRARIES}"),
                *("/loaders/usr/bin/grub-mkimage", "-d", "/loaders/usr/lib/grub/i386-pc", "-O", "i386-pc"),
                *("-c", "/loaders/early.cfg", "-p", "/boot/grub", "-o", "/loaders/core.img", *GRUB_MODULES),
            ]
        )
        core, esp = self.work / "core.img", self.work / "esp.img"
        shutil.move(self.loaders / "core.img", core)
        with esp.open("wb") as file:
            file.truncate(ESP_MIB << 20)
        run(["mkfs.vfat", "-n", "EFI", esp])
        run(["mmd", "-i", esp, "::EFI", "::EFI/BOOT", "::EFI/debian"])
        for source, name in (
            ("usr/lib/shim/shimx64.efi.signed", "BOOT/BOOTX64.EFI"),
            ("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", "BOOT/grubx64.efi"),
            ("early.cfg", "debian/grub.cfg"),
        ):
            run(["mcopy", "-i", esp, self.loaders / source, f"::EFI/{name}"])
        return core, esp

    def make_disk(self, esp: Path) -> Path:
        """A partitioned raw disk with the EFI partition `esp` and the root file system; returns its path."""
        root, raw = self.work / "root.img", self.work / "disk.raw"
        run(["mkfs.ext4", "-q", "-L", "root", "-d", self.tree, root, f"{ROOT_MIB}M"])
        shutil.rmtree(self.tree)
        with raw.open("wb") as file:
            file.truncate(ROOT_AT * 512 + ((ROOT_MIB + 2) << 20))
        table = (
            "label: gpt\n"
            f"start={CORE_AT}, size={CORE_SECTORS}, type=21686148-6449-6E6F-744E-656564454649\n"
            f"start={ESP_AT}, size={ESP_MIB * 2048}, type=U, name=EFI\n"
            f"start={ROOT_AT}, size={ROOT_MIB * 2048}, type=L, name=root\n"
        )
        run(["sfdisk", "-q", raw], stdin=table)
        for part, sector in ((esp, ESP_AT), (root, ROOT_AT)):
            where = [f"if={part}", f"of={raw}", "bs=1M", f"seek={sector // 2048}"]
            run(["dd", *where, "conv=notrunc,sparse", "status=none"])
            part.unlink()
        return raw


def link(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target`, whatever it was."""
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def run(argv: Sequence[str | Path], *, stdin: str = "", env: dict[str, str] | None = None) -> None:
    """Run `argv` in the C locale; a failure shows the end of what it said."""
    words = [str(word) for word in argv]
    environment = {**(env or os.environ), "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, env=environment)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-4000:]
        raise RuntimeError(f"{words[0]} exited with {done.returncode} while building the image:\n{said}")


if __name__ == "__main__":
    ready_image(print)
