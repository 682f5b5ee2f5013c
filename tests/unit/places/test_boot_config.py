"""Boot configurations of media: GRUB, SYSLINUX, systemd-boot, and names that say enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.places.trees import write
from virtprov.places.boot_config import Entry, find_by_name, read_entries
from virtprov.places.reading import Directory

GRUB = """
set default=0
if [ x$feature = xy ]; then
menuentry "Install" --class gnu-linux {
    set background_color=black
    linux    /install.amd/vmlinuz vga=788 --- quiet
    initrd   /install.amd/initrd.gz
}
fi
submenu 'More ...' {
  menuentry 'Rescue' {
    linuxefi ($root)/rescue/linux root=live:CDLABEL=X ${extra} rd.live.image
    initrdefi ($root)/rescue/ucode.img ($root)/rescue/initrd.img
  }
  menuentry "Memory test" { linux16 /memtest }
  menuentry "Variable" {
    linux $kernel foo
    initrd /rescue/initrd.img
  }
}
"""
SYSLINUX = """
UI vesamenu.c32
DEFAULT linux
LABEL hdt
  COM32 /isolinux/hdt.c32
LABEL menu
  KERNEL vesamenu.c32
  APPEND initrd=/isolinux/initrd.img
LABEL linux
  MENU LABEL Install
  KERNEL vmlinuz
  APPEND initrd=initrd.img inst.stage2=hd:LABEL=X quiet
LABEL other
  linux /boot/linux
  initrd /boot/ucode.img,/boot/root.img
  append one two
"""


def place(folder: Path, configuration: dict[str, str], *names: str) -> Directory:
    return Directory(
        str(
            write(
                folder, {**{name: text.encode() for name, text in configuration.items()}, **dict.fromkeys(names, b"x")}
            )
        )
    )


def test_grub(tmp_path: Path) -> None:
    files = ("install.amd/vmlinuz", "install.amd/initrd.gz", "rescue/linux", "rescue/initrd.img", "rescue/ucode.img")
    assert read_entries(place(tmp_path, {"boot/grub/grub.cfg": GRUB}, *files)) == [
        Entry("install.amd/vmlinuz", "install.amd/initrd.gz", ("vga=788",)),
        Entry("rescue/linux", "rescue/initrd.img", ("root=live:CDLABEL=X", "rd.live.image")),
    ]


def test_syslinux(tmp_path: Path) -> None:
    files = ("isolinux/vmlinuz", "isolinux/initrd.img", "boot/linux", "boot/root.img")
    assert read_entries(place(tmp_path, {"isolinux/isolinux.cfg": SYSLINUX}, *files)) == [
        Entry("isolinux/vmlinuz", "isolinux/initrd.img", ("inst.stage2=hd:LABEL=X",)),
        Entry("boot/linux", "boot/root.img", ("one", "two")),
    ]


def test_systemd_boot(tmp_path: Path) -> None:
    text = (
        "title Arch\nlinux /arch/boot/x86_64/vmlinuz-linux\ninitrd /arch/boot/intel.img\n"
        "initrd /arch/boot/x86_64/initramfs-linux.img\noptions archisobasedir=arch archisosearchuuid=2026\n"
    )
    files = ("arch/boot/x86_64/vmlinuz-linux", "arch/boot/x86_64/initramfs-linux.img")
    assert read_entries(place(tmp_path, {"loader/entries/01-archiso.conf": text}, *files)) == [
        Entry(*files, ("archisobasedir=arch", "archisosearchuuid=2026"))
    ]


def test_files_that_are_included(tmp_path: Path) -> None:
    config = {
        "isolinux/isolinux.cfg": "include menu.cfg\n",
        "isolinux/menu.cfg": "INCLUDE /deep/txt.cfg\ninclude menu.cfg\n",
        "deep/txt.cfg": "label a\nkernel /k\nappend initrd=/i\n",
        "boot/grub/grub.cfg": "source /more/grub2.cfg\nconfigfile $prefix/x.cfg\n",
        "more/grub2.cfg": "menuentry x {\nlinux /k2\ninitrd /i2\n}\n",
    }
    found = read_entries(place(tmp_path, config, "k", "i", "k2", "i2"))
    assert [entry.kernel for entry in found] == ["k2", "k"]


@pytest.mark.parametrize(
    "text",
    [
        "menuentry a {\nlinux /../k\ninitrd /../i\n}",
        "menuentry a {\ninitrd /i\n}\nmenuentry b {\nlinux /k\n}",
        "menuentry a {\nlinux\ninitrd\n}",
        "linux /k\x1b[2J\ninitrd /i\n",
        "\x00\xff" * 1000,
        "source /boot/grub/grub.cfg\n" * 1000,
    ],
)
def test_configurations_that_lead_nowhere(tmp_path: Path, text: str) -> None:
    assert read_entries(place(tmp_path / "medium", {"boot/grub/grub.cfg": text}, "k", "i")) == []


def test_arguments_that_cannot_be_written_are_left_out(tmp_path: Path) -> None:
    text = "linux /k good \x1b[31mred\x00 $var\ninitrd /i\n"
    (entry,) = read_entries(place(tmp_path, {"boot/grub/grub.cfg": text}, "k", "i"))
    assert entry.args == ("good",)


@pytest.mark.parametrize(
    ("files", "kernel", "initrd"),
    [
        (("boot/vmlinuz", "boot/initrd.img"), "boot/vmlinuz", "boot/initrd.img"),
        (
            ("live/vmlinuz-6.1.0-13-amd64", "live/initrd.img-6.1.0-10-amd64", "live/initrd.img-6.1.0-13-amd64"),
            "live/vmlinuz-6.1.0-13-amd64",
            "live/initrd.img-6.1.0-13-amd64",
        ),
        (("kernel", "initrd.img"), "kernel", "initrd.img"),
        (("boot/bzImage", "boot/initramfs.cpio.gz"), "boot/bzImage", "boot/initramfs.cpio.gz"),
    ],
)
def test_names_that_say_enough(tmp_path: Path, files: tuple[str, ...], kernel: str, initrd: str) -> None:
    assert find_by_name(place(tmp_path, {}, *files)) == Entry(kernel, initrd)


@pytest.mark.parametrize("files", [("boot/vmlinuz",), ("boot/vmlinuz", "install/initrd.gz"), ("boot/kernels.txt", "a")])
def test_names_that_do_not(tmp_path: Path, files: tuple[str, ...]) -> None:
    assert find_by_name(place(tmp_path, {}, *files)) is None
