"""The Debian installer as a tree and as an ISO, and a script that installs a system in a second."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

IMAGES = Path("/usr/lib/debian-installer/images")
ARCH = "amd64"
SUITES = {"12": "bookworm", "13": "trixie"}

REST = 64 << 20
"""Bytes of an ISO beside the kernel and the initrd: what nobody needs to read who boots them."""

ANSWER = "answered-by-the-lab"
USER = "ana"
READ = f"LAB read the answers: {ANSWER} {USER} true"
WRITTEN = "LAB wrote the disk"
BOOTED = "LAB booted from its disk"
KERNEL_LINE = "Linux version"

EARLY = "preseed/early_command=/install.sh"
"""A kernel argument: the installer runs this when it has read the answers in its initrd, before it asks anything."""
# It has drivers for disks on USB, and for no others.
INSTALL = f"""\
#!/bin/sh
exec > /dev/ttyS0 2>&1
set -- netcfg/get_hostname passwd/username debian-installer/exit/poweroff
echo "LAB read the answers: $(debconf-get "$1") $(debconf-get "$2") $(debconf-get "$3")"
modprobe -a xhci_pci usb_storage uas sd_mod
for i in $(seq 100); do [ -e /sys/block/sda ] && break; sleep 1; done
[ -b /dev/sda ] || mknod /dev/sda b $(sed 's/:/ /' /sys/block/sda/dev)
dd if=/disk.img of=/dev/sda bs=512
sync
echo "{WRITTEN}"
poweroff -f
"""


def release() -> str:
    """Return the release of the installer that is there: "12"."""
    found = sorted(IMAGES.iterdir()) if IMAGES.is_dir() else []
    assert found, "the package debian-installer-*-netboot-amd64 is missing"
    return found[-1].name


def folder() -> Path:
    """Return the folder with its kernel and initrd."""
    return IMAGES / release() / ARCH / "text" / "debian-installer" / ARCH


def place() -> str:
    """Return where mirrors have the installer's tree."""
    return f"dists/{SUITES[release()]}/main/installer-{ARCH}"


def lay_out_tree(top: Path) -> None:
    """Put the installer's tree below `top`, as mirrors have it."""
    images = top / place() / "current" / "images"
    netboot = images / "netboot" / "debian-installer" / ARCH
    netboot.mkdir(parents=True)
    (images / "MANIFEST").write_text(f"netboot/debian-installer/{ARCH}/linux -- Debian installer\n")
    for name in ("linux", "initrd.gz"):
        (netboot / name).symlink_to(folder() / name)


def write_script(top: Path) -> list[Path]:
    """Write the files to inject into the initrd; returns their paths."""
    files = {"install.sh": INSTALL.encode(), "disk.img": disk_image()}
    for name, content in files.items():
        (top / name).write_bytes(content)
        (top / name).chmod(0o755)
    return [top / name for name in files]


def disk_image() -> bytes:
    """Return a disk whose boot sector says BOOTED on the first serial port, and stops.

    It waits for the port to be ready (bit 5 of its line status, port 0x3fd) before each letter.
    """
    text = f"\r\n{BOOTED}\r\n\0".encode()
    code = bytes(
        [
            0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0xFC,  # cli; xor ax, ax; mov ds, ax; cld
            0xBE, 0x1C, 0x7C,  # mov si, text
            0xAC, 0x84, 0xC0, 0x74, 0x11,  # next: lodsb; test al, al; jz end
            0x88, 0xC4,  # mov ah, al
            0xBA, 0xFD, 0x03,  # mov dx, 0x3fd
            0xEC, 0xA8, 0x20, 0x74, 0xFB,  # ready: in al, dx; test al, 0x20; jz ready
            0x88, 0xE0, 0xB2, 0xF8, 0xEE, 0xEB, 0xEA,  # mov al, ah; mov dl, 0xf8; out dx, al; jmp next
            0xF4, 0xEB, 0xFD,  # end: hlt; jmp end
        ]
    )  # fmt: skip
    start = 0x7C00 + len(code)
    code = code.replace(bytes([0xBE, 0x1C, 0x7C]), bytes([0xBE, start & 0xFF, start >> 8]))
    return (code + text).ljust(510, b"\0") + b"\x55\xaa"


def write_iso(path: Path) -> None:
    """Write an ISO with the installer's kernel and initrd where Debian's media have them, and a boot configuration."""
    import pycdlib

    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, rock_ridge="1.09", vol_ident=f"Debian {release()}.0.0 amd64 n")
    for name in ("install.amd", ".disk", "isolinux"):
        iso.add_directory(f"/{name.replace('.', '_').upper()}", rr_name=name)
    iso.add_file(str(folder() / "linux"), "/INSTALL_AMD/VMLINUZ.;1", rr_name="vmlinuz")
    iso.add_file(str(folder() / "initrd.gz"), "/INSTALL_AMD/INITRD.GZ;1", rr_name="initrd.gz")
    configuration = path.with_suffix(".cfg")
    configuration.write_text(
        "default install\nlabel install\n  kernel /install.amd/vmlinuz\n"
        "  append initrd=/install.amd/initrd.gz --- quiet\n"
    )
    iso.add_file(str(configuration), "/ISOLINUX/ISOLINUX.CFG;1", rr_name="isolinux.cfg")
    packages = path.with_suffix(".packages")
    packages.touch()
    os.truncate(packages, REST)
    iso.add_file(str(packages), "/PACKAGES.BIN;1", rr_name="packages.bin")
    iso.write(str(path))
    iso.close()
    for temporary in (configuration, packages):
        temporary.unlink()


def copy_grub(path: Path) -> None:
    """Copy the bootable ISO of GRUB's rescue disk to `path`."""
    shutil.copy("/usr/lib/grub-rescue/grub-rescue-cdrom.iso", path)
