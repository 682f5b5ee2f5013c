"""The element graph: what may stand where.

A state is the set of element patterns that one name can mean at a place, as numbers; it is put together while
walking, so recursion (a backing store in a backing store) costs nothing.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from virtprov.xml.schema.grammar import ANY_NAME, Type

State: TypeAlias = tuple[int, ...]
Condition: TypeAlias = dict[str, list[str]]


class Graph:
    """Look-ups in the data that `builder.build` makes."""

    __slots__ = ("_patterns", "_starts", "_types")

    def __init__(self, data: dict[str, Any]) -> None:
        self._patterns: list[dict[str, Any]] = data["patterns"]
        self._types: list[Type] = data["types"]
        self._starts: dict[str, list[int]] = data["start"]

    def start(self, name: str = "domain") -> State:
        """The state of a document's root; () when the schema has no such document."""
        return tuple(self._starts.get(name, ()))

    def child(self, state: State, name: str) -> State:
        """The state of the children of this name; () when there are none."""
        return tuple(
            dict.fromkeys(entry[0] for at in state for entry in self._patterns[at].get("kids", {}).get(name, ()))
        )

    def children(self, state: State) -> list[str]:
        """The names of all children there may be."""
        return self._names(state, "kids")

    def attributes(self, state: State) -> list[str]:
        """The names of all attributes there may be."""
        return self._names(state, "attributes")

    def _names(self, state: State, part: str) -> list[str]:
        found = dict.fromkeys(name for at in state for name in self._patterns[at].get(part, ()))
        found.pop(ANY_NAME, None)
        return list(found)

    def attribute(self, state: State, name: str) -> list[Type]:
        """The types of an attribute; [] when there is none of this name."""
        return [self._types[number] for number in self._numbers(state, name)]

    def _numbers(self, state: State, name: str) -> list[int]:
        return list(
            dict.fromkeys(entry[0] for at in state for entry in self._patterns[at].get("attributes", {}).get(name, ()))
        )

    def text(self, state: State) -> list[Type]:
        """The types of the element's own text; [] when it has none."""
        return [self._types[self._patterns[at]["text"]] for at in state if "text" in self._patterns[at]]

    def many(self, state: State, name: str) -> bool:
        """Whether there may be several children of this name."""
        return any(name in self._patterns[at].get("many", ()) for at in state)

    def stands_alone(self, state: State) -> bool:
        """Whether the element can say all by being there: one of its patterns takes nothing at all."""
        return any(
            self._patterns[at].get("empty") and not {"attributes", "kids", "text"} & self._patterns[at].keys()
            for at in state
        )

    def open(self, state: State) -> bool:
        """Whether attributes or children of any name are taken."""
        return any(ANY_NAME in self._patterns[at].get(part, ()) for at in state for part in ("kids", "attributes"))

    # -- one pattern, with its conditions ------------------------------------------------------

    def occurrences(self, number: int, part: str, name: str) -> list[tuple[int, Condition]]:
        """Each way a pattern takes an attribute or child (`part`): its type's or pattern's number, and when."""
        return [(what, when) for what, when in self._patterns[number].get(part, {}).get(name, ())]

    def text_conditions(self, number: int) -> list[Condition]:
        """When a pattern allows text; [] if it has none."""
        pattern = self._patterns[number]
        return list(pattern.get("text_when", [{}])) if "text" in pattern else []

    def needs(self, number: int) -> list[tuple[str, Condition]]:
        """What a pattern cannot go without, `@name` for attributes, and when."""
        return [(name, when) for name, when in self._patterns[number].get("needs", ())]

    def type(self, number: int) -> Type:
        """A type by its number."""
        return self._types[number]
