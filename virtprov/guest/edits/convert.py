"""Turning a guest into another machine: PC to q35, SPICE to VNC, a machine type to its newest version."""

from __future__ import annotations

from virtprov.guest.defaults import devices, disk, display
from virtprov.guest.document import Guest
from virtprov.guest.edits.companions import drop_spice
from virtprov.guest.rule_context import RuleContext
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
"""How QEMU names the versions of a machine, and what it calls the newest of them."""
_NEWEST = tuple(dict.fromkeys(name for _, name in _VERSIONED))


def refresh_machine(guest: Guest) -> None:
    """The newest version of the guest's machine; raises UsageError when the machine has no versions."""
    machine = guest.machine
    newest = next((name for start, name in _VERSIONED if machine.startswith(start)), machine)
    if newest not in _NEWEST:
        raise UsageError(
            f"nothing is known of newer versions of the machine '{machine}'" if machine
            else "the guest names no machine that could be newer",
            hint="name the one you want with --boot machine=NAME",
        )  # fmt: skip
    guest.put("./os/type/@machine", newest)


# -- q35 -----------------------------------------------------------------------------------------


def to_q35(setting: RuleContext) -> None:
    """From the PC of 1996 to PCI Express: SATA for IDE, PCIe ports, devices that belong to the new board.

    PCI addresses go: libvirt gives new ones. Raises UsageError when the guest is no such PC.
    """
    guest = setting.guest
    if not guest.is_x86 or not (guest.machine == "pc" or guest.machine.startswith(_PC)):
        what = f"the guest's machine '{guest.machine}'" if guest.machine else "a guest that names no machine"
        raise UsageError(
            f"--convert-to-q35: {what} is no PC of the i440fx kind",
            hint="it is q35 already" if guest.is_q35 else "x86 guests with the machine 'pc' can be converted",
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
    """VNC instead of SPICE and all that came with it; `agent` keeps the clipboard, by QEMU's own agent channel.

    A guest without a display gets one. OpenGL goes on in a display that is not shown.
    """
    guest = setting.guest
    spice = [each for each in guest.devices("graphics") if each.get("type") == "spice"]
    others = [each for each in guest.devices("graphics") if each.get("type") == "vnc"]
    for each in spice:
        _keep_gl(guest, each)
    if not others:
        made = _as_vnc(spice[0]) if spice else guest.add_device("graphics", type="vnc")
        display.fill_graphics(RuleContext(guest, setting.host, setting.profile, fresh=[made]))
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
    if any(each.get("type") == "egl-headless" for each in guest.devices("graphics")):
        return
    hidden = guest.add_device("graphics", type="egl-headless")
    node = path.get(shown, "./gl/@rendernode")
    if node:
        path.put(hidden, "./gl/@rendernode", node)


def _as_vnc(shown: Element) -> Element:
    """The display, where it listens and its password as they were."""
    shown.set("type", "vnc")
    for name in ("tlsPort", "defaultMode"):
        shown.attrib.pop(name, None)
    for tag in _SPICE_ONLY:
        for kid in tree.children(shown, tag):
            tree.remove(kid)
    return shown


def _has_agent(guest: Guest) -> bool:
    return any(each.get("type") == "qemu-vdagent" for each in guest.devices("channel"))


def _plain_video(setting: RuleContext) -> None:
    """QXL is made for SPICE: another card takes its place; a guest without a card gets one."""
    for video in setting.guest.devices("video"):
        model = tree.child(video, "model")
        if model is not None and model.get("type") == "qxl":
            for name in ("type", *_QXL_ONLY):
                model.attrib.pop(name, None)
    display.fill_video(setting)
