"""A disk that leaves a guest leaves its data on the host: that is said, with the command that deletes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.xml.tree import Element


def notes(gone: tuple[Element, ...]) -> tuple[str, ...]:
    """One sentence for each removed disk whose data stays; media of drives and disks that are shared are not meant."""
    return tuple(sentence for device in gone if (sentence := _note(device)))


def _note(device: Element) -> str:
    shared = any(tree.child(device, tag) is not None for tag in ("readonly", "shareable"))
    if device.tag != "disk" or device.get("device", "disk") != "disk" or shared:
        return ""
    pool, volume = path.get(device, "./source/@pool"), path.get(device, "./source/@volume")
    where = path.get(device, "./source/@file") or path.get(device, "./source/@dev")
    if pool and volume:
        words, command = f"the volume {volume} of the pool '{pool}'", f"virsh vol-delete {volume} --pool {pool}"
    elif where and not where.startswith("/dev/"):
        words, command = where, f"virsh vol-delete {where}"
    elif where:
        return f"The data of the removed disk stays on {where}"
    else:
        return ""
    return f"The data of the removed disk stays in {words}: once no guest needs it, `{command}` deletes it"
