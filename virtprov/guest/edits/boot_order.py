"""Keep the boot order of a guest free of contradictions when one device gets a place in it."""

from __future__ import annotations

from virtprov.guest.document import Guest
from virtprov.support import log
from virtprov.support.notation.units import is_whole
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def settle(guest: Guest, device: Element, before: str = "") -> None:
    """Make room for a device that has a new place in the boot order; `before` is its old one.

    A device that has this place moves back, and so on. The order in `<os>` is removed: libvirt refuses to have both.
    """
    order = path.text(device, "./boot/@order")
    if not order or order == before or not is_whole(order):
        return
    _drop_legacy(guest)
    others = {
        int(at): other
        for other in guest.devices()
        if other is not device and is_whole(at := path.text(other, "./boot/@order"))
    }
    place, pushed = int(order), []
    while place in others:
        pushed.append(others[place])
        place += 1
    for number, other in enumerate(pushed, int(order) + 1):
        path.put(other, "./boot/@order", str(number))


def _drop_legacy(guest: Guest) -> None:
    system = tree.child(guest.root, "os")
    for boot in tree.children(system, "boot") if system is not None else ():
        log.debug("remove <boot dev='%s'/> from <os>: a device has a boot order of its own", boot.get("dev"))
        tree.remove(boot)
