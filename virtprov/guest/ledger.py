"""Who put what into a guest: every element and attribute with the rule or option that wrote it, and how to undo that.

The ledger is a watcher (`guest.setting.Watch`): after each writer it compares the document with what was known of
it, and books what is new or different under that writer's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from virtprov.guest.document import Guest
from virtprov.guest.rule_context import Rule, Watch
from virtprov.support.frozen import Record
from virtprov.support.log import MASK
from virtprov.xml import tree
from virtprov.xml.tree import Element

RULE, OPTION = "rule", "option"
LEAVE_OUT = "leave it out"


class Writer(Record):
    """Somebody who writes. `why` is a rule's reason, or an option as it was typed."""

    by: str
    rule: str
    why: str
    off: str


class Fact(Record):
    """One element (`devices/tpm`) or attribute (`devices/tpm/@model`) and its writer.

    `value` is the attribute's value or the element's own text. Of several elements with one name each has its number,
    as in `devices/disk[2]`.
    """

    path: str
    value: str
    by: str
    rule: str
    why: str
    off: str


STEPS: dict[str, tuple[str, str]] = {
    "platform": (
        "the fastest that the host offers, and the machine that the system runs on best",
        "--virt-type, --arch, --machine, --boot emulator=...",
    ),
    "name": ("made of the system's name, the first that is free", "--name NAME"),
    "uuid": ("a new one, or that of --sysinfo", "--metadata uuid=UUID"),
    "osinfo": ("the operating system, as the media tell it", "--osinfo NAME, or detect=off,require=off"),
    "memory": ("the recommended size; of memory and currentMemory one follows the other", "--memory MIB"),
    "disk": ("a new disk, as large as the system's profile recommends", "--disk none"),
    "install-medium": ("the drive with the installer", "--import"),
    "vcpus": ("as many as the topology has, else as the system's profile recommends", "--vcpus N"),
    "cpu-topology": (
        "the rest of a topology that is given in part",
        "--vcpus sockets=N,cores=N,threads=N",
    ),
    "publish": ("ports of the host that lead into the guest", "leave out --publish"),
    "details": ("completes what an option says", ""),
    "boot-order": ("the finished guest boots from its disk", "--boot hd, or another order"),
    "cloud-init-seed": ("the drive that cloud-init reads", "--cloud-init none"),
}
"""Why the steps outside of the rules write, and how to have it otherwise."""


def _step(name: str) -> Writer:
    why, off = STEPS[name]
    return Writer(RULE, name, why, off)


def _option(typed: str) -> Writer:
    return Writer(OPTION, "", typed, LEAVE_OUT)


Booked = dict[str, tuple[str, Writer]]
"""Of one element: its own text under "", its attributes under their names."""


class Ledger(Watch):
    """Keeps who wrote what.

    `typed` are the uses of option groups as they were typed, by the identity of what was read from them. `given`
    are other flags as they were typed: by the name of the step that acts on them, or by the path of what they set.
    """

    __slots__ = ("_booked", "_given", "_root", "_typed")

    def __init__(self, typed: Mapping[int, str], given: Mapping[str, str]) -> None:
        self._typed = typed
        self._given = given
        self._root: Element | None = None
        self._booked: dict[Element, Booked] = {}

    # -- watching --------------------------------------------------------------------------------

    def begin(self, guest: Guest) -> None:
        """From here on this guest is written to; what it was copied from keeps its writers."""
        before = {} if self._root is None else {place: self._booked[node] for place, node in _places(self._root)}
        self._root = guest.root
        self._booked = {node: dict(before.get(place, {})) for place, node in _places(guest.root)}

    def step(self, name: str) -> None:
        """A step outside of the rules has written."""
        self._book(_option(self._given[name]) if name in self._given else _step(name))

    def detail(self) -> None:
        """What is new belongs to the writer of the element that it stands in."""
        self._book(None)

    def option(self, said: object) -> None:
        """One use of an option group has been written."""
        self._book(_option(self._typed.get(id(said), "")))

    def rule(self, rule: Rule) -> None:
        """A rule has written."""
        self._book(Writer(RULE, rule.name, rule.why, rule.off))

    def _book(self, writer: Writer | None) -> None:
        if self._root is None:
            return
        now: dict[Element, Booked] = {}
        for place, node in _places(self._root):
            known, above = self._booked.get(node, {}), now.get(_parent(node), {})
            mine: Booked = {}
            for name, value in _said(node):
                if name in known and known[name][0] == value:
                    mine[name] = known[name]
                    continue
                owner = writer or _owner(known, mine, above)
                mine[name] = (value, self._giver(f"{place}/@{name}" if name else place, owner))
            now[node] = mine
        self._booked = now

    def _giver(self, place: str, writer: Writer) -> Writer:
        """The flag that sets this very place, else the writer itself."""
        typed = self._given.get(place.lstrip("/")) if writer.by == RULE else None
        return writer if typed is None else _option(typed)

    # -- telling ---------------------------------------------------------------------------------

    def facts(self) -> list[Fact]:
        """Every element of the guest, in the order of the document, each followed by its attributes."""
        if self._root is None:
            return []
        found = []
        for place, node in _places(self._root):
            for name, (value, writer) in self._booked[node].items():
                if place or name:
                    found.append(Fact(f"{place}/@{name}".lstrip("/") if name else place, value, *writer))
        return found


def _owner(*booked: Booked) -> Writer:
    """Whose a value is that completes what others wrote: of the first of these elements that has a writer.

    They are the element as it was before, the element as it is now, and the one that it stands in.
    """
    return next((texts[""][1] for texts in booked if texts), _step("details"))


def _parent(node: Element) -> Element:
    above = node.getparent()
    return node if above is None else above


def _said(node: Element) -> Iterator[tuple[str, str]]:
    """The element's own text (under "") and its attributes; no secrets."""
    yield "", (node.text or "").strip()
    for name, value in node.attrib.items():
        yield str(name), MASK if name == "passwd" else str(value)


def _places(root: Element) -> Iterator[tuple[str, Element]]:
    """Every element with its path, the root's being ""."""
    yield "", root
    yield from _below(root, "")


def _below(node: Element, above: str) -> Iterator[tuple[str, Element]]:
    kids = tree.children(node)
    tags = [kid.tag for kid in kids]
    counts: dict[object, int] = {}
    for kid, tag in zip(kids, tags, strict=True):
        counts[tag] = counts.get(tag, 0) + 1
        name = f"{kid.prefix}:{tree.local_name(kid)}" if kid.prefix else tree.local_name(kid)
        place = f"{above}/{name}" if above else name
        place = f"{place}[{counts[tag]}]" if tags.count(tag) > 1 else place
        yield place, kid
        yield from _below(kid, place)
