"""Remove what an edit leaves behind when it changes a type, mode, model or bus.

libvirt's schema says most of it (`xml/schema/branches.py`), the table in `only.py` the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.guest.document import Guest
from virtprov.guest.edits import device_addresses as addresses
from virtprov.guest.edits.double_addresses import list_double_addresses
from virtprov.guest.edits.only import ONLY, Only
from virtprov.guest.edits.refused import list_refused
from virtprov.support import log
from virtprov.xml import path, tree
from virtprov.xml.schema.branches import TEXT, Edit, Leftover, Named, find_all, selector_to_follow
from virtprov.xml.schema.walk import whole

if TYPE_CHECKING:
    from virtprov.xml.tree import Element


def list_contradictions(root: Element) -> list[str]:
    """Return sentences about parts of a guest that libvirt refuses beside a selector of the table."""
    sentences = []
    for device in [node for node in tree.children(root) if node.tag == "cpu"] + Guest(root).devices():
        for row in ONLY:
            if row.tag != device.tag or not row.is_refused:
                continue
            word = path.text(device, row.selector)
            if not word or word in row.words:
                continue
            sentences += [
                f"{whole(device)} can have '{names}' only with {path.parse(row.selector)[1]}={' or '.join(row.words)}"
                for names in (
                    where.removeprefix("./").replace("/@", ".").removeprefix("@") for where in _there(device, row)
                )
            ]
    return sentences + list_clashes(root) + _list_others(root) + list_refused(root)


def list_clashes(root: Element) -> list[str]:
    """Return sentences about names, boot orders and addresses that more than one device has."""
    guest, sentences = Guest(root), []
    for what, used in (
        ("target name", [path.text(disk, "./target/@dev") for disk in guest.disks()]),
        ("boot order", [path.text(device, "./boot/@order") for device in guest.devices()]),
        ("alias", [path.text(device, "./alias/@name") for device in guest.devices()]),
    ):
        doubles = dict.fromkeys(word for word in used if word and used.count(word) > 1)
        sentences += [f"more than one device has the {what} '{word}'" for word in doubles]
    return sentences + list_double_addresses(root)


def _list_others(root: Element) -> list[str]:
    """Return sentences about boot orders, processors, and disks on a bus without removable media."""
    guest, sentences = Guest(root), []
    if path.find(root, "./os/boot") is not None and any(path.text(node, "./boot/@order") for node in guest.devices()):
        sentences.append("devices cannot have a boot order beside <boot> in <os>")
    vcpus, most = path.text(root, "./vcpu/@current"), path.text(root, "./vcpu")
    if vcpus.isdecimal() and most.isdecimal() and len(vcpus + most) < 30 and int(vcpus) > int(most):
        sentences.append(f"the guest cannot start with {vcpus} of {most} processors")
    for disk in guest.disks():
        if disk.get("device") in ("cdrom", "floppy") and path.get(disk, "./target/@bus") == "virtio":
            sentences.append(f"{whole(disk)} is a {disk.get('device')}, which the bus 'virtio' does not support")
    return sentences


def _there(device: Element, row: Only) -> list[str]:
    return [
        where
        for where in row.parts
        if path.get(device, where) is not None and (not row.values or path.text(device, where) in row.values)
    ]


RARE = ("vhostvdpa",)
"""Types of disks that nobody means who only names a source."""
_SPICE = ("channel", "image", "jpeg", "zlib", "playback", "streaming", "mouse", "clipboard", "filetransfer", "gl")
_IGNORED = {"graphics": _SPICE}
"""Parts that libvirt skips in displays of other types (src/conf/domain_conf.c); only its schema refuses them there."""


class Before:
    """An element as it is before an edit, with a copy of everything in it."""

    __slots__ = ("copy", "node", "twins")

    def __init__(self, node: Element) -> None:
        self.node = node
        self.copy = tree.copy(node)
        self.twins: dict[Element, Element] = dict(zip(node.iter("*"), self.copy.iter("*"), strict=True))

    @property
    def selects(self) -> bool:
        """Whether the edit has changed an attribute, so that it may have changed a selector."""
        return any(dict(now.attrib) != dict(was.attrib) for now, was in self.twins.items())


def drop(before: Before, named: Named, *, strict: bool = True) -> None:
    """Remove what only fits the element as it was, except for what was named.

    Unless `strict`, what libvirt itself would skip is kept: only a check against its schema minds that.
    """
    if not before.selects:
        return
    from virtprov.xml.schema import schema_files

    edit = Edit(before.twins, named)
    graph = schema_files.load()
    if graph is not None:
        way = selector_to_follow(graph, before.node, edit, RARE)
        if way is not None:
            node, key, word = way
            _tell(f"set {key}='{word}' of", node)
            node.set(key, word)
        for leftover in find_all(graph, before.node, edit):
            if strict or leftover.node.tag not in _IGNORED.get(str(before.node.tag), ()):
                _remove(before.node, leftover)
    _drop_only(before, edit, strict=strict)
    addresses.settle(before.node, before.copy, edit)


def _remove(top: Element, leftover: Leftover) -> None:
    """Remove a part, which does not fit the edited element any more."""
    node, name = leftover.node, leftover.name
    if name == TEXT:
        _tell(f"remove '{(node.text or '').strip()}' from", node)
        node.text = None
    elif name:
        _tell(f"remove {name}='{node.get(name)}' of", node)
        del node.attrib[name]
    elif node is not top:
        _tell("remove", node)
        tree.remove(node)


def _tell(what: str, node: Element) -> None:
    log.debug("%s %s: libvirt does not allow it after this change", what, whole(node))


def _drop_only(before: Before, edit: Edit, *, strict: bool) -> None:
    """Remove what the table only allows with the old value of a selector."""
    node, was = before.node, before.copy
    for row in ONLY:
        now, old = path.text(node, row.selector), path.text(was, row.selector)
        if (
            row.tag != node.tag
            or not (strict or row.is_refused)
            or now == old
            or now in row.words
            or (old and old not in row.words)
        ):
            continue
        for where in row.parts:
            name = path.parse(where)[1]
            for part in _find_parts(node, where):
                if part not in before.twins or (name and name not in part.attrib):
                    continue
                if row.values and part.get(name) not in row.values:
                    continue
                if not (edit.is_firm(part, name) if name else edit.is_named(part)):
                    above = part.getparent()
                    _remove(node, Leftover(part, name))
                    path.prune(part if name or above is None else above, node)


def _find_parts(node: Element, where: str) -> list[Element]:
    """Return all elements of this name, or those that can have this attribute."""
    first = path.find(node, where)
    if first is None or first is node:
        return [] if first is None else [node]
    above = first.getparent()
    return [] if above is None else tree.children(above, str(first.tag))
