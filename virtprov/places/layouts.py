"""Where distributions keep the kernel and the initrd of their installers, and which argument names their source.

Facts from the media and trees that osinfo-db describes, and from the manuals of the installers. In a path, `{arch}` is
the architecture as the kernel calls it, `{deb}` and `{suse}` as these distributions do, `{cd}` the end of a folder of a
Debian CD, `{images}` the folder of a Debian tree whose MANIFEST was found.
"""

from __future__ import annotations

from virtprov.support.frozen import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

DEBIAN = {
    "x86_64": "amd64", "i686": "i386", "aarch64": "arm64", "armv7l": "armhf", "ppc64le": "ppc64el",
    "ppc64": "ppc64", "s390x": "s390x", "riscv64": "riscv64", "loongarch64": "loong64",
}  # fmt: skip
_CD = {"x86_64": ".amd", "i686": ".386", "aarch64": ".a64", "armv7l": ".ahf"}
_SUSE = {"i686": "i386"}


class Layout(Record):
    """How a distribution lays out its installer.

    `marks` are what such places call themselves (`TreeFacts.layout`), `distros` what profiles call the distribution;
    both only decide which layout is tried first. `pairs` are kernels and initrds in the order they are tried.
    `argument` is the kernel argument for a source on the network ("": the installer finds it by itself). A medium with
    `own_args` does not start without the arguments of its own boot configuration.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    marks: tuple[str, ...] = ()
    distros: tuple[str, ...] = ()
    argument: str = ""
    own_args: bool = False

    def paths(self, arch: str, images: str) -> Iterator[tuple[str, str]]:
        """Yield the pairs for an architecture; `images` is the folder of a Debian tree."""
        words = {
            "arch": arch,
            "deb": DEBIAN.get(arch, arch),
            "suse": _SUSE.get(arch, arch),
            "cd": _CD.get(arch, ""),
            "images": images,
        }
        for kernel, initrd in self.pairs:
            yield kernel.format(**words), initrd.format(**words)


LAYOUTS = (
    Layout(
        "Red Hat",
        (
            ("images/pxeboot/vmlinuz", "images/pxeboot/initrd.img"),
            ("isolinux/vmlinuz", "isolinux/initrd.img"),
            ("ppc/ppc64/vmlinuz", "ppc/ppc64/initrd.img"),
            ("images/kernel.img", "images/initrd.img"),
        ),
        marks=("treeinfo",),
        distros=("fedora", "rhel", "centos", "almalinux", "rocky", "ol", "scientificlinux", "eurolinux", "circle",
                 "miraclelinux", "anolis", "openeuler", "silverblue"),
        argument="inst.repo",
    ),
    Layout(
        "SUSE",
        (
            ("boot/{suse}/loader/linux", "boot/{suse}/loader/initrd"),
            ("boot/{suse}/linux", "boot/{suse}/initrd"),
            ("boot/loader/linux64", "boot/loader/initrd64"),
            ("boot/loader/linux", "boot/loader/initrd"),
            ("boot/s390x/vmrdr.ikr", "boot/s390x/initrd"),
            ("suseboot/linux64", "suseboot/initrd64"),
        ),
        marks=("content",),
        distros=("opensuse", "sle", "sles", "sled", "caasp"),
        argument="install",
    ),
    Layout(
        "Debian netboot",
        (
            ("{images}netboot/debian-installer/{deb}/linux", "{images}netboot/debian-installer/{deb}/initrd.gz"),
            ("{images}netboot/ubuntu-installer/{deb}/linux", "{images}netboot/ubuntu-installer/{deb}/initrd.gz"),
            ("{images}netboot/debian-installer/{deb}/vmlinux", "{images}netboot/debian-installer/{deb}/initrd.gz"),
            ("{images}netboot/ubuntu-installer/{deb}/vmlinux", "{images}netboot/ubuntu-installer/{deb}/initrd.gz"),
            ("{images}netboot/vmlinuz", "{images}netboot/initrd.gz"),
            ("{images}generic/kernel.debian", "{images}generic/initrd.debian"),
            ("{images}generic/kernel.ubuntu", "{images}generic/initrd.ubuntu"),
            ("{images}debian-installer/{deb}/linux", "{images}debian-installer/{deb}/initrd.gz"),
        ),
        marks=("manifest",),
        distros=("debian", "ubuntu", "ucs"),
    ),
    Layout(
        "Debian CD",
        (
            ("install{cd}/vmlinuz", "install{cd}/initrd.gz"),
            ("install/vmlinuz", "install/initrd.gz"),
            ("install/vmlinux", "install/initrd.gz"),
            ("boot/linux_vm", "boot/root.bin"),
            ("boot/kernel.ubuntu", "boot/initrd.ubuntu"),
            ("install/netboot/debian-installer/{deb}/linux", "install/netboot/debian-installer/{deb}/initrd.gz"),
            ("install/netboot/ubuntu-installer/{deb}/linux", "install/netboot/ubuntu-installer/{deb}/initrd.gz"),
        ),
        marks=("disk info",),
        distros=("debian", "ubuntu"),
    ),
    Layout(
        "Ubuntu live",
        (
            ("casper/vmlinuz", "casper/initrd"),
            ("casper/vmlinuz", "casper/initrd.lz"),
            ("casper/vmlinuz", "casper/initrd.gz"),
            ("casper/vmlinuz", "casper/initrd.img"),
            ("casper/vmlinuz.efi", "casper/initrd.lz"),
            ("casper/vmlinuz.efi", "casper/initrd.gz"),
            ("casper/vmlinuz.efi", "casper/initrd"),
            ("casper/vmlinux", "casper/initrd"),
            ("casper/vmlinux", "casper/initrd.gz"),
        ),
        marks=("disk info",),
        distros=("ubuntu", "elementary", "popos", "trisquel", "pureos"),
        own_args=True,
    ),
    Layout(
        "Mageia",
        (
            ("isolinux/{arch}/vmlinuz", "isolinux/{arch}/all.rdz"),
            ("isolinux/{suse}/vmlinuz", "isolinux/{suse}/all.rdz"),
            ("boot/vmlinuz", "boot/all.rdz"),
        ),
        marks=("mageia",),
        distros=("mageia",),
    ),
    Layout(
        "Alpine",
        (
            ("boot/vmlinuz-lts", "boot/initramfs-lts"),
            ("boot/vmlinuz-virt", "boot/initramfs-virt"),
            ("boot/vmlinuz-vanilla", "boot/initramfs-vanilla"),
            ("netboot/vmlinuz-lts", "netboot/initramfs-lts"),
            ("netboot/vmlinuz-virt", "netboot/initramfs-virt"),
            ("vmlinuz-lts", "initramfs-lts"),
            ("vmlinuz-virt", "initramfs-virt"),
        ),
        distros=("alpinelinux",),
        argument="modloop",
        own_args=True,
    ),
    Layout(
        "Arch",
        (("arch/boot/{arch}/vmlinuz-linux", "arch/boot/{arch}/initramfs-linux.img"),),
        distros=("archlinux",),
        own_args=True,
    ),
    Layout(
        "ALT",
        (("boot/vmlinuz", "boot/full.cz"), ("syslinux/alt0/vmlinuz", "syslinux/alt0/full.cz")),
        own_args=True,
    ),
    Layout("NixOS", (("boot/bzImage", "boot/initrd"), ("boot/Image", "boot/initrd")), own_args=True),
    Layout(
        "Slackware",
        (
            ("kernels/huge.s/bzImage", "isolinux/initrd.img"),
            ("kernels/hugesmp.s/bzImage", "isolinux/initrd.img"),
            ("kernels/generic.s/bzImage", "isolinux/initrd.img"),
        ),
        distros=("slackware",),
    ),
    Layout("live system", (("live/vmlinuz", "live/initrd.img"), ("live/vmlinuz", "live/initrd")), own_args=True),
)  # fmt: skip
"""The table that `--location` and `--test-media-detection` use."""

WITHOUT_KERNEL = {
    "winnt": "Windows", "win9x": "Windows", "win16": "Windows", "freebsd": "FreeBSD", "openbsd": "OpenBSD",
    "netbsd": "NetBSD", "dragonflybsd": "DragonFly BSD", "solaris": "Solaris", "msdos": "MS-DOS", "darwin": "macOS",
    "netware": "NetWare", "haiku": "Haiku",
}  # fmt: skip
"""Families of systems, as profiles call them, whose installers have no Linux kernel and initrd; with their names."""


def rank_layouts(mark: str, distro: str) -> list[Layout]:
    """Return all layouts; those for this `mark` or this `distro` come first."""
    ranked = sorted(LAYOUTS, key=lambda one: -(2 * (mark in one.marks) + (distro in one.distros)))
    return list(ranked)


def find_layout_name(kernel: str, initrd: str, arch: str, images: str) -> str:
    """Return the name of the layout that has this pair; "" for none."""
    return next((one.name for one in LAYOUTS if (kernel, initrd) in one.paths(arch, images)), "")


def find_argument(distro: str) -> str:
    """Return the argument for a source that a distribution's installer wants; "" for none."""
    return next((one.argument for one in LAYOUTS if distro and distro in one.distros), "")
