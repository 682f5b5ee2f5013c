"""virtprov-clone: plan a copy of a guest with a new identity, for a request and a host."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.clone import disks, inside, linked, platform_state, source_state
from virtprov.actions.clone.disks import DiskFate
from virtprov.actions.clone.inside import Inside
from virtprov.actions.clone.platform_state import COPIED, RENEWED, SHARED, Part
from virtprov.actions.clone.targets import Targets
from virtprov.actions.request import CloneRequest
from virtprov.actions.run import templates
from virtprov.actions.run.artifacts.nvram import variable_files, variables_folder
from virtprov.actions.run.plan import Plan, Step
from virtprov.actions.run.trail_reader import find_active
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Create, Define, Replace, Start, discard_guest
from virtprov.actions.steps.local_files import CopyFile
from virtprov.guest import checks, names
from virtprov.guest.disks.claimed_format import is_told_otherwise
from virtprov.guest.disks.new.new_volumes import pool_named_after
from virtprov.guest.disks.new.volumes import NewPool
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.edits import identity
from virtprov.guest.marks import template_mark
from virtprov.support.errors import HostError, UsageError, nearest
from virtprov.support.frozen import Record
from virtprov.support.text import first_free
from virtprov.xml import keep, path

if TYPE_CHECKING:
    from virtprov.host.connection import Host


class ClonePlan(Record):
    """The plan, and what happens to each part of the original. `nvram` is None without UEFI variables."""

    plan: Plan
    original: str
    uuid: str
    disks: tuple[DiskFate, ...]
    macs: tuple[str, ...]
    nvram: str | None
    renewed: tuple[str, ...]
    parts: tuple[Part, ...]
    inside: Inside


def plan(request: CloneRequest, host: Host) -> ClonePlan:
    """Return the plan for the clone.

    Raises UsageError for invalid requests, HostError for what the host lacks or cannot copy.
    """
    original = _source(request, host)
    source, guest = original.guest, original.guest.copy()
    warnings: list[str] = []
    name = _name(request, host, source.name)
    uuid = _uuid(request, host)
    macs = _macs(request, host, source, warnings)
    template = linked.plan_template(request, host, source)
    warnings += template.warnings
    template_mark.remove(guest)
    copies = disks.plan(request, host, guest, name, warnings)
    replaced = _find_replaced_guest(request, host, name)
    variables = _plan_variables(request, host, guest, name, replaced)
    report = _renew(host, guest, name, uuid, macs, variables)
    kinds = {disk.fate for disk in copies.fates}
    copied = bool(kinds & {disks.COPIED, disks.LINKED})
    owned = copied or disks.GIVEN in kinds
    identity_inside = inside.plan(request, host, source, guest, owned=owned, copied=copied)
    room, gone = _make_room(host, name, replaced, variables.path)
    stays, following = _boot(request, name, original, identity_inside)
    pools = _pools(host, copies.fates) if request.directory_pools else []
    early: tuple[Step, ...] = (*template.first, *copies.steps, *pools, *room, *variables.steps, *identity_inside.steps)
    listed: tuple[Step, ...] = (*early, Define(name, stays), *template.check, *following, *gone, *copies.last)
    warnings += [*identity.warn_of_shared(guest), *identity_inside.warnings]
    if copied and not request.document:
        warnings += source_state.warn_of_states(host, source, copies)
    bases = tuple(Part("backing image", SHARED, image) for _, image in copies.bases)
    parts = (*platform_state.compare(host, source, guest, variables.fate), *dict.fromkeys(bases))
    notes = [*template.notes, *([f"'{name}' gets " + ", ".join(report)] if report else [])]
    notes += [*platform_state.note_copied(parts), *platform_state.note_shared(parts)]
    addresses = tuple(path.text(nic, "./mac/@address") for nic in guest.devices("interface"))
    made = Plan((stays,), listed, name, (*notes, *identity_inside.notes), tuple(warnings))
    fates = _note_seed(copies.fates, identity_inside)
    return ClonePlan(made, source.name, uuid, fates, addresses, variables.path, tuple(report), parts, identity_inside)


def _pools(host: Host, fates: tuple[DiskFate, ...]) -> list[Step]:
    """Return the steps that make pools of the directories of the copies that have none, as virt-clone does."""
    made: dict[str, NewPool] = {}
    for fate in fates:
        directory = os.path.dirname(fate.path)
        is_new = fate.fate in (disks.COPIED, disks.LINKED)
        is_file = is_new and directory.startswith("/") and not directory.startswith("/dev")
        if is_file and directory not in made and host.storage.pool_at(directory) is None:
            made[directory] = pool_named_after(host, directory, {pool.name for pool in made.values()})
    return [storage.MakePool(pool) for pool in made.values()]


def _boot(
    request: CloneRequest, name: str, original: DomainDocument, what: Inside
) -> tuple[DomainDocument, tuple[Step, ...]]:
    """Return the definition, and the step that starts the clone, if it is to be started."""
    before = original.guest.text()
    stays, first = (
        DomainDocument(guest, keep.restore(original.text, before, guest.text())) for guest in (what.stays, what.first)
    )
    if not request.start:
        return stays, ()
    return stays, (Start(name) if first.text == stays.text else Create(name, first),)


def _note_seed(fates: tuple[DiskFate, ...], what: Inside) -> tuple[DiskFate, ...]:
    """Return the decisions on the disks, with the clone's own seed in place of the original's."""
    seed = what.seed
    if seed is None:
        return fates
    return tuple(
        fate._replace(path=seed.path, fate=disks.SEED) if fate.target == seed.target else fate for fate in fates
    )


def _source(request: CloneRequest, host: Host) -> DomainDocument:
    """The original's document."""
    if request.document:
        return DomainDocument(Guest.parse(request.document, "the original's XML"), keep.decode(request.document))
    info = host.guests.find(request.original)
    if info is None:
        raise HostError(
            f"guest '{request.original}' not found on {host.uri}",
            hint=nearest(request.original, host.guests.names()) or "`virsh list --all` lists its guests",
        )
    if info.active:
        raise HostError(
            f"guest '{info.name}' is {info.state}: its disks cannot be copied while it writes to them",
            hint=f"shut it down first: `virsh shutdown {info.name}`",
        )
    text = host.guests.xml(info.uuid, inactive=True, secure=True)
    return DomainDocument.parse(text, f"the XML of '{info.name}'")


def _name(request: CloneRequest, host: Host, source: str) -> str:
    if not request.name and not request.auto:
        raise UsageError("no name given for the clone", hint="give --name NAME, or --auto-clone to generate one")
    if not request.name and not source:
        raise UsageError("the original has no name, so none can be generated for the clone", hint="give --name NAME")
    name = request.name or identity.clone_name(source, lambda word: _is_taken(host, word))
    names.check_name(name)
    if request.replace and name in (source, request.original) and not request.document:
        raise UsageError(f"--replace: '{name}' is the original itself", hint="give the clone another --name")
    if not request.replace:
        checks.name_is_free(host, name)
    process = find_active(host.uri, name) if not request.planning else 0
    if process:
        raise HostError(
            f"another run of virtprov is working on guest '{name}' (process {process})",
            hint="give another --name, or run the command again when the other one has finished",
        )
    return name


def _is_taken(host: Host, name: str) -> bool:
    """Return whether a guest has the name, or will have it when another run has copied its disks."""
    return host.guests.find(name) is not None or find_active(host.uri, name) != 0


def _uuid(request: CloneRequest, host: Host) -> str:
    if not request.uuid:
        return names.new_uuid()
    names.check_uuid(request.uuid)
    owner = host.guests.find(request.uuid)
    if owner is not None and not (request.replace and owner.name == request.name):
        raise HostError(f"UUID {request.uuid} is used by guest '{owner.name}'", hint="omit --uuid")
    return names.spell_uuid(request.uuid.replace("-", "").lower())


def _macs(request: CloneRequest, host: Host, source: Guest, warnings: list[str]) -> tuple[str, ...]:
    given = [mac for mac in request.macs if mac.upper() != "RANDOM"]
    for mac in given:
        checks.check_mac(mac)
    if request.checks.mac_in_use:
        checks.given_macs_are_free(host, [mac.lower() for mac in given])
    count = len(source.devices("interface"))
    if len(request.macs) > count:
        has = f"{count} network interface" + ("" if count == 1 else "s")
        warnings.append(f"--mac {request.macs[count]} is not used: the guest has {has}")
    return request.macs[:count]


def _find_replaced_guest(request: CloneRequest, host: Host, name: str) -> Guest | None:
    """The guest that the copy replaces; None if there is none."""
    if not request.replace or host.guests.find(name) is None:
        return None
    found = Guest.parse(host.guests.xml(name, inactive=True, secure=True))
    templates.refuse_template(host, found, "replaced")
    return found


def _make_room(host: Host, name: str, replaced: Guest | None, nvram: str | None) -> tuple[list[Step], list[Step]]:
    """Return the steps that move the replaced guest out of the way, and those that finally remove it."""
    if replaced is None:
        return [], []
    shared = nvram is not None and nvram in variable_files(host, replaced)
    return [Replace(name, shared)], [discard_guest(name)]


# -- other files ---------------------------------------------------------------------------------


class _Nvram(Record):
    """The UEFI variables of a clone: their path in the original and in the clone.

    `place` is the path in the clone's XML ("" if libvirt's default applies), `format` the format in which the
    original's firmware reads them.
    """

    source: str
    target: str
    place: str
    format: str


class _Variables(Record):
    """What becomes of the UEFI variables: their path in the clone, the steps that copy them, and their fate in words.

    The path is None and the fate "" for a guest without.
    """

    path: str | None = None
    steps: tuple[Step, ...] = ()
    fate: str = ""


def _plan_variables(request: CloneRequest, host: Host, guest: Guest, name: str, replaced: Guest | None) -> _Variables:
    """Decide about the UEFI variables, and write their path into `guest`. Raises the errors of `_nvram_steps`."""
    is_released = identity.release_nvram(guest)
    nvram = _nvram(request, host, guest, name, replaced)
    if nvram is None:
        return _Variables(fate=RENEWED if is_released else "")
    if nvram.place:
        guest.put(nvram.place, nvram.target)
    steps = _nvram_steps(request, host, nvram)
    return _Variables(nvram.target, tuple(steps), COPIED if steps else RENEWED)


def _renew(host: Host, guest: Guest, name: str, uuid: str, macs: tuple[str, ...], variables: _Variables) -> list[str]:
    """Give the clone an identity of its own; returns what is new, in words."""

    def rename(log: str) -> str:
        return identity.clone_path(log, source, name, lambda path: not host.is_remote and os.path.lexists(path))

    source = guest.name
    logs = platform_state.rename_files(guest, rename)
    report = [*identity.renew(guest, name, uuid, macs, qemu=host.driver == "qemu"), *logs]
    words = {COPIED: "a copy of the UEFI variables", RENEWED: "new UEFI variables"}
    return [*report, words[variables.fate]] if variables.fate else report


def _nvram(request: CloneRequest, host: Host, guest: Guest, name: str, replaced: Guest | None) -> _Nvram | None:
    """Return where the clone's UEFI variables are stored; None if it has none."""
    place = next((place for place in _NVRAM_PLACES if guest.get(place)), "")
    fmt = guest.get("./os/nvram/@format") or guest.get("./os/loader/@format") or "raw"
    said = bool(place)
    source = guest.get(place) if said else _default_nvram(host, guest, fmt)
    place = place or "./os/nvram"
    if not source:
        return None
    if request.nvram:
        return _Nvram(source, request.nvram, place, fmt)
    target = identity.nvram_path(source, name)
    if replaced is not None and target in variable_files(host, replaced):
        return _Nvram(
            source, _find_free_path(host, target), place, fmt
        )  # the old ones stay until the replaced guest goes
    return _Nvram(source, target, place if said else "", fmt)


_NVRAM_PLACES = ("./os/nvram/source/@file", "./os/nvram", "./os/varstore/@path")


def _default_nvram(host: Host, guest: Guest, fmt: str) -> str:
    """Return the file that libvirt chooses for the variables if the XML has none; "" for a guest without variables."""
    by_loader = guest.get("./os/loader/@type") == "pflash" and guest.get("./os/loader/@readonly") == "yes"
    if guest.get("./os/loader/@stateless") == "yes" or not (guest.get("./os/@firmware") == "efi" or by_loader):
        return ""
    return os.path.join(variables_folder(host), f"{guest.name}_VARS.{'qcow2' if fmt == 'qcow2' else 'fd'}")


def _nvram_steps(request: CloneRequest, host: Host, nvram: _Nvram) -> list[Step]:
    """Return the steps that copy the original's variables; if they cannot be copied, libvirt creates new ones.

    Raises the same errors as `Targets.check_variables` for a path given by the user, and HostError if a generated path
    is taken.
    """
    volume = host.storage.volume_at(nvram.source)
    readable = not host.is_remote and os.access(nvram.source, os.R_OK)
    copied = not request.preserve and (volume is not None or readable)
    taken = copied and (
        host.storage.volume_at(nvram.target) is not None or (readable and os.path.lexists(nvram.target))
    )
    if taken and not request.nvram:
        raise HostError(f"{nvram.target} already exists", hint="give --nvram PATH for the clone's UEFI variables")
    if taken or not copied:
        if request.nvram:
            Targets(request, host, set()).check_variables(nvram.target, nvram.source)
        return []
    if volume is None or is_told_otherwise(nvram.format, volume) and readable:
        return [CopyFile(nvram.source, nvram.target)]
    return [storage.CopyDisk(volume, nvram.target, declared=nvram.format)]


def _find_free_path(host: Host, where: str) -> str:
    """Return a path similar to `where` that does not exist yet."""
    base, dot, ending = where.rpartition(".")

    def is_taken(path: str) -> bool:
        return path == where or host.storage.volume_at(path) is not None or os.path.lexists(path)

    return first_free(is_taken, lambda mark: f"{base}{mark}{dot}{ending}")
