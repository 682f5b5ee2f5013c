"""List the leaves of a document, and the option that sets each of them; used by `bench/corpus` and its test."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from virtprov.actions.edit.changing.changes import EDIT, EditRequest
from virtprov.guest.document import Guest
from virtprov.guest.write import gather, schema_rows, subopts
from virtprov.guest.write.select import Selector
from virtprov.options.catalogue import GROUPS, table
from virtprov.options.model import FLAG, MIB, NUMBER, VERB, Pair, Row, Table
from virtprov.support.notation.units import factor
from virtprov.xml import path, tree
from virtprov.xml.schema import schema_files, walk
from virtprov.xml.schema.graph import Graph
from virtprov.xml.tree import Element


class Leaf(NamedTuple):
    """A value: the names and numbers of the elements above it, its attribute ("" for none), the value, its element."""

    steps: tuple[tuple[str, int], ...]
    attribute: str
    value: str | None
    node: Element


class Failure(Exception):
    """Why a leaf cannot be written as an option."""


def spell(parts: list[Pair]) -> str:
    """Pairs as one value again, quoted where needed: reading it gives the same pairs."""
    words = []
    for key, value in parts:
        word = key if value is None else f"{key}={value}"
        if not word or any(letter in word for letter in ",'\"\\"):
            word = '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
        words.append(word)
    return ",".join(words)


def leaves(node: Element, steps: tuple[tuple[str, int], ...] = ()) -> Iterator[Leaf]:
    """Yield the leaves of an element; an empty element without attributes is a leaf with the value None."""
    for name, value in node.attrib.items():
        yield Leaf(steps, str(name), str(value), node)
    text = (node.text or "").strip()
    kids = tree.children(node)
    if text:
        yield Leaf(steps, "", text, node)
    elif not node.attrib and not kids and steps:
        yield Leaf(steps, "", None, node)
    counted: collections.Counter[str] = collections.Counter()
    for kid in kids:
        name = walk.short_name(kid)
        yield from leaves(kid, (*steps, (name, counted[name])))
        counted[name] += 1


# -- rows -----------------------------------------------------------------------------------------


def where(leaf: Leaf) -> str:
    """Return the path of a leaf as in `Row.path`, without numbers."""
    words = [".", *(name for name, _ in leaf.steps)]
    return "/".join([*words, f"@{leaf.attribute}"] if leaf.attribute else words)


def index(rows: Table) -> dict[str, list[Row]]:
    """Return the rows of a table by their paths without numbers."""
    found: dict[str, list[Row]] = {}
    for row in rows.rows:
        if row.kind is not VERB and row.by_type is None:
            found.setdefault(row.path.replace("[#]", ""), []).append(row)
    return found


def row_name(row: Row, leaf: Leaf) -> str:
    """Return the name of the row with the numbers of the leaf; "" if the row does not match the leaf."""
    steps = row.path.split("/")[1:]
    name = row.name
    for (_, number), step in zip(leaf.steps, steps, strict=False):
        if step.endswith("[#]"):
            name = name.replace(NUMBER, str(number), 1)
        elif number:
            return ""
    return "" if NUMBER in name else name


def spelled(row: Row, value: str | None) -> str:
    """Return the value as a user would type it; raises Failure if the row cannot express it."""
    if row.kind is FLAG:
        if value is not None:
            raise Failure("a flag element with text")
        return "yes"
    if value is None or value == "":
        raise Failure("an empty value")
    return _mib(value) if row.kind is MIB else value


def _mib(value: str, unit: str = "KiB", of: int = 1024**2) -> str:
    """Return a size in units of `of` bytes (default: MiB); raises Failure if it is not a whole number of them."""
    scale = factor(unit)
    if not value.isdecimal() or not scale or int(value) * scale % of:
        raise Failure("not a whole number of its unit")
    return str(int(value) * scale // of)


def pair(rows: Table, by_path: dict[str, list[Row]], leaf: Leaf) -> Pair:
    """Return the sub-option for a leaf, from a row or from the schema; raises Failure."""
    failure = Failure(f"no name: {where(leaf)}")
    for row in by_path.get(where(leaf), ()):
        name = row_name(row, leaf)
        if name:
            try:
                return name, spelled(row, leaf.value)
            except Failure as problem:
                failure = Failure(f"{problem}: {where(leaf)}")
    return _beyond(rows, leaf, failure)


@cache
def _found(graph: Graph, rows: Table, name: str) -> Row | None:
    return schema_rows.find(rows, name) if rows.find(name) is None else None


def _schema_row(rows: Table, name: str) -> Row | None:
    """Return the row that the schema has for a name; None if there is none, or no schema."""
    graph = schema_files.load()
    return None if graph is None else _found(graph, rows, name)


def _beyond(rows: Table, leaf: Leaf, failure: Failure) -> Pair:
    """Return the sub-option for a leaf by its name in the schema; raises `failure`."""
    parts = [name + (str(number) if number else "") for name, number in leaf.steps]
    name = ".".join([*parts, leaf.attribute] if leaf.attribute else parts)
    found = _schema_row(rows, name)
    if found is None or found.path.endswith(f"@{leaf.attribute}") is not bool(leaf.attribute):
        raise failure
    return name, spelled(found, leaf.value)


_SIZES = {
    "memory": (("maxmemory", "currentMemory", "maxMemory"), 1024**2),
    "memdev": (("target.size", "target.label_size"), 1024**2),
    "memtune": (("hard_limit", "soft_limit", "swap_hard_limit", "min_guarantee"), 1024),
    "memorybacking": (("hugepages.page#.size",), 1024),
}
"""Sizes that an option always takes in the same unit: their names (`#` is a number), and the unit in bytes."""

# -- every leaf set to its own value --------------------------------------------------------------


class Own(NamedTuple):
    """An edit that sets a leaf to its current value: the arguments of `virtprov-xml`, and the request they make."""

    words: tuple[str, ...]
    request: EditRequest


@cache
def _indexes() -> tuple[dict[str, tuple[Table, dict[str, list[Row]]]], list[tuple[Table, dict[str, list[Row]]]]]:
    """Return the groups of repeated elements by their path, and the groups of single elements."""
    tables = [table(group) for group in GROUPS if table(group).xml and group != "xml"]
    many = {rows.at: (rows, index(rows)) for rows in tables if rows.many}
    return many, [(rows, index(rows)) for rows in tables if not rows.many]


@cache
def request(group: str, position: str, text: str) -> EditRequest:
    """Return the request for `--edit POSITION --GROUP TEXT`; raises ProvError."""
    uses, _ = gather.group_uses(group, [text])
    return EditRequest(EDIT, group, tuple(uses), Selector(position))


def own_edits(guest: Guest) -> Iterator[Own]:
    """Yield for each leaf of a guest the edit that sets it to its current value; raises ProvError if there is none."""
    for leaf in leaves(guest.root):
        found = _by_group(guest, leaf) or _free(leaf)
        group, position, text = found
        yield Own(("--edit", *([position] if position else []), f"--{group}", text), request(*found))


def _by_group(guest: Guest, leaf: Leaf) -> tuple[str, str, str] | None:
    """Return the group, the position and the option for a leaf; None if no group has one."""
    many, single = _indexes()
    for upto in (2, 1):
        at = "/".join([".", *(name for name, _ in leaf.steps[:upto])])
        if len(leaf.steps) >= upto and at in many:
            rows, by_path = many[at]
            top = path.find(guest.root, f"{at}[{leaf.steps[upto - 1][1] + 1}]")
            text = _option(rows, by_path, leaf._replace(steps=leaf.steps[upto:]), top)
            return (rows.flag, str(leaf.steps[upto - 1][1] + 1), text) if text else None
    for rows, by_path in single:
        text = _option(rows, by_path, leaf, guest.root)
        if text:
            return rows.flag, "", text
    return None


def _option(rows: Table, by_path: dict[str, list[Row]], leaf: Leaf, top: Element | None) -> str:
    """Return the option for a leaf, relative to `top`; "" if there is none."""
    assert top is not None
    for said in _sayings(rows, by_path, leaf):
        hit = rows.find(said[0])
        found = _schema_row(rows, said[0]) if hit is None else None
        place = hit.row.path_for(hit.numbers) if hit is not None else found.path if found is not None else ""
        if path.find(top, place) is leaf.node and path.parse(place)[1] == leaf.attribute:
            text = spell([said])
            return text if subopts.pairs(rows, text) == [said] else ""
    return ""


def _sayings(rows: Table, by_path: dict[str, list[Row]], leaf: Leaf) -> Iterator[Pair]:
    """Yield every name and value that may set a leaf."""
    for row in (row for place in (where(leaf), _keyed(leaf)) for row in by_path.get(place, ())):
        try:
            name = row_name(row, leaf)
            sizes, unit = _SIZES.get(rows.flag, ((), 1))
            if re.sub(r"\d+", "#", name) in sizes and leaf.value:
                yield name, _mib(leaf.value, leaf.node.get("unit", "KiB"), unit)
            elif name:
                yield name, spelled(row, leaf.value)
        except Failure:
            continue
    inner = leaf
    if not rows.many and rows.part:
        steps, _ = path.parse(rows.part)
        if [name for name, _ in leaf.steps[: len(steps)]] != [step.tag for step in steps]:
            return
        inner = leaf._replace(steps=leaf.steps[len(steps) :])
    try:
        yield _beyond(rows, inner, Failure())
    except Failure:
        return


def _keyed(leaf: Leaf) -> str:
    """Return the path of a leaf with its element selected by name, as in some rows."""
    name = leaf.node.get("name", "")
    words = [".", *(name for name, _ in leaf.steps)]
    words[-1] += f"[@name='{name}']"
    return "/".join([*words, f"@{leaf.attribute}"] if leaf.attribute else words)


def _free(leaf: Leaf) -> tuple[str, str, str]:
    """Return the `--xml` option for a leaf; an element without a value is created if missing."""
    place = xpath(leaf)
    return "xml", "", f"{place}={leaf.value}" if leaf.value else f'xpath.create="{place}"'


def xpath(leaf: Leaf) -> str:
    """Return the XPath of a leaf from the root of the guest."""
    steps = ["."]
    for above in [*reversed([*leaf.node.iterancestors()]), leaf.node][1:]:
        name = walk.short_name(above)
        parent = above.getparent()
        assert parent is not None
        if tree.qualify(name) == str(above.tag):
            steps.append(f"{name}[{tree.children(parent, name).index(above) + 1}]")
        else:
            steps.append(f"*[{tree.children(parent).index(above) + 1}]")
    if leaf.attribute.startswith("{"):
        space, _, local = leaf.attribute[1:].partition("}")
        steps.append(f"@*[local-name()='{local}' and namespace-uri()='{space}']")
    elif leaf.attribute:
        steps.append(f"@{leaf.attribute}")
    return "/".join(steps)
