"""Free XPath for `--xml` and `xpath.set`: find with lxml, create what is missing if the path is simple."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lxml import etree

from virtprov.support.errors import UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable


_WIDE = re.compile(r"//\*?|::\*?|\*|\.\.")
_MOST_STEPS = 10**9
"""About as many elements as are looked at in some seconds."""


def split_value(text: str) -> tuple[str, str, str]:
    """`./a/@b=c` -> path, "=", value; an equals sign inside brackets belongs to the path."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if letter == "=" and depth == 0:
            return text[:at], "=", text[at + 1 :]
    return text, "", ""


def select(node: Element, where: str) -> list[Any]:
    """Return everything that the XPath selects from this element; raises UsageError for an invalid XPath."""
    _check_effort(node, where)
    try:
        matches = node.xpath(where, namespaces=tree.NAMESPACES)
    except (etree.XPathError, ValueError) as problem:
        raise UsageError(f"invalid XPath '{where}': {problem}", hint="for example ./devices/disk[1]/@device") from None
    if not isinstance(matches, list):
        raise UsageError(f"'{where}' is an expression, not a path in the XML", hint="for example ./memory")
    return matches


def _check_effort(node: Element, where: str) -> None:
    """Refuse conditions within conditions that would look at everything again and again, for hours."""
    depth = deepest = 0
    for letter in where if where.count("[") > 1 else "":
        depth += (letter == "[") - (letter == "]")
        deepest = max(deepest, depth)
    loops = min(deepest + 1, len(_WIDE.findall(where)))
    if loops > 2 and sum(1 for _ in tree.root_of(node).iter()) ** min(loops, 20) > _MOST_STEPS:
        raise UsageError(
            f"the XPath '{where[:200]}' would take too long: its nested conditions each search the whole document",
            hint="start the inner ones at their own element, such as disk[target/@dev='vda']",
        )


def delete(node: Element, where: str) -> None:
    """Remove the first match of the XPath. Parents are kept, even if they are empty. Raises UsageError for the root."""
    owner = _take_out(node, where)
    if owner is not None and "@" in where.rpartition("/")[2]:
        path.prune(owner, node)


def _take_out(node: Element, where: str) -> Element | None:
    """Take out the first thing found; returns the element that held it. Raises UsageError for the root."""
    for result in select(node, where)[:1]:
        owner: Element | None = result.getparent()
        if isinstance(result, etree._Element):
            if owner is None:
                raise UsageError(f"'{where}' is the whole XML, which cannot be deleted", hint="name a part of it")
            tree.remove(result)
        elif owner is not None and getattr(result, "is_attribute", False):
            owner.attrib.pop(result.attrname, None)
        elif owner is not None:
            owner.text = None
        return owner
    return None


def create(node: Element, where: str) -> Element:
    """Make sure that the element exists; for an attribute or text, the element that contains it.

    Raises UsageError if it cannot be created from the path.
    """
    for result in select(node, where)[:1]:
        owner: Element | None = result if isinstance(result, etree._Element) else result.getparent()
        if owner is not None:
            return owner
    return _grow(node, where)


def _grow(node: Element, where: str) -> Element:
    if not where.startswith("./") and where != ".":
        raise UsageError(
            f"the XPath '{where}' matches nothing and cannot be created", hint="start it with ./ at the element itself"
        )
    try:
        return path.ensure(node, where)
    except ValueError:
        raise UsageError(
            f"the XPath '{where}' has an element name that is not allowed in XML", hint="for example ./devices/disk"
        ) from None


def assign(node: Element, where: str, value: str) -> None:
    """Write a value at the XPath; an empty value removes it, with every element that is empty afterwards.

    Raises UsageError for an XPath that matches nothing and cannot be created.
    """
    if value == "":
        owner = _take_out(node, where)
        if owner is not None:
            path.prune(owner, node)
        return
    inner, _, attribute = where.rpartition("/@")
    if not attribute or not inner or "]" in attribute:
        for result in select(node, where)[:1]:
            if getattr(result, "is_attribute", False):
                result.getparent().set(result.attrname, value)
                return
        inner, attribute = where, ""
    target = create(node, inner)
    if not attribute:
        if (target.text or "").strip() != value:
            target.text = value
        return
    try:
        target.set(attribute, value)
    except ValueError:
        raise UsageError(f"'@{attribute}' is not a valid attribute name", hint="for example ./@device") from None


def condition(where: str) -> Callable[[Element], bool]:
    """Return a test for documents: whether the XPath, from the root element, is true, or selects anything.

    Raises UsageError for an invalid XPath.
    """
    try:
        expression = etree.XPath(where, namespaces=tree.NAMESPACES)
        expression(tree.element("domain"))
    except (etree.XPathError, ValueError) as problem:
        raise UsageError(
            f"invalid XPath '{where}': {problem}",
            hint="for example --where \"devices/disk/driver/@cache='none'\" or --where 'memory > 1048576'",
        ) from None

    def holds(root: Element) -> bool:
        result = expression(root)
        return result == result and bool(result)  # NaN is not equal to itself, and true for Python

    return holds
