"""Explain what is wrong with a document, and what would be right, by walking through it and the graph together.

This is for documents that the schema refuses. The graph does not know the order of elements, nor what depends on more
than the words of one attribute, so the walk may find nothing; it never complains about valid parts.
"""

from __future__ import annotations

from virtprov.support.errors import nearest
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.schema.graph import Condition, Graph, State
from virtprov.xml.schema.values import fits, suggest_values
from virtprov.xml.tree import Element

UNKNOWN, VALUE, CONDITION, MISSING, NOWHERE = range(5)
"""What is most likely the cause comes first."""
_PREFIXES = {space: prefix for prefix, space in tree.NAMESPACES.items()}


class Finding(Record):
    """Something that is wrong: how likely it is the cause, where it is, what it is, and what would be right."""

    rank: int
    message: str
    hint: str = ""


class _Spot(Record):
    """An element and its graph patterns: those that its parent allows here, and those that it could have (`wider`)."""

    node: Element
    state: State
    wider: State
    above: _Spot | None = None


def findings(graph: Graph, root: Element) -> list[Finding]:
    """Return everything that the walk finds, the most likely causes first."""
    findings: list[Finding] = []
    name = short_name(root)
    state = graph.start(name)
    if not state:
        return [Finding(UNKNOWN, f"libvirt's schema has no document with the root element <{name}>")]
    _look(graph, _Spot(root, state, state), findings)
    return sorted(findings, key=lambda each: each.rank)


def short_name(node: Element) -> str:
    """Return the tag with the usual prefix of its namespace."""
    tag = str(node.tag)
    if not tag.startswith("{"):
        return tag
    space, _, local = tag[1:].partition("}")
    return f"{_PREFIXES[space]}:{local}" if space in _PREFIXES else local


def describe_place(node: Element) -> str:
    """Return where an element is, in words: `<driver> of disk 'vda'`."""
    words: list[str] = []
    above = node.getparent()
    while above is not None:
        words.append(f"<{short_name(node)}>" if not words or not _is_device(node) else _device(node))
        if _is_device(node):
            break
        node, above = above, above.getparent()
    return " of ".join(words) if words else "<domain>"


def _is_device(node: Element) -> bool:
    above = node.getparent()
    return above is not None and above.tag == "devices"


def _device(node: Element) -> str:
    """Return a device by what distinguishes it from others of its kind, otherwise by its number."""
    above = node.getparent()
    twins = [] if above is None else tree.children(above, str(node.tag))
    if len(twins) < 2:
        return f"the {short_name(node)} device"
    target = path.text(node, "./target/@dev")
    return f"{short_name(node)} device number {twins.index(node) + 1}" + (f" ('{target}')" if target else "")


def whole(node: Element) -> str:
    """Like `describe_place`, but a device itself by its number."""
    return _device(node) if _is_device(node) else describe_place(node)


def _look(graph: Graph, spot: _Spot, findings: list[Finding]) -> None:
    if graph.open(spot.state):
        return
    for name, value in sorted(spot.node.attrib.items(), key=lambda pair: pair[0] == "type"):  # the others hang on it
        if isinstance(name, str) and not name.startswith("{"):
            _attribute(graph, spot, name, str(value), findings)
    state = fitting(graph, spot.node, spot.state)
    spot = spot._replace(state=state)
    _text(graph, spot, findings)
    counted: dict[str, int] = {}
    for child in tree.children(spot.node):
        name = short_name(child)
        counted[name] = counted.get(name, 0) + 1
        if counted[name] == 2 and graph.child(state, name) and not graph.many(state, name):
            message = f"more than one <{name}> in {whole(spot.node)}"
            findings.append(Finding(CONDITION, message, "only one is allowed"))
        _child(graph, spot, child, name, findings)
    _check_required(graph, spot, findings)


def holds(node: Element, when: Condition) -> bool:
    return all(node.get(key, "") in words for key, words in when.items())


def _attribute(graph: Graph, spot: _Spot, name: str, value: str, findings: list[Finding]) -> None:
    ways = [way for at in spot.state for way in graph.occurrences(at, "attributes", name)]
    here = [kind for kind, when in ways if holds(spot.node, when)]
    if not here:
        if ways:
            only = _only(spot.node, [when for _, when in ways])
            findings.append(Finding(CONDITION, f"{whole(spot.node)} can have the attribute '{name}' only {only}"))
        elif graph.attribute(spot.wider, name):
            findings.append(_wider(graph, spot, "attributes", name, f"the attribute '{name}'"))
        else:
            message = f"unknown attribute '{name}' of {whole(spot.node)}"
            findings.append(Finding(UNKNOWN, message, nearest(name, graph.attributes(spot.state))))
        return
    kinds = [graph.type(kind) for kind in here]
    if any(fits(kind, value) for kind in kinds):
        return
    elsewhere = [when for kind, when in ways if fits(graph.type(kind), value)]
    if elsewhere:
        message = f"{whole(spot.node)} can have {name}='{value}' only {_only(spot.node, elsewhere)}"
        findings.append(Finding(CONDITION, message, suggest_values(kinds, value)))
    else:
        message = f"{whole(spot.node)}: libvirt does not know the value {name}='{value}'"
        findings.append(Finding(VALUE, message, suggest_values(kinds, value)))


def _wider(graph: Graph, spot: _Spot, part: str, name: str, what: str) -> Finding:
    """Return the finding for something that this element allows only in another context."""
    above = spot.above
    assert above is not None
    ways = [
        when
        for at in above.state
        for number, when in graph.occurrences(at, "kids", short_name(spot.node))
        if graph.occurrences(number, part, name)
    ]
    only = _only(above.node, ways)
    return Finding(CONDITION, f"{whole(spot.node)} can have {what} only {only} in {whole(above.node)}")


def _only(node: Element, ways: list[Condition]) -> str:
    """Return the conditions in words: `with type=bridge`."""
    keys = list(dict.fromkeys(key for when in ways for key in when))
    text = []
    for key in keys:
        words = list(dict.fromkeys(word for when in ways for word in when.get(key, ())))
        if node.get(key, "") in words and len(keys) > 1:
            continue
        listed = [f"{key}={word}" for word in words if word][:8]
        listed += [f"without {key}"] if "" in words else []
        text.append(" or ".join(listed))
    return "with " + " and ".join(text) if text else "elsewhere"


def fitting(graph: Graph, node: Element, state: State) -> State:
    """Return the patterns that allow all attributes of the element; all patterns if none does."""
    if len(state) < 2:
        return state

    def takes(number: int) -> bool:
        for name, value in node.attrib.items():
            ways = graph.occurrences(number, "attributes", str(name))
            if not any(holds(node, when) and fits(graph.type(kind), str(value)) for kind, when in ways):
                return False
        return True

    return tuple(number for number in state if takes(number)) or state


def _text(graph: Graph, spot: _Spot, findings: list[Finding]) -> None:
    text = (spot.node.text or "").strip()
    kinds = graph.text(spot.state)
    if not kinds:
        if text:
            findings.append(Finding(UNKNOWN, f"unexpected text '{text[:40]}' in {whole(spot.node)}"))
    elif text and len(spot.node) == 0 and not any(fits(kind, text) for kind in kinds):
        message = f"{whole(spot.node)}: libvirt does not know the value '{text}'"
        findings.append(Finding(VALUE, message, suggest_values(kinds, text)))


def _child(graph: Graph, spot: _Spot, child: Element, name: str, findings: list[Finding]) -> None:
    ways = [way for at in spot.state for way in graph.occurrences(at, "kids", name)]
    wider = tuple(dict.fromkeys(number for number, _ in ways))
    state = tuple(dict.fromkeys(number for number, when in ways if holds(spot.node, when)))
    if graph.occurrences(spot.state[0], "kids", "*") and not ways:
        return
    if state:
        _look(graph, _Spot(child, state, wider, spot), findings)
    elif ways:
        only = _only(spot.node, [when for _, when in ways])
        findings.append(Finding(CONDITION, f"{whole(spot.node)} can have <{name}> only {only}"))
    elif graph.child(spot.wider, name) and spot.above is not None and spot.state != spot.wider:
        findings.append(_wider(graph, spot, "kids", name, f"<{name}>"))
    else:
        where = "the guest" if spot.above is None else whole(spot.node)
        message = f"unknown element <{name}> in {where}"
        findings.append(Finding(UNKNOWN, message, nearest(name, graph.children(spot.state))))


def _check_required(graph: Graph, spot: _Spot, findings: list[Finding]) -> None:
    """Find what all possible patterns require and the element does not have."""
    missing: list[set[str]] = []
    for number in spot.state:
        needed = {name for name, when in graph.needs(number) if holds(spot.node, when)}
        missing.append({name for name in needed if not _has(spot.node, name)})
    for name in sorted(set.intersection(*missing)) if missing else ():
        what = f"the attribute '{name[1:]}'" if name[0] == "@" else f"the element <{name}>"
        findings.append(Finding(MISSING, f"{whole(spot.node)} requires {what}"))


def _has(node: Element, name: str) -> bool:
    if name[0] == "@":
        return node.get(name[1:]) is not None
    return any(short_name(child) == name for child in tree.children(node))
