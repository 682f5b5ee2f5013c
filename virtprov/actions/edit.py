"""virtprov-xml: a request and a guest's document -> the changed document, and the plan that puts it in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from virtprov.actions import steps
from virtprov.actions.plan import Step
from virtprov.actions.request import Use
from virtprov.guest import assign, compose, defaults, select
from virtprov.guest.compose import Made
from virtprov.guest.disks import settle_edit, wish_of
from virtprov.guest.document import Guest
from virtprov.guest.relatives import after_edit, after_removal
from virtprov.guest.setting import Setting
from virtprov.guest.storage import Making, Storage
from virtprov.options.catalogue import table
from virtprov.support.errors import UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.actions.plan import World
    from virtprov.host.connection import Host
    from virtprov.osinfo.profile import Profile

EDIT, ADD, REMOVE, BUILD = "edit", "add-device", "remove-device", "build-xml"


class EditRequest(NamedTuple):
    """A change to one guest.

    `uses` are the option groups; `selector` chooses among repeated elements (a position, `all`, "" for the
    first), `matching` what they must say instead. For removals the uses themselves select: `positions` are
    those given as words.
    """

    action: str
    uses: tuple[Use, ...]
    selector: str = select.FIRST
    matching: assign.Assignments | None = None
    words: str = ""
    positions: tuple[str, ...] = ()
    profile: Profile | None = None


class Changed(NamedTuple):
    """What came of it: the changed guest, the elements concerned, what must be made on the host first."""

    guest: Guest
    elements: tuple[Element, ...]
    makings: tuple[Making, ...] = ()
    notes: tuple[str, ...] = ()

    def steps(self) -> list[Step]:
        """The steps that make the storage this change needs."""
        pools = {pool.name: pool for making in self.makings for pool in making.pools}
        listed: list[Step] = [steps.MakePool(pool) for pool in pools.values()]
        listed += [steps.MakeVolume(volume) for making in self.makings for volume in making.volumes]
        return listed


def change(request: EditRequest, guest: Guest, host: Host | None) -> Changed:
    """Make the change on a copy of the document. `host` is None when there is no libvirt to ask.

    Raises UsageError when nothing matches, or when the change needs a host and there is none.
    """
    altered = guest.copy()
    if request.action == EDIT:
        return _edit(request, altered, host)
    if request.action == ADD:
        return _add(request, altered, host)
    if request.action == REMOVE:
        return _remove(request, altered)
    return _build(request, altered, host)


def _profile(request: EditRequest, guest: Guest) -> Profile:
    """The operating system by --osinfo, else as the guest's metadata name it."""
    from virtprov.osinfo.lookup import find_or_none, generic

    if request.profile is not None:
        return request.profile
    known = guest.get("./metadata/libosinfo:libosinfo/libosinfo:os/@id")
    return (find_or_none(known) if known else None) or generic()


def _setting(request: EditRequest, guest: Guest, host: Host | None, fresh: list[Element]) -> Setting:
    from virtprov.guest.offline import Offline

    return Setting(guest, host if host is not None else Offline(guest), _profile(request, guest), fresh=fresh)


# -- editing -------------------------------------------------------------------------------------


def _edit(request: EditRequest, guest: Guest, host: Host | None) -> Changed:
    rows = table(request.uses[0].group)
    if not rows.many:
        return _edit_part(request, guest, host)
    if request.matching is not None:
        chosen = select.by_content(guest, rows, request.matching, request.words)
    else:
        chosen = select.by_word(guest, rows, request.selector)
    makings: list[Making] = []
    for node in chosen:
        before = tree.copy(node)
        for use in request.uses:
            if use.said.clear:
                assign.clear(node)
            assign.write(node, use.said)
            makings += _edit_verbs(request, guest, host, node, use)
        _shift_boot_order(guest, node, before)
        after_edit(_setting(request, guest, host, [node]), node, before)
    return Changed(guest, tuple(chosen), tuple(makings))


def _edit_verbs(request: EditRequest, guest: Guest, host: Host | None, node: Element, use: Use) -> list[Making]:
    if use.group == "disk":
        return settle_edit(_storage(request, guest, host), node, use.said.verbs)
    if use.group == "hostdev" and "name" in use.said.verbs:
        from virtprov.guest.hostdev import write_named

        write_named(node, use.said.verbs["name"], host)
    return []


def _edit_part(request: EditRequest, guest: Guest, host: Host | None) -> Changed:
    _, words = compose.write_all(guest, ((use.group, use.said) for use in request.uses))
    setting = _setting(request, guest, host, [])
    setting.words.update(words)
    defaults.after_part(setting, request.uses[0].group)
    part = table(request.uses[0].group).part
    node = path.find(guest.root, part) if part else guest.root
    return Changed(guest, () if node is None else (node,), (), tuple(setting.warnings))


def _shift_boot_order(guest: Guest, node: Element, before: Element) -> None:
    """A device that takes another's place in the boot order moves that one back, and so on."""
    order = path.get(node, "./boot/@order")
    if not order or order == path.get(before, "./boot/@order") or not order.isdecimal():
        return
    others = {
        int(at): device
        for device in guest.devices()
        if device is not node and (at := path.get(device, "./boot/@order") or "").isdecimal()
    }
    place, pushed = int(order), []
    while place in others:
        pushed.append(others[place])
        place += 1
    for number, device in enumerate(pushed, int(order) + 1):
        path.put(device, "./boot/@order", str(number))


# -- adding and building -------------------------------------------------------------------------


def _add(request: EditRequest, guest: Guest, host: Host | None) -> Changed:
    if not table(request.uses[0].group).is_device:
        raise UsageError(
            f"--{request.uses[0].group} is no device, so it cannot be added", hint="use --edit to change it"
        )
    made = [device for use in request.uses if (device := compose.write_group(guest, use.group, use.said))]
    return _complete(request, guest, host, made)


def _complete(request: EditRequest, guest: Guest, host: Host | None, made: list[Made]) -> Changed:
    """Fill in what new devices leave open; the devices the guest had stay as they are."""
    makings: list[Making] = []
    fresh = [each.element for each in made]
    setting = _setting(request, guest, host, fresh)
    for each in made:
        if each.group == "disk":
            makings.append(_storage(request, guest, host).resolve(each.element, wish_of(each.verbs, each.element)))
        elif each.group == "hostdev" and "name" in each.verbs:
            from virtprov.guest.hostdev import write_named

            write_named(each.element, each.verbs["name"], host)
    defaults.complete(setting)
    return Changed(guest, tuple(fresh), tuple(makings), tuple(setting.warnings))


def _storage(request: EditRequest, guest: Guest, host: Host | None) -> Storage:
    from virtprov.guest.offline import Offline

    known = host if host is not None else Offline(guest)
    return Storage(known, guest.name or "guest", qemu=guest.domain_type in ("qemu", "kvm", "hvf"))


def _build(request: EditRequest, guest: Guest, host: Host | None) -> Changed:
    group = request.uses[0].group
    rows = table(group)
    if rows.is_device:
        made = [device for use in request.uses if (device := compose.write_group(guest, use.group, use.said))]
        return _complete(request, guest, host, made)
    if rows.many:
        made = [device for use in request.uses if (device := compose.write_group(guest, use.group, use.said))]
        return Changed(guest, tuple(each.element for each in made))
    if not rows.part:
        raise UsageError(f"--build-xml cannot show --{group}: it is not one element", hint="use --edit --print-diff")
    bare = Guest.new(guest.domain_type)
    _, words = compose.write_all(bare, ((use.group, use.said) for use in request.uses))
    setting = _setting(request, bare, host, [])
    setting.words.update(words)
    defaults.after_part(setting, group)
    node = path.find(bare.root, rows.part)
    return Changed(bare, () if node is None else (node,))


# -- removing ------------------------------------------------------------------------------------


def _remove(request: EditRequest, guest: Guest) -> Changed:
    rows = table(request.uses[0].group if request.uses else request.words)
    if not rows.is_device:
        raise UsageError(f"--{rows.flag} is no device, so it cannot be removed", hint="use --edit with clearxml=yes")
    chosen: list[Element] = []
    for word in request.positions:
        chosen += [node for node in select.by_word(guest, rows, word) if node not in chosen]
    for use in request.uses:
        found = select.by_content(guest, rows, use.said, _spelled(use))
        chosen += [node for node in found if node not in chosen]
    gone = tuple(tree.copy(node) for node in chosen)
    for node in chosen:
        tree.remove(node)
    for node in gone:
        after_removal(guest, node)
    return Changed(guest, gone)


def _spelled(use: Use) -> str:
    said = [f"{place.name}={place.text or ''}" for place in use.said.places]
    return ",".join(said + [f"{name}={text}" for name, text in use.said.verbs.items()])


# -- putting it in force -------------------------------------------------------------------------


def put_live(world: World, request: EditRequest, name: str, nodes: tuple[Element, ...]) -> None:
    """Apply the change to the running guest: attach, detach or update each device concerned.

    Raises UsageError when the group is no device.
    """
    rows = table(request.uses[0].group if request.uses else request.words)
    if not rows.is_device:
        raise UsageError(
            f"--{rows.flag} cannot be changed in a running guest",
            hint="leave out --update: it takes effect after the guest is powered off",
        )
    for node in nodes:
        text = tree.to_text(node)
        if request.action == ADD:
            world.host.attach_device(name, text)
        elif request.action == REMOVE:
            world.host.detach_device(name, text)
        else:
            world.host.update_device(name, text)
