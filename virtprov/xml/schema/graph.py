"""The element graph: which elements, attributes and values can be where.

A state is the set of element patterns (as numbers) that one name can mean at a place. It is computed while walking, so
recursion (a backing store in a backing store) costs nothing.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from virtprov.xml.schema.grammar import ANY_NAME, Type

State: TypeAlias = tuple[int, ...]
Condition: TypeAlias = dict[str, list[str]]


class Graph:
    """Look-ups in the data that `builder.build` returns."""

    __slots__ = ("_patterns", "_starts", "_types")

    def __init__(self, data: dict[str, Any]) -> None:
        self._patterns: list[dict[str, Any]] = data["patterns"]
        self._types: list[Type] = data["types"]
        self._starts: dict[str, list[int]] = data["start"]

    def start(self, name: str = "domain") -> State:
        """Return the state of a document's root; () if the schema has no such document."""
        return tuple(self._starts.get(name, ()))

    def child(self, state: State, name: str) -> State:
        """Return the state of the children with this name; () if there are none."""
        return tuple(
            dict.fromkeys(entry[0] for at in state for entry in self._patterns[at].get("kids", {}).get(name, ()))
        )

    def children(self, state: State) -> list[str]:
        """Return the names of all possible children."""
        return self._names(state, "kids")

    def attributes(self, state: State) -> list[str]:
        """Return the names of all possible attributes."""
        return self._names(state, "attributes")

    def _names(self, state: State, part: str) -> list[str]:
        results = dict.fromkeys(name for at in state for name in self._patterns[at].get(part, ()))
        results.pop(ANY_NAME, None)
        return list(results)

    def attribute(self, state: State, name: str) -> list[Type]:
        """Return the types of an attribute; [] if there is none with this name."""
        return [self._types[number] for number in self._numbers(state, name)]

    def _numbers(self, state: State, name: str) -> list[int]:
        return list(
            dict.fromkeys(entry[0] for at in state for entry in self._patterns[at].get("attributes", {}).get(name, ()))
        )

    def text(self, state: State) -> list[Type]:
        """Return the types of the element's own text; [] if it has none."""
        return [self._types[self._patterns[at]["text"]] for at in state if "text" in self._patterns[at]]

    def many(self, state: State, name: str) -> bool:
        """Return whether there can be several children with this name."""
        return any(name in self._patterns[at].get("many", ()) for at in state)

    def stands_alone(self, state: State) -> bool:
        """Return whether the presence of the element can be its only meaning: one of its patterns allows no content."""
        return any(
            self._patterns[at].get("empty") and not {"attributes", "kids", "text"} & self._patterns[at].keys()
            for at in state
        )

    def open(self, state: State) -> bool:
        """Return whether attributes or children of any name are allowed."""
        return any(ANY_NAME in self._patterns[at].get(part, ()) for at in state for part in ("kids", "attributes"))

    # -- one pattern, with its conditions ------------------------------------------------------

    def occurrences(self, number: int, part: str, name: str) -> list[tuple[int, Condition]]:
        """Return each way in which a pattern allows an attribute or child (`part`):

        the number of its type or pattern, and when.
        """
        return [(what, when) for what, when in self._patterns[number].get(part, {}).get(name, ())]

    def text_conditions(self, number: int) -> list[Condition]:
        """When a pattern allows text; [] if it has none."""
        pattern = self._patterns[number]
        return list(pattern.get("text_when", [{}])) if "text" in pattern else []

    def needs(self, number: int) -> list[tuple[str, Condition]]:
        """Return what a pattern requires, `@name` for attributes, and when."""
        return [(name, when) for name, when in self._patterns[number].get("needs", ())]

    def type(self, number: int) -> Type:
        """Return a type by its number."""
        return self._types[number]
