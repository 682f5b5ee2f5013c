"""Find the elements that a selector selects: by position, `all`, or by their values."""

from __future__ import annotations

import os

from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.guest.host_view import HostView
from virtprov.guest.write import assign
from virtprov.guest.write.assign import Assignments
from virtprov.options.model import Table
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.support.notation.units import is_whole
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

FIRST, ALL = "", "all"
_BY_PATH = ("path", "source.file")


class NoneSuch(UsageError):
    """The guest has no such element."""


class Selector(Record):
    """Selects elements of a group: by `position` (1 is the first, -1 the last, ALL, FIRST), or by values.

    `wanted` are the values they must have, `words` is the user's text.
    """

    position: str = FIRST
    wanted: Assignments | None = None
    words: str = ""


def is_position(word: str) -> bool:
    """Return whether a word is a position."""
    return word in (FIRST, ALL) or is_whole(word.removeprefix("-"))


def elements(guest: Guest, table: Table) -> list[Element]:
    """Return every element of a group that can be repeated, in order."""
    where, _, tag = table.at.rpartition("/")
    parent = guest.root if where in ("", ".") else path.find(guest.root, where)
    return [] if parent is None else tree.children(parent, tag)


def choices(guest: Guest, table: Table) -> list[str]:
    """Return a word for each element of a group that selects it alone: its name, such as `vdb`, or its position."""
    found = elements(guest, table)
    names = [next((name for place in _NAMES if (name := path.text(node, place))), "") for node in found]
    lone = [name if names.count(name) == 1 else "" for name in names]
    return [name or str(position) for position, name in enumerate(lone, 1)]


def choose(guest: Guest, table: Table, selector: Selector, host: HostView | None = None) -> list[Element]:
    """Return the selected elements. Raises NoneSuch if there are none, UsageError for an invalid selector."""
    matches = elements(guest, table)
    if not matches:
        raise NoneSuch(f"the guest has no {_kind(table)}", hint="use --add-device to add one")
    if selector.wanted is None:
        return _by_position(matches, table, selector.position)
    _check(table, selector)
    matching = [node for node in matches if has_values(node, selector.wanted, host)]
    matching = matching or [node for node in matches if _is_called(node, selector)]
    if not matching:
        raise NoneSuch(f"no {_kind(table)} of the guest matches '{selector.words}'", hint=_list_choices(table, matches))
    return matching


def check_single(table: Table, selector: Selector) -> None:
    """Raise UsageError for a selector in a group with at most one element."""
    if selector.wanted is not None:
        raise UsageError(
            f"--edit {selector.words}: a guest has only one --{table.flag}, so it cannot be selected",
            hint="use --edit without a value",
        )
    if selector.position not in (FIRST, ALL, "1", "-1"):
        raise UsageError(
            f"--edit {selector.position}: a guest has only one --{table.flag}", hint="use --edit without a number"
        )


def _kind(table: Table) -> str:
    return f"{table.flag} device" if table.is_device else f"<{table.tag}>"


def _by_position(matches: list[Element], table: Table, position: str) -> list[Element]:
    if position == ALL:
        return matches
    number = int(position or 1)
    if number == 0:
        raise UsageError(f"invalid {_kind(table)} number 0", hint="numbers start at 1, or at -1 from the end")
    if abs(number) > len(matches):
        raise NoneSuch(
            f"no {_kind(table)} number {number}: the guest has {len(matches)}",
            hint="numbers start at 1, or at -1 from the end",
        )
    return [matches[number - 1 if number > 0 else number]]


def _check(table: Table, selector: Selector) -> None:
    """Raise UsageError for values that cannot select elements."""
    assignments = selector.wanted
    assert assignments is not None
    known = {"disk": _BY_PATH, "hostdev": ("name",)}.get(table.flag, ())
    foreign = [name for name in assignments.verbs if name not in known]
    if assignments.clear:
        foreign.append("clearxml")
    if assignments.xpaths:
        foreign.append("xpath")
    if foreign:
        raise UsageError(
            f"'{selector.words}': '{foreign[0]}' cannot be used to select a --{table.flag}",
            hint="select by number, all, or a value from the XML, such as target.dev=vda",
        )
    if not assignments.places and not assignments.verbs:
        raise UsageError(
            f"'{selector.words}' does not select a {_kind(table)}",
            hint="select by number, all, or a value from the XML",
        )


def has_values(node: Element, assignments: Assignments, host: HostView | None) -> bool:
    """Return whether an element has all wanted values, including a disk's path or a device's name."""
    where = next((assignments.verbs[name] for name in _BY_PATH if name in assignments.verbs), None)
    if where is not None and not _has_path(node, where):
        return False
    name = assignments.verbs.get("name")
    if name is not None and not _is_named(node, name, host):
        return False
    return assign.matches(node, assignments)


_NAMES = ("./target/@dev", "./mac/@address", "./target/@name", "./alias/@name")
"""Where the XML has a name that no other element of the guest has: `vdb`, a MAC address, `org.qemu.guest_agent.0`."""


def _is_called(node: Element, selector: Selector) -> bool:
    """Return whether a single word, or the path of a disk, is the name of an element."""
    wanted = selector.wanted
    given = wanted.verbs.get("path", "") if wanted is not None and not wanted.places else ""
    names = [name.lower() for place in _NAMES if (name := path.text(node, place))]
    return bool({selector.words.lower(), given.lower()} & set(names))


def _has_path(node: Element, where: str) -> bool:
    """Return whether a disk has this source; "" is for a drive without a medium."""
    source = DiskSource.of(node)
    here = [text for text in (source.path, source.volume, source.name) if text]
    if not where:
        return not here
    return where in here or os.path.abspath(os.path.expanduser(where)) in here


def _is_named(node: Element, name: str, host: HostView | None) -> bool:
    """Return whether a host device has a name such as `0x04b3:0x4485`, `001.002` or `usb_4b3_4485`."""
    from virtprov.guest.write import hostdev

    text = hostdev.parse(name) if host is None else hostdev.read_name(name, host)
    return text is not None and hostdev.is_it(node, text)


_TELLING = (
    "./mac/@address",
    "./target/@dev",
    "./target/@name",
    "./@model",
    "./model/@type",
    "./@type",
)
"""The values in which elements of the same kind usually differ, the best first."""


def _list_choices(table: Table, matches: list[Element]) -> str:
    """Return a hint that lists the elements by their distinguishing values."""
    for place in _TELLING:
        name = next((row.name for row in table.rows if row.path == place), "")
        values = [path.text(node, place) for node in matches]
        if name and all(values) and len(set(values)) == len(values):
            return "choose from: " + ", ".join(f"{name}={value}" for value in values[:8])
    return f"the guest has {len(matches)} of them; use --edit NUMBER to select by position"
