"""Find devices of a running guest that are plugged in, unplugged or changed, and the libvirt calls for that.

The rules are those of libvirt's QEMU driver; other drivers refuse what they do not support.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.live.effects import AT_START, LiveDiff, call, leaves
from virtprov.host.running.running_guests import Running
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from virtprov.guest.document import Guest

    Pairs = list[tuple[Element, Element]]
    Partner = Callable[[Element], Element | None]
    Rule = Callable[[list[Element]], Partner]

_FIXED = frozenset(
    {
        *("audio", "console", "emulator", "graphics", "hub", "iommu", "memballoon", "nvram", "panic", "parallel"),
        *("pstore", "smartcard", "sound", "tpm", "video"),
    }
)
"""Devices that cannot be plugged or unplugged in QEMU."""

_FIXED_BUSES = ("ide", "sata", "fdc")
_PLUGGED_CONTROLLERS = ("scsi",)
_DRIVE = ("type", "source", "driver.type", "driver.name", "backingStore", "index", "startupPolicy")
_NET = ("link", "filterref", "coalesce", "vlan", "trustGuestRxFilters", "port")
_NET_SOURCE = ("type", "source")
_SWITCHES = ("network", "bridge")
"""Interfaces whose connection can be changed while the guest runs."""
_UPDATED = {"graphics": ("passwd", "passwdValidTo", "connected"), "memory": ("target.requested",)}
_KEYS = {
    "disk": ("./target/@dev",),
    "interface": ("./mac/@address",),
    "controller": ("./@type", "./@index"),
    "filesystem": ("./target/@dir",),
}
"""The values that identify a device if libvirt has not given it an alias."""


def compare(board: LiveDiff, after: Guest, known: Pairs) -> None:
    """Record the effects on each device. `known` are devices known to be the same before and after."""
    old = [node for node in board.guest.devices() if not _is_shadow(node, board.guest)]
    new = [node for node in after.devices() if not _is_shadow(node, after)]
    pairs, gone, fresh = pair_devices(old, new, known)
    for node in sorted(fresh, key=lambda node: node.tag != "controller"):
        _plug(board, node, f"new {noun(node, after)}", noun(node, after), add=True)
    for was, node in pairs:
        if not tree.same(was, node):
            _change(board, was, node)
    for node in sorted(gone, key=lambda node: node.tag == "controller"):
        called = noun(node, board.guest)
        _plug(board, node, f"removal of {called}", called, add=False)


def _is_shadow(node: Element, guest: Guest) -> bool:
    """Return whether this is the console that libvirt prints for the first serial port."""
    if node.tag != "console" or not guest.devices("serial"):
        return False
    return (path.get(node, "./target/@type") or "serial") == "serial" and (
        path.get(node, "./target/@port") or "0"
    ) == "0"


def noun(node: Element, guest: Guest) -> str:
    """Return the name of a device in messages and tables: `disk vdb`, `network 2`, `graphics vnc`."""
    tag = tree.local_name(node)
    if tag == "disk":
        return f"{node.get('device', 'disk')} {path.get(node, './target/@dev') or ''}".strip()
    if tag in ("controller", "graphics"):
        return " ".join(filter(None, (tag, node.get("type"), node.get("index"))))
    twins = guest.devices(tag)
    word = {"interface": "network", "memory": "memdev"}.get(tag, tag)
    at = next((number for number, twin in enumerate(twins, 1) if twin is node), 0)
    return f"{word} {at}" if tag == "interface" or len(twins) > 1 else word


# -- which is which ------------------------------------------------------------------------------


def pair_devices(old: list[Element], new: list[Element], known: Pairs) -> tuple[Pairs, list[Element], list[Element]]:
    """Which device became which, which are gone, and which are new.

    The surest rule comes first: `known`, then the same alias, the same key, the same in everything, the same kind.
    Each rule is asked for what those before it have left.
    """
    pairs: Pairs = []
    old, new = list(old), list(new)
    for rule in (_pair_known(known), _with(_alias), _with(_key), _pair_first(tree.same), _pair_first(_may_become)):
        partner = rule(new)
        for was in list(old):
            node = partner(was)
            if node is not None:
                pairs.append((was, node))
                old.remove(was)
                new.remove(node)
    return pairs, old, new


def _pair_known(known: Pairs) -> Rule:
    """Pairs that are known: a copy of the old device, and the new one itself."""
    becomes = {id(node): copy for copy, node in known}
    return _pair_first(lambda was, node: id(node) in becomes and tree.same(was, becomes[id(node)]))


def _with(key: Callable[[Element], tuple[str, ...]]) -> Rule:
    """Devices with the same key; () is none."""

    def rule(new: list[Element]) -> Partner:
        known = {key(node): node for node in reversed(new) if key(node)}
        return lambda was: known.pop(key(was), None)

    return rule


def _pair_first(fits: Callable[[Element, Element], bool]) -> Rule:
    """The first new device that fits an old one."""
    return lambda new: lambda was: next((node for node in new if fits(was, node)), None)


def _may_become(was: Element, node: Element) -> bool:
    return node.tag == was.tag and not _alias(node)


def _alias(node: Element) -> tuple[str, ...]:
    alias = path.get(node, "./alias/@name")
    return (tree.local_name(node), alias) if alias else ()


def _key(node: Element) -> tuple[str, ...]:
    tag = tree.local_name(node)
    values = tuple(path.text(node, place) for place in _KEYS.get(tag, ()))
    return (tag, *values) if values and all(values) else ()


# -- plugging ------------------------------------------------------------------------------------


def _plug(board: LiveDiff, node: Element, what: str, called: str, *, add: bool) -> None:
    why = _why_fixed(node) if board.driver == "qemu" else ""
    if why:
        board.later(what, why)
        return
    text = tree.to_text(node)
    calls = call(Running.attach_device, text), call(Running.detach_device, text)
    board.now(what, called, *(calls if add else calls[::-1]))


def _why_fixed(node: Element) -> str:
    """Return why QEMU cannot plug or unplug a device; "" if it can."""
    tag = tree.local_name(node)
    bus = path.text(node, "./target/@bus")
    if tag == "disk" and bus in _FIXED_BUSES:
        return f"a drive on bus {bus} cannot be hot-plugged"
    if tag == "input" and node.get("bus") == "ps2":
        return "a PS/2 device cannot be hot-plugged"
    if tag == "controller" and node.get("type") not in _PLUGGED_CONTROLLERS:
        return f"a {node.get('type', '')} controller cannot be hot-plugged"
    return f"a {tag} device cannot be hot-plugged" if tag in _FIXED else ""


# -- changing ------------------------------------------------------------------------------------


def _change(board: LiveDiff, was: Element, node: Element) -> None:
    """Record the effects of a changed device: its update call, other calls, and what waits for the next boot."""
    called = noun(was, board.guest)
    names = leaves(was, node)
    own = {"disk": "iotune", "interface": "bandwidth"}.get(tree.local_name(was), "")
    updated = [name for name in names if _within(name, _updates(was, node))]
    limits = [name for name in names if own and _within(name, (own,))]
    rest = [name for name in names if name not in updated and name not in limits]
    if updated:
        _update(board, was, node, updated, called)
    if limits:
        (_iotune if own == "iotune" else _bandwidth)(board, was, node, limits, called)
    if rest:
        board.later(f"{called}: {', '.join(rest)}", _why_not(was))


def _within(name: str, limits: Iterable[str]) -> bool:
    return any(name == limit or name.startswith(f"{limit}.") for limit in limits)


def _updates(was: Element, node: Element) -> tuple[str, ...]:
    """Return the parts of a device that its update call changes."""
    tag = tree.local_name(was)
    if tag == "disk":
        return _DRIVE if _is_drive(was) else ()
    if tag == "interface":
        moved = all(each.get("type") in _SWITCHES for each in (was, node))
        return (*_NET, *_NET_SOURCE) if moved else _NET
    return _UPDATED.get(tag, ())


def _is_drive(node: Element) -> bool:
    return node.get("device") in ("cdrom", "floppy")


def _why_not(node: Element) -> str:
    if node.tag == "disk":
        return "this cannot be changed while the disk is in use"
    return AT_START


def _update(board: LiveDiff, was: Element, node: Element, names: list[str], called: str) -> None:
    what = f"{called}: {', '.join(names)}"
    back = tree.copy(was)
    if _is_drive(was):
        what = f"{called}: {'medium' if path.find(node, './source') is not None else 'eject'}"
        _without_traces(back)
    text = tree.to_text(_partly(back, node, names))
    board.now(what, called, call(Running.update_device, text), call(Running.update_device, tree.to_text(back)))


def _partly(was: Element, node: Element, names: list[str]) -> Element:
    """Return the old device with only these parts changed."""
    copy = tree.copy(was)
    for name in dict.fromkeys(name if name.startswith("driver.") else name.partition(".")[0] for name in names):
        if name.startswith("driver."):
            place = f"./driver/@{name.removeprefix('driver.')}"
            path.put(copy, place, path.get(node, place))
        elif name in was.attrib or name in node.attrib:
            path.put(copy, f"./@{name}", node.get(name))
        else:
            for each in tree.children(copy, name):
                tree.remove(each)
            for each in tree.children(node, name):
                tree.add(copy, tree.copy(each))
    if _is_drive(copy):
        _without_traces(copy)
    return copy


def _without_traces(drive: Element) -> None:
    """Return a drive's XML without what libvirt adds for the medium in it."""
    source = tree.child(drive, "source")
    if source is not None:
        source.attrib.pop("index", None)
    for tag in ("backingStore", "mirror"):
        for node in tree.children(drive, tag):
            tree.remove(node)


# -- limits --------------------------------------------------------------------------------------


def _iotune(board: LiveDiff, was: Element, node: Element, names: list[str], called: str) -> None:
    if "iotune.group_name" in names and not path.get(node, "./iotune/group_name"):
        board.later(
            f"{called}: iotune.group_name",
            "a disk in use can be moved to another group, but not removed from all groups",
        )
        names = [name for name in names if name != "iotune.group_name"]
        if not names:
            return
    target = path.text(was, "./target/@dev")
    old, new = _limits(was, "iotune"), _limits(node, "iotune")
    if "iotune.group_name" not in names:
        old.pop("group_name", None)
        new.pop("group_name", None)
    _limit(board, Running.set_disk_limits, target, (old, new), f"{called}: {', '.join(names)}", called)


def _bandwidth(board: LiveDiff, was: Element, node: Element, names: list[str], called: str) -> None:
    key = path.get(was, "./target/@dev") or path.text(was, "./mac/@address")
    old, new = (
        {f"{way}.{name}": value for way in ("inbound", "outbound") for name, value in _limits(each, way).items()}
        for each in (tree.child(was, "bandwidth"), tree.child(node, "bandwidth"))
    )
    _limit(board, Running.set_bandwidth, key, (old, new), f"{called}: {', '.join(names)}", called)


def _limits(node: Element | None, tag: str) -> dict[str, int | str]:
    """Return the limits in a child element, from attributes or elements, as libvirt's calls expect them."""
    box = None if node is None else tree.child(node, tag)
    if box is None:
        return {}
    values = {str(key): str(value) for key, value in box.attrib.items()}
    values |= {tree.local_name(child): (child.text or "").strip() for child in tree.children(box)}
    return {name: int(text) if text.isdecimal() else text for name, text in values.items()}


def _limit(
    board: LiveDiff,
    method: Callable[[Running, str, str, Mapping[str, int | str]], None],
    key: str,
    limits: tuple[dict[str, int | str], dict[str, int | str]],
    what: str,
    called: str,
) -> None:
    """Set all limits at once: libvirt resets limits of the same kind that are omitted, so each is given, 0 for none."""
    old, new = ({name: limit.get(name, 0) for name in {**limits[0], **limits[1]}} for limit in limits)
    board.now(what, called, call(method, key, new), call(method, key, old))
