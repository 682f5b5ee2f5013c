"""The addresses that were reserved for a guest when it was made, listed in its metadata.

They go when the guest goes. Other reservations, which an administrator made for the same interface, are not listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from virtprov.guest.document import Guest

_BOX, _MARK = "./metadata/virtprov:guest", "virtprov:reservation"


class Reserved(Record):
    """The `address` that `network` keeps for the interface `mac`; `name` is the name in its DNS, "" for none."""

    network: str
    address: str
    mac: str
    name: str = ""


def mark(guest: Guest, reserved: Reserved) -> None:
    """List a reserved address in the metadata of a guest."""
    facts = {key: value for key, value in reserved._asdict().items() if value}
    tree.add(guest.ensure(_BOX), tree.element(_MARK, None, facts))


def unmark(guest: Guest) -> None:
    """Remove the list: a copy of a guest has no reserved addresses of its own."""
    box = path.find(guest.root, _BOX)
    if box is None:
        return
    for node in tree.children(box, _MARK):
        tree.remove(node)
    path.prune(box, guest.root)


def of_guest(guest: Guest) -> tuple[Reserved, ...]:
    """Return the addresses that were reserved with a guest for one of its interfaces."""
    box = path.find(guest.root, _BOX)
    macs = {path.text(nic, "./mac/@address").lower() for nic in guest.devices("interface")}
    marks = tree.children(box, _MARK) if box is not None else ()
    listed = (Reserved(*(node.get(key, "") for key in Reserved._fields)) for node in marks)  # type: ignore[attr-defined]
    return tuple(reserved for reserved in listed if reserved.mac.lower() in macs)
