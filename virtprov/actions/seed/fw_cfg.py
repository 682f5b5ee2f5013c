"""Entries of QEMU's fw_cfg in a guest's definition, which systemd in the guest reads as its credentials.

systemd.system-credentials(7): `tmpfiles.extra` has lines of tmpfiles.d(5) for every boot, since version 252.
"""

from __future__ import annotations

from virtprov.guest.document import Guest
from virtprov.xml import tree
from virtprov.xml.tree import Element

PREFIX = "opt/io.systemd.credentials/"
TMPFILES = "tmpfiles.extra"
ENDING = ".cred"
"""The file name ending of a credential that virtprov has created."""
_ENABLE = "r! /etc/cloud/cloud-init.disabled"


def is_possible(guest: Guest) -> bool:
    """Return whether the guest's machine has fw_cfg."""
    return guest.domain_type in ("qemu", "kvm", "hvf") and (guest.is_x86 or guest.is_arm_virt)


def enable_cloud_init(guest: Guest) -> bool:
    """Let systemd remove the file that disables cloud-init, early at every boot; cloud-init runs at the next one.

    Returns False if that is not possible: without fw_cfg, or if the guest has lines of its own there.
    """
    own = [entry for box in tree.children(guest.root, "sysinfo") for entry in tree.children(box, "entry")]
    is_used = any(entry.get("name") == PREFIX + TMPFILES and (entry.text or "").strip() != _ENABLE for entry in own)
    if is_used or not is_possible(guest):
        return False
    add_entry(guest, TMPFILES).text = _ENABLE
    return True


def drop_enabling(guest: Guest) -> None:
    """Remove what `enable_cloud_init` added."""
    for box in tree.children(guest.root, "sysinfo"):
        for entry in tree.children(box, "entry"):
            if entry.get("name") == PREFIX + TMPFILES and (entry.text or "").strip() == _ENABLE:
                tree.remove(entry)
        if box.get("type") == "fwcfg" and not tree.children(box):
            tree.remove(box)


def add_entry(guest: Guest, name: str) -> Element:
    """Add a credential to the guest and return its element, which has no value yet."""
    boxes = [box for box in tree.children(guest.root, "sysinfo") if box.get("type") == "fwcfg"]
    box = boxes[0] if boxes else tree.add(guest.root, tree.element("sysinfo", None, {"type": "fwcfg"}))
    for entry in tree.children(box, "entry"):
        if entry.get("name") == PREFIX + name:
            tree.remove(entry)
    return tree.add(box, tree.element("entry", None, {"name": PREFIX + name}))
