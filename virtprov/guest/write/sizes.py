"""Sizes in other units than those of the options, such as `<memory unit='GiB'>`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from virtprov.support.units import KIB, factor, is_whole
from virtprov.xml import path
from virtprov.xml.tree import Element

_SIZES = {
    "memory": ("./memory", "./currentMemory", "./maxMemory"),
    "memdev": ("./target/size", "./target/label/size"),
    "memtune": ("./memtune/hard_limit", "./memtune/soft_limit", "./memtune/swap_hard_limit", "./memtune/min_guarantee"),
}
"""Option groups whose numbers are in KiB in the XML, and their paths."""


@contextmanager
def in_kib(top: Element, group: str) -> Iterator[None]:
    """Convert the sizes of a group to KiB in this block; those that do not change keep their unit.

    `top` is where the group's paths start: the guest's root, or a device.
    """
    kept = [found for place in _SIZES.get(group, ()) if (found := _convert(top, place)) is not None]
    yield
    for node, text, unit, kib in kept:
        if node.text == kib:
            node.text = text
            if node.get("unit") == "KiB":
                node.set("unit", unit)


def _convert(top: Element, place: str) -> tuple[Element, str | None, str, str] | None:
    node = path.find(top, place)
    if node is None or not is_whole((node.text or "").strip()):
        return None
    unit = node.get("unit", "KiB")
    scale = factor(unit)
    if unit == "KiB" or scale is None:
        return None
    kept = node.text
    node.text = str(int(kept or 0) * scale // KIB)
    node.set("unit", "KiB")
    return node, kept, unit, node.text
