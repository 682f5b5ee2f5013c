"""Boot order, and what the first boot of an installation has that the finished guest has not."""

from __future__ import annotations

from virtprov.guest.document import Guest
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

IMPORT, CDROM, PXE, BOOTDEV, KERNEL, NOTHING = "import", "cdrom", "pxe", "bootdev", "kernel", ""


class Method(Record):
    """How the operating system comes into the guest.

    `kind` is one of the words above (NOTHING: nothing was said). `medium` is the CD's path; `live` means that
    nothing is installed, so there is one phase and a CD stays in. `kernel`, `initrd` and `args` are for a direct
    start, `bootdev` is the device that BOOTDEV boots from: `hd`, `cdrom`, `network` or `fd`.
    """

    kind: str = NOTHING
    medium: str = ""
    live: bool = False
    kernel: str = ""
    initrd: str = ""
    args: str = ""
    bootdev: str = ""

    @property
    def has_install_phase(self) -> bool:
        """Whether the first boot differs from the later ones."""
        return self.kind in (CDROM, PXE, BOOTDEV, KERNEL) and not self.live

    @property
    def boots_from(self) -> str:
        """The device that brings the system in; "" when none does."""
        return {CDROM: "cdrom", PXE: "network"}.get(self.kind, self.bootdev)


_KINDS = {"hd": ("disk", "lun"), "cdrom": ("cdrom",), "fd": ("floppy",)}
"""What each boot word that means a drive stands for."""


def device_for(guest: Guest, word: str) -> Element | None:
    """The first device that a boot word (`hd`, `cdrom`, `network`, `fd`) means."""
    if word == "network":
        nics = guest.devices("interface")
        return nics[0] if nics else None
    kinds = _KINDS.get(word, ())
    for disk in guest.disks():
        if disk.get("device", "disk") in kinds:
            return disk
    return None


def user_ordered(guest: Guest) -> bool:
    """Whether the document has a boot order already, in whichever form."""
    if path.find(guest.root, "./os/boot") is not None:
        return True
    return any(tree.child(device, "boot") is not None for device in guest.devices())


def _per_device(guest: Guest) -> bool:
    return guest.domain_type in ("qemu", "kvm", "hvf", "test")


def set_order(guest: Guest, words: list[str]) -> None:
    """Write a boot order: a number on each device where the hypervisor takes it, else words under <os>.

    Does nothing where the user gave an order.
    """
    if user_ordered(guest) or guest.is_container:
        return
    if not _per_device(guest):
        for word in words:
            tree.add(guest.ensure("./os"), tree.element("boot", None, {"dev": word}))
        return
    number = 1
    for word in words:
        device = device_for(guest, word)
        if device is not None:
            path.put(device, "./boot/@order", str(number))
            number += 1


def _boots_from_kernel(guest: Guest) -> bool:
    return guest.has("./os/kernel")


def final_phase(guest: Guest, method: Method, keep_media: bool) -> Guest:
    """The guest as it stays: boots from its disk, the installer's CD taken out."""
    final = guest.copy()
    if method.kind == CDROM and not method.live and not keep_media:
        _eject(final)
    if _boots_from_kernel(final):
        return final
    set_order(final, _final_words(final, method))
    return final


def _final_words(guest: Guest, method: Method) -> list[str]:
    """A live medium, or what is imported, is first; the disk is always in the list.

    Without a disk what was booted first boots again.
    """
    words = [method.boots_from] if method.live and method.boots_from else []
    if method.kind == IMPORT:
        words = [word for word in _KINDS if device_for(guest, word) in guest.disks()[:1]]
    if "hd" not in words and device_for(guest, "hd") is not None:
        words.append("hd")
    return words or [method.boots_from or "hd"]


def install_phase(guest: Guest, method: Method) -> Guest:
    """The guest as it boots first: from the installer, and a reboot ends this phase."""
    first = guest.copy()
    if method.kernel:
        first.put("./os/kernel", method.kernel)
        first.put("./os/initrd", method.initrd or None)
        first.put("./os/cmdline", method.args or None)
    elif method.boots_from and not _boots_from_kernel(first):
        words = [method.boots_from]
        if "hd" not in words and device_for(first, "hd") is not None:
            words.append("hd")
        _forget_words(first)
        set_order(first, words)
    if not first.has("./on_reboot") or first.get("./on_reboot") != "destroy":
        first.put("./on_reboot", "destroy")
    return first


def _forget_words(guest: Guest) -> None:
    """An order given in words is for the finished guest; one by device is for both phases."""
    for word in tree.children(guest.ensure("./os"), "boot"):
        tree.remove(word)


def _eject(guest: Guest) -> None:
    """Take the installer out of its drive, which stands before all other CD-ROMs."""
    for disk in guest.disks("cdrom")[:1]:
        for tag in ("source", "driver"):
            tree.drop(disk, tag)
        disk.set("type", "file")
