"""Which elements and attributes of a document the user has named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from virtprov.guest.write.assign import Assignments
from virtprov.support.errors import UsageError
from virtprov.xml import path
from virtprov.xml.tree import Element


def named_places(top: Element, said: Iterable[Assignments]) -> frozenset[tuple[Element, str]]:
    """Return the elements that were named, each with an attribute, or with "" for itself.

    `top` is where the paths of the assignments start.
    """
    return frozenset(place for wanted in said for place in _named(top, wanted))


def _named(top: Element, wanted: Assignments) -> Iterator[tuple[Element, str]]:
    """Return the places that the user named, as elements and attributes."""
    for place in wanted.places:
        where = place.where(top)
        node = path.find(top, where) if where and place.text is not None else None
        if node is not None:
            yield node, path.parse(where)[1]
    for free in wanted.xpaths:
        yield from _named_by_xpath(top, free)


def _named_by_xpath(top: Element, free: dict[str, str]) -> Iterator[tuple[Element, str]]:
    from virtprov.xml import xpath

    start = path.find(top, free.get("from") or ".")
    where = free.get("create") or xpath.split_value(free.get("set", ""))[0]
    if start is None or not where:
        return
    try:
        chosen = xpath.select(start, where)[:1]
    except UsageError:
        return
    for result in chosen:
        if getattr(result, "is_attribute", False):
            yield result.getparent(), str(result.attrname)
        elif hasattr(result, "attrib"):
            yield result, ""
