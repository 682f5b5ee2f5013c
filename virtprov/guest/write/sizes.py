"""Sizes in other units than those of the options, such as `<memory unit='GiB'>`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from virtprov.support.notation.units import KIB, factor, is_whole
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

_SIZES = {
    "memory": ("./memory", "./currentMemory", "./maxMemory"),
    "memdev": ("./target/size", "./target/label/size"),
    "memtune": ("./memtune/hard_limit", "./memtune/soft_limit", "./memtune/swap_hard_limit", "./memtune/min_guarantee"),
}
"""Option groups whose numbers are in KiB in the XML, and their paths."""
_ATTRIBUTES = {"cpu": ("./cpu/numa", "cell", "memory"), "memorybacking": ("./memoryBacking/hugepages", "page", "size")}
"""The same for numbers in attributes: where the elements are, their tag, and the attribute."""


class _Size:
    """One size: its element as it was, with the number in KiB if it could be converted ("" if not).

    The number is the attribute `key`, or the text if `key` is "".
    """

    __slots__ = ("key", "kib", "node", "text", "unit")

    def __init__(self, node: Element, key: str = "") -> None:
        self.node, self.key = node, key
        self.text = self._number()
        self.unit = node.get("unit", "KiB")
        self.kib = ""
        text, scale = (self.text or "").strip(), factor(self.unit)
        if self.unit != "KiB" and is_whole(text) and scale is not None:
            self.kib = str(int(text) * scale // KIB)
            self._put(self.kib)
            node.set("unit", "KiB")

    def _number(self) -> str | None:
        return self.node.get(self.key) if self.key else self.node.text

    def _put(self, text: str | None) -> None:
        if not self.key:
            self.node.text = text
        elif text is not None:
            self.node.set(self.key, text)

    def settle(self) -> None:
        """Restore a number that has not changed; a new one is in KiB, unless the edit has given it another unit."""
        node = self.node
        if self.kib and self._number() == self.kib:
            self._put(self.text)
            if node.get("unit") == "KiB":
                node.set("unit", self.unit)
        elif not self.kib and self.unit != "KiB" and self._number() != self.text and node.get("unit") == self.unit:
            node.attrib.pop("unit", None)


@contextmanager
def in_kib(top: Element, group: str) -> Iterator[None]:
    """Convert the sizes of a group to KiB in this block; those that do not change keep their unit.

    A number that replaces something else than a number of a known unit is written without a unit, which means KiB.
    `top` is where the group's paths start: the guest's root, or a device.
    """
    nodes = [path.find(top, place) for place in _SIZES.get(group, ())]
    sizes = [_Size(node) for node in nodes if node is not None]
    for where, tag, key in (_ATTRIBUTES[group],) if group in _ATTRIBUTES else ():
        above = path.find(top, where)
        sizes += [_Size(node, key) for node in tree.children(above, tag)] if above is not None else []
    yield
    for size in sizes:
        size.settle()
