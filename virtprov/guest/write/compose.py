"""The guest the options describe: every use of an option group written into one document."""

from __future__ import annotations

from collections.abc import Iterable

from virtprov.guest.document import Guest
from virtprov.guest.rule_context import UNWATCHED, Watch
from virtprov.guest.write import assign, verbs
from virtprov.guest.write.assign import Assignments
from virtprov.options.catalogue import table
from virtprov.options.model import Table
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

_ELSEWHERE = {"num_pcie_root_ports"}
"""Words about devices that make none by themselves."""


class Made(Record):
    """A device that came from an option, with the words that rows alone could not place."""

    group: str
    element: Element
    verbs: dict[str, str]


def write_group(guest: Guest, group: str, said: Assignments) -> Made | None:
    """Write one use of an option group into the guest; returns the device it made, if it made one."""
    rows = table(group)
    if not rows.many:
        _write_part(guest, rows, said)
        return None
    if group == "sysinfo":
        _write_sysinfo(guest, rows, said)
        return None
    if set(said.verbs) & _ELSEWHERE and not said.places:
        return Made(group, tree.element(rows.tag), dict(said.verbs))
    node = assign.build(rows, said)
    parent = guest.ensure(rows.at.rpartition("/")[0] or ".")
    tree.add(parent, node)
    return Made(group, node, dict(said.verbs))


def _write_sysinfo(guest: Guest, rows: Table, said: Assignments) -> None:
    """There is one element a type, to which further uses add; `host` and `emulate` make none."""
    kind = next((place.text for place in said.places if place.name == "type"), None)
    if not said.places and not said.xpaths:
        return
    there = path.find(guest.root, f"./sysinfo[@type='{kind}']") if kind else None
    if there is None:
        tree.add(guest.root, assign.build(rows, said))
        return
    if said.clear:
        assign.clear(there)
    assign.write(there, said)


def _write_part(guest: Guest, rows: Table, said: Assignments) -> None:
    if said.clear and rows.part:
        found = path.find(guest.root, rows.part)
        if found is not None:
            assign.clear(found)
    assign.write(guest.root, said)
    if said.clear and rows.part:
        found = path.find(guest.root, rows.part)
        if found is not None:
            path.prune(found, guest.root)


def write_all(
    guest: Guest, uses: Iterable[tuple[str, Assignments]], watch: Watch = UNWATCHED
) -> tuple[list[Made], dict[str, str]]:
    """Write every use; returns the devices made and the words that guest-wide groups left for the rules."""
    made: list[Made] = []
    words: dict[str, str] = {}
    for group, said in uses:
        device = write_group(guest, group, said)
        if device is None:
            words.update(verbs.apply(guest, group, said.verbs))
        else:
            made.append(device)
        watch.option(said)
    return made, words
