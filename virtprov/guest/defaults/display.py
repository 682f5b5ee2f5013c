"""Graphics, video, sound, input and the helpers of SPICE."""

from __future__ import annotations

from virtprov.guest.defaults.devices import SPICE_AGENT
from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def _wants_graphics(setting: RuleContext) -> bool:
    guest = setting.guest
    if setting.is_refused("graphics") or guest.devices("graphics"):
        return False
    if guest.is_container:
        return setting.driver == "vz"
    if setting.product == "hyperv":  # its display cannot be configured
        return False
    return guest.is_x86 or guest.is_pseries or guest.is_loongarch or guest.is_arm_virt or guest.is_riscv_virt


def add_graphics(setting: RuleContext) -> None:
    """Add SPICE if the host offers it, otherwise VNC."""
    setting.guest.add_device("graphics", type="")


def has_spice(setting: RuleContext) -> bool:
    """Return whether the guest has a SPICE display."""
    return any(display.get("type") == "spice" for display in setting.guest.devices("graphics"))


def _default_type(setting: RuleContext) -> str:
    if not setting.like_qemu:
        return "rdp" if setting.product == "vbox" else "vnc"
    known = setting.domcaps
    offered = known.device("graphics", "type") if known is not None else None
    return "vnc" if offered is not None and "spice" not in offered else "spice"


def fill_graphics(setting: RuleContext) -> None:
    """Set type, ports and, for a local SPICE display, no image compression."""
    for display in setting.devices("graphics"):
        kind = display.get("type", "")
        if kind in ("", "default"):
            kind = _default_type(setting)
            display.set("type", kind)
        if kind == "spice":
            _fill_spice(setting, display)
        elif kind == "vnc":
            _fill_port(display, "port")
        elif kind == "rdp" and setting.product == "vbox" and not {"port", "autoport"} & set(display.attrib):
            display.set("autoport", "yes")
        elif kind == "sdl":
            _fill_sdl(display)


def _listens_elsewhere(display: Element) -> bool:
    listen = tree.child(display, "listen")
    return listen is not None and listen.get("type") in ("none", "socket")


def _fill_port(display: Element, name: str) -> None:
    if name not in display.attrib and not _listens_elsewhere(display) and display.get("socket") is None:
        display.set(name, "-1")


def _fill_spice(setting: RuleContext, display: Element) -> None:
    if not _listens_elsewhere(display) and "autoport" not in display.attrib:
        _fill_spice_ports(display)
    if path.get(display, "./gl/@enable") == "yes" and path.get(display, "./gl/@rendernode") is None:
        path.put(display, "./gl/@rendernode", _render_node(setting))
    if not setting.host.is_remote and path.find(display, "./image/@compression") is None:
        path.put(display, "./image/@compression", "off")


def _fill_spice_ports(display: Element) -> None:
    """Let libvirt choose both ports, unless one is given: without TLS, it cannot choose one only."""
    if any(display.get(name, "-1") != "-1" for name in ("port", "tlsPort")):
        return
    for name, value in (("port", "-1"), ("tlsPort", "-1"), ("autoport", "yes")):
        display.set(name, value)


def _render_node(setting: RuleContext) -> str | None:
    """Return the first render node of the host's graphics cards."""
    for device in setting.host.devices.all("drm"):
        node = tree.parse(device.xml, f"the node device {device.name}")
        if path.text(node, "./capability/type") == "render":
            return next((link.text for link in tree.children(node, "devnode") if link.get("type") == "link"), None)
    return None


def _uses_gl(setting: RuleContext) -> bool:
    return any(path.get(display, "./gl/@enable") == "yes" for display in setting.guest.devices("graphics"))


def _fill_sdl(display: Element) -> None:
    import os

    if not display.get("display") and os.environ.get("DISPLAY"):
        display.set("display", os.environ["DISPLAY"])
    if not display.get("xauth"):
        display.set("xauth", os.path.expanduser("~/.Xauthority"))


def _default_video(setting: RuleContext) -> str:
    """Return the model of a video card for the guest: the first that fits."""
    guest, known = setting.guest, setting.domcaps
    models = (known.device("video", "modelType") if known is not None else None) or ()
    qxl_fits = guest.is_x86 and setting.like_qemu and (not models or "qxl" in models)
    choices = (
        ("vmvga", setting.product == "vmware"),
        ("vbox", setting.product == "vbox"),
        ("vga", guest.is_pseries),
        ("virtio", guest.is_loongarch or guest.is_riscv_virt or guest.is_s390x),
        ("virtio", has_spice(setting) and _uses_gl(setting)),
        ("virtio", "virtio" in models and setting.profile.virtio_gpu),
        ("qxl", has_spice(setting) and qxl_fits),
        ("ramfb", guest.is_uefi and guest.is_arm_virt),
        ("bochs", guest.is_uefi and "bochs" in models),
    )
    return next((model for model, fits in choices if fits), "vga")


def fill_video(setting: RuleContext) -> None:
    """Add a video card for the display; the model depends on host and profile."""
    guest = setting.guest
    if not guest.devices("video") and guest.devices("graphics"):  # else libvirt adds one, and not the best
        tree.add(guest.add_device("video"), tree.element("model"))
    fill_models(setting)


def fill_models(setting: RuleContext) -> None:
    """Set the model of each video card without one; enable 3D acceleration if the display supports it."""
    for video in setting.devices("video"):
        if path.get(video, "./model/@type") in (None, "", "default"):
            path.put(video, "./model/@type", _default_video(setting))
        shows_3d = path.get(video, "./model/@type") == "virtio" and has_spice(setting) and _uses_gl(setting)
        if shows_3d and path.get(video, "./model/acceleration/@accel3d") is None:
            path.put(video, "./model/acceleration/@accel3d", "yes")


def add_sound(setting: RuleContext) -> None:
    """Add a sound card for SPICE."""
    setting.guest.add_device("sound")


def fill_sound(setting: RuleContext) -> None:
    """Use ICH9 on PCI Express machines, otherwise ICH6."""
    for sound in setting.devices("sound"):
        if sound.get("model", "default") in ("", "default"):
            sound.set("model", "ich9" if setting.guest.has_pcie else "ich6")


def add_spice_channel(setting: RuleContext) -> None:
    """Add the channel of the SPICE guest agent."""
    channel = setting.guest.add_device("channel", type="spicevmc")
    tree.add(channel, tree.element("target", None, {"type": "virtio", "name": SPICE_AGENT}))


def add_redirdevs(setting: RuleContext) -> None:
    """Add two USB redirectors."""
    for _ in range(2):
        setting.guest.add_device("redirdev", bus="usb", type="spicevmc")


def add_tablet(setting: RuleContext) -> None:
    """Add a tablet for absolute pointer positions, and a keyboard if there is none."""
    guest = setting.guest
    if guest.is_s390x:
        guest.add_device("input", type="tablet", bus="virtio")
        guest.add_device("input", type="keyboard", bus="virtio")
        return
    guest.add_device("input", type="tablet", bus="usb")
    if not guest.is_x86:
        guest.add_device("input", type="keyboard", bus="usb")


def _usb_off(setting: RuleContext) -> bool:
    return any(
        device.get("type") == "usb" and device.get("model") == "none" for device in setting.guest.devices("controller")
    )


def _wants_tablet(setting: RuleContext) -> bool:
    guest = setting.guest
    if guest.devices("input") or setting.is_refused("input") or not guest.devices("graphics") or guest.is_container:
        return False
    if setting.product:
        return False
    return not guest.is_xen_pv and (guest.is_s390x or not _usb_off(setting))


BEFORE = (
    Rule("graphics", "SPICE if the host offers it, otherwise VNC", _wants_graphics, add_graphics, "--graphics none"),
    Rule(
        "graphics-details",
        "type, ports and, for a local SPICE display, no image compression",
        lambda setting: True,
        fill_graphics,
        "--graphics TYPE,port=...,image.compression=...",
    ),
)

RULES = (
    Rule(
        "video",
        "a video card for the display; the model depends on host and profile",
        lambda setting: setting.guest.is_hvm and setting.product != "hyperv",
        fill_video,
        "--video model.type=none",
    ),
    Rule(
        "input",
        "a tablet for absolute pointer positions, and a keyboard if the machine has none",
        _wants_tablet,
        add_tablet,
        "--input none",
    ),
    Rule(
        "spice-channel",
        "channel for the SPICE guest agent",
        lambda setting: (
            has_spice(setting)
            and setting.like_qemu
            and not setting.is_refused("channel")
            and not any(each.get("type") == "spicevmc" for each in setting.guest.devices("channel"))
        ),
        add_spice_channel,
        "--channel none",
    ),
    Rule(
        "spice-sound",
        "a sound card for SPICE",
        lambda setting: (
            has_spice(setting)
            and (setting.like_qemu or setting.driver == "xen")
            and setting.guest.is_hvm
            and not setting.guest.devices("sound")
            and not setting.is_refused("sound")
        ),
        add_sound,
        "--sound none",
    ),
    Rule(
        "sound-model",
        "ICH9 on PCI Express machines, otherwise ICH6",
        lambda setting: True,
        fill_sound,
        "--sound model=...",
    ),
    Rule(
        "spice-usb",
        "two USB redirectors",
        lambda setting: (
            has_spice(setting)
            and setting.like_qemu
            and setting.guest.is_hvm
            and setting.guest.is_x86
            and not setting.guest.devices("redirdev")
            and not setting.is_refused("redirdev")
            and not _usb_off(setting)
        ),
        add_redirdevs,
        "--redirdev none",
    ),
)
