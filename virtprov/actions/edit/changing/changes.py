"""virtprov-xml: apply a request to a guest's XML. Does not change the host; edit_plan.py makes the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions import schema_check
from virtprov.actions.request import Checks
from virtprov.guest import defaults
from virtprov.guest.disks.locate import DiskResolver, change_source
from virtprov.guest.disks.new.volumes import Making
from virtprov.guest.document import OS_ID, Guest
from virtprov.guest.edits import boot_order, default_network, removed_storage
from virtprov.guest.edits import obsolete_parts as leftovers
from virtprov.guest.edits.companions import after_edit, after_removal
from virtprov.guest.edits.firmware import keep_uefi_loader, make_room_for_uefi, names_loader, replace_selection
from virtprov.guest.rules.choices import NONE, Choices
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.guest.write import assign, compose, hostdev, select, verbs
from virtprov.guest.write.compose import NewDevice
from virtprov.guest.write.named_places import named_places
from virtprov.guest.write.select import Selector
from virtprov.guest.write.sizes import in_kib
from virtprov.guest.write.use import Use
from virtprov.options.catalogue import table
from virtprov.options.network import RESERVE
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.support.text import shell_word
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from virtprov.actions.run.artifacts.file_mode import ModeChange
    from virtprov.actions.seed.replace import SeedChange
    from virtprov.cloudinit.seed_request import SeedRequest
    from virtprov.guest.host_view import HostView
    from virtprov.osinfo.profile import Profile

EDIT, ADD, REMOVE, BUILD = "edit", "add-device", "remove-device", "build-xml"
SEED, EJECT = "cloud-init", "eject"
"""A new cloud-init seed, and removing the seed."""
TEMPLATE = "template"
"""Making the guest a template, and ending that."""


class EditRequest(Record):
    """One change to a guest; an edit consists of one or more of them.

    `group` is the option group, `uses` its options, `selector` selects the elements (for EDIT and REMOVE). `profile` is
    the operating system if the user gives it. `seed` is the request of a SEED change, and `seed_text` its sub-options
    as text. `value` is "yes" or "no" for a TEMPLATE change. `checks` are the checks of new disks; with
    `directory_pools` the directory of a disk outside every pool becomes a pool, as programs that expect virt-xml rely
    on.
    """

    action: str
    group: str
    uses: tuple[Use, ...] = ()
    selector: Selector = Selector()
    profile: Profile | None = None
    seed: SeedRequest | None = None
    seed_text: str = ""
    value: str = ""
    checks: Checks = Checks()
    directory_pools: bool = False


class ChangeResult(Record):
    """The result of a change: the changed guest, the elements concerned, and what must be created on the host first.

    `before` are the previous versions of existing elements, `seeded` describes the changes of seeds on the host, and
    `modes` those of the permissions of disks.
    """

    guest: Guest
    elements: tuple[Element, ...]
    before: tuple[Element, ...] = ()
    makings: tuple[Making, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seeded: SeedChange | None = None
    modes: tuple[ModeChange, ...] = ()

    def pairs(self) -> list[tuple[Element, Element]]:
        """Return each element before and after the change; empty if the change adds or removes elements."""
        if len(self.before) != len(self.elements):
            return []
        return list(zip(self.before, self.elements, strict=True))


def change(
    request: EditRequest,
    guest: Guest,
    host: HostView | None,
    storage: DiskResolver | None = None,
    *,
    dry: bool = False,
    twin: Guest | None = None,
) -> ChangeResult:
    """Return the result of a change on a copy of the XML. `host` is None without libvirt.

    `storage` resolves the disks of all changes of one edit and remembers new volumes of earlier changes. With `dry` no
    seed is built. `twin` is the guest's other definition (stored or running) that gets the same devices: disk names
    used in it are not used for new disks.

    Raises UsageError if nothing matches, or if the change requires a host and there is none.
    """
    _refuse_reservations(request)
    if request.action in (SEED, EJECT):
        return _change_seed(request, guest, host, dry)
    if request.action == TEMPLATE:
        return _change_template(request, guest, host)
    altered = guest.copy()
    storage = storage or storage_of(guest, host, (request,))
    if request.action == EDIT:
        return _edit(request, altered, host, storage)
    if request.action == ADD:
        return _add(request, altered, host, storage, twin)
    if request.action == REMOVE:
        return _remove(request, altered, host)
    return _build(request, altered, host, storage)


def _refuse_reservations(request: EditRequest) -> None:
    """Raise UsageError for an address to reserve, which is no part of a guest's XML."""
    if any(RESERVE in use.said.verbs for use in request.uses if use.group == "network"):
        raise UsageError(
            "--network reserve= can only be used with virtprov-install",
            hint="reserve an address for an existing guest with `virsh net-update NETWORK add ip-dhcp-host`",
        )


def warn_of_none(request: EditRequest, guests: Iterable[Guest]) -> str:
    """Return a warning if `all` selects nothing in any of the guest's definitions; otherwise "".

    This is no error: scripts use it on guests of every kind.
    """
    if request.action not in (EDIT, REMOVE):
        return ""
    selector, rows = request.selector, table(request.group)
    by_all = selector.position == select.ALL and selector.wanted is None and rows.many
    if not by_all or any(select.elements(guest, rows) for guest in guests):
        return ""
    return f"the guest has no --{rows.flag} to {'change' if request.action == EDIT else 'remove'}"


def check_group(action: str, group: str) -> None:
    """Raise UsageError if an action cannot be used with an option group."""
    if action == EDIT:
        return
    rows = table(group)
    if not rows.xml:
        raise UsageError(f"--{group} can only change an existing guest", hint="use it with --edit")
    if action == ADD and not rows.many:
        raise UsageError(f"--{group} is not a device, so it cannot be added", hint="use --edit to change it")
    if action == REMOVE and not rows.many:
        raise UsageError(f"--{group} is not a device, so it cannot be removed", hint="use --edit with clearxml=yes")
    if action == BUILD and not rows.many and not rows.part:
        raise UsageError(
            f"--build-xml cannot show --{group}: it is not a single element",
            hint="use --edit --print-diff to show what it changes in a guest",
        )


def blank(host: HostView | None) -> Guest:
    """Return an empty guest to build elements for if no guest is named."""
    from virtprov.guest.offline import ARCH

    driver = host.driver if host is not None else "qemu"
    guest = Guest.new({"qemu": "kvm"}.get(driver, driver))
    guest.put("./os/type", {"lxc": "exe", "openvz": "exe"}.get(driver, "hvm"))
    guest.put("./os/type/@arch", host.capabilities.of_host().host_arch if host is not None else ARCH)
    return guest


def _profile(request: EditRequest, guest: Guest) -> Profile | Callable[[], Profile]:
    """Return the operating system given by the user, or a function that looks up the one in the guest's metadata."""
    known = guest.get(OS_ID)
    return request.profile or (lambda: _find_profile(known))


def _find_profile(os_id: str) -> Profile:
    from virtprov.osinfo.find_profile import find_recorded

    return find_recorded(os_id)


def _setting(
    request: EditRequest, guest: Guest, host: HostView | None, fresh: list[Element] | None = None
) -> RuleContext:
    return _GuestPlatform(guest, _view(guest, host), _profile(request, guest), fresh=fresh)


class _GuestPlatform(RuleContext):
    """The platform of an existing guest."""

    __slots__ = ()

    @property
    def is_qemu(self) -> bool:
        return self.host.driver == "qemu"


def _view(guest: Guest, host: HostView | None) -> HostView:
    from virtprov.guest.offline import Offline

    return host if host is not None else Offline(guest)


def storage_of(guest: Guest, host: HostView | None, requests: tuple[EditRequest, ...]) -> DiskResolver:
    """Return the object that resolves the disks of one edit of a guest; all of its changes have the same checks."""
    view = _view(guest, host)
    checks = requests[0].checks if requests else Checks()
    with_pools = host is not None and any(request.directory_pools for request in requests)
    return DiskResolver(
        view,
        guest.name or "guest",
        qemu=view.driver == "qemu",
        check_space=checks.disk_size,
        pool_create=checks.pool_create or with_pools,
        pool_existing=with_pools,
        warn_of_use=host is not None and checks.path_in_use,
        must_exist=checks.path_exists,
    )


# -- editing -------------------------------------------------------------------------------------


def _edit(request: EditRequest, guest: Guest, host: HostView | None, storage: DiskResolver) -> ChangeResult:
    if request.group.startswith("convert-to-"):
        return _convert(request, guest, host)
    rows = table(request.group)
    if not rows.many:
        return _edit_part(request, guest, host)
    chosen = select.choose(guest, rows, request.selector, host)
    noted, warned = len(storage.notes), len(storage.warnings)
    makings: list[Making] = []
    before = tuple(leftovers.Before(node) for node in chosen)
    for was in before:
        node = was.node
        for use in request.uses:
            if use.said.clear:
                assign.clear(node)
            with in_kib(node, request.group):
                assign.write(node, use.said)
            makings += _act(request.group, guest, host, node, use, storage)
            if default_network.is_asked(use.group, use.text):
                default_network.connect(_setting(request, guest, host, [node]))
        words = [use.said for use in request.uses]
        leftovers.drop(was, named_places(node, words), strict=schema_check.is_schema_known(host))
        _fill_target(request, guest, host, node)
        boot_order.settle(guest, node, path.text(was.copy, "./boot/@order"))
        after_edit(_setting(request, guest, host, [node]), node, was.copy)
    told = tuple(storage.notes[noted:]), tuple(storage.warnings[warned:])
    return ChangeResult(guest, tuple(chosen), tuple(was.copy for was in before), tuple(makings), *told)


def _fill_target(request: EditRequest, guest: Guest, host: HostView | None, node: Element) -> None:
    """Give a disk that moved to another bus a free name of that bus."""
    if node.tag == "disk" and path.get(node, "./target/@bus") and not path.get(node, "./target/@dev"):
        from virtprov.guest.defaults.disk import fill_targets

        fill_targets(_setting(request, guest, host, [node]))


def _act(
    group: str, guest: Guest, host: HostView | None, node: Element, use: Use, storage: DiskResolver
) -> list[Making]:
    """Apply the parts of an option that are not plain values to an existing element."""
    if use.disk is not None:
        return change_source(storage, node, use.disk)
    hostdev.settle(group, node, use.host_device, host)
    if not table(group).is_device:
        verbs.apply(guest, group, use.said.verbs)
    return []


def _edit_part(request: EditRequest, guest: Guest, host: HostView | None) -> ChangeResult:
    rows = table(request.group)
    select.check_single(rows, request.selector)
    part = path.find(guest.root, rows.part) if rows.part else guest.root
    before = None if part is None else leftovers.Before(part)
    setting = _write_part(request, guest, host)
    if before is not None and before.node.getroottree().getroot() is guest.root:
        named = named_places(guest.root, [use.said for use in request.uses])
        leftovers.drop(before, named, strict=schema_check.is_schema_known(host))
    part = path.find(guest.root, rows.part) if rows.part else guest.root
    was = () if before is None else (before.copy,)
    return ChangeResult(guest, () if part is None else (part,), was, (), tuple(setting.notes), tuple(setting.warnings))


def _write_part(request: EditRequest, guest: Guest, host: HostView | None) -> RuleContext:
    model, firmware, loader = guest.get("./cpu/model"), guest.get("./os/@firmware"), guest.get("./os/loader")
    with in_kib(guest.root, request.group):
        _, choices = compose.write_all(guest, request.uses)
    setting = _setting(request, guest, host)
    setting.choices = choices
    if request.group == "boot":
        places = [place.path for use in request.uses for place in use.said.places]
        loader_named = names_loader(guest, places)
        if not choices.uefi:
            replace_selection(guest, places, loader)
        if firmware != "efi" and not loader_named:
            keep_uefi_loader(setting, firmware)
        _settle_boot(setting, host, loader_named=loader_named)
    elif request.group == "metadata":
        _name_system(guest, choices)
    if choices != NONE or guest.get("./cpu/model") != model:
        defaults.after_part(setting, request.group)
    return setting


def _settle_boot(setting: RuleContext, host: HostView | None, *, loader_named: bool) -> None:
    """Apply what `--boot` says about machine and firmware, for which no default rule exists."""
    guest, choices = setting.guest, setting.choices
    if choices.refresh_machine:
        from virtprov.guest.edits.convert import refresh_machine

        refresh_machine(guest)
    if choices.uefi and choices.secure_boot is None and not loader_named and not make_room_for_uefi(setting):
        setting.choices = choices = choices._replace(uefi=None)
    if choices.uefi and host is None:
        setting.choices = choices._replace(uefi=None)
        guest.put("./os/@firmware", "efi")  # libvirt finds the files, wherever the guest will run
    elif choices.uefi is False:
        guest.put("./os/@firmware", None)
        for place in ("./os/firmware", "./os/loader", "./os/nvram", "./os/varstore"):
            path.switch(guest.root, place, False)
    if choices.secure_boot is not None and guest.is_uefi:
        setting.warn(
            "the Secure Boot keys are in the UEFI variables of the guest, which must be reset: "
            f"`virsh start {shell_word(guest.name)} --reset-nvram`"
        )


def _name_system(guest: Guest, choices: Choices) -> None:
    """`--metadata os_name=`, `os_full_id=`: store the operating system in the guest's metadata."""
    for name in (choices.os_name, choices.os_id):
        if name is None:
            continue
        if name:
            from virtprov.osinfo.find_profile import find

            guest.put(OS_ID, find(name).os_id or None)
        else:
            guest.put(OS_ID, None)


def _convert(request: EditRequest, guest: Guest, host: HostView | None) -> ChangeResult:
    from virtprov.guest.edits import convert

    setting = _setting(request, guest, host)
    for use in request.uses:
        setting.choices = use.choices.over(setting.choices)
    if request.group == "convert-to-q35":
        convert.to_q35(setting)
    else:
        convert.to_vnc(setting, agent=setting.choices.vnc_agent is True)
    return ChangeResult(guest, (guest.root,), (), (), tuple(setting.notes), tuple(setting.warnings))


# -- adding and building -------------------------------------------------------------------------


def _add(
    request: EditRequest, guest: Guest, host: HostView | None, storage: DiskResolver, twin: Guest | None
) -> ChangeResult:
    changed = _complete(request, guest, host, storage, _names(twin))
    if request.profile is not None and request.profile.os_id:
        guest.put(OS_ID, request.profile.os_id)
    return changed


def _names(guest: Guest | None) -> frozenset[str]:
    """Return the target names of the guest's disks."""
    disks = [] if guest is None else guest.disks()
    return frozenset(filter(None, (path.get(disk, "./target/@dev") for disk in disks)))


def _complete(
    request: EditRequest,
    guest: Guest,
    host: HostView | None,
    storage: DiskResolver,
    taken: frozenset[str] = frozenset(),
) -> ChangeResult:
    """Build new elements and fill in what they leave open; the existing parts of the guest do not change."""
    noted, warned = len(storage.notes), len(storage.warnings)
    devices, choices = compose.write_all(guest, request.uses)
    fresh = [device.element for device in devices]
    setting = _setting(request, guest, host, fresh)
    setting.choices = choices
    setting.taken = taken
    makings = [making for device in devices if (making := _settle(host, storage, device)) is not None]
    defaults.complete(setting)
    for node in fresh:
        boot_order.settle(guest, node)
    notes = (*setting.notes, *storage.notes[noted:])
    warnings = (*setting.warnings, *storage.warnings[warned:])
    return ChangeResult(guest, tuple(fresh), (), tuple(makings), notes, warnings)


def _settle(host: HostView | None, storage: DiskResolver, device: NewDevice) -> Making | None:
    use = device.use
    if use.disk is not None:
        return storage.resolve(device.element, use.disk)
    hostdev.settle(use.group, device.element, use.host_device, host)
    return None


def _build(request: EditRequest, guest: Guest, host: HostView | None, storage: DiskResolver) -> ChangeResult:
    rows = table(request.group)
    if rows.many:
        return _complete(request, guest, host, storage)
    bare = _same_kind(guest)
    setting = _write_part(request, bare, host)
    if not any(place.path.startswith("./os/type") for use in request.uses for place in use.said.places):
        path.switch(bare.root, "./os/type", False)
    node = path.find(bare.root, rows.part)
    elements = () if node is None else (node,)
    return ChangeResult(bare, elements, (), (), tuple(setting.notes), tuple(setting.warnings))


def _same_kind(guest: Guest) -> Guest:
    """Return an empty guest with the same hypervisor and machine."""
    bare = Guest.new(guest.domain_type)
    kind = path.find(guest.root, "./os/type")
    if kind is not None:
        tree.add(bare.ensure("./os"), tree.copy(kind))
    return bare


# -- removing ------------------------------------------------------------------------------------


def _remove(request: EditRequest, guest: Guest, host: HostView | None) -> ChangeResult:
    rows = table(request.group)
    chosen = select.choose(guest, rows, request.selector, host)
    gone = tuple(tree.copy(node) for node in chosen)
    for node in chosen:
        tree.remove(node)
    for node in gone:
        after_removal(guest, node)
    notes = removed_storage.notes(gone) if host is not None else ()
    return ChangeResult(guest, gone, gone, (), notes)


# -- cloud-init ----------------------------------------------------------------------------------


def _change_seed(request: EditRequest, guest: Guest, host: HostView | None, dry: bool) -> ChangeResult:
    from virtprov.actions.seed import replace

    if host is None:
        raise UsageError("--cloud-init requires a host to store the seed on", hint="name a guest")
    if request.seed is None:
        new = replace.plan_eject(guest, host)
    else:
        seed = request.seed._replace(strict=request.checks.cloud_init)
        new = replace.plan_seed(guest, host, seed, build=not dry)
    return ChangeResult(
        new.guest,
        new.elements,
        new.before,
        (),
        new.notes,
        new.warnings,
        new,
    )


# -- templates -----------------------------------------------------------------------------------


def template_of(requests: tuple[EditRequest, ...]) -> str:
    """Return the value of --template in an edit; "" without it."""
    return next((request.value for request in requests if request.action == TEMPLATE), "")


def _change_template(request: EditRequest, guest: Guest, host: HostView | None) -> ChangeResult:
    from virtprov.actions.steps import template

    if host is None:
        raise UsageError("--template requires a host with the disks", hint="name a guest")
    mark = template.plan_mark(host, guest, is_on=request.value == "yes")
    return ChangeResult(mark.guest, (), warnings=mark.warnings, modes=mark.modes)
