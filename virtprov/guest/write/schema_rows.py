"""Rows from libvirt's schema: `--disk driver.queue_size=256` needs no row in the catalogue.

Rows of the catalogue take precedence. The schema is only loaded for a name that is in no table, or a value that its row
does not know; plain command lines do not need it.
"""

from __future__ import annotations

from virtprov.options.model import FLAG, TEXT, Kind, Row, Table
from virtprov.support.errors import UsageError, nearest
from virtprov.support.frozen import Record
from virtprov.support.notation.words import NO, YES
from virtprov.xml import path as paths
from virtprov.xml import tree
from virtprov.xml.schema import dotted_names, schema_files, values
from virtprov.xml.schema.grammar import Type
from virtprov.xml.schema.graph import Graph, State
from virtprov.xml.tree import Element

_HEADS = {
    "vcpus": ("vcpu", "vcpus"),
    "memory": ("memory", "currentMemory", "maxMemory"),
    "iothreads": ("iothreads", "iothreadids", "defaultiothread"),
    "events": ("on_poweroff", "on_reboot", "on_crash", "on_lockfailure"),
    "metadata": ("name", "uuid", "genid", "title", "description"),
}
"""Groups without their own element: the parts of the guest that belong to them."""
_WITHOUT = ("xml",)


class SchemaWarning(Record):
    """A value that the installed libvirt schema does not know.

    With `is_dropped` it is a name that libvirt does not know: it silently leaves it out. `where` is the value's place.
    """

    message: str
    hint: str
    is_dropped: bool = False
    where: str = ""


class _Truth(Kind):
    """One of two values; anything else than yes or no is kept, and checked later."""

    __slots__ = ()

    def parse(self, text: str, option: str) -> str:
        assert self.words is not None
        word = text.lower()
        return self.words[0] if word in YES else self.words[1] if word in NO else text


_YESNO = _Truth("yesno", ("yes", "no"), "yes or no")
_ONOFF = _Truth("onoff", ("on", "off"), "on or off")
_TRUTHS = {frozenset(("yes", "no")): _YESNO, frozenset(("on", "off")): _ONOFF}


def _start(table: Table) -> tuple[State, str]:
    """Return where the names of a group begin: the state, and the path at which the rows' paths begin."""
    graph = schema_files.load()
    if graph is None or not table.xml or table.flag in _WITHOUT:
        return (), "."
    if table.many:
        return dotted_names.state_at(graph, table.at), "."
    return dotted_names.state_at(graph, table.part or "."), table.part or "."


def find(table: Table, key: str) -> Row | None:
    """Return the row for a name in libvirt's schema; None if it is unknown, or no schema is installed."""
    state, start = _start(table)
    graph = schema_files.load()
    place = dotted_names.find(graph, state, key, _HEADS.get(table.flag, ())) if graph is not None and state else None
    if place is None:
        return None
    where = start + place.path[1:]
    if place.is_element:
        return Row(place.name, where, FLAG)
    words = values.words_of(place.types)
    kind = _TRUTHS.get(frozenset(words), TEXT) if values.only_words(place.types) else TEXT
    return Row(place.name, where, kind, values=words)


def guess(table: Table, key: str) -> Row | None:
    """Return the row for an unknown name, accepted without a check; None if it cannot be a path in the XML."""
    _, start = _start(table)
    parts = key.split(".")
    if len(parts) < 2 or not table.xml or table.flag in _WITHOUT:
        return None
    if not all(part.isascii() and part.replace("_", "").replace("-", "").isalnum() for part in parts):
        return None
    if any(not part[0].isalpha() for part in parts) or (table.flag in _HEADS and parts[0] not in _HEADS[table.flag]):
        return None
    return Row(key, "/".join([start, *parts[:-1], "@" + parts[-1]]))


def check_value(table: Table, name: str, where: str, text: str) -> SchemaWarning | None:
    """Return what is wrong with the value of a sub-option according to libvirt's schema; None if nothing is."""
    types = _types(table, where)
    if not types or any(values.fits(kind, text) for kind in types):
        return None
    message = f"--{table.flag} {name}: libvirt does not know the value '{text}'"
    if values.only_words(types):
        message = f"--{table.flag} {name}: invalid value '{text}'"
    return SchemaWarning(message, values.suggest_values(types, text), where=where)


def check_name(table: Table, name: str, where: str) -> SchemaWarning | None:
    """Return a warning if the installed libvirt does not know a place, and so will drop its value."""
    graph = schema_files.load()
    full = f"{table.at}/{where.removeprefix('./')}" if table.many else where
    if graph is None or is_known(graph, full):
        return None
    return SchemaWarning(f"--{table.flag} {name}", "", is_dropped=True)


def is_known(graph: Graph, where: str) -> bool:
    """Return whether the schema has a place in the guest's XML."""
    steps, attribute = paths.parse(where.replace("[#]", ""))
    state = graph.start()
    for step in steps:
        state = graph.child(state, step.tag)
        if not state:
            return False
        if graph.open(state):
            return True
    return not attribute or bool(graph.attribute(state, attribute))


def _types(table: Table, where: str) -> list[Type]:
    graph = schema_files.load()
    if graph is None:
        return []
    return dotted_names.types_at(graph, dotted_names.state_at(graph, table.at if table.many else "."), where)


def unknown(table: Table, key: str) -> UsageError:
    """Return the error for a name that neither the catalogue nor the schema knows."""
    graph = schema_files.load()
    state, _ = _start(table)
    more = list(dotted_names.list_names(graph, state)) if graph is not None and state else []
    heads = _HEADS.get(table.flag)
    if heads:
        more = [name for name in more if name.partition(".")[0] in heads]
    return UsageError(
        f"--{table.flag} has no sub-option '{key}'",
        hint=nearest(key, [*table.examples(), *more]) or f"`--{table.flag} help` lists all of them",
    )


def without_strangers(root: Element) -> Element:
    """Return a copy of the guest without values that rows of the catalogue wrote but the schema does not know."""
    from virtprov.options.catalogue import GROUPS, table

    graph = schema_files.load()
    draft = tree.copy(root)
    if graph is None:
        return draft
    for group in GROUPS:
        rows = table(group)
        for row in rows.rows if rows.xml else ():
            for where in {row.path, *(row.by_type or {}).values()} - {""}:
                full = f"{rows.at}/{where.removeprefix('./')}" if rows.many else where
                _take_out(graph, draft, full)
    return draft


def _take_out(graph: Graph, root: Element, where: str) -> None:
    """Remove the value at a path that the schema does not know, from its first unknown step on."""
    steps, attribute = paths.parse(where.replace("[#]", ""))
    state, nodes = graph.start(), [root]
    for step in steps:
        state = graph.child(state, step.tag)
        nodes = [child for node in nodes for child in tree.children(node, step.tag)]
        if not state:
            for node in nodes:
                tree.remove(node)
            return
        if not nodes:
            return
    if attribute and not graph.attribute(state, attribute):
        for node in nodes:
            node.attrib.pop(attribute, None)
