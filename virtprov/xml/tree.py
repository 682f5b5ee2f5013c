"""Parse, print and extend XML trees; unknown parts, comments and order are kept."""

from __future__ import annotations

import os
from itertools import islice
from typing import TypeAlias

from lxml import etree

from virtprov.support.errors import XmlError
from virtprov.support.file_access.regular import reading
from virtprov.xml.order import follower

Element: TypeAlias = etree._Element

NAMESPACES = {
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "lxc": "http://libvirt.org/schemas/domain/lxc/1.0",
    "xen": "http://libvirt.org/schemas/domain/xen/1.0",
    "bhyve": "http://libvirt.org/schemas/domain/bhyve/1.0",
    "vmware": "http://libvirt.org/schemas/domain/vmware/1.0",
    "ch": "http://libvirt.org/schemas/domain/cloud-hypervisor/1.0",
    "libosinfo": "http://libosinfo.org/xmlns/libvirt/domain/1.0",
    "boxes": "https://wiki.gnome.org/Apps/Boxes",
    "virtprov": "urn:virtprov:guest:1.0",
}
"""Prefixes that short paths can use, with libvirt's namespaces; `virtprov` is our own, for a guest's metadata."""


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, load_dtd=False, dtd_validation=False, no_network=True, huge_tree=False
    )


def parse(text: str | bytes, what: str = "the XML") -> Element:
    """Read one document without entities, DTD, network or huge trees.

    `what` names the source in errors. Raises XmlError with the line when the text is not XML.
    """
    data = text.encode() if isinstance(text, str) else text
    if not data.strip():
        raise XmlError(f"{what} is empty", hint="give a libvirt XML document, as printed by `virsh dumpxml`")
    try:
        root = etree.fromstring(data.strip(), _parser())
    except etree.XMLSyntaxError as problem:
        words = (problem.msg or "it cannot be read").split(", line ")[0].strip()
        raise XmlError(
            f"{what} is not well-formed XML, line {problem.lineno}: {words}",
            hint="fix that line, or print the document again with `virsh dumpxml`",
        ) from None
    if root.getroottree().docinfo.doctype:
        raise XmlError(f"{what} contains a DOCTYPE, which is not allowed", hint="remove the DOCTYPE")
    return root


def parse_file(path: str) -> Element:
    """Parse the file `path`; raises XmlError if it is missing or not XML."""
    try:
        with reading(path) as stream:
            return parse(stream.read(), os.fspath(path))
    except OSError as problem:
        raise XmlError(f"{path} cannot be read: {problem.strerror}", hint="check the file's name") from None


def to_text(node: Element) -> str:
    """Return the node as text, ending with a newline; nothing is reformatted."""
    return etree.tostring(node, encoding="unicode", with_tail=False).rstrip() + "\n"


def qualify(tag: str) -> str:
    """Return `qemu:commandline` in lxml's form; a plain tag is not changed."""
    prefix, colon, local = tag.partition(":")
    if colon and not tag.startswith("{") and prefix in NAMESPACES:
        return f"{{{NAMESPACES[prefix]}}}{local}"
    return tag


def local_name(node: Element) -> str:
    """Return the tag without its namespace; "" for comments and instructions."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def element(tag: str, text: str | None = None, attrs: dict[str, str] | None = None) -> Element:
    """Return a new element that is not in a tree yet."""
    name = qualify(tag)
    prefix = tag.partition(":")[0]
    spaces = {prefix: NAMESPACES[prefix]} if name != tag else None
    node = etree.Element(name, attrs or {}, nsmap=spaces)
    node.text = text
    return node


def child(node: Element, tag: str) -> Element | None:
    """Return the first child with this tag, or None."""
    return next(node.iterchildren(qualify(tag)), None)


def children(node: Element, tag: str | None = None) -> list[Element]:
    """Return the child elements, all or those with this tag, without comments."""
    return list(node.iterchildren("*" if tag is None else qualify(tag)))


def depth(node: Element) -> int:
    """Return how many ancestors the element has."""
    return sum(1 for _ in node.iterancestors())


def _indent(node: Element, level: int) -> None:
    """Lay out a new node that has no white space of its own yet, two blanks a level as libvirt does."""
    kids = list(node)
    if not kids:
        return
    if not (node.text or "").strip():
        node.text = "\n" + "  " * (level + 1)
    for kid in kids:
        _indent(kid, level + 1)
        if not (kid.tail or "").strip():
            kid.tail = "\n" + "  " * (level + 1)
    kids[-1].tail = "\n" + "  " * level


def add(parent: Element, node: Element, index: int | None = None) -> Element:
    """Add `node` to `parent` where libvirt would print it, indented; returns the node.

    `index` overrides the position (among all children). Nothing else is moved.
    """
    behind = follower(parent, node) if index is None else next(islice(parent, index, None), None)
    level = depth(parent)
    _indent(node, level + 1)
    inner, outer = "\n" + "  " * (level + 1), "\n" + "  " * level
    if behind is not None:
        before = behind.getprevious()
        space = before.tail if before is not None else parent.text
        node.tail = space if space and not space.strip() else inner
        behind.addprevious(node)
        return node
    last = next(parent.iterchildren(reversed=True), None)
    if last is None:
        if not (parent.text or "").strip():
            parent.text = inner
        node.tail = outer
    else:
        node.tail = last.tail if (last.tail or "").strip() == "" and last.tail else outer
        last.tail = inner
    parent.append(node)
    return node


def remove(node: Element) -> None:
    """Remove the node and the white space around it; other text is kept."""
    parent = node.getparent()
    if parent is None:
        return
    before = node.getprevious()
    tail = node.tail or ""
    if tail.strip():
        if before is not None:
            before.tail = (before.tail or "") + tail
        else:
            parent.text = (parent.text or "") + tail
    elif node.getnext() is None:
        if before is not None:
            before.tail = tail
        elif not (parent.text or "").strip():
            parent.text = None
    parent.remove(node)


def drop(parent: Element, tag: str) -> None:
    """Remove the first child with this tag, if there is one."""
    result = child(parent, tag)
    if result is not None:
        remove(result)


def is_bare(node: Element) -> bool:
    """Return whether the node is empty: no attribute, no child, no text."""
    return not node.attrib and len(node) == 0 and not (node.text or "").strip()


def copy(node: Element) -> Element:
    """A deep copy outside of any tree."""
    twin: Element = node.__deepcopy__({})  # type: ignore[attr-defined]
    twin.tail = None
    return twin


def root_of(node: Element) -> Element:
    """Return the root element of the node's tree."""
    return node.getroottree().getroot()


def same(one: Element, other: Element) -> bool:
    """Return whether two elements are equal: tags, attributes, texts and children in order, except for white space."""
    if not _same_tag(one, other):
        return False
    if etree.tostring(one, with_tail=False) == etree.tostring(other, with_tail=False):
        return True  # most that are compared are the same letter by letter, which is found out at once
    return _same_inside(one, other)


def _same_tag(one: Element, other: Element) -> bool:
    return one.tag == other.tag and dict(one.attrib) == dict(other.attrib)


def _same_inside(one: Element, other: Element) -> bool:
    if (one.text or "").strip() != (other.text or "").strip():
        return False
    mine, yours = children(one), children(other)
    pairs = zip(mine, yours, strict=False)
    return len(mine) == len(yours) and all(_same_tag(a, b) and _same_inside(a, b) for a, b in pairs)
