"""The parts of a running guest that are not devices: memory, processors, limits, pinning, metadata.

Each part has its own libvirt call, or waits for the next boot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.live.effects import NO_CALL, Call, LiveDiff, call, flat, leaves, same_all
from virtprov.host.running.running_guests import Running
from virtprov.host.running.tuning import UNLIMITED
from virtprov.support.frozen import Record
from virtprov.support.notation.units import KIB, factor, show_size
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.guest.document import Guest

_SCHEDULING = {
    "shares": "cpu_shares",
    "period": "vcpu_period",
    "quota": "vcpu_quota",
    **{f"{who}_{what}": f"{who}_{what}" for who in ("global", "emulator", "iothread") for what in ("period", "quota")},
}
"""Elements of <cputune> and their names in virDomainSetSchedulerParametersFlags."""

_SHARES = ("weight", "read_iops_sec", "write_iops_sec", "read_bytes_sec", "write_bytes_sec")


def compare(board: LiveDiff, after: Guest) -> None:
    """Record the effects on each part of the guest that is not a device."""
    old, new = board.guest.root, after.root
    done = set()
    for tag in dict.fromkeys(str(child.tag) for child in (*tree.children(old), *tree.children(new))):
        if tag == "devices":
            continue
        was, now = tree.children(old, tag), tree.children(new, tag)
        if same_all(was, now):
            continue
        handler = _HANDLERS.get(tag)
        if handler is not None:
            if handler not in done:
                handler(board, after)
            done.add(handler)
        else:
            _wait(board, tag, was[0] if len(was) == 1 else None, now[0] if len(now) == 1 else None)
    if old.get("type") != new.get("type"):
        board.later("type")


def _wait(board: LiveDiff, tag: str, was: Element | None, now: Element | None, names: list[str] | None = None) -> None:
    """Record a part that only takes effect when the guest starts, with the names of the different values."""
    tag = tag.rpartition("}")[2]
    names = leaves(was, now) if names is None else names
    words = [name for name in names if name]
    board.later(f"{tag}: {', '.join(words)}" if words else tag)


# -- what it is ----------------------------------------------------------------------------------


def _name(board: LiveDiff, after: Guest) -> None:
    if board.guest.name != after.name:
        board.never("name", "libvirt identifies the guest by it")


def _uuid(board: LiveDiff, after: Guest) -> None:
    if board.guest.uuid.lower() != after.uuid.lower():
        board.never("uuid", "libvirt identifies the guest by it")


def _title(board: LiveDiff, after: Guest) -> None:
    _note(board, "title", after)


def _description(board: LiveDiff, after: Guest) -> None:
    _note(board, "description", after)


def _note(board: LiveDiff, kind: str, after: Guest) -> None:
    old, new = board.guest.get(f"./{kind}") or None, after.get(f"./{kind}") or None
    if old != new:
        board.now(kind, kind, call(Running.set_note, kind, new), call(Running.set_note, kind, old))


def _metadata(board: LiveDiff, after: Guest) -> None:
    """Compare the metadata; libvirt stores one element for each namespace."""
    old, new = _spaces(board.guest), _spaces(after)
    for uri in dict.fromkeys((*old, *new)):
        was, now = old.get(uri), new.get(uri)
        if was is not None and now is not None and tree.same(was, now):
            continue
        known = now if now is not None else was
        assert known is not None
        prefix = known.prefix or tree.local_name(known)
        calls = (
            call(Running.set_note, "element", _bare_text(node, uri), uri=uri, prefix=prefix) for node in (now, was)
        )
        board.now(f"metadata: {tree.local_name(known)}", "metadata", *calls)


def _spaces(guest: Guest) -> dict[str, Element]:
    box = tree.child(guest.root, "metadata")
    kids = [] if box is None else tree.children(box)
    return {str(child.tag).rpartition("}")[0].removeprefix("{"): child for child in kids}


def _bare_text(node: Element | None, uri: str) -> str | None:
    """Return an element as text without its namespace: libvirt adds it, and refuses an existing one."""
    return None if node is None else tree.to_text(_bare(node, f"{{{uri}}}"))


def _bare(node: Element, space: str) -> Element:
    element = tree.element(str(node.tag).removeprefix(space), node.text)
    for key, value in node.attrib.items():
        element.set(key, value)
    for child in tree.children(node):
        twin = _bare(child, space)
        twin.tail = child.tail
        element.append(twin)
    return element


# -- memory and processors -----------------------------------------------------------------------


def _memory(board: LiveDiff, after: Guest) -> None:
    most, new_most = (_kib(guest, "./memory") for guest in (board.guest, after))
    old, new = (_kib(guest, "./currentMemory") or _kib(guest, "./memory") for guest in (board.guest, after))
    limit = f"the guest was started with a maximum of {show_size(most * KIB)}"
    if old == new:
        if most != new_most:
            board.later("memory: the maximum", limit)
        return
    balloon = board.guest.devices("memballoon")
    if new > most:
        board.later("memory", limit)
        return
    if balloon and balloon[0].get("model") == "none":
        board.later("memory", "the guest has no memory balloon")
    else:
        board.now("memory", "memory", call(Running.set_memory, new), call(Running.set_memory, old))
    if most != new_most:
        board.later("memory: the maximum", limit)


def _kib(guest: Guest, place: str) -> int:
    """Return a size from the XML in KiB; 0 if it is not given."""
    return _size(path.find(guest.root, place))


def _size(node: Element | None) -> int:
    text = "" if node is None else (node.text or "").strip()
    if node is None or not text.isdecimal():
        return 0
    return int(text) * (factor(node.get("unit", "KiB")) or KIB) // KIB


def _vcpus(board: LiveDiff, after: Guest) -> None:
    (most, old), (new_most, new) = _counts(board.guest), _counts(after)
    limit = f"the guest was started with a maximum of {most}"
    if new != old and new > most:
        board.later("vcpus", limit)
    else:
        if new != old:
            board.now("vcpus", "vcpus", call(Running.set_vcpus, new), call(Running.set_vcpus, old))
        if new_most != most:
            board.later("vcpus: the maximum", limit)
    was, now = path.find(board.guest.root, "./vcpu"), path.find(after.root, "./vcpu")
    rest = [name for name in leaves(was, now) if name not in ("", "current")]
    if rest:
        _wait(board, "vcpus", was, now, rest)


def _counts(guest: Guest) -> tuple[int, int]:
    """Return the maximum and the current number of processors of a guest."""
    most = guest.get("./vcpu").strip()
    count = int(most) if most.isdecimal() else 1
    has = guest.get("./vcpu/@current")
    return count, int(has) if has.isdecimal() else count


# -- limits --------------------------------------------------------------------------------------


class _Row(Record):
    """One value of a call that takes several: `new` is what is set, `old` what takes it back; None cannot be set."""

    name: str
    old: int | str | None
    new: int | str | None


def _set_all(board: LiveDiff, part: str, method: Callable[..., object], rows: list[_Row], names: list[str]) -> None:
    """One call for all values, `names` being what the table calls them; undone when each was set before."""
    if not rows:
        return
    back = Call(method, ({row.name: row.old for row in rows},), ())
    undo = None if any(row.old is None for row in rows) else back
    board.now(f"{part}: {', '.join(names)}", part, Call(method, ({row.name: row.new for row in rows},), ()), undo)


def _settable(board: LiveDiff, part: str, rows: list[_Row]) -> list[_Row]:
    """The rows that a call can set; the others wait for the next boot."""
    for row in rows:
        if row.new is None:
            board.later(f"{part}: {row.name}", NO_CALL)
    return [row for row in rows if row.new is not None]


def _cputune(board: LiveDiff, after: Guest) -> None:
    was, now = (tree.child(guest.root, "cputune") for guest in (board.guest, after))
    old, new = flat(was), flat(now)
    names = leaves(was, now)
    rows = [_Row(name, _time(name, old), _time(name, new)) for name in names if name in _SCHEDULING]
    rows = _settable(board, "cputune", rows)
    calls = [row._replace(name=_SCHEDULING[row.name]) for row in rows]
    _set_all(board, "cputune", Running.set_scheduling, calls, [row.name for row in rows])
    _pins(board, was, now)
    pinned = ("vcpupin", "emulatorpin", "iothreadpin")
    rest = [name for name in names if name not in _SCHEDULING and name.partition(".")[0] not in pinned]
    if rest:
        _wait(board, "cputune", was, now, rest)


def _time(name: str, values: dict[str, list[str]]) -> int | None:
    """A number in <cputune>; a quota that is not there is -1, without limit."""
    text = values.get(name, [""])[0]
    if text.removeprefix("-").isdecimal():
        return int(text)
    return -1 if name.endswith("quota") else None


def _pins(board: LiveDiff, was: Element | None, now: Element | None) -> None:
    """Compare the pinning of threads to host processors; a thread without a list runs on all of them."""
    count = _counts(board.guest)[1]
    for tag, key in (("vcpupin", "vcpu"), ("emulatorpin", ""), ("iothreadpin", "iothread")):
        old, new = _lists(was, tag, key), _lists(now, tag, key)
        for number in dict.fromkeys((*old, *new)):
            if old.get(number) == new.get(number):
                continue
            what = f"cputune: {tag} {number}".rstrip()
            if tag == "vcpupin" and int(number or 0) >= count:
                board.later(what, f"the guest has {count} processors at the moment")
                continue
            calls = (_pin(tag, number, lists.get(number, "")) for lists in (new, old))
            board.now(what, "cputune", *calls)


def _pin(tag: str, number: str, cpus: str) -> Call:
    if tag == "emulatorpin":
        return call(Running.pin_emulator, cpus)
    return call(Running.pin_vcpu if tag == "vcpupin" else Running.pin_iothread, int(number), cpus)


def _lists(box: Element | None, tag: str, key: str) -> dict[str, str]:
    pins = [] if box is None else tree.children(box, tag)
    return {pin.get(key, "") if key else "": pin.get("cpuset", "") for pin in pins}


def _memtune(board: LiveDiff, after: Guest) -> None:
    was, now = (tree.child(guest.root, "memtune") for guest in (board.guest, after))
    old, new = (
        {} if box is None else {tree.local_name(child): _size(child) for child in tree.children(box)}
        for box in (was, now)
    )
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    if "min_guarantee" in names:
        board.later("memtune: min_guarantee")
        names.remove("min_guarantee")
    if names:
        calls = (
            call(Running.set_memory_limits, {name: limits.get(name, UNLIMITED) for name in names})
            for limits in (new, old)
        )
        board.now(f"memtune: {', '.join(names)}", "memtune", *calls)


def _blkiotune(board: LiveDiff, after: Guest) -> None:
    boxes = [tree.child(guest.root, "blkiotune") for guest in (board.guest, after)]
    rows = _device_shares(*boxes)
    old, new = (path.text(box, "./weight") if box is not None else "" for box in boxes)
    if old != new:
        weight = _Row("weight", int(old) if old else None, int(new) if new else None)
        rows += _settable(board, "blkiotune", [weight])
    names = [row.name.replace("device_", "device.") for row in rows]
    _set_all(board, "blkiotune", Running.set_block_shares, rows, names)


def _device_shares(was: Element | None, now: Element | None) -> list[_Row]:
    """For each kind of share one text, as libvirt wants it: "/dev/sda,500,/dev/sdb,0", 0 for none."""
    old, new = _block_shares(was), _block_shares(now)
    rows = []
    for kind in _SHARES:
        shares = old[kind], new[kind]
        devices = [device for device in {**shares[0], **shares[1]} if shares[0].get(device) != shares[1].get(device)]
        if devices:
            texts = (",".join(f"{device},{share.get(device, '0')}" for device in devices) for share in shares)
            rows.append(_Row(f"device_{kind}", *texts))
    return rows


def _block_shares(box: Element | None) -> dict[str, dict[str, str]]:
    """Return each kind of limit with the host devices it is set for."""
    devices = [] if box is None else tree.children(box, "device")
    return {
        name: {path.text(device, "./path"): value for device in devices if (value := path.text(device, name))}
        for name in _SHARES
    }


_HANDLERS = {
    "name": _name,
    "uuid": _uuid,
    "title": _title,
    "description": _description,
    "metadata": _metadata,
    "memory": _memory,
    "currentMemory": _memory,
    "vcpu": _vcpus,
    "cputune": _cputune,
    "memtune": _memtune,
    "blkiotune": _blkiotune,
}
"""Elements with their own function; both memory elements are handled by the same one."""
