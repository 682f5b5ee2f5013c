"""Sizes in other units than those of the options, such as `<memory unit='GiB'>`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from virtprov.support.units import KIB, factor, is_whole
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

_SIZES = {
    "memory": ("./memory", "./currentMemory", "./maxMemory"),
    "memdev": ("./target/size", "./target/label/size"),
    "memtune": ("./memtune/hard_limit", "./memtune/soft_limit", "./memtune/swap_hard_limit", "./memtune/min_guarantee"),
}
"""Option groups whose numbers are in KiB in the XML, and their paths."""


class _Size:
    """One size: its element as it was, with the number in KiB if it could be converted ("" if not)."""

    __slots__ = ("kib", "node", "text", "unit")

    def __init__(self, node: Element) -> None:
        self.node = node
        self.text = node.text
        self.unit = node.get("unit", "KiB")
        self.kib = ""
        text, scale = (node.text or "").strip(), factor(self.unit)
        if self.unit != "KiB" and is_whole(text) and scale is not None:
            self.kib = str(int(text) * scale // KIB)
            node.text = self.kib
            node.set("unit", "KiB")

    def settle(self) -> None:
        """Restore a number that has not changed; a new one is in KiB, unless the edit has given it another unit."""
        node = self.node
        if self.kib and node.text == self.kib:
            node.text = self.text
            if node.get("unit") == "KiB":
                node.set("unit", self.unit)
        elif not self.kib and self.unit != "KiB" and node.text != self.text and node.get("unit") == self.unit:
            node.attrib.pop("unit", None)


@contextmanager
def in_kib(top: Element, group: str) -> Iterator[None]:
    """Convert the sizes of a group to KiB in this block; those that do not change keep their unit.

    A number that replaces something else than a number of a known unit is written without a unit, which means KiB.
    `top` is where the group's paths start: the guest's root, or a device.
    """
    nodes = [path.find(top, place) for place in _SIZES.get(group, ())]
    sizes = [_Size(node) for node in nodes if node is not None]
    cells = [(cell, cell.get("memory"), cell.get("unit")) for cell in _cells(top, group)]
    yield
    for size in sizes:
        size.settle()
    for cell, memory, unit in cells:
        if unit is not None and cell.get("memory") != memory and cell.get("unit") == unit:
            cell.attrib.pop("unit")


def _cells(top: Element, group: str) -> list[Element]:
    numa = path.find(top, "./cpu/numa") if group == "cpu" else None
    return [] if numa is None else tree.children(numa, "cell")
