"""Names for places: `driver.metadata_cache.max_size.unit` is the attribute `unit` of that element.

The parts are element names joined by dots; the last one is an attribute, or an element's own text, or an element
that stands for itself. `host2` is the third <host> where there may be several; of some elements one is picked by
what it is called (`timer.hpet.present`). Case and `-` for `_` do not matter where no name is exactly
the one given, and the prefix of a namespace may be left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from virtprov.support.frozen import Record
from virtprov.xml import path as paths
from virtprov.xml.schema.grammar import Type
from virtprov.xml.schema.graph import Graph, State
from virtprov.xml.schema.values import fits

KEYS = {"feature": "name", "timer": "name", "entry": "name", "source": "mode"}
"""Elements that are picked by an attribute, where there may be several of them."""
_DEEPEST = 5


class Place(Record):
    """The place that a name means: its path from the group's element, and the types of its value.

    `is_element` says that the name means the presence of the element itself.
    """

    name: str
    path: str
    types: tuple[Type, ...]
    is_element: bool = False


def find(graph: Graph, state: State, key: str, heads: tuple[str, ...] = ()) -> Place | None:
    """Return the place that a name means, starting at elements in this state; None if there is none.

    `heads` are the only children with which the name may begin, () for all.
    """
    where = "."
    spelled: list[str] = []
    parts = key.split(".")
    while len(parts) > 1:
        name, number = _child(graph, state, parts[0])
        if not name or (heads and not spelled and name not in heads):
            return None
        many, state = graph.many(state, name), graph.child(state, name)
        where += f"/{name}" + (f"[{number + 1}]" if number > 0 else "")
        spelled.append(name + (str(number) if number > 0 else ""))
        parts = parts[1:]
        picked = _pick(graph, state, name, parts[0]) if many and number < 0 else ""
        if picked:
            where += picked
            spelled.append(parts[0])
            parts = parts[1:]
            if not parts:
                return _itself(graph, state, ".".join(spelled), where)
    return _last(graph, state, parts[0], where, spelled, heads)


def _last(
    graph: Graph, state: State, part: str, where: str, spelled: list[str], heads: tuple[str, ...]
) -> Place | None:
    attributes = graph.attributes(state) if spelled or not heads else []
    exact = part in attributes
    name, number = ("", -1) if exact else _child(graph, state, part)
    if exact or (name.lower() != part.lower().rstrip("0123456789") and _like(part, attributes)):
        name = part if exact else _like(part, attributes)
        return Place(".".join([*spelled, name]), f"{where}/@{name}", tuple(graph.attribute(state, name)))
    if not name or (heads and not spelled and name not in heads):
        return None
    spelled = [*spelled, name + (str(number) if number > 0 else "")]
    where += f"/{name}" + (f"[{number + 1}]" if number > 0 else "")
    return _itself(graph, graph.child(state, name), ".".join(spelled), where)


def _itself(graph: Graph, state: State, name: str, where: str) -> Place | None:
    texts = graph.text(state)
    if texts:
        return Place(name, where, tuple(texts))
    return Place(name, where, (), True) if graph.stands_alone(state) else None


def _child(graph: Graph, state: State, part: str) -> tuple[str, int]:
    """Return the child that a part means, and its number (-1 if not given); "" if there is no such child."""
    known = graph.children(state)
    if part in known:
        return part, -1
    bare = part.rstrip("0123456789")
    number = int(part[len(bare) :]) if bare != part and len(part) - len(bare) < 5 else -1
    if number >= 0 and bare in known and graph.many(state, bare):
        return bare, number
    alike = _like(part, known)
    if alike:
        return alike, -1
    alike = _like(bare, known) if number >= 0 else ""
    return (alike, number) if alike and graph.many(state, alike) else ("", -1)


def _like(part: str, known: list[str]) -> str:
    """Return the known name that differs only in case, in `-` and `_`, or in its prefix."""
    folded = part.lower().replace("-", "_")
    return next((name for name in known if name.lower().replace("-", "_").rpartition(":")[2] == folded), "")


def _pick(graph: Graph, state: State, name: str, part: str) -> str:
    """Return the step's `[@key='part']` if elements are selected by a key and the part is one of its values."""
    key = KEYS.get(name, "")
    types = graph.attribute(state, key) if key else []
    taken = [*graph.attributes(state), *graph.children(state)]
    if not types or part in taken or _like(part, taken) or "'" in part:
        return ""
    return f"[@{key}='{part}']" if any(fits(kind, part) for kind in types) else ""


def types_at(graph: Graph, state: State, where: str) -> list[Type]:
    """Return the types of the value at a path; [] if the schema has no such place."""
    steps, attribute = paths.parse(where)
    for step in steps:
        state = graph.child(state, step.tag)
    return graph.attribute(state, attribute) if attribute else graph.text(state)


def state_at(graph: Graph, where: str) -> State:
    """Return the state of the elements at a path from the guest's root; () if the schema has none."""
    state = graph.start()
    for step in paths.parse(where)[0]:
        state = graph.child(state, step.tag)
    return state


def list_names(graph: Graph, state: State) -> Iterator[str]:
    """Yield every name below elements in this state, without numbers.

    Elements that contain themselves are followed once.
    """
    yield from _list_names(graph, state, "", _DEEPEST, ())


def _list_names(graph: Graph, state: State, before: str, depth: int, above: tuple[State, ...]) -> Iterator[str]:
    attributes = graph.attributes(state)
    for name in attributes:
        yield before + name
    for name in graph.children(state):
        inner = graph.child(state, name)
        if name not in attributes and (graph.text(inner) or graph.stands_alone(inner)):
            yield before + name
        if depth > 1 and inner not in above:
            yield from _list_names(graph, inner, f"{before}{name}.", depth - 1, (*above, inner))
