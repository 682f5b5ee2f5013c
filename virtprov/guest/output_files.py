"""Files that QEMU and libvirt write for devices of a guest: logs, crash records, recorded sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.xml import path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.xml.tree import Element

CHARACTER_DEVICES = ("serial", "parallel", "console", "channel", "smartcard", "redirdev", "rng")
_OF_DEVICE = "./source/@path"
_PLACES = (
    *((tag, "./log/@file") for tag in CHARACTER_DEVICES),
    ("serial", _OF_DEVICE), ("console", _OF_DEVICE),
    ("interface", "./backend/@logFile"), ("pstore", "./path"), ("audio", "./@path"),
)  # fmt: skip


def find_output_files(root: Element) -> Iterator[tuple[Element, str]]:
    """Yield the devices below `root`, the element of a guest, that write to a file, each with the place of its path."""
    for tag, place in _PLACES:
        for device in root.iterfind(f"devices/{tag}"):
            if path.text(device, place) and (place != _OF_DEVICE or device.get("type") == "file"):
                yield device, place


def list_output_files(root: Element) -> Iterator[str]:
    """Yield the paths of these files; a console that is also a serial port names its file twice."""
    return (path.text(device, place) for device, place in find_output_files(root))
