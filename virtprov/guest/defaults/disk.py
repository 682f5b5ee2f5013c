"""Buses and target names of disks."""

from __future__ import annotations

from virtprov.guest.rules.rule_context import Rule, RuleContext
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

_PREFIX = {
    "virtio": "vd",
    "sata": "sd",
    "scsi": "sd",
    "usb": "sd",
    "ide": "hd",
    "fdc": "fd",
    "xen": "xvd",
    "sd": "sd",
    "nvme": "nvme",
}
_MOST = {"hd": 4, "fd": 2}


def default_bus(setting: RuleContext, disk: Element) -> str:
    """The best bus the operating system and the machine know for this kind of drive: the first that fits."""
    guest, device = setting.guest, disk.get("device", "disk")
    virtio = setting.is_qemu and guest.takes_virtio and (setting.profile.virtio_disk or guest.is_virtio_only)
    choices = (
        ("fdc", device == "floppy"),
        ("xen", guest.is_xen_pv),
        ("", not guest.is_hvm),
        ("virtio", virtio and device == "disk"),
        ("scsi", virtio and device == "lun"),
        ("scsi", setting.product == "vmware" and device == "disk"),
        ("sd", guest.is_arm and guest.machine.startswith("vexpress")),
        ("scsi", guest.is_virtio_only or (guest.is_arm_virt and device != "disk")),
        ("sata", guest.is_q35 or setting.driver == "bhyve"),
        ("ide", guest.is_x86),
    )
    return next((bus for bus, fits in choices if fits), "usb")


def fill_bus(setting: RuleContext) -> None:
    """Set the bus of each disk without one; CD-ROMs are read-only."""
    for disk in setting.devices("disk"):
        if not disk.get("device"):
            disk.set("device", "disk")
        if path.get(disk, "./target/@bus") is None and (bus := default_bus(setting, disk)):
            path.put(disk, "./target/@bus", bus)
        if disk.get("device") == "cdrom" and tree.child(disk, "readonly") is None:
            path.ensure(disk, "./readonly")


def fill_targets(setting: RuleContext) -> None:
    """Set the next free target name of each disk without one; raises UsageError if a bus is full.

    Gaps are only filled when no name after them is left, so that names keep the order of the disks.
    """
    taken = {*setting.taken, *(path.get(disk, "./target/@dev") for disk in setting.guest.disks())}
    for disk in setting.devices("disk"):
        if path.get(disk, "./target/@dev"):
            continue
        name = _free(path.text(disk, "./target/@bus"), taken)
        taken.add(name)
        path.put(disk, "./target/@dev", name)


def prefix(bus: str) -> str:
    """Return how the target names of disks on a bus begin."""
    return _PREFIX.get(bus, "sd" if bus else "hd")


def _free(bus: str, taken: set[str | None]) -> str:
    start = prefix(bus)
    most = _MOST.get(start, 18278)
    free, behind = "", ""
    left = {name for name in taken if name and name.startswith(start)}
    for number in range(most):
        name = f"nvme{number}n1" if start == "nvme" else start + letters(number)
        if name in left:
            left.discard(name)
            behind = ""
        else:
            free, behind = free or name, behind or name
        if behind and not left:
            return behind
    if free:
        return free
    raise UsageError(
        f"bus '{bus}' can have at most {most} drives", hint="give some disks another bus=, such as virtio or sata"
    )


def letters(number: int) -> str:
    """Return 0 -> a, 25 -> z, 26 -> aa: the ending of a disk's target name."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("a") + rest) + name
    return name


RULES = (
    Rule(
        "disk-bus",
        "the bus of disks without one; CD-ROMs are read-only",
        lambda setting: True,
        fill_bus,
        "--disk bus=...",
    ),
    Rule(
        "disk-target",
        "the next free target name for disks without one",
        lambda setting: True,
        fill_targets,
        "--disk target.dev=...",
    ),
)
