"""Documents made from libvirt's schema: an element with as much in it as the schema allows, or as little."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from virtprov.support.frozen import Record
from virtprov.xml import tree
from virtprov.xml.schema import schema_files
from virtprov.xml.schema.grammar import (
    ATTRIBUTE,
    CHOICE,
    ELEMENT,
    MANY,
    NEVER,
    OPTIONAL,
    TEXT,
    Expression,
    Grammar,
    Type,
)
from virtprov.xml.schema.values import fits
from virtprov.xml.tree import Element

SAMPLES = (
    *(
        "1",
        "0",
        "2",
        "a",
        "/a",
        "yes",
        "on",
        "52:54:00:11:22:33",
        "8a3c0b2e-8c1f-4a55-9d3c-0f6b1c2d3e4f",
        "0x1",
        "0x0001",
    ),
    *("0x00", "192.0.2.1", "16", "512", "4096", "1024", "vda", "a:b", "0-1", "fe.0.0000", "2001:db8::1", "b", "10240"),
    *(
        "5000000000000001",
        "0x5000000000000001",
        "naa.5000000000000001",
        "1.5",
        "+1",
        "2.0",
        "2020-01-01T00:00:00",
        "A" * 8,
    ),
    *(
        "12345678",
        "0x10000",
        "0xfe",
        "0xfffe",
        "01:00.0",
        "iqn.2013-07.com.example:a",
        "X",
        "eth0",
        "raw",
        "pci_0000_00_02_0",
    ),
)
"""Values for everything that is not one of fixed words; the first that fits is taken."""


def sample(kind: Type | None) -> str:
    words = (kind or {}).get("words", ())
    return words[0] if words else next((text for text in SAMPLES if kind is None or fits(kind, text)), "1")


MOST = 6
"""libxml2 tries ways almost without end when an element has many attributes: those with more are kept small."""


class Wanted(Record):
    """What an element must have: values of its own attributes, and one child that is there already, by its pattern."""

    values: dict[str, str]
    child: int = -1
    node: Element | None = None

    def count(self, part: Expression) -> int:
        """How much of it a piece of the grammar speaks of."""
        return len(names(part) & set(self.values)) + (self.child in [inner.number for inner in elements_of(part)])


NOTHING = Wanted({})


class Instances:
    """Makes documents from the grammar."""

    def __init__(self, folder: str) -> None:
        self.grammar = Grammar(folder)
        self._schema = etree.RelaxNG(file=f"{folder}/{schema_files.MAIN}")
        self._open: list[int] = []
        self._taken: dict[str, bool] = {}

    def takes(self, root: Element) -> bool:
        """Whether libxml2 takes the document."""
        text = tree.to_text(root)
        if text not in self._taken:
            self._taken[text] = bool(self._schema.validate(root))
        return self._taken[text]

    def document(self, way: tuple[int, ...], number: int, values: dict[str, str], *, full: bool) -> Element | None:
        """A document with an element of this pattern; None if there cannot be one with these values.

        `way` are the patterns of the elements around it. With `full` the element has everything that it may have.
        """
        node = self._element(number, Wanted(values), full=full)
        for inner, outer in zip((number, *reversed(way)), reversed(way), strict=False):
            if node is None:
                return None
            node = self._element(outer, Wanted({}, inner, node), full=False)
        return None if node is None else tree.parse(tree.to_text(node))

    def _element(self, number: int, wanted: Wanted, *, full: bool) -> Element | None:
        name, body = self.grammar.elements[number]
        node = tree.element(name)
        if body.kind == NEVER or not self._fill(node, body, wanted, full=full, depth=1 if full else 0):
            return None
        has_child = wanted.node is None or wanted.node.getparent() is node
        return node if has_child and all(node.get(key) == word for key, word in wanted.values.items()) else None

    def _fill(self, node: Element, part: Expression, wanted: Wanted, *, full: bool, depth: int) -> bool:
        if part.kind == ATTRIBUTE:
            return self._attribute(node, part, wanted)
        if part.kind == ELEMENT:
            return self._child(node, part, wanted, full=full, depth=depth)
        if part.kind == TEXT:
            node.text = sample(part.type)
            return True
        if part.kind == CHOICE:
            branches = sorted(part.inside, key=lambda branch: (-wanted.count(branch), len(elements_of(branch))))
            return any(self._all_or_nothing(node, branch, wanted, full=full, depth=depth) for branch in branches)
        if part.kind in (OPTIONAL, MANY):
            needed = wanted.count(part) > 0
            if full or needed:
                done = self._all_or_nothing(node, part.inside[0], wanted, full=full, depth=depth)
                return done or not needed
            return True
        return part.kind != NEVER and all(
            self._fill(node, inner, wanted, full=full, depth=depth) for inner in part.inside
        )

    def _child(self, node: Element, part: Expression, wanted: Wanted, *, full: bool, depth: int) -> bool:
        body = self.grammar.elements[part.number][1]
        if part.number == wanted.child and wanted.node is not None:
            if wanted.node.getparent() is None:
                node.append(wanted.node)
            return True
        if body.kind == NEVER or part.number in self._open:
            return False
        inner = tree.element("any" if part.name == "*" else part.name)
        self._open.append(part.number)
        full = full and depth > 0 and len(names(body)) <= MOST
        done = self._fill(inner, body, NOTHING, full=full, depth=depth - 1)
        self._open.pop()
        if done:
            node.append(inner)
        return done

    def _all_or_nothing(self, node: Element, part: Expression, wanted: Wanted, *, full: bool, depth: int) -> bool:
        attributes, count, text = dict(node.attrib), len(node), node.text
        if self._fill(node, part, wanted, full=full, depth=depth):
            return True
        node.attrib.clear()
        node.attrib.update(attributes)
        node.text = text
        for inner in list(node)[count:]:
            node.remove(inner)
        return False

    def _attribute(self, node: Element, part: Expression, wanted: Wanted) -> bool:
        text = wanted.values.get(part.name, sample(part.type))
        if part.name in node.attrib or part.name == "*" or not fits(part.type or {"any": True}, text):
            return False
        node.set(part.name, text)
        return True


_known: dict[int, tuple[Expression, set[str], list[Expression]]] = {}
"""Pieces of the grammar with what they speak of; they are kept, so that no other piece gets their id."""


def _look(part: Expression) -> tuple[Expression, set[str], list[Expression]]:
    if id(part) not in _known:
        names_in = {part.name} if part.kind == ATTRIBUTE else set()
        inner = [part] if part.kind == ELEMENT else []
        for piece in part.inside:
            names_in |= names(piece)
            inner = inner + elements_of(piece)
        _known[id(part)] = part, names_in, inner
    return _known[id(part)]


def names(part: Expression) -> set[str]:
    """The attributes that a piece of the grammar speaks of."""
    return _look(part)[1]


def elements_of(part: Expression) -> list[Expression]:
    """The elements that a piece of the grammar speaks of."""
    return _look(part)[2]


def places(instances: Instances) -> Iterator[tuple[tuple[int, ...], int]]:
    """Every pattern below <domain> once, with the patterns around it."""
    elements = instances.grammar.elements
    start = next(part for part in elements_of(instances.grammar.start) if part.name == "domain")
    seen = {start.number}
    waiting: list[tuple[int, ...]] = [(start.number,)]
    while waiting:
        way = waiting.pop(0)
        yield way[:-1], way[-1]
        for part in elements_of(elements[way[-1]][1]):
            if part.number not in seen and part.name != "*":
                seen.add(part.number)
                waiting.append((*way, part.number))
