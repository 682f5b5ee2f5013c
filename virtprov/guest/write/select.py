"""Which elements of a guest a selector means: a position, `all`, or what they say."""

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
from virtprov.support.units import is_whole
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

FIRST, ALL = "", "all"
_BY_PATH = ("path", "source.file")


class NoneSuch(UsageError):
    """The guest has no such element."""


class Selector(Record):
    """A choice among a group's elements: by `position` (from 1, from -1 at the end, ALL, FIRST), or by content.

    `wanted` is what they must say, `words` how the user put it.
    """

    position: str = FIRST
    wanted: Assignments | None = None
    words: str = ""


def is_position(word: str) -> bool:
    """Whether a word of the user is a position."""
    return word in (FIRST, ALL) or is_whole(word.removeprefix("-"))


def elements(guest: Guest, table: Table) -> list[Element]:
    """Every element of a repeated group, in order."""
    where, _, tag = table.at.rpartition("/")
    parent = guest.root if where in ("", ".") else path.find(guest.root, where)
    return [] if parent is None else tree.children(parent, tag)


def choose(guest: Guest, table: Table, selector: Selector, host: HostView | None = None) -> list[Element]:
    """The elements that are meant. Raises NoneSuch when the guest has none of them, UsageError for
    a choice that makes no sense."""
    found = elements(guest, table)
    if not found:
        raise NoneSuch(f"the guest has no {_kind(table)}", hint="--add-device adds one")
    if selector.wanted is None:
        return _by_position(found, table, selector.position)
    _check(table, selector)
    matching = [node for node in found if says(node, selector.wanted, host)]
    if not matching:
        raise NoneSuch(f"no {_kind(table)} of the guest is '{selector.words}'", hint=_offered(table, found))
    return matching


def check_single(table: Table, selector: Selector) -> None:
    """Raise UsageError when a choice is made among elements of which there is one at most."""
    if selector.wanted is not None:
        raise UsageError(
            f"--edit {selector.words}: a guest has one --{table.flag} only, so there is nothing to choose from",
            hint="say --edit alone",
        )
    if selector.position not in (FIRST, ALL, "1", "-1"):
        raise UsageError(
            f"--edit {selector.position}: a guest has one --{table.flag} only", hint="say --edit without a number"
        )


def _kind(table: Table) -> str:
    return f"{table.flag} device" if table.is_device else f"<{table.tag}>"


def _by_position(found: list[Element], table: Table, position: str) -> list[Element]:
    if position == ALL:
        return found
    number = int(position or 1)
    if number == 0:
        raise UsageError(f"there is no {_kind(table)} number 0", hint="counting starts at 1, and at -1 from the end")
    if abs(number) > len(found):
        raise NoneSuch(
            f"there is no {_kind(table)} number {number}: the guest has {len(found)}",
            hint="counting starts at 1, and at -1 from the end",
        )
    return [found[number - 1 if number > 0 else number]]


def _check(table: Table, selector: Selector) -> None:
    """Raise UsageError for words that say nothing about elements that are there."""
    wanted = selector.wanted
    assert wanted is not None
    known = {"disk": _BY_PATH, "hostdev": ("name",)}.get(table.flag, ())
    foreign = [name for name in wanted.verbs if name not in known]
    if wanted.clear:
        foreign.append("clearxml")
    if wanted.xpaths:
        foreign.append("xpath")
    if foreign:
        raise UsageError(
            f"'{selector.words}': {foreign[0]} tells no --{table.flag} from another",
            hint="choose by number, all, or by what the XML says, such as target.dev=vda",
        )
    if not wanted.places and not wanted.verbs:
        raise UsageError(
            f"'{selector.words}' names no {_kind(table)}", hint="choose by number, all, or by what the XML says"
        )


def says(node: Element, wanted: Assignments, host: HostView | None) -> bool:
    """Whether an element says all that is wanted, a disk's path or a device's name among it."""
    where = next((wanted.verbs[name] for name in _BY_PATH if name in wanted.verbs), None)
    if where is not None and not _has_path(node, where):
        return False
    name = wanted.verbs.get("name")
    if name is not None and not _is_named(node, name, host):
        return False
    return assign.matches(node, wanted)


def _has_path(node: Element, where: str) -> bool:
    """Whether a disk has this source; "" asks for a drive without a medium."""
    source = DiskSource.of(node)
    here = [text for text in (source.path, source.volume, source.name) if text]
    if not where:
        return not here
    return where in here or os.path.abspath(os.path.expanduser(where)) in here


def _is_named(node: Element, name: str, host: HostView | None) -> bool:
    """Whether a host device is the one a name means, such as `0x04b3:0x4485`, `001.002` or `usb_4b3_4485`."""
    from virtprov.guest import hostdev

    said = hostdev.parse(name) if host is None else hostdev.read_name(name, host)
    return said is not None and hostdev.is_it(node, said)


_TELLING = (
    "./mac/@address",
    "./target/@dev",
    "./target/@name",
    "./@model",
    "./model/@type",
    "./@type",
)
"""Where elements of a kind differ most often, the best first."""


def _offered(table: Table, found: list[Element]) -> str:
    """A hint that lists the elements there are by what tells them apart."""
    for place in _TELLING:
        name = next((row.name for row in table.rows if row.path == place), "")
        values = [path.text(node, place) for node in found]
        if name and all(values) and len(set(values)) == len(values):
            return "there are: " + ", ".join(f"{name}={value}" for value in values[:8])
    return f"the guest has {len(found)} of them; --edit NUMBER chooses by position"
