"""Small media and trees, laid out as those of distributions."""

from __future__ import annotations

import hashlib
from pathlib import Path

KERNEL = b"MZ kernel " * 500
INITRD = b"\x1f\x8b initrd " * 700


def treeinfo(
    family: str, version: str, arch: str = "x86_64", folder: str = "images/pxeboot/", names: str = "", variant: str = ""
) -> bytes:
    """A `.treeinfo` with checksums; `names` are those of kernel and initrd, separated by a blank."""
    kernel, initrd = (names or "vmlinuz initrd.img").split()
    sums = "".join(
        f"{folder}{name} = sha256:{hashlib.sha256(data).hexdigest()}\n"
        for name, data in ((kernel, KERNEL), (initrd, INITRD))
    )
    return (
        f"[general]\nfamily = {family}\nversion = {version}\narch = {arch}\nvariant = {variant}\n"
        f"[images-{arch}]\nkernel = {folder}{kernel}\ninitrd = {folder}{initrd}\n[checksums]\n{sums}"
    ).encode()


def pair(kernel: str, initrd: str) -> dict[str, bytes]:
    return {kernel: KERNEL, initrd: INITRD}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """Lay out files in a folder."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


FEDORA = {
    ".treeinfo": treeinfo("Fedora", "40", variant="Everything"),
    **pair("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img"),
}
RHEL6 = {
    ".treeinfo": treeinfo("Red Hat Enterprise Linux", "6.5"),
    **pair("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img"),
}
SUSE = {
    ".treeinfo": treeinfo("openSUSE Leap", "15.5", folder="boot/x86_64/loader/", names="linux initrd"),
    **pair("boot/x86_64/loader/linux", "boot/x86_64/loader/initrd"),
}
OLD_SUSE = {
    "content": b"LABEL openSUSE Leap 42.3\nVERSION 42.3\nBASEARCHS x86_64\nDISTRO cpe:/o:opensuse:leap:42.3,openSUSE\n"
    + f"HASH SHA256 {hashlib.sha256(KERNEL).hexdigest()}  boot/x86_64/loader/linux\n".encode(),
    **pair("boot/x86_64/loader/linux", "boot/x86_64/loader/initrd"),
}
S390_SUSE = {
    "content": b"LABEL SUSE Linux Enterprise Server 12 SP3\nVERSION 12.3\nBASEARCHS s390x\n",
    **pair("boot/s390x/linux", "boot/s390x/initrd"),
}
_DI = "current/images/netboot/debian-installer/amd64/"
DEBIAN = {
    "current/images/MANIFEST": b"netboot/debian-installer/amd64/linux -- kernel\n",
    "current/images/SHA256SUMS": (
        f"{hashlib.sha256(KERNEL).hexdigest()}  ./netboot/debian-installer/amd64/linux\n"
        f"{hashlib.sha256(INITRD).hexdigest()}  ./netboot/debian-installer/amd64/initrd.gz\n"
    ).encode(),
    **pair(f"{_DI}linux", f"{_DI}initrd.gz"),
}
UBUNTU = {
    "current/legacy-images/MANIFEST": b"netboot/ubuntu-installer/amd64/linux -- kernel\n",
    **pair(
        "current/legacy-images/netboot/ubuntu-installer/amd64/linux",
        "current/legacy-images/netboot/ubuntu-installer/amd64/initrd.gz",
    ),
}
DEBIAN_ARM = {
    "MANIFEST": b"netboot/vmlinuz -- kernel\n",
    **pair("netboot/vmlinuz", "netboot/initrd.gz"),
}
DEBIAN_CD = {
    ".disk/info": b'Debian GNU/Linux 12.4.0 "Bookworm" - Official amd64 NETINST with firmware 20231210-17:56',
    **pair("install.amd/vmlinuz", "install.amd/initrd.gz"),
}
DEBIAN_S390_CD = {
    ".disk/info": b'Debian GNU/Linux 12.4.0 "Bookworm" - Official s390x NETINST 20231210-17:56',
    **pair("boot/linux_vm", "boot/root.bin"),
}
UBUNTU_CD = {
    ".disk/info": b'Ubuntu-Server 22.04.3 LTS "Jammy Jellyfish" - Release amd64 (20230810)',
    "boot/grub/grub.cfg": b'menuentry "Try" {\n set gfxpayload=keep\n'
    b" linux /casper/vmlinuz  layerfs-path=x.squashfs ---\n initrd /casper/initrd\n}\n",
    **pair("casper/vmlinuz", "casper/initrd"),
}
MAGEIA = {"VERSION": b"Mageia 8 x86_64 Download\n", **pair("isolinux/x86_64/vmlinuz", "isolinux/x86_64/all.rdz")}
ALPINE = {
    ".alpine-release": b"alpine-standard 3.19.0\n",
    "boot/grub/grub.cfg": b"menuentry 'Linux lts' {\n"
    b"linux /boot/vmlinuz-lts modules=loop,squashfs,sd-mod,usb-storage quiet\ninitrd /boot/initramfs-lts\n}\n",
    **pair("boot/vmlinuz-lts", "boot/initramfs-lts"),
}
UNKNOWN = {
    "isolinux/isolinux.cfg": b"default vesamenu.c32\nlabel hdt\n kernel /hdt.c32\n"
    b"label go\n kernel /odd/bzImage-5\n append initrd=/odd/root.gz rootwait quiet\n",
    **pair("odd/bzImage-5", "odd/root.gz"),
}
