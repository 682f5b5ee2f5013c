"""Read RelaxNG: the schema files become one small expression for each element.

Only what libvirt's schemas use is understood; anything else counts as optional, so that a newer schema never refuses a
valid document. Names with a namespace get the prefixes of `tree.NAMESPACES`.
"""

from __future__ import annotations

import os
from typing import Any, TypeAlias

from virtprov.support.frozen import Record
from virtprov.xml import tree
from virtprov.xml.tree import Element

Type: TypeAlias = dict[str, Any]
"""What a value may be: `words` are fixed words, `data` are [name, parameters, words left out], `any` is all."""

GROUP, CHOICE, OPTIONAL, MANY, SOME = "group", "choice", "optional", "many", "some"
ATTRIBUTE, ELEMENT, TEXT, NEVER = "attribute", "element", "text", "never"
ANY_NAME = "*"

_PREFIXES = {space: prefix for prefix, space in tree.NAMESPACES.items()}
_KINDS = {
    "group": GROUP,
    "interleave": GROUP,
    "define": GROUP,
    "start": GROUP,
    "mixed": GROUP,
    "choice": CHOICE,
    "optional": OPTIONAL,
    "zeroOrMore": MANY,
    "oneOrMore": SOME,
}


class Expression(Record):
    """A piece of the grammar: its kind, its parts, and for leaves a name, a type or an element's number."""

    kind: str
    inside: tuple[Any, ...] = ()
    name: str = ""
    type: Type | None = None
    number: int = -1


_NOTHING = Expression(GROUP)


class Grammar:
    """The schema in `folder`, starting with `file`. Raises XmlError if a file is missing or is not XML."""

    def __init__(self, folder: str, file: str = "domain.rng") -> None:
        self.elements: list[tuple[str, Expression]] = []
        self._folder = folder
        self._definitions: dict[str, list[Element]] = {}
        self._made: dict[str, Expression] = {}
        self._numbers: dict[Element, int] = {}
        self._open: list[tuple[int, Element]] = []
        starts = self._include(file, set())
        self.start = self._all([child for start in starts for child in tree.children(start)])
        while self._open:
            number, node = self._open.pop()
            named = tree.local_name(node[0]) if len(node) and node.get("name") is None else ""
            kids = tree.children(node)[1:] if named else tree.children(node)
            self.elements[number] = (self.elements[number][0], self._all(kids))

    def _include(self, file: str, seen: set[str]) -> list[Element]:
        """Read the definitions of a file and of those that it includes; returns its `start` elements."""
        if file in seen:
            return []
        seen.add(file)
        starts: list[Element] = []
        for node in tree.children(tree.parse_file(os.path.join(self._folder, file))):
            kind = tree.local_name(node)
            if kind == "include":
                inner = self._include(node.get("href", ""), seen)
                instead = [child for child in tree.children(node) if tree.local_name(child) == "define"]
                for child in instead:
                    self._definitions[child.get("name", "")] = [child]
                starts = starts or inner
            elif kind == "define":
                self._definitions.setdefault(node.get("name", ""), []).append(node)
            elif kind == "start":
                starts = [node]
        return starts

    def _all(self, nodes: list[Element]) -> Expression:
        expressions = tuple(self._expression(node) for node in nodes)
        return expressions[0] if len(expressions) == 1 else Expression(GROUP, expressions)

    def _expression(self, node: Element) -> Expression:
        kind = tree.local_name(node)
        if kind in _KINDS:
            inside = tuple(self._expression(child) for child in tree.children(node))
            if kind in ("optional", "zeroOrMore", "oneOrMore"):
                inside = (inside[0] if len(inside) == 1 else Expression(GROUP, inside),)
            if _KINDS[kind] == CHOICE:
                inside = tuple(each for each in inside if each.kind != NEVER)
                return Expression(CHOICE, inside) if inside else Expression(NEVER)
            if _KINDS[kind] == GROUP and any(each.kind == NEVER for each in inside):
                return Expression(NEVER)
            return Expression(_KINDS[kind], inside)
        if kind == "ref":
            return self._reference(node.get("name", ""))
        if kind == "element":
            return Expression(ELEMENT, name=_name(node), number=self._number(node))
        if kind == "attribute":
            return self._attribute(node)
        if kind == "notAllowed":
            return Expression(NEVER)
        if kind == "empty":
            return _NOTHING
        return Expression(TEXT, type=_type(node))

    def _reference(self, name: str) -> Expression:
        if name not in self._made:
            self._made[name] = _NOTHING  # recursive content contains an element in between, so this does not happen
            bodies = [self._all(tree.children(node)) for node in self._definitions.get(name, [])]
            combine = {node.get("combine") for node in self._definitions.get(name, [])}
            if len(bodies) == 1:
                expression = bodies[0]
            elif "choice" in combine:
                kept = tuple(body for body in bodies if body.kind != NEVER)
                expression = kept[0] if len(kept) == 1 else Expression(CHOICE, kept)
            else:
                expression = Expression(GROUP, tuple(bodies))
            self._made[name] = expression
        return self._made[name]

    def _number(self, node: Element) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self.elements)
            self.elements.append((_name(node), _NOTHING))
            self._open.append((number, node))
        return number

    def _attribute(self, node: Element) -> Expression:
        kids = tree.children(node)
        if node.get("name") is None:
            kids = kids[1:]
        inside = self._all(kids) if kids else Expression(TEXT, type={"any": True})
        if inside.kind == NEVER:
            return inside
        return Expression(ATTRIBUTE, name=_name(node), type=text_type(inside) or {"words": [""]})


def _name(node: Element) -> str:
    """Return the name of an element or attribute pattern; ANY_NAME if it has no fixed name."""
    name = node.get("name")
    if name is None:
        first = next(iter(tree.children(node)), None)
        if first is None or tree.local_name(first) != "name":
            return ANY_NAME
        name = (first.text or "").strip()
    if tree.local_name(node) == "attribute":
        return name
    space, owner = "", node
    while owner is not None:
        if owner.get("ns") is not None:
            space = owner.get("ns", "")
            break
        owner = owner.getparent()  # type: ignore[assignment]
    return f"{_PREFIXES[space]}:{name}" if space in _PREFIXES else name


def _type(node: Element) -> Type:
    """Return the type of a `value`, `data` or `text`."""
    kind = tree.local_name(node)
    if kind == "value":
        return {"words": [(node.text or "").strip()]}
    if kind == "data":
        limits: dict[str, Any] = {}
        left_out: list[str] = []
        for child in tree.children(node):
            if tree.local_name(child) == "param":
                limits[child.get("name", "")] = child.text or ""
            elif tree.local_name(child) == "except":
                left_out += [(each.text or "").strip() for each in child.iter("{*}value")]
        return {"data": [[node.get("type", ""), limits, left_out]]}
    return {"any": True}


def text_type(expression: Expression) -> Type | None:
    """Return the type of the text that an expression allows, with all alternatives; None for no text."""
    results: list[Type] = []
    _texts(expression, results)
    if not results:
        return None
    if any(each.get("any") for each in results):
        return {"any": True}
    result: Type = {}
    words = list(dict.fromkeys(word for each in results for word in each.get("words", ())))
    data: list[Any] = []
    for each in results:
        data += [entry for entry in each.get("data", ()) if entry not in data]
    if words:
        result["words"] = words
    if data:
        result["data"] = data
    return result


def _texts(expression: Expression, found: list[Type]) -> None:
    if expression.kind == TEXT and expression.type is not None:
        found.append(expression.type)
    for inner in expression.inside:
        _texts(inner, found)
