"""Short paths in an XML tree: `./source/host[2]/@name`, `./feature[@name='x']/@policy`, `./memory`.

A step is a tag, with `[N]` for the Nth of that tag (counted from 1) or `[@key='value']` for the one with this
attribute. The last step can be an attribute; otherwise the path is for the element's text.
"""

from __future__ import annotations

from virtprov.support.errors import XmlError
from virtprov.support.frozen import Record
from virtprov.xml import tree
from virtprov.xml.tree import Element


class Step(Record):
    """One element on the way: its tag, and which of them."""

    tag: str
    nth: int
    key: str
    value: str


_parsed: dict[str, tuple[tuple[Step, ...], str]] = {}
_BLANKS = " \t\r\n"
"""What XML calls white space; anything else, such as U+0085, is content."""


def parse(path: str) -> tuple[tuple[Step, ...], str]:
    """Split a path into its steps and the attribute's name ("" for the element's text)."""
    known = _parsed.get(path)
    if known is None:
        known = _parsed[path] = _parse(path)
    return known


def _parse(path: str) -> tuple[tuple[Step, ...], str]:
    steps: list[Step] = []
    attribute = ""
    for word in _words(path):
        if attribute:
            raise XmlError(f"the path {path} continues after an attribute")
        if word in ("", "."):
            continue
        if word.startswith("@"):
            attribute = word[1:]
            continue
        tag, bracket, rest = word.partition("[")
        index, key, value = 0, "", ""
        if bracket:
            inside = rest.removesuffix("]")
            key, _, quoted = inside.removeprefix("@").partition("=")
            if inside.startswith("@") and len(quoted) > 1 and quoted[0] == quoted[-1] and quoted[0] in "'\"":
                value = quoted[1:-1]
            elif inside.isdecimal() and len(inside) < 6 and int(inside):
                index, key = int(inside) - 1, ""
            else:
                raise XmlError(f"the path {path} has an invalid step: {word}")
        if not tag.replace(":", "").replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise XmlError(f"the path {path} has an invalid step: {word}")
        steps.append(Step(tag, index, key, value))
    return tuple(steps), attribute


def _words(path: str) -> list[str]:
    """Split at slashes outside of brackets."""
    if "[" not in path:
        return path.split("/")
    words, current, inside = [], "", False
    for letter in path:
        inside = letter == "[" or (inside and letter != "]")
        if letter == "/" and not inside:
            words.append(current)
            current = ""
        else:
            current += letter
    return [*words, current]


def _pick(node: Element, step: Step) -> Element | None:
    if not step.nth and not step.key:
        return tree.child(node, step.tag)
    matches = tree.children(node, step.tag)
    if step.key:
        matches = [child for child in matches if child.get(step.key) == step.value]
    return matches[step.nth] if step.nth < len(matches) else None


def find(node: Element, path: str) -> Element | None:
    """Return the element for a path (the owner of an attribute), or None."""
    for step in parse(path)[0]:
        inner = _pick(node, step)
        if inner is None:
            return None
        node = inner
    return node


def get(node: Element, path: str) -> str | None:
    """Return the attribute's value or the element's text; None if it does not exist.

    An element without text gives "".
    """
    element = find(node, path)
    if element is None:
        return None
    attribute = parse(path)[1]
    return element.get(attribute) if attribute else (element.text or "").strip(_BLANKS)


def text(node: Element, path: str) -> str:
    """Return the same; "" if it does not exist."""
    return get(node, path) or ""


def ensure(node: Element, path: str) -> Element:
    """Return the element for a path; missing elements are created, each in its place.

    A numbered step creates as many elements as are missing up to that number.
    """
    for step in parse(path)[0]:
        inner = _pick(node, step)
        node = _add_up_to(node, step) if inner is None else inner
    return node


def _add_up_to(node: Element, step: Step) -> Element:
    for _ in range(len(tree.children(node, step.tag)) if step.nth else step.nth, step.nth):
        tree.add(node, tree.element(step.tag))
    return tree.add(node, tree.element(step.tag, None, {step.key: step.value} if step.key else None))


def put(node: Element, path: str, text: str | None) -> None:
    """Write a value; None removes it, together with every element on the path that is empty afterwards."""
    attribute = parse(path)[1]
    if text is not None:
        element = ensure(node, path)
        if attribute:
            element.set(attribute, text)
        else:
            _set_text(element, text)
        return
    removed = find(node, path)
    if removed is None:
        return
    if attribute:
        removed.attrib.pop(attribute, None)
    elif removed is not node:
        for child in tree.children(removed):
            removed.remove(child)
        removed.text = None
        if removed.attrib and not parse(path)[0][-1].key:
            return
        removed.attrib.clear()
    prune(removed, node)


def switch(node: Element, path: str, on: bool, *, stub: bool = False) -> None:
    """Make sure that an element exists, as it is or empty, or that it is removed with its contents.

    If the last step has neither a number nor a key, all elements of that tag are removed. `stub` keeps the parent, even
    if it is empty.
    """
    if on:
        ensure(node, path)
        return
    gone = find(node, path)
    while gone is not None and gone is not node:
        above = gone.getparent()
        tree.remove(gone)
        if above is not None and not stub:
            prune(above, node)
        gone = None if path.endswith("]") else find(node, path)


def _set_text(node: Element, text: str) -> None:
    before = node.text or ""
    node.text = text + before[len(before.rstrip()) :] if len(node) else text


def drop_fillers(node: Element, path: str, kept: set[Element]) -> None:
    """Remove the empty elements that only exist to fill the numbers before a numbered step, except for `kept`."""
    for step in parse(path)[0]:
        twins = tree.children(node, step.tag) if step.nth else []
        element = _pick(node, step)
        for twin in twins[: step.nth]:
            if tree.is_bare(twin) and twin not in kept:
                tree.remove(twin)
        if element is None:
            return
        node = element


def prune(node: Element, top: Element) -> None:
    """Remove the node and its ancestors below `top` as long as they are empty."""
    while node is not top and tree.is_bare(node):
        parent = node.getparent()
        if parent is None:
            return
        tree.remove(node)
        node = parent
