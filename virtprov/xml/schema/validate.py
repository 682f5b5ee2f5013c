"""The schema's verdict on a whole document, and what is wrong with it in words of our own."""

from __future__ import annotations

import os

from lxml import etree

from virtprov.xml import tree
from virtprov.xml.schema import schema_files, walk
from virtprov.xml.schema.graph import Graph
from virtprov.xml.schema.walk import NOWHERE, Finding
from virtprov.xml.tree import Element


class Schema:
    """The RelaxNG schema of guests, compiled, and the folder it is from."""

    def __init__(self, relaxng: etree.RelaxNG, where: str) -> None:
        self._relaxng = relaxng
        self._where = where

    @property
    def graph(self) -> Graph | None:
        """The same schema as a graph; None when it cannot be read. Most documents are good, and need it not."""
        return schema_files.load(self._where)

    def takes(self, root: Element) -> bool:
        """Whether the document is as the schema says."""
        return bool(self._relaxng.validate(root))

    def finding(self, root: Element) -> Finding | None:
        """What is wrong with a document; None when the schema takes it."""
        if self.takes(root):
            return None
        graph = self.graph
        found = walk.findings(graph, root) if graph is not None else []
        return found[0] if found else self._without(root)

    def _without(self, root: Element) -> Finding:
        """Find the place by taking things out of a copy until the schema takes it."""
        draft = tree.copy(root)
        where = self._pin(draft, draft)
        if where is None or where[0].tag == "devices":
            bad = self._culprits(draft)
            where = self._pin(draft, bad) if bad is not None else None
            if where is None and bad is not None:
                where = bad, ""
        if where is None:
            return Finding(NOWHERE, "the guest's XML does not match libvirt's schema")
        node, name = where
        if not name:
            return Finding(NOWHERE, f"{walk.whole(node)} does not match libvirt's schema")
        value = node.get(name, "")
        return Finding(NOWHERE, f"{walk.whole(node)}: {name}='{value}' does not match the rest of the element")

    def _pin(self, root: Element, top: Element) -> tuple[Element, str] | None:
        """The innermost thing below `top` without which the whole is taken: an element, or its attribute."""
        pinned: tuple[Element, str] | None = None
        for node in list(top.iter("*")):
            for name, value in list(node.attrib.items()):
                del node.attrib[name]
                good = self.takes(root)
                node.set(name, value)
                if good:
                    return node, str(name)
            above = node.getparent()
            if above is not None and self._taken_without(root, node, above):
                pinned = (node, "")
        return pinned

    def _taken_without(self, root: Element, node: Element, above: Element) -> bool:
        at = above.index(node)
        tail = node.tail
        above.remove(node)
        good = self.takes(root)
        above.insert(at, node)
        node.tail = tail
        return good

    def _culprits(self, root: Element) -> Element | None:
        """Of several parts that are wrong the first; the others are taken out of `root`. None for none of them."""
        parts = [kid for kid in tree.children(root) if kid.tag != "devices"]
        devices = tree.child(root, "devices")
        parts += tree.children(devices) if devices is not None else []
        gone: list[tuple[Element, Element, int]] = []
        for part in reversed(parts):
            if self.takes(root):
                break
            above = part.getparent()
            assert above is not None
            gone.append((part, above, above.index(part)))
            above.remove(part)
        if not self.takes(root):
            return None
        bad: tuple[Element, Element, int] | None = None
        for part, above, at in reversed(gone):
            above.insert(at, part)
            if not self.takes(root):
                above.remove(part)
                bad = bad or (part, above, at)
        if bad is not None:
            bad[1].insert(min(bad[2], len(bad[1])), bad[0])
        return bad[0] if bad is not None else None


_schemas: dict[str, Schema | None] = {}


def load(where: str = "") -> Schema | None:
    """The schema in `where` (default: the installed one); None when there is none that can be read.

    It is compiled once: that takes longer than holding many documents against it.
    """
    where = where or schema_files.folder()
    if where not in _schemas:
        _schemas[where] = _load(where) if where else None
    return _schemas[where]


def _load(where: str) -> Schema | None:
    try:
        relaxng = etree.RelaxNG(file=os.path.join(where, schema_files.MAIN))
    except (etree.RelaxNGParseError, OSError):
        return None
    return Schema(relaxng, where)
