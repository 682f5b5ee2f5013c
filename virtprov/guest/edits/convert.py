"""Convert a guest: from PC to q35, from SPICE to VNC, to the newest version of its machine type."""

from __future__ import annotations

from virtprov.guest.defaults import devices, disk, display
from virtprov.guest.document import Guest
from virtprov.guest.edits.companions import drop_spice
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

_PC = ("pc-i440fx-", "pc-0.", "pc-1.")
_VERSIONED = (
    ("pc-q35-", "q35"),
    *((start, "pc") for start in _PC),
    ("pseries-", "pseries"),
    ("s390-ccw-virtio-", "s390-ccw-virtio"),
    ("virt-", "virt"),
)
"""How QEMU names the versions of a machine type, and the alias of the newest."""
_NEWEST = tuple(dict.fromkeys(name for _, name in _VERSIONED))


def refresh_machine(guest: Guest) -> None:
    """Use the newest version of the guest's machine type; raises UsageError if it has no versions."""
    machine = guest.machine
    newest = next((name for start, name in _VERSIONED if machine.startswith(start)), machine)
    if newest not in _NEWEST:
        raise UsageError(
            f"no newer version of machine type '{machine}' is known" if machine
            else "the guest has no machine type, so there is no newer version of it",
            hint="give a machine type with --boot machine=NAME",
        )  # fmt: skip
    guest.put("./os/type/@machine", newest)


# -- q35 -----------------------------------------------------------------------------------------


def to_q35(setting: RuleContext) -> None:
    """Convert an i440fx PC to q35: SATA for IDE, PCIe ports, the devices of the new board.

    PCI addresses are removed: libvirt assigns new ones. Raises UsageError if the guest is not an i440fx PC.
    """
    guest = setting.guest
    if not guest.is_x86 or not (guest.machine == "pc" or guest.machine.startswith(_PC)):
        what = f"the guest's machine type '{guest.machine}'" if guest.machine else "a guest without a machine type"
        raise UsageError(
            f"--convert-to-q35: {what} is not an i440fx PC",
            hint="it is already q35" if guest.is_q35 else "only x86 guests with machine type 'pc' can be converted",
        )
    guest.put("./os/type/@machine", "q35")
    for controller in guest.devices("controller"):
        if controller.get("type") in ("pci", "ide"):
            tree.remove(controller)
    for device in guest.devices():
        if path.get(device, "./address/@type") == "pci":
            tree.drop(device, "address")
    _ide_to_sata(setting)
    _swap(guest, "interface", "./model/@type", "e1000", "e1000e")
    _swap(guest, "sound", "./@model", "ich6", "ich9")
    devices.add_root_ports(setting)


def _swap(guest: Guest, tag: str, place: str, old: str, new: str) -> None:
    for device in guest.devices(tag):
        if path.get(device, place) == old:
            path.put(device, place, new)


def _ide_to_sata(setting: RuleContext) -> None:
    moved = [drive for drive in setting.guest.disks() if path.get(drive, "./target/@bus") == "ide"]
    for drive in moved:
        path.put(drive, "./target/@bus", "sata")
        path.put(drive, "./target/@dev", None)
        tree.drop(drive, "address")
    disk.fill_targets(RuleContext(setting.guest, setting.host, setting.profile, fresh=moved))


# -- VNC -----------------------------------------------------------------------------------------

_SPICE_ONLY = ("image", "jpeg", "zlib", "playback", "streaming", "mouse", "clipboard", "filetransfer", "channel", "gl")
_QXL_ONLY = ("ram", "vram", "vram64", "vgamem")


def to_vnc(setting: RuleContext, *, agent: bool = False) -> None:
    """Replace SPICE and its helpers with VNC; `agent` keeps the clipboard, with QEMU's own agent channel.

    A guest without a display gets one. OpenGL continues in an egl-headless display.
    """
    guest = setting.guest
    spice = [each for each in guest.devices("graphics") if each.get("type") == "spice"]
    others = [each for each in guest.devices("graphics") if each.get("type") == "vnc"]
    for each in spice:
        _keep_gl(guest, each)
    if not others:
        result = _as_vnc(spice[0]) if spice else guest.add_device("graphics", type="vnc")
        display.fill_graphics(RuleContext(guest, setting.host, setting.profile, fresh=[result]))
    for each in spice if others else spice[1:]:
        tree.remove(each)
    drop_spice(guest)
    if agent and not _has_agent(guest):
        channel = guest.add_device("channel", type="qemu-vdagent")
        tree.add(channel, tree.element("target", None, {"type": "virtio", "name": devices.SPICE_AGENT}))
    _plain_video(setting)


def _keep_gl(guest: Guest, shown: Element) -> None:
    if path.get(shown, "./gl/@enable") != "yes":
        return
    if any(device.get("type") == "egl-headless" for device in guest.devices("graphics")):
        return
    hidden = guest.add_device("graphics", type="egl-headless")
    node = path.get(shown, "./gl/@rendernode")
    if node:
        path.put(hidden, "./gl/@rendernode", node)


def _as_vnc(shown: Element) -> Element:
    """Return the VNC display, with the addresses and the password of the old one."""
    shown.set("type", "vnc")
    for name in ("tlsPort", "defaultMode"):
        shown.attrib.pop(name, None)
    for tag in _SPICE_ONLY:
        for child in tree.children(shown, tag):
            tree.remove(child)
    return shown


def _has_agent(guest: Guest) -> bool:
    return any(device.get("type") == "qemu-vdagent" for device in guest.devices("channel"))


def _plain_video(setting: RuleContext) -> None:
    """Replace QXL, which is made for SPICE, with another video card; a guest without a card gets one."""
    for video in setting.guest.devices("video"):
        model = tree.child(video, "model")
        if model is not None and model.get("type") == "qxl":
            for name in ("type", *_QXL_ONLY):
                model.attrib.pop(name, None)
    display.fill_video(setting)
