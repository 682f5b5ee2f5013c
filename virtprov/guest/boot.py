"""Boot order, and the differences between the first boot of an installation and the finished guest."""

from __future__ import annotations

from virtprov.guest.document import Guest
from virtprov.places.place import InjectedFile, Medium, PlaceRequest
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

IMPORT, CDROM, PXE, BOOTDEV, KERNEL, NOTHING = "import", "cdrom", "pxe", "bootdev", "kernel", ""


class Method(Record):
    """How the operating system is installed.

    `kind` is one of the constants above (NOTHING: not given). `medium` is the CD; `live` means that nothing is
    installed, so there is a single phase and the CD stays in the drive. `bootdev` is the device that BOOTDEV boots
    from: `hd`, `cdrom`, `network` or `fd`. A method of kind KERNEL has a `place`, where the kernel comes from, and
    `inject`, the files to add to its initrd; `kernel`, `initrd` and `args` are what came of them. With `answered`, its
    installer asks nothing.
    """

    kind: str = NOTHING
    medium: Medium | None = None
    live: bool = False
    place: PlaceRequest | None = None
    inject: tuple[InjectedFile, ...] = ()
    kernel: str = ""
    initrd: str = ""
    args: str = ""
    bootdev: str = ""
    answered: bool = False

    @property
    def has_install_phase(self) -> bool:
        """Whether the first boot differs from the later ones."""
        return (self.kind in (CDROM, PXE, BOOTDEV, KERNEL) or self.answered) and not self.live

    @property
    def boots_from(self) -> str:
        """The boot device with the system or its installer; "" if there is none."""
        if self.medium is not None:
            return "cdrom"
        return "network" if self.kind == PXE else "cdrom" if self.kind == CDROM else self.bootdev


_KINDS = {"hd": ("disk", "lun"), "cdrom": ("cdrom",), "fd": ("floppy",)}
"""The device types of each boot device name."""


def device_for(guest: Guest, word: str) -> Element | None:
    """Return the first device for a boot device name (`hd`, `cdrom`, `network`, `fd`)."""
    if word == "network":
        nics = guest.devices("interface")
        return nics[0] if nics else None
    kinds = _KINDS.get(word, ())
    for disk in guest.disks():
        if disk.get("device", "disk") in kinds:
            return disk
    return None


def has_user_order(guest: Guest) -> bool:
    """Return whether the XML already has a boot order, in either form."""
    if path.find(guest.root, "./os/boot") is not None:
        return True
    return any(tree.child(device, "boot") is not None for device in guest.devices())


def _per_device(guest: Guest) -> bool:
    return guest.domain_type in ("qemu", "kvm", "hvf", "test")


def set_order(guest: Guest, words: list[str]) -> None:
    """Write a boot order: a number on each device if the hypervisor supports it, otherwise <boot> elements in <os>.

    Does nothing if the user has given an order.
    """
    if has_user_order(guest) or guest.is_container:
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


def number_devices(guest: Guest) -> None:
    """Turn the boot order in <os> into numbers if a device has one: libvirt refuses both together.

    The devices with numbers come first, then those named in <os>.
    """
    words = tree.children(guest.ensure("./os"), "boot")
    taken = {path.text(device, "./boot/@order") for device in guest.devices() if tree.child(device, "boot") is not None}
    if not words or not taken:
        return
    number = 1
    for word in words:
        device = device_for(guest, word.get("dev", ""))
        tree.remove(word)
        if device is None or tree.child(device, "boot") is not None:
            continue
        while str(number) in taken:
            number += 1
        path.put(device, "./boot/@order", str(number))
        taken.add(str(number))


def _boots_from_kernel(guest: Guest) -> bool:
    return guest.has("./os/kernel")


def final_phase(guest: Guest, method: Method, keep_media: bool) -> Guest:
    """Return the finished guest: it boots from its disk, and unless it is kept, the installer's CD is ejected."""
    final = guest.copy()
    if not (keep_media or method.live) and (method.kind == CDROM or method.medium is not None):
        _eject(final)
    number_devices(final)
    if _boots_from_kernel(final):
        return final
    set_order(final, _final_words(final, method))
    return final


def only_phase(guest: Guest, method: Method) -> Guest:
    """Return the guest for hosts that can only start stored definitions: its medium stays.

    It boots from its disk, and while that is empty from the installer.
    """
    only = guest.copy()
    words = ["hd"] if device_for(only, "hd") is not None else []
    if method.boots_from and method.boots_from not in words:
        words.append(method.boots_from)
    set_order(only, words or ["hd"])
    number_devices(only)
    return only


def _final_words(guest: Guest, method: Method) -> list[str]:
    """Return the boot devices: a live medium or an imported disk first; a disk is always in the list.

    Without a disk, the guest boots from the same device again.
    """
    words = [method.boots_from] if method.live and method.boots_from else []
    if method.kind == IMPORT:
        words = [word for word in _KINDS if device_for(guest, word) in guest.disks()[:1]]
    if "hd" not in words and device_for(guest, "hd") is not None:
        words.append("hd")
    return words or [method.boots_from or "hd"]


def install_phase(guest: Guest, method: Method) -> Guest:
    """Return the guest for its first boot: from the installer, and a reboot ends this phase."""
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
    number_devices(first)
    if not first.has("./on_reboot") or first.get("./on_reboot") != "destroy":
        first.put("./on_reboot", "destroy")
    return first


def _forget_words(guest: Guest) -> None:
    """Remove a boot order given by names, which is for the finished guest; one given by device is for both phases."""
    for word in tree.children(guest.ensure("./os"), "boot"):
        tree.remove(word)


def _eject(guest: Guest) -> None:
    """Eject the installer from its drive, which is before all other CD-ROM drives."""
    for disk in guest.disks("cdrom")[:1]:
        for tag in ("source", "driver"):
            tree.drop(disk, tag)
        disk.set("type", "file")
