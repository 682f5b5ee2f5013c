"""Find what an edit leaves behind: parts that the schema only allows in the branch that the document had before.

The schema offers branches, and an attribute such as `type` or `mode` selects one of them: `<source>` has a `file` if
the disk's type is `file`, and a `dev` if it is `block`. An edit of the selector leaves the old `file` behind.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping

from virtprov.support.frozen import Record
from virtprov.xml import tree
from virtprov.xml.schema.graph import Graph, State
from virtprov.xml.schema.values import fits
from virtprov.xml.schema.walk import fitting, holds, short_name
from virtprov.xml.tree import Element

Named = Collection[tuple[Element, str]]
"""What the user named: elements, each with an attribute, or with "" for itself."""


TEXT = "text()"


class Leftover(Record):
    """A part to remove: the attribute `name` of an element, its text (TEXT), or with "" the element itself."""

    node: Element
    name: str


class Edit(Record):
    """An edited element: each element below it (and itself) with its copy from before the edit, and what is named."""

    twins: Mapping[Element, Element]
    named: Named

    def is_firm(self, node: Element, name: str) -> bool:
        """Return whether the user named an attribute, or the edit has changed it."""
        return (node, name) in self.named or node.get(name) != self.twins[node].get(name)

    def is_named(self, node: Element) -> bool:
        """Return whether the user named an element, or anything in it, or the edit has changed it."""
        return any(
            inner not in self.twins
            or (inner, "") in self.named
            or any(self.is_firm(inner, str(name)) for name in inner.attrib)
            for inner in node.iter("*")
        )


def find_all(graph: Graph, top: Element, edit: Edit) -> list[Leftover]:
    """Return everything to remove from an edited element, in the order in which it can be removed.

    Nothing if the edit contradicts a selector that the element needs, and that was not edited: a disk with the device
    `lun` cannot have the type `file`, and only the user knows which other type is meant.
    """
    results: list[Leftover] = []
    state = state_of(graph, top)
    if state:
        _look(graph, edit, top, (state, state), results)
    gone = [leftover.name for leftover in results if leftover.node is top]
    branches = _best(graph, edit, top, state)
    with _without(top, gone):
        needed = [{name for name, when in graph.needs(at) if holds(top, when)} for at in branches]
    is_contradiction = bool(needed) and all(any(f"@{name}" in names for name in gone) for names in needed)
    return [] if is_contradiction else results


def state_of(graph: Graph, node: Element) -> State:
    """Return the patterns of an element, as the elements around it are; () if the schema does not have it."""
    above = node.getparent()
    if above is None:
        return graph.start(short_name(node))
    state = fitting(graph, above, state_of(graph, above))
    return inner_state(graph, above, state, short_name(node))


def inner_state(graph: Graph, node: Element, state: State, name: str) -> State:
    """Return the patterns of the children of this name, as the element's attributes are."""
    return tuple(
        dict.fromkeys(
            number for at in state for number, when in graph.occurrences(at, "kids", name) if holds(node, when)
        )
    )


def takes(graph: Graph, node: Element, state: State, name: str) -> bool:
    """Return whether one of the patterns allows the attribute with its value."""
    value = node.get(name, "")
    return any(
        holds(node, when) and fits(graph.type(kind), value)
        for at in state
        for kind, when in graph.occurrences(at, "attributes", name)
    )


def _look(graph: Graph, edit: Edit, node: Element, states: tuple[State, State], found: list[Leftover]) -> None:
    """Look at one element, with its patterns after and before the edit."""
    state, old = states
    was = edit.twins[node]
    if graph.open(state):
        return
    old = fitting(graph, was, old)
    gone = [leftover.name for leftover in found if leftover.node is node]
    state = _attributes(graph, edit, node, (_best(graph, edit, node, state), old), gone)
    found += [Leftover(node, name) for name in gone]
    text = (node.text or "").strip()
    is_old = text and text == (was.text or "").strip() and (node, "") not in edit.named
    if is_old and _takes_text(graph, was, old) and not _takes_text(graph, node, state):
        found.append(Leftover(node, TEXT))
    with _without(node, gone):
        for child in tree.children(node):
            if child in edit.twins:
                name = short_name(child)
                inner = inner_state(graph, node, state, name), inner_state(graph, was, old, name)
                _look_at_kid(graph, edit, child, inner, found)


def _look_at_kid(graph: Graph, edit: Edit, kid: Element, inner: tuple[State, State], found: list[Leftover]) -> None:
    state, old = inner
    if not old:  # the schema did not know it before either
        return
    if not state:
        if not edit.is_named(kid):
            found.append(Leftover(kid, ""))
        return
    before = len(found)
    _look(graph, edit, kid, inner, found)
    gone = found[before:]
    if edit.is_named(kid) or (not gone and state == old):
        return
    had_enough = not _lacks(graph, edit.twins[kid], old, [])
    if gone and _is_empty(kid, gone) or had_enough and _lacks(graph, kid, state, gone):
        found[before:] = [Leftover(kid, "")]


def _is_empty(node: Element, gone: list[Leftover]) -> bool:
    """Return whether nothing remains of an element."""
    names = {leftover.name for leftover in gone if leftover.node is node}
    kids = [leftover.node for leftover in gone if not leftover.name]
    rest = [child for child in tree.children(node) if child not in kids]
    text = "" if TEXT in names else (node.text or "").strip()
    return not rest and not text and names >= {str(name) for name in node.attrib}


def _takes_text(graph: Graph, node: Element, state: State) -> bool:
    return any(holds(node, when) for at in state for when in graph.text_conditions(at))


def _lacks(graph: Graph, node: Element, state: State, gone: list[Leftover]) -> bool:
    """Return whether what remains of an element is not enough for any of its patterns."""
    names = [leftover.name for leftover in gone if leftover.node is node and leftover.name]
    kids = [leftover.node for leftover in gone if not leftover.name]
    with _without(node, names):
        there = {"@" + str(name) for name in node.attrib}
        there |= {short_name(child) for child in tree.children(node) if child not in kids}
        return all(any(holds(node, when) and name not in there for name, when in graph.needs(at)) for at in state)


def _attributes(graph: Graph, edit: Edit, node: Element, states: tuple[State, State], gone: list[str]) -> State:
    """Note the attributes to remove, one after the other, as one can select the branch of another."""
    state, old = states
    was = edit.twins[node]
    while True:
        with _without(node, gone):
            left = next(
                (
                    str(name)
                    for name in node.attrib
                    if not str(name).startswith("{")
                    and not edit.is_firm(node, str(name))
                    and takes(graph, was, old, str(name))
                    and not takes(graph, node, state, str(name))
                ),
                None,
            )
            if left is None:
                return fitting(graph, node, state)
        gone.append(left)


class _without:  # noqa: N801 - used like a function
    """The element without some attributes, in this block."""

    __slots__ = ("_before", "_gone", "_node")

    def __init__(self, node: Element, gone: list[str]) -> None:
        self._node = node
        self._gone = list(gone)

    def __enter__(self) -> None:
        self._before = dict(self._node.attrib)
        for name in self._gone:
            self._node.attrib.pop(name, None)

    def __exit__(self, *problem: object) -> None:
        if self._gone:
            self._node.attrib.clear()
            self._node.attrib.update(self._before)


def _best(graph: Graph, edit: Edit, node: Element, state: State) -> State:
    """Return those of several patterns that allow most of what the user named, then most of the rest."""
    if len(state) < 2:
        return state

    def score(at: int) -> tuple[int, int]:
        names = [str(name) for name in node.attrib]
        allowed = [name for name in names if takes(graph, node, (at,), name)]
        return sum(edit.is_firm(node, name) for name in allowed), len(allowed)

    scores = {at: score(at) for at in state}
    return tuple(at for at in state if scores[at] == max(scores.values()))


def selector_to_follow(
    graph: Graph, top: Element, edit: Edit, rare: Container[str] = ()
) -> tuple[Element, str, str] | None:
    """Return the selector that must change for what the edit has written, as (element, attribute, value).

    `source.file=` makes a block disk a file disk. None if nothing must change, if the user named the selector, or if
    several values are possible; those that are `rare` are only chosen if there is no other.
    """
    for node in top.iter("*"):
        above = node.getparent()
        if node is top or above is None or node not in edit.twins:
            continue
        changed = [str(name) for name in node.attrib if edit.is_firm(node, str(name))]
        results = {_only_way(graph, above, node, name, rare) for name in changed} - {None}
        for key, word in (way for way in results if way is not None):
            if len(results) == 1 and not edit.is_firm(above, key):
                return above, key, word
    return None


def _only_way(graph: Graph, above: Element, node: Element, name: str, rare: Container[str]) -> tuple[str, str] | None:
    """Return the only selector of the element above, and its only value, that allows an attribute; None if it is."""
    outer = fitting(graph, above, state_of(graph, above))
    state = inner_state(graph, above, outer, short_name(node))
    if not state or graph.attribute(state, name):
        return None
    ways: set[tuple[str, str]] = set()
    for at in outer:
        for number, when in graph.occurrences(at, "kids", short_name(node)):
            wrong = [key for key in when if above.get(key, "") not in when[key]]
            if len(wrong) == 1 and takes(graph, node, (number,), name):
                ways.update((wrong[0], word) for word in when[wrong[0]] if word)
    ways = {way for way in ways if way[1] not in rare} or ways
    return ways.pop() if len(ways) == 1 else None
