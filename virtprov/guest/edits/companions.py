"""Devices that belong together: SPICE and its helpers, a serial port and its console."""

from __future__ import annotations

from virtprov.guest.defaults import clock, display
from virtprov.guest.document import Guest
from virtprov.guest.edits.only import SERIAL_MODELS
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


def after_edit(setting: RuleContext, node: Element, before: Element) -> None:
    """Follow up on an edited device: the helpers of a display, the type of a serial port, the twins of USB 2."""
    if node.tag == "serial":
        _follow_model(node, before)
    if node.tag == "controller":
        _drop_companions(setting.guest, node, before)
    if node.tag != "graphics":
        return
    was, now = before.get("type"), node.get("type")
    if was == now:
        return
    if was == "spice" and not display.has_spice(setting):
        drop_spice(setting.guest)
    if now == "spice":
        _add_spice(setting)


def _follow_model(serial: Element, before: Element) -> None:
    """Give a serial port whose model has changed the type of that model."""
    model, kind = (path.text(serial, place) for place in ("./target/model/@name", "./target/@type"))
    if model == path.text(before, "./target/model/@name") or kind != path.text(before, "./target/@type"):
        return
    fit = next((name for name, models in SERIAL_MODELS.items() if model in models), "")
    if fit and kind and kind != fit:
        path.put(serial, "./target/@type", fit)


def _drop_companions(guest: Guest, controller: Element, before: Element) -> None:
    """Remove the UHCI companions of a USB 2 controller (ich9-ehci1) that has become one of another model."""
    was, now = before.get("model", ""), controller.get("model", "")
    if not was.startswith("ich9-ehci") or now.startswith("ich9-"):
        return
    for other in guest.devices("controller"):
        is_companion = other.get("type") == "usb" and tree.child(other, "master") is not None
        if is_companion and other.get("index", "0") == controller.get("index", "0"):
            tree.remove(other)


def complete_topology(guest: Guest) -> None:
    """Write the parts of an edited CPU topology that are not given, all of which libvirt requires.

    The first of them makes up for the number of processors, if that is a multiple of the others.
    """
    if not guest.has("./cpu/topology"):
        return
    vcpus = guest.get("./vcpu").strip()
    total = int(vcpus) if vcpus.isdecimal() and len(vcpus) < 10 else 1
    count = guest.count_in_topology()
    guest.complete_topology(total // count if count and total % count == 0 else 1)


def _add_spice(setting: RuleContext) -> None:
    """Add the helpers of SPICE: the agent's channel, sound, USB redirection, no VMware port."""
    guest = setting.guest
    if not any(device.get("type") == "spicevmc" for device in guest.devices("channel")):
        display.add_spice_channel(setting)
    if not guest.devices("sound"):
        display.add_sound(setting)
        display.fill_sound(RuleContext(guest, setting.host, setting.profile))
    if guest.is_x86:
        if not guest.devices("redirdev"):
            display.add_redirdevs(setting)
        clock.set_vmport(setting)


def after_removal(guest: Guest, removed: Element) -> None:
    """Follow up on a removed device: remove its twin, references to it, or the helpers of the last SPICE display."""
    if removed.tag == "graphics" and removed.get("type") == "spice":
        if not any(device.get("type") == "spice" for device in guest.devices("graphics")):
            drop_spice(guest)
    elif removed.tag == "serial":
        _drop_twin(guest, removed)
    elif removed.tag == "audio":
        _drop_audio_references(guest, removed)


def drop_spice(guest: Guest) -> None:
    """Remove what only serves SPICE: agent channel, USB redirection, smartcard, sound."""
    for tag in ("channel", "redirdev", "smartcard", "audio"):
        for device in guest.devices(tag):
            if device.get("type") in ("spicevmc", "spice"):
                tree.remove(device)
                if tag == "audio":
                    _drop_audio_references(guest, device)


def _drop_audio_references(guest: Guest, removed: Element) -> None:
    """Remove what names a removed audio backend: libvirt refuses a sound card or VNC display whose backend is missing.

    Without the reference the device uses the guest's first backend.
    """
    for tag in ("sound", "graphics"):
        for device in guest.devices(tag):
            for reference in tree.children(device, "audio"):
                if reference.get("id") == removed.get("id"):
                    tree.remove(reference)


def _drop_twin(guest: Guest, removed: Element) -> None:
    """Remove the first console, which is libvirt's second view of the first serial port.

    A port without its console gets one again, so a removed console has no twin.
    """
    if (path.get(removed, "./target/@port") or "0") != "0":
        return
    for console in guest.devices("console"):
        kind = path.get(console, "./target/@type") or "serial"
        port = path.get(console, "./target/@port") or "0"
        if kind == "serial" and port == "0" and console.get("type") == removed.get("type"):
            tree.remove(console)
            return
