"""Which elements of a guest a selector means: a position, `all`, or what they say."""

from __future__ import annotations

from virtprov.guest import assign
from virtprov.guest.assign import Assignments
from virtprov.guest.document import Guest
from virtprov.options.model import Table
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

FIRST, ALL = "", "all"


def elements(guest: Guest, table: Table) -> list[Element]:
    """Every element of a repeated group, in order."""
    where, _, tag = table.at.rpartition("/")
    parent = guest.root if where in ("", ".") else path.find(guest.root, where)
    return [] if parent is None else tree.children(parent, tag)


def by_word(guest: Guest, table: Table, word: str) -> list[Element]:
    """Select by position (from 1; negative ones from the end), `all`, or "" for the first.

    Raises UsageError when the guest has no such element.
    """
    found = elements(guest, table)
    if not found:
        raise UsageError(
            f"the guest has no --{table.flag} device" if table.is_device else f"the guest has no <{table.tag}>",
            hint="`virsh dumpxml` shows what it has",
        )
    if word == ALL:
        return found
    number = int(word or 1)
    if number == 0:
        raise UsageError(f"there is no --{table.flag} number 0", hint="counting starts at 1, and at -1 from the end")
    if abs(number) > len(found):
        raise UsageError(
            f"there is no --{table.flag} number {number}: the guest has {len(found)}", hint="counting starts at 1"
        )
    return [found[number - 1 if number > 0 else number]]


def by_content(guest: Guest, table: Table, wanted: Assignments, words: str) -> list[Element]:
    """Select what already says all of `wanted`; `words` are the user's own, for the message."""
    found = [node for node in elements(guest, table) if says(node, wanted)]
    if not found:
        raise UsageError(
            f"no --{table.flag} of the guest matches '{words}'", hint="`virsh dumpxml` shows what the guest has"
        )
    return found


def says(node: Element, wanted: Assignments) -> bool:
    """Whether an element has everything wanted, the words of a disk's path among it."""
    where = wanted.verbs.get("path") or wanted.verbs.get("source.file")
    if where is not None and where not in _sources(node):
        return False
    name = wanted.verbs.get("name")
    if name is not None and not _is_named(node, name):
        return False
    return assign.matches(node, wanted)


def _sources(node: Element) -> list[str]:
    source = tree.child(node, "source")
    return [] if source is None else [source.get(name, "") for name in ("file", "dev", "dir", "name", "volume", "path")]


def _is_named(node: Element, name: str) -> bool:
    """Whether a host device is the one a name such as `0x04b3:0x4485` or `001.002` means."""
    from virtprov.guest.hostdev import parse

    said = parse(name)
    return said is not None and all(path.get(node, where) == text for where, text in said.places)
