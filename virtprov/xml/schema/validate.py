"""Check a whole document against the schema, and explain what is wrong with it."""

from __future__ import annotations

import os
import time

from lxml import etree

from virtprov.support.slow_calls.background import Background
from virtprov.xml import tree
from virtprov.xml.schema import schema_files, walk
from virtprov.xml.schema.graph import Graph
from virtprov.xml.schema.walk import NOWHERE, Finding
from virtprov.xml.tree import Element

_SOMEWHERE = "the guest's XML does not match libvirt's schema"
PATIENCE = 5.0
"""Seconds for checking one document. libxml2 needs three times as long for each attribute more of a disk's <driver>."""


class TooSlowError(Exception):
    """The document cannot be checked in a reasonable time."""


class Schema:
    """The compiled RelaxNG schema of guests, and its folder."""

    def __init__(self, relaxng: etree.RelaxNG, where: str) -> None:
        self._relaxng = relaxng
        self._where = where
        self._checking: Background[bool] | None = None
        self._until: float | None = None

    @property
    def graph(self) -> Graph | None:
        """The same schema as a graph; None if it cannot be read. It is only loaded for invalid documents."""
        return schema_files.load(self._where)

    def takes(self, root: Element) -> bool:
        """Return whether the document is valid.

        Raises TooSlowError after `PATIENCE`. A check cannot be stopped: until it ends, all others are refused as well.
        """
        if self._checking is not None and not self._checking.wait(0):
            raise TooSlowError
        left = PATIENCE if self._until is None else self._until - time.monotonic()
        draft = tree.copy(root)  # the check may go on while the caller changes the document
        self._checking = Background(lambda: bool(self._relaxng.validate(draft)), "schema")
        if not self._checking.wait(max(left, 0)):
            raise TooSlowError
        return self._checking.result()

    def finding(self, root: Element) -> Finding | None:
        """Return what is wrong with a document; None if it is valid. Raises TooSlowError."""
        if self.takes(root):
            return None
        graph = self.graph
        findings = walk.findings(graph, root) if graph is not None else []
        return findings[0] if findings else self._without_in_time(root)

    def _without_in_time(self, root: Element) -> Finding:
        self._until = time.monotonic() + PATIENCE
        try:
            return self._without(root)
        except TooSlowError:
            return Finding(NOWHERE, _SOMEWHERE)
        finally:
            self._until = None

    def _without(self, root: Element) -> Finding:
        """Find the place by removing parts of a copy until the copy is valid."""
        draft = tree.copy(root)
        where = self._pin(draft, draft)
        if where is None or where[0].tag == "devices":
            bad = self._culprits(draft)
            where = self._pin(draft, bad) if bad is not None else None
            if where is None and bad is not None:
                where = bad, ""
        if where is None:
            return Finding(NOWHERE, _SOMEWHERE)
        node, name = where
        if not name:
            return Finding(NOWHERE, f"{walk.whole(node)} does not match libvirt's schema")
        value = node.get(name, "")
        return Finding(NOWHERE, f"{walk.whole(node)}: {name}='{value}' does not match the rest of the element")

    def _pin(self, root: Element, top: Element) -> tuple[Element, str] | None:
        """Return the innermost part below `top` without which the document is valid: an element, or its attribute."""
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
        """Return the first of the invalid parts, and remove the others from `root`; None if there are none."""
        parts = [child for child in tree.children(root) if child.tag != "devices"]
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
    """Return the schema in `where` (default: the installed one); None if it cannot be read.

    It is compiled once, because that takes longer than checking many documents.
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
