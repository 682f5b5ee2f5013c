"""XSLT stylesheets, which may not read or write files, nor use the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from virtprov.support.errors import XmlError
from virtprov.xml import tree

if TYPE_CHECKING:
    from collections.abc import Mapping


def apply(sheet: str, parts: Mapping[str, Mapping[str, str]], name: str) -> str:
    """Return what a stylesheet makes of a document <install-script-config> with these parts: element -> child -> text.

    `name` is for messages. Raises XmlError for a stylesheet that cannot be used.
    """
    root = tree.element("install-script-config")
    for part, values in parts.items():
        box = tree.element(part)
        for word, text in values.items():
            box.append(tree.element(word, text))
        root.append(box)
    try:
        transform = etree.XSLT(tree.parse(sheet, name), access_control=etree.XSLTAccessControl.DENY_ALL)
        return str(transform(root))
    except etree.XSLTError as problem:
        raise XmlError(f"the install script {name} cannot be used: {problem}", hint="omit script=") from None
