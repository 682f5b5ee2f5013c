"""Record which rule or option wrote each element and attribute of a guest, and how to change that.

The ledger is a watcher (`guest.rules.rule_context.Watch`). After each writer it compares the XML with the one before
and records what is new or different under the writer's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from virtprov.guest.document import Guest
from virtprov.guest.rules.rule_context import Rule, Watch
from virtprov.support.frozen import Record
from virtprov.support.log import MASK
from virtprov.xml import tree
from virtprov.xml.tree import Element

RULE, OPTION = "rule", "option"
LEAVE_OUT = "omit it"


class Writer(Record):
    """A rule or an option that writes XML. `why` is the reason of the rule, or the option as it was typed."""

    by: str
    rule: str
    why: str
    off: str


class Fact(Record):
    """An element (`devices/tpm`) or attribute (`devices/tpm/@model`) and its writer.

    `value` is the attribute's value or the element's text. Elements with the same name are numbered, as in
    `devices/disk[2]`.
    """

    path: str
    value: str
    by: str
    rule: str
    why: str
    off: str


STEPS: dict[str, tuple[str, str]] = {
    "platform": (
        "the fastest type that the host offers, and the machine that suits the system best",
        "--virt-type, --arch, --machine, --boot emulator=...",
    ),
    "name": ("the first free name derived from the operating system's name", "--name NAME"),
    "uuid": ("a new one, or the one from --sysinfo", "--metadata uuid=UUID"),
    "osinfo": (
        "the operating system, as detected from the media, or that of the image",
        "--osinfo NAME, or detect=off,require=off",
    ),
    "memory": ("the recommended size; memory and currentMemory are set together", "--memory MIB"),
    "disk": ("a new disk of the size recommended by the profile", "--disk none"),
    "install-medium": ("the drive with the installation medium", "--import"),
    "vcpus": ("as many as in the topology, otherwise as recommended by the profile", "--vcpus N"),
    "cpu-topology": (
        "the missing parts of the given topology",
        "--vcpus sockets=N,cores=N,threads=N",
    ),
    "reservation": ("the reserved address, which is released when the guest is removed", "omit reserve="),
    "publish": ("host ports that are forwarded to the guest", "omit --publish"),
    "details": ("completes the given option", ""),
    "boot-order": ("the installed guest boots from its disk", "--boot hd, or another order"),
    "cloud-init-seed": ("the drive with the cloud-init seed", "--cloud-init none"),
}
"""Why the steps other than rules write something, and how to change that."""


def _step(name: str) -> Writer:
    why, off = STEPS[name]
    return Writer(RULE, name, why, off)


def _option(typed: str) -> Writer:
    return Writer(OPTION, "", typed, LEAVE_OUT)


Booked = dict[str, tuple[str, Writer]]
"""For one element: its text under "", its attributes under their names."""


class Ledger(Watch):
    """Records the writers.

    `typed` are the uses of option groups as they were typed, by the identity of the parsed object. `given` are other
    flags as they were typed: by the name of the step that uses them, or by the path of what they set.
    """

    __slots__ = ("_booked", "_given", "_root", "_typed")

    def __init__(self, typed: Mapping[int, str], given: Mapping[str, str]) -> None:
        self._typed = typed
        self._given = given
        self._root: Element | None = None
        self._booked: dict[Element, Booked] = {}

    # -- watching --------------------------------------------------------------------------------

    def begin(self, guest: Guest) -> None:
        """Start recording for this guest; what it was copied from keeps its writers."""
        before = {} if self._root is None else {place: self._booked[node] for place, node in _places(self._root)}
        self._root = guest.root
        self._booked = {node: dict(before.get(place, {})) for place, node in _places(guest.root)}

    def step(self, name: str) -> None:
        """Record what a step other than a rule has written."""
        self._book(_option(self._given[name]) if name in self._given else _step(name))

    def detail(self) -> None:
        """Record new details under the writer of the element that contains them."""
        self._book(None)

    def option(self, said: object) -> None:
        """Record what one use of an option group has written."""
        self._book(_option(self._typed.get(id(said), "")))

    def rule(self, rule: Rule) -> None:
        """Record what a rule has written."""
        self._book(Writer(RULE, rule.name, rule.why, rule.off))

    def _book(self, writer: Writer | None) -> None:
        if self._root is None:
            return
        now: dict[Element, Booked] = {}
        for place, node in _places(self._root):
            known, above = self._booked.get(node, {}), now.get(_parent(node), {})
            mine: Booked = {}
            for name, value in _list_facts(node):
                if name in known and known[name][0] == value:
                    mine[name] = known[name]
                    continue
                owner = writer or _owner(known, mine, above)
                mine[name] = (value, self._giver(f"{place}/@{name}" if name else place, owner))
            now[node] = mine
        self._booked = now

    def _giver(self, place: str, writer: Writer) -> Writer:
        """Return the flag that sets exactly this place, otherwise the writer itself."""
        typed = self._given.get(place.lstrip("/")) if writer.by == RULE else None
        return writer if typed is None else _option(typed)

    # -- telling ---------------------------------------------------------------------------------

    def facts(self) -> list[Fact]:
        """Return every element of the guest in document order, each followed by its attributes."""
        if self._root is None:
            return []
        results = []
        for place, node in _places(self._root):
            for name, (value, writer) in self._booked[node].items():
                if place or name:
                    results.append(Fact(f"{place}/@{name}".lstrip("/") if name else place, value, *writer))
        return results


def _owner(*booked: Booked) -> Writer:
    """Return the writer for a detail: that of the first of these elements that has one.

    The elements are the previous version, the current version, and the parent.
    """
    return next((texts[""][1] for texts in booked if texts), _step("details"))


def _parent(node: Element) -> Element:
    above = node.getparent()
    return node if above is None else above


def _list_facts(node: Element) -> Iterator[tuple[str, str]]:
    """Return the element's text (under "") and its attributes, without secrets."""
    yield "", (node.text or "").strip()
    for name, value in node.attrib.items():
        yield str(name), MASK if name == "passwd" else str(value)


def _places(root: Element) -> Iterator[tuple[str, Element]]:
    """Return every element with its path; the root's is ""."""
    yield "", root
    yield from _below(root, "")


def _below(node: Element, above: str) -> Iterator[tuple[str, Element]]:
    kids = tree.children(node)
    tags = [child.tag for child in kids]
    counts: dict[object, int] = {}
    for child, tag in zip(kids, tags, strict=True):
        counts[tag] = counts.get(tag, 0) + 1
        name = f"{child.prefix}:{tree.local_name(child)}" if child.prefix else tree.local_name(child)
        place = f"{above}/{name}" if above else name
        place = f"{place}[{counts[tag]}]" if tags.count(tag) > 1 else place
        yield place, child
        yield from _below(child, place)
