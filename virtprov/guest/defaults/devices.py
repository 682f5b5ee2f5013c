"""Controllers, consoles, channels, random numbers, balloon, watchdog and other small devices."""

from __future__ import annotations

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

AGENT = "org.qemu.guest_agent.0"
SPICE_AGENT = "com.redhat.spice.0"
ROOT_PORTS = 14
"""The default number of PCI Express root ports; QEMU 6.1 has a bug with 15 and more."""


def controllers(setting: RuleContext, kind: str) -> list[Element]:
    """Return the guest's controllers of one type."""
    return [device for device in setting.guest.devices("controller") if device.get("type") == kind]


# -- USB ------------------------------------------------------------------------------------------


def _wants_usb(setting: RuleContext) -> bool:
    guest = setting.guest
    if controllers(setting, "usb") or guest.is_container or guest.is_xen_pv or setting.driver == "xen":
        return False
    if setting.driver in ("vz", "bhyve") or setting.product:
        return False
    return guest.is_x86 or guest.is_virtio_only or guest.is_arm_virt


def _has_usb3(setting: RuleContext) -> bool:
    guest = setting.guest
    if not setting.is_qemu:
        return False
    return setting.profile.usb3 or guest.is_arm_virt or guest.is_riscv_virt or guest.is_pseries or guest.is_loongarch


def add_usb(setting: RuleContext) -> None:
    """Add xHCI if the operating system supports it, otherwise EHCI with its three companions; none on s390x."""
    guest = setting.guest
    if guest.is_s390x:
        return
    if _has_usb3(setting):
        guest.add_device("controller", type="usb", model="qemu-xhci", ports="15")
        return
    add_ehci(setting)


def add_ehci(setting: RuleContext) -> None:
    """Add USB 2: an EHCI controller and its three UHCI companions."""
    setting.guest.add_device("controller", type="usb", model="ich9-ehci1")
    for number in range(3):
        companion = setting.guest.add_device("controller", type="usb", model=f"ich9-uhci{number + 1}")
        tree.add(companion, tree.element("master", None, {"startport": str(number * 2)}))


# -- PCI ------------------------------------------------------------------------------------------


def _wants_ports(setting: RuleContext) -> bool:
    return setting.guest.has_pcie and setting.is_qemu and not controllers(setting, "pci")


def add_root_ports(setting: RuleContext) -> None:
    """Add a PCI Express root with free ports, so that devices can be hot-plugged later."""
    chosen = setting.choices.root_ports
    count = ROOT_PORTS if chosen is None else chosen
    if not count:
        return
    setting.guest.add_device("controller", type="pci", model="pcie-root")
    for _ in range(count):
        setting.guest.add_device("controller", type="pci", model="pcie-root-port")


def wants_scsi(setting: RuleContext) -> bool:
    """Return whether there is a SCSI disk without a controller."""
    takes = setting.is_qemu or setting.product == "vmware"
    return takes and len(controllers(setting, "scsi")) < _count_scsi_controllers(setting)


def add_scsi(setting: RuleContext) -> None:
    """Add a controller for every seven SCSI disks, of the same model as those that are there.

    Otherwise it is virtio-scsi; LSI Logic on VMware.
    """
    there = controllers(setting, "scsi")
    model = there[0].get("model", "") if there else ""
    if not there and setting.product == "vmware":
        model = "lsilogic"
    elif not there and (setting.profile.virtio_scsi or setting.guest.is_virtio_only):
        model = "virtio-scsi"
    for number in range(len(there), _count_scsi_controllers(setting) if model else 0):
        index = {"index": str(number)} if number else {}
        setting.guest.add_device("controller", type="scsi", **index, model=model)


ON_ONE_BUS = 7
"""How many SCSI disks libvirt connects to one controller: sda to sdg to the first, as `virsh dumpxml` shows."""


def _count_scsi_controllers(setting: RuleContext) -> int:
    """Return how many controllers libvirt expects: it derives the address of a disk from its target name."""
    needed = 0
    for disk in setting.guest.disks():
        if path.get(disk, "./target/@bus") == "scsi" and path.get(disk, "./address/@controller") is None:
            needed = max(needed, _position(path.text(disk, "./target/@dev")) // ON_ONE_BUS + 1)
    return needed


def _position(target: str) -> int:
    """Return 0 for sda, 25 for sdz, 26 for sdaa; other names count as the first."""
    number = 0
    for letter in target[2:]:
        if not "a" <= letter <= "z":
            return 0
        number = number * 26 + ord(letter) - ord("a") + 1
    return max(number - 1, 0)


# -- consoles and channels ------------------------------------------------------------------------


def _wants_console(setting: RuleContext) -> bool:
    guest = setting.guest
    if setting.product:  # their serial ports are files and pipes of the host
        return False
    return not (guest.devices("console") or guest.devices("serial") or setting.is_refused("console"))


def add_console(setting: RuleContext) -> None:
    """Add a text console: a pseudo terminal, SCLP on IBM Z, a null modem pair on bhyve."""
    guest = setting.guest
    if setting.driver == "bhyve":
        console = guest.add_device("console", type="nmdm")
        ends = {"master": f"/dev/nmdm{guest.uuid}A", "slave": f"/dev/nmdm{guest.uuid}B"}
        tree.add(console, tree.element("source", None, ends))
        return
    console = guest.add_device("console", type="pty")
    if guest.is_s390x:
        tree.add(console, tree.element("target", None, {"type": "sclp"}))


def _virtio_serial(setting: RuleContext) -> bool:
    guest = setting.guest
    if not setting.is_qemu or not guest.takes_virtio:
        return False
    return setting.profile.virtio_serial or guest.is_virtio_only


def _wants_agent(setting: RuleContext) -> bool:
    guest = setting.guest
    if setting.is_refused("channel") or guest.devices("channel"):
        return False
    return _virtio_serial(setting) and not guest.is_container


def add_agent_channel(setting: RuleContext) -> None:
    """Add the channel of the QEMU guest agent."""
    channel = setting.guest.add_device("channel", type="unix")
    tree.add(channel, tree.element("source", None, {"mode": "bind"}))
    tree.add(channel, tree.element("target", None, {"type": "virtio", "name": AGENT}))


# -- small virtio devices -------------------------------------------------------------------------


def _wants_rng(setting: RuleContext) -> bool:
    guest = setting.guest
    if guest.devices("rng") or setting.is_refused("rng") or not setting.is_qemu or not guest.takes_virtio:
        return False
    return setting.profile.virtio_rng


def add_rng(setting: RuleContext) -> None:
    """Add random numbers from the host."""
    rng = setting.guest.add_device("rng", model="virtio")
    tree.add(rng, tree.element("backend", "/dev/urandom", {"model": "random"}))


def _wants_balloon(setting: RuleContext) -> bool:
    guest = setting.guest
    if guest.devices("memballoon") or setting.is_refused("memballoon") or not setting.is_qemu:
        return False
    return setting.profile.virtio_balloon and guest.takes_virtio


def add_balloon(setting: RuleContext) -> None:
    """Add a balloon, which returns memory to the host and reports statistics."""
    setting.guest.add_device("memballoon", model="virtio")


def fill_details(setting: RuleContext) -> None:
    """Complete small devices of which only the name was given."""
    _fill_emulated(setting)
    _fill_forwarded(setting)


def _fill_emulated(setting: RuleContext) -> None:
    for rng in setting.devices("rng"):
        if not rng.get("model"):
            rng.set("model", "virtio")
    for watchdog in setting.devices("watchdog"):
        if watchdog.get("model", "default") in ("", "default"):
            watchdog.set("model", "i6300esb")
        if not watchdog.get("action"):
            watchdog.set("action", "reset")
    for vsock in setting.devices("vsock"):
        if vsock.get("model", "default") in ("", "default"):
            vsock.set("model", "virtio")
        if path.find(vsock, "./cid") is None:
            path.put(vsock, "./cid/@auto", "yes")
    for pointer in setting.devices("input"):
        if not pointer.get("type"):
            pointer.set("type", "mouse")
    for panic in setting.devices("panic"):
        if panic.get("model") == "default":
            del panic.attrib["model"]
    for balloon in setting.devices("memballoon"):
        if balloon.get("model", "default") == "default":
            balloon.set("model", "virtio")


def _fill_forwarded(setting: RuleContext) -> None:
    """Complete devices that send their data through SPICE or a socket."""
    for card in setting.devices("smartcard"):
        if card.get("mode", "default") in ("", "default"):
            card.set("mode", "passthrough")
        if not card.get("type"):  # libvirt looks at it for a card passed through only
            card.set("type", "spicevmc" if card.get("mode") == "passthrough" else "tcp")
    for redirdev in setting.devices("redirdev"):
        if not redirdev.get("bus"):
            redirdev.set("bus", "usb")
        if not redirdev.get("type"):
            redirdev.set("type", "spicevmc")
    for channel in setting.devices("channel"):
        if channel.get("type") in ("spicevmc", "qemu-vdagent"):
            _default(channel, "./target/@type", "virtio")
            _default(channel, "./target/@name", SPICE_AGENT)
    for tag in ("serial", "parallel", "console", "channel"):
        for device in setting.devices(tag):
            if device.get("type") == "unix":
                _default(device, "./source/@mode", "bind")


def _default(device: Element, where: str, value: str) -> None:
    if path.get(device, where) is None:
        path.put(device, where, value)


USB_PCI = (
    Rule(
        "usb",
        "xHCI if the operating system supports it, otherwise EHCI with three companions; none on s390x",
        _wants_usb,
        add_usb,
        "--controller usb,model=none",
    ),
    Rule(
        "scsi-controller",
        "one virtio-scsi controller for every seven SCSI disks, or more controllers of the model given",
        wants_scsi,
        add_scsi,
        "--controller scsi,model=...",
    ),
    Rule(
        "pcie-root-ports",
        "PCI Express root ports, so that devices can be hot-plugged later",
        _wants_ports,
        add_root_ports,
        "--controller num_pcie_root_ports=0",
    ),
)

RULES = (
    Rule(
        "console",
        "a text console: a pseudo terminal, SCLP on IBM Z, a null modem pair on bhyve",
        _wants_console,
        add_console,
        "--console none",
    ),
    Rule("guest-agent-channel", "channel for the QEMU guest agent", _wants_agent, add_agent_channel, "--channel none"),
    Rule("rng", "random numbers from the host", _wants_rng, add_rng, "--rng none"),
    Rule(
        "balloon",
        "a balloon returns memory to the host and reports the guest's memory statistics",
        _wants_balloon,
        add_balloon,
        "--memballoon none",
    ),
    Rule(
        "device-details",
        "missing details of simple devices",
        lambda setting: True,
        fill_details,
        "--watchdog model=...,action=..., and so on",
    ),
)
