"""Report that the data of a removed disk stays on the host, with the command that deletes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.disks.source import BLOCK, FILE, VOLUME, DiskSource
from virtprov.support.text import shell_word
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.xml.tree import Element


def notes(removed: tuple[Element, ...]) -> tuple[str, ...]:
    """Return one sentence for each removed disk whose data stays, except for removable media and shared disks."""
    return tuple(sentence for device in removed if (sentence := _note(device)))


def _note(device: Element) -> str:
    shared = any(tree.child(device, tag) is not None for tag in ("readonly", "shareable"))
    if device.tag != "disk" or device.get("device", "disk") != "disk" or shared:
        return ""
    source = DiskSource.of(device)
    if source.kind == VOLUME and source.pool:
        words = f"volume {source.volume} of pool '{source.pool}'"
        command = f"virsh vol-delete {shell_word(source.volume)} --pool {shell_word(source.pool)}"
    elif source.kind not in (FILE, BLOCK):
        return ""
    elif source.path.startswith("/dev/"):
        return f"The data of the removed disk is still on {source.path}"
    else:
        words, command = source.path, f"virsh vol-delete {shell_word(source.path)}"
    return f"The data of the removed disk is still in {words}; when no guest needs it, delete it with `{command}`"
