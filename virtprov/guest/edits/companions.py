"""Devices that come and go together: SPICE and its helpers, a serial port and its console."""

from __future__ import annotations

from virtprov.guest.defaults import clock, display
from virtprov.guest.document import Guest
from virtprov.guest.rule_context import RuleContext
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def after_edit(setting: RuleContext, node: Element, before: Element) -> None:
    """Follow up on an edited device: what a display of another type brings along or leaves behind."""
    if node.tag != "graphics":
        return
    was, now = before.get("type"), node.get("type")
    if was == now:
        return
    if was == "spice" and not display.has_spice(setting):
        drop_spice(setting.guest)
    if now == "spice":
        _add_spice(setting)


def _add_spice(setting: RuleContext) -> None:
    """What goes with SPICE: its agent's channel, sound, USB redirection, no VMware port."""
    guest = setting.guest
    if not any(each.get("type") == "spicevmc" for each in guest.devices("channel")):
        display.add_spice_channel(setting)
    if not guest.devices("sound"):
        display.add_sound(setting)
        display.fill_sound(RuleContext(guest, setting.host, setting.profile))
    if guest.is_x86:
        if not guest.devices("redirdev"):
            display.add_redirdevs(setting)
        clock.set_vmport(setting)


def after_removal(guest: Guest, gone: Element) -> None:
    """Follow up on a removed device: its twin, or SPICE's helpers when the last SPICE display went."""
    if gone.tag == "graphics" and gone.get("type") == "spice":
        if not any(each.get("type") == "spice" for each in guest.devices("graphics")):
            drop_spice(guest)
    elif gone.tag == "serial":
        _drop_twin(guest, gone)


def drop_spice(guest: Guest) -> None:
    """Take out what only serves SPICE: agent channel, USB redirection, smartcard, sound."""
    for tag in ("channel", "redirdev", "smartcard", "audio"):
        for device in guest.devices(tag):
            if device.get("type") in ("spicevmc", "spice"):
                tree.remove(device)


def _drop_twin(guest: Guest, gone: Element) -> None:
    """libvirt prints the first serial port a second time, as the first console.

    Without its console the port comes back with one; so a removed console has no twin.
    """
    if (path.get(gone, "./target/@port") or "0") != "0":
        return
    for console in guest.devices("console"):
        kind = path.get(console, "./target/@type") or "serial"
        port = path.get(console, "./target/@port") or "0"
        if kind == "serial" and port == "0" and console.get("type") == gone.get("type"):
            tree.remove(console)
            return
