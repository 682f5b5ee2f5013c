"""Write every use of an option group into one XML document."""

from __future__ import annotations

from collections.abc import Iterable

from virtprov.guest.document import Guest
from virtprov.guest.rules.choices import Choices
from virtprov.guest.rules.rule_context import UNWATCHED, Watch
from virtprov.guest.write import assign, verbs
from virtprov.guest.write.assign import Assignments
from virtprov.guest.write.use import Use
from virtprov.options.catalogue import table
from virtprov.options.model import Table
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element


class NewDevice(Record):
    """A new element, and the use of the option that created it."""

    element: Element
    use: Use


def write_use(guest: Guest, use: Use) -> NewDevice | None:
    """Write one use of an option group into the guest; returns the new device, if there is one."""
    rows, text = table(use.group), use.said
    if not rows.many:
        _write_part(guest, rows, text)
    elif use.group == "sysinfo":
        _write_sysinfo(guest, rows, text)
    elif text.places or "num_pcie_root_ports" not in text.verbs:  # which makes no device by itself
        node = assign.build(rows, text)
        tree.add(guest.ensure(rows.at.rpartition("/")[0] or "."), node)
        return NewDevice(node, use)
    return None


def _write_sysinfo(guest: Guest, rows: Table, said: Assignments) -> None:
    """Write to the single element of each type; `host` and `emulate` create none."""
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
        result = path.find(guest.root, rows.part)
        if result is not None:
            assign.clear(result)
    assign.write(guest.root, said)
    if said.clear and rows.part:
        result = path.find(guest.root, rows.part)
        if result is not None:
            path.prune(result, guest.root)


def write_all(guest: Guest, uses: Iterable[Use], watch: Watch = UNWATCHED) -> tuple[list[NewDevice], Choices]:
    """Write every use; returns the new devices, and the choices that are left for the rules."""
    devices: list[NewDevice] = []
    choices = Choices()
    for use in uses:
        device = write_use(guest, use)
        if device is not None:
            devices.append(device)
        verbs.apply(guest, use.group, use.said.verbs)
        choices = use.choices.over(choices)
        watch.option(use.said)
    return devices, choices
