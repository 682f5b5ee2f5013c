"""Find mistakes in the addresses of cloud images that people write by hand."""

from __future__ import annotations

import re

from virtprov.osinfo.profile_files.image_reader import ATTRIBUTES, INDEX_TYPES, SPACE
from virtprov.support.errors import nearest
from virtprov.xml import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHILDREN = ("url", "build", "checksums", "index", "builds", "signature")
_KNOWN = {
    "images": ("os", "names", *ATTRIBUTES),
    "image": ATTRIBUTES,
    "index": ("type", "select"),
    "builds": ("type", "select"),
    "signature": ("of", "keyrings"),
}
_VALUES = {
    "format": ("qcow2", "raw"),
    "firmware": ("bios", "uefi"),
    "cpu": ("x86-64-v2", "x86-64-v3"),
    "default": ("true", "false"),
    "type": INDEX_TYPES,
    "of": ("image", "checksums"),
}
PARTS = ("arch", "build", "revision", "firmware", "file", "stem")
_PART = re.compile(r"\{([^{}]*)\}")


def image_mistakes(node: tree.Element) -> Iterator[tuple[int, str]]:
    """Yield what is wrong in an <images> element: the line, and a sentence."""
    yield from _attribute_mistakes(node)
    line = node.sourceline or 0
    if not node.get("os"):
        yield line, "<images> requires the attribute 'os'"
    for child in tree.children(node):
        if child.tag == f"{{{SPACE}}}image":
            yield from _mistakes_in_image(child, {*map(str, node.attrib), *map(str, child.attrib)})
        else:
            yield child.sourceline or 0, f"unknown element <{tree.local_name(child)}> in <images>"


def _mistakes_in_image(node: tree.Element, given: set[str]) -> Iterator[tuple[int, str]]:
    yield from _attribute_mistakes(node)
    line = node.sourceline or 0
    for attribute in ("variant", "arch"):
        if attribute not in given:
            yield line, f"<image> requires the attribute '{attribute}'"
    for child in tree.children(node):
        name = tree.local_name(child)
        if name not in CHILDREN:
            yield child.sourceline or 0, f"unknown element <{name}> in <image>{close_name(name, CHILDREN)}"
            continue
        yield from _attribute_mistakes(child)
        for part in _PART.findall(child.text or ""):
            if part not in PARTS:
                yield child.sourceline or 0, f"<{name}> has the unknown part '{{{part}}}'{close_name(part, PARTS)}"


def _attribute_mistakes(node: tree.Element) -> Iterator[tuple[int, str]]:
    name, line = tree.local_name(node), node.sourceline or 0
    known = _KNOWN.get(name, ())
    for key, value in node.attrib.items():
        attribute, allowed = str(key), _VALUES.get(str(key), ())
        if attribute not in known:
            yield line, f"unknown attribute '{attribute}' of <{name}>{close_name(attribute, known)}"
        for word in str(value).split() if allowed else ():
            if word not in allowed:
                hint = close_name(word, allowed) or f" (expected {', '.join(allowed)})"
                yield line, f"invalid value {attribute}='{word}'{hint}"


def close_name(word: str, known: Sequence[str]) -> str:
    """Return a hint in brackets, with a space before it, if one of the known names is close to a word; otherwise ""."""
    close = nearest(word, known)
    return f" ({close})" if close else ""
