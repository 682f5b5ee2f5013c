"""From the grammar to the graph's data: for each element pattern what it takes, what it needs, and when.

A condition says which values the element's own attributes must have, "" for an attribute that is not there: the
branches of a choice are told apart by attributes with fixed words, such as `type`. The example of all that follows:

    <source> is  attribute type = "file", attribute path
             or  attribute type = "dir", optional attribute ro, element target

    attributes   type, path when type=file, ro when type=dir
    children     target when type=dir
    needs        @type, @path when type=file, target when type=dir
"""

from __future__ import annotations

from typing import Any, TypeAlias

from virtprov.xml.schema.grammar import (
    ATTRIBUTE,
    CHOICE,
    ELEMENT,
    GROUP,
    MANY,
    NEVER,
    OPTIONAL,
    SOME,
    TEXT,
    Expression,
    Grammar,
    text_type,
)

Condition: TypeAlias = dict[str, list[str]]
ABSENT = ""


def build(folder: str) -> dict[str, Any]:
    """Return the data of the graph, which can be stored as JSON. Raises XmlError if the schema cannot be read."""
    grammar = Grammar(folder)
    types: dict[str, int] = {}
    listed: list[Any] = []

    def number(kind: Any) -> int:
        key = repr(kind)
        if key not in types:
            types[key] = len(listed)
            listed.append(kind)
        return types[key]

    never = {at for at, (_, body) in enumerate(grammar.elements) if body.kind == NEVER}
    patterns = [_pattern(name, body, number, never) for name, body in grammar.elements]
    starts: dict[str, list[int]] = {}
    for element in _elements(grammar.start):
        starts.setdefault(element.name, []).append(element.number)
    return {"start": starts, "patterns": patterns, "types": listed}


def _pattern(name: str, body: Expression, number: Any, never: set[int]) -> dict[str, Any]:
    attributes: dict[str, list[list[Any]]] = {}
    kids: dict[str, list[list[Any]]] = {}
    texts: list[Condition] = []

    def found(leaf: Expression, condition: Condition) -> None:
        if leaf.kind == ATTRIBUTE:
            own = {key: words for key, words in condition.items() if key != leaf.name}
            _note(attributes.setdefault(leaf.name, []), number(leaf.type), own)
        elif leaf.kind == ELEMENT and leaf.number not in never:
            _note(kids.setdefault(leaf.name, []), leaf.number, condition)
        elif leaf.kind == TEXT:
            texts.append(condition)

    _walk(body, {}, found)
    text = text_type(body)
    results: dict[str, Any] = {"name": name}
    many = [child for child, times in _counts(body).items() if times > 1]
    parts = {"attributes": attributes, "kids": kids, "many": many, "needs": _needs(body, {})}
    results.update({key: value for key, value in parts.items() if value})
    if text is not None:
        results["text"] = number(text)
        if all(texts):
            results["text_when"] = texts
    if _nullable(body):
        results["empty"] = True
    return results


def _note(entries: list[list[Any]], what: int, condition: Condition) -> None:
    """Add an occurrence; one without a condition makes those with a condition unnecessary."""
    if [what, {}] in entries or [what, condition] in entries:
        return
    if not condition:
        entries[:] = [entry for entry in entries if entry[0] != what]
    for entry in entries:
        (key, *others), before = condition or [""], entry[1]
        if entry[0] == what and not others and set(before) == {key}:
            before[key] = list(dict.fromkeys([*before[key], *condition[key]]))
            return
    entries.append([what, dict(condition)])


def _elements(expression: Expression) -> list[Expression]:
    if expression.kind == ELEMENT:
        return [expression]
    return [result for inner in expression.inside for result in _elements(inner)]


def _walk(expression: Expression, condition: Condition, found: Any) -> None:
    if expression.kind in (ATTRIBUTE, ELEMENT, TEXT):
        found(expression, condition)
    elif expression.kind == CHOICE:
        for branch, more in _branches(expression):
            _walk(branch, _join_conditions(condition, more), found)
    else:
        for inner in expression.inside:
            _walk(inner, condition, found)


def _branches(choice: Expression) -> list[tuple[Expression, Condition]]:
    """Return each branch with the fixed words that only some branches allow: type=file, and type=dir."""
    guards = [_guards(branch) for branch in choice.inside]
    results = []
    for branch, mine in zip(choice.inside, guards, strict=True):
        telling = {
            key: words for key, words in mine.items() if any(key in other and other[key] != words for other in guards)
        }
        results.append((branch, telling))
    return results


def _guards(expression: Expression) -> Condition:
    """Return the attributes that have one of some fixed words wherever this expression is used.

    The first branch of the example: {"type": ["file"]}. The whole choice: {"type": ["file", "dir"]}. If the attribute
    were optional: {"type": ["file", ABSENT]}.
    """
    if expression.kind == ATTRIBUTE:
        kind = expression.type or {}
        return {expression.name: kind["words"]} if set(kind) == {"words"} else {}
    if expression.kind == GROUP:
        results: Condition = {}
        for inner in expression.inside:
            results = _join_conditions(results, _guards(inner))
        return results
    if expression.kind == OPTIONAL:
        return {key: [*words, ABSENT] for key, words in _guards(expression.inside[0]).items()}
    if expression.kind == CHOICE and expression.inside:
        all_of_them = [_guards(inner) for inner in expression.inside]
        common = [key for key in all_of_them[0] if all(key in each for each in all_of_them)]
        return {key: list(dict.fromkeys(word for each in all_of_them for word in each[key])) for key in common}
    return {}


def _join_conditions(one: Condition, other: Condition) -> Condition:
    result = dict(one)
    for key, words in other.items():
        result[key] = [word for word in result[key] if word in words] if key in result else words
    return result


def _needs(expression: Expression, condition: Condition) -> list[list[Any]]:
    """Return what is required, `@name` for attributes, each with the condition under which it is.

    The example: [["@type", {}], ["@path", {"type": ["file"]}], ["target", {"type": ["dir"]}]]. What every branch of a
    choice requires is always required. What one branch requires is required if an attribute has words that no other
    branch allows; a branch without such words requires nothing.
    """
    if expression.kind == ATTRIBUTE:
        return [["@" + expression.name, condition]]
    if expression.kind == ELEMENT:
        return [[expression.name, condition]]
    if expression.kind in (GROUP, SOME):
        return [need for inner in expression.inside for need in _needs(inner, condition)]
    return _needs_of_choice(expression.inside, condition) if expression.kind == CHOICE and expression.inside else []


def _needs_of_choice(branches: tuple[Expression, ...], condition: Condition) -> list[list[Any]]:
    each = [_needs(branch, {}) for branch in branches]
    always = [name for name, when in each[0] if not when and all([name, {}] in other for other in each)]
    needs: list[list[Any]] = [[name, condition] for name in always]
    guards = [_guards(branch) for branch in branches]
    for at, branch in enumerate(branches):
        telling = _telling(guards[at], guards[:at] + guards[at + 1 :])
        if telling:
            more = _needs(branch, _join_conditions(condition, telling))
            needs += [need for need in more if need[0] not in always and need[0][1:] not in telling]
    return needs


def _telling(guards: Condition, others: list[Condition]) -> Condition:
    """Return the guards of a branch whose words no other branch allows."""
    return {
        key: words
        for key, words in guards.items()
        if all(key in other and set(other[key]).isdisjoint(words) for other in others)
    }


def _counts(expression: Expression) -> dict[str, int]:
    """Return how often a child of each name can occur: once (1) or more often (2)."""
    if expression.kind == ELEMENT:
        return {expression.name: 1}
    results: dict[str, int] = {}
    for inner in expression.inside:
        for name, times in _counts(inner).items():
            if expression.kind in (MANY, SOME):
                times = 2
            results[name] = (
                max(results.get(name, 0), times) if expression.kind == CHOICE else results.get(name, 0) + times
            )
    return results


def _nullable(expression: Expression) -> bool:
    """Return whether an element with this content can be empty."""
    if expression.kind in (OPTIONAL, MANY):
        return True
    if expression.kind in (GROUP, SOME):
        return all(_nullable(inner) for inner in expression.inside)
    if expression.kind == CHOICE:
        return any(_nullable(inner) for inner in expression.inside)
    if expression.kind == TEXT:
        return bool((expression.type or {}).get("any"))
    return False
