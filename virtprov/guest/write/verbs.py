"""Values of guest-wide option groups with a special effect: one small function for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from virtprov.guest.document import Guest
from virtprov.support.notation.units import is_whole
from virtprov.xml import path, tree


def apply(guest: Guest, group: str, verbs: Mapping[str, str]) -> None:
    """Apply the special values of one use of a group to the guest."""
    if group == "boot":
        _boot_devices(guest, verbs)
    elif group == "cpu":
        _no_cpu(guest, verbs)
    for word, act in _ACTS.get(group, {}).items():
        if word in verbs:
            act(guest, verbs[word])


def _no_cpu(guest: Guest, verbs: Mapping[str, str]) -> None:
    """Apply values that leave the CPU to libvirt."""
    from virtprov.options import cpu

    if verbs.get("preset") in cpu.NO_CPU:
        path.switch(guest.root, "./cpu", False)


def _boot_devices(guest: Guest, verbs: Mapping[str, str]) -> None:
    """`hd,cdrom`: set exactly this order; remove the order on devices, which would conflict with it."""
    from virtprov.options import boot

    words = boot.order(verbs)
    if not words:
        return
    for old in tree.children(guest.ensure("./os"), "boot"):
        tree.remove(old)
    for device in guest.devices():
        path.put(device, "./boot/@order", None)
    for word in words:
        tree.add(guest.ensure("./os"), tree.element("boot", None, {"dev": word}))


def _init_arguments(guest: Guest, text: str) -> None:
    from virtprov.options import boot

    for old in tree.children(guest.ensure("./os"), "initarg"):
        tree.remove(old)
    for word in boot.arguments(text):
        tree.add(guest.ensure("./os"), tree.element("initarg", word))


def _memory(guest: Guest, kib: str) -> None:
    """Set the current memory; the maximum is increased if it is smaller."""
    guest.put("./currentMemory", kib)
    whole = guest.get("./memory")
    if not is_whole(whole) or int(whole) < int(kib):
        guest.put("./memory", kib)


def _smbios_mode(guest: Guest, mode: str) -> None:
    guest.put("./os/smbios/@mode", mode)


def _arguments(guest: Guest, text: str) -> None:
    """Append arguments for the emulator."""
    from virtprov.options import security

    for word in security.arguments(text):
        tree.add(guest.ensure("./qemu:commandline"), tree.element("qemu:arg", None, {"value": word}))


_ACTS: dict[str, dict[str, Callable[[Guest, str], None]]] = {
    "boot": {"initargs": _init_arguments},
    "memory": {"memory": _memory},
    "qemu-commandline": {"args": _arguments},
    "sysinfo": {"smbios.mode": _smbios_mode},
}
