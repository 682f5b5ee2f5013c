"""Pairs + a table -> XML: building, editing, matching and clearing use the same rows."""

from __future__ import annotations

from virtprov.options.model import FLAG, VERB, Hit, Pair, Table, check_text, truth
from virtprov.options.newer import NEWER
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.guest.write.schema_rows import SchemaWarning


class Assignment(Record):
    """A value for one place in the XML; None removes it.

    Without a name it is written together with another one, and matching ignores it. `by_type` gives other places for
    elements of some types, "" for none. `off` marks a flag that is switched off, which keeps the element that contained
    it. `counts` marks a number, which can be written in several ways.
    """

    name: str
    path: str
    text: str | None
    flag: bool
    by_type: dict[str, str] | None = None
    off: bool = False
    counts: bool = False

    def where(self, node: Element) -> str:
        """Return the place in this element; "" for none."""
        return self.path if self.by_type is None else self.by_type.get(node.get("type", ""), self.path)


class Assignments(Record):
    """The contents of one use of an option group.

    `clear` empties the element first; `places` are written to the XML; `verbs` are for the named functions of the
    group; `xpaths` are free assignments by XPath, each `from` the part of the guest that the group is about.
    `schema_warnings` are about values that the schema does not know, which only matters if the same libvirt will read
    them.
    """

    places: tuple[Assignment, ...]
    verbs: dict[str, str]
    clear: bool = False
    xpaths: tuple[dict[str, str], ...] = ()
    schema_warnings: tuple[SchemaWarning, ...] = ()


class _Contents:
    """Collects the contents of the pairs."""

    __slots__ = ("clear", "schema_warnings", "places", "verbs", "xpaths")

    def __init__(self) -> None:
        self.places: dict[str, Assignment] = {}
        self.verbs: dict[str, str] = {}
        self.xpaths: dict[int, dict[str, str]] = {}
        self.schema_warnings: dict[str, SchemaWarning] = {}
        self.clear = False


def resolve(table: Table, pairs: list[Pair], *, schema: bool = True) -> Assignments:
    """Look up every key in the table, then in libvirt's schema; of repeated keys the last one wins.

    A key that begins with `./` is a place, with `!./` a place written together with another, with `-./` elements to
    remove; a single `none` means nothing. Without `schema`, values and unknown names are accepted without a check.
    Raises UsageError for unknown keys and invalid values.
    """
    if pairs == [("none", None)]:
        pairs = []
    for key, value in pairs:  # parts of both may become names in a place
        check_text(key, f"--{table.flag}")
        check_text(value or "", f"--{table.flag} {key}")
    if table.expand is not None:
        pairs = table.expand(list(pairs))
    contents = _Contents()
    for key, value in pairs:
        if value:
            check_text(value, f"--{table.flag} {key}")
        if key.startswith(("./", "!./", "-./")):
            place = key.lstrip("!-")
            contents.places[place] = Assignment("" if place != key else key, place, value or None, key[0] == "-")
            continue
        hit = table.row(key) if table.find(key) is not None else _beyond(table, key, schema)
        if value is None:
            raise UsageError(f"--{table.flag} {key}: value missing", hint=f"use {key}=VALUE, or {key}= to remove it")
        _settle(table, hit, value, contents, schema)
    xpaths = contents.xpaths
    if table.part and not table.many:
        xpaths = {at: {**free, "from": table.part} for at, free in xpaths.items()}
    ordered = tuple(xpaths[at] for at in sorted(xpaths))
    warnings = tuple(contents.schema_warnings.values())
    return Assignments(tuple(contents.places.values()), contents.verbs, contents.clear, ordered, warnings)


def _settle(table: Table, hit: Hit, value: str, contents: _Contents, schema: bool) -> None:
    """Store a value as its row requires."""
    row = hit.row
    if row.name == "clearxml":
        contents.clear = truth(value, f"--{table.flag} clearxml")
    elif row.name.startswith("xpath"):
        at = hit.numbers[0] if hit.numbers else 0
        contents.xpaths.setdefault(at, {})[row.name.rpartition(".")[2]] = value
    elif value and value in row.ignored:
        return
    elif row.kind is VERB:
        contents.verbs[row.name] = value
    else:
        result = _to_assignment(table, hit, value)
        contents.places[result.path] = result
        contents.schema_warnings.pop(result.path, None)
        if schema and result.text is not None and row.name in NEWER.get(table.flag, ()):
            _check_name(table, hit, result, contents.schema_warnings)
        if schema and result.text and value not in row.values and (row.values or hit.beyond):
            _look_at(table, hit, result, contents.schema_warnings)


def _beyond(table: Table, key: str, schema: bool) -> Hit:
    """Interpret a key that is not in the table. Raises UsageError if it is unknown."""
    from virtprov.guest.write import schema_rows

    row = schema_rows.find(table, key) or (None if schema else schema_rows.guess(table, key))
    if row is None:
        raise schema_rows.unknown(table, key)
    return Hit(row, (), beyond=True)


def _look_at(table: Table, hit: Hit, made: Assignment, schema_warnings: dict[str, SchemaWarning]) -> None:
    """Record if the schema does not know the value, for rows whose place does not depend on the type."""
    from virtprov.guest.write import schema_rows

    if made.by_type is not None:
        return
    warning = schema_rows.check_value(table, hit.row.name_for(hit.numbers), made.path, made.text or "")
    if warning is not None:
        schema_warnings[made.path] = warning


def _check_name(table: Table, hit: Hit, made: Assignment, schema_warnings: dict[str, SchemaWarning]) -> None:
    """Record if libvirt will drop the value."""
    from virtprov.guest.write import schema_rows

    warning = schema_rows.check_name(table, hit.row.name_for(hit.numbers), made.path)
    if warning is not None:
        schema_warnings[made.path] = warning


def _to_assignment(table: Table, hit: Hit, value: str) -> Assignment:
    text: str | None = None
    flag = hit.row.kind is FLAG
    if value != "":
        text = hit.row.parse(value, table.flag, hit.numbers) or None
    off = flag and value != "" and text is None
    text = "" if flag and text else text
    counts = hit.row.kind.scale > 0
    return Assignment(hit.row.name, hit.row.path_for(hit.numbers), text, flag, hit.row.by_type, off, counts)


def write(node: Element, assignments: Assignments) -> None:
    """Write the assignments into the element (the guest's root for groups of the whole guest).

    A number that already has the same value keeps its format (`0x1f` for 31); if all values are equal, nothing is
    written together with them.
    """
    if not _holds(node, assignments):
        _write_places(node, assignments)
    for free in assignments.xpaths:
        write_xpath(node, free)


def _holds(node: Element, assignments: Assignments) -> bool:
    """Return whether the element already has all values, and nothing else has to be removed."""
    named = [place for place in assignments.places if place.name]
    cleared = any(place.flag and not place.name for place in assignments.places)
    return bool(named) and not cleared and all(_is_there(node, place) for place in named)


def _is_there(node: Element, place: Assignment) -> bool:
    """Return whether the element already has this value, possibly as a number in another format."""
    where = place.where(node)
    if not where:
        return True
    if place.flag:
        return (path.find(node, where) is not None) == (place.text is not None)
    there = path.get(node, where)
    if there is None or place.text is None:
        return there is place.text
    return there == place.text or (place.counts and _same(there, place.text))


def _write_places(node: Element, assignments: Assignments) -> None:
    numbered = [place.path for place in assignments.places if "[" in place.path and place.text is not None]
    kept = {child for child in node.iter("*") if tree.is_bare(child)} if numbered else set()
    for place in sorted(assignments.places, key=lambda place: place.by_type is not None):
        where = place.where(node)
        if place.flag:
            path.switch(node, where, place.text is not None, stub=place.off)
        elif where and not _is_there(node, place):
            path.put(node, where, place.text)
    for where in numbered:
        path.drop_fillers(node, where, kept)


def build(table: Table, assignments: Assignments) -> Element:
    """Return a new element of the group with these values."""
    node = tree.element(table.tag)
    write(node, assignments if table.many else _within(table.part, assignments))
    return node


def _within(part: str, assignments: Assignments) -> Assignments:
    """Return the values for one part of the guest, with paths relative to it."""
    places = tuple(
        place._replace(path="." + place.path[len(part) :])
        for place in assignments.places
        if place.path == part or place.path.startswith(part + "/")
    )
    return assignments._replace(places=places, xpaths=tuple({**free, "from": ""} for free in assignments.xpaths))


def clear(node: Element) -> None:
    """Empty an element; it stays in its place."""
    for child in list(node):
        node.remove(child)
    node.attrib.clear()
    node.text = None


def matches(node: Element, assignments: Assignments) -> bool:
    """Return whether the element already has all values."""
    for place in assignments.places:
        if not place.name:
            continue
        where = place.where(node)
        there = path.get(node, where) if where else None
        if place.flag:
            if (path.find(node, where) is not None) != (place.text is not None):
                return False
        elif not _same(there or "", place.text or ""):
            return False
    return True


def _same(one: str, other: str) -> bool:
    """Return whether two values are equal; numbers are compared as numbers, because libvirt writes hexadecimal."""
    return one == other or (number := _parse_number(one)) is not None and number == _parse_number(other)


def _parse_number(text: str) -> int | None:
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10)
    except ValueError:
        return None


def write_xpath(top: Element, free: dict[str, str]) -> None:
    """Make one free assignment: `set` (with `value`), `create` or `delete` an XPath, relative to `from`.

    Assignments with the same number are one change: what is created is not set as well. Raises UsageError for an
    invalid path.
    """
    from virtprov.xml import xpath

    known = path.find(top, free.get("from") or ".")
    node = path.ensure(top, free["from"]) if known is None else known
    if "delete" in free:
        xpath.delete(node, free["delete"])
    if "create" in free:
        xpath.create(node, free["create"])
    elif "set" in free:
        where, value = free["set"], free.get("value")
        if value is None:
            where, equals, value = xpath.split_value(where)
            if not equals:
                raise UsageError(f"xpath.set={where}: value missing", hint="use xpath.set=PATH,xpath.value=VALUE")
        xpath.assign(node, where, value)
    elif "value" in free:
        raise UsageError(f"xpath.value={free['value']}: path missing", hint="use xpath.set=PATH,xpath.value=VALUE")
    if known is None or free.get("set", "").endswith("=") or free.get("value") == "":
        path.prune(node, top)
