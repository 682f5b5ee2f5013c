"""virtprov-clone: plan a copy of a guest with a new identity, for a request and a host."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.clone import disks
from virtprov.actions.clone.disks import DiskFate
from virtprov.actions.clone.targets import Targets
from virtprov.actions.request import CloneRequest
from virtprov.actions.run.artifacts.nvram import variable_files, variables_folder
from virtprov.actions.run.plan import Plan, Step
from virtprov.actions.steps import storage
from virtprov.actions.steps.guest import Define, Replace, discard_guest
from virtprov.actions.steps.local_files import CopyFile
from virtprov.guest import checks, identity, names
from virtprov.guest.disks.claimed_format import is_told_otherwise
from virtprov.guest.disks.new_volumes import pool_named_after
from virtprov.guest.disks.volumes import NewPool
from virtprov.guest.document import DomainDocument, Guest
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
    copies = disks.plan(request, host, guest, name, warnings)
    replaced = _find_replaced_guest(request, host, name)
    nvram = _nvram(request, host, guest, name, replaced)
    if nvram is not None and nvram.place:
        guest.put(nvram.place, nvram.target)
    nvram_steps = _nvram_steps(request, host, nvram) if nvram is not None else []
    _rename_logs(guest, source.name, name)
    report = identity.renew(guest, name, uuid, macs, qemu=host.driver == "qemu")
    if nvram is not None:
        report.append("a copy of the UEFI variables" if nvram_steps else "new UEFI variables")
    copy = DomainDocument(guest, keep.restore(original.text, source.text(), guest.text()))
    nvram_path = nvram.target if nvram is not None else None
    room, gone = _make_room(host, name, replaced, nvram_path)
    pools = _pools(host, copies.fates) if request.directory_pools else []
    steps = (*copies.steps, *pools)
    listed: tuple[Step, ...] = (*steps, *room, *nvram_steps, Define(name, copy), *gone, *copies.last)
    warnings += identity.warn_of_shared(guest)
    notes = (f"'{name}' gets " + ", ".join(report),) if report else ()
    if any(disk.fate == disks.COPIED for disk in copies.fates):
        notes = (*notes, _inside(name))
    addresses = tuple(path.text(nic, "./mac/@address") for nic in guest.devices("interface"))
    made = Plan((copy,), listed, name, notes, tuple(warnings))
    return ClonePlan(made, source.name, uuid, copies.fates, addresses, nvram_path, tuple(report))


def _pools(host: Host, fates: tuple[DiskFate, ...]) -> list[Step]:
    """Return the steps that make pools of the directories of the copies that have none, as virt-clone does."""
    made: dict[str, NewPool] = {}
    for fate in fates:
        directory = os.path.dirname(fate.path)
        is_file = fate.fate == disks.COPIED and directory.startswith("/") and not directory.startswith("/dev")
        if is_file and directory not in made and host.storage.pool_at(directory) is None:
            made[directory] = pool_named_after(host, directory, {pool.name for pool in made.values()})
    return [storage.MakePool(pool) for pool in made.values()]


def _inside(name: str) -> str:
    """Return a note on what the clone still shares with the original inside its disks, and how to renew it."""
    import shlex

    word = shlex.quote(name)
    return (
        "The clone still contains the original's host name, machine-id, ssh host keys and network settings, "
        f"which may refer to old MAC addresses. Renew them while the clone is off with `virt-sysprep -d {word} "
        f"--hostname {word}`, or with `virtprov-xml {word} --cloud-init hostname={word}` if the guest uses "
        "cloud-init."
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
        raise UsageError("the original has no name from which the clone's could be generated", hint="give --name NAME")
    name = request.name or identity.clone_name(source, lambda word: host.guests.find(word) is not None)
    names.check_name(name)
    if request.replace and name in (source, request.original) and not request.document:
        raise UsageError(f"--replace: '{name}' is the original itself", hint="give the clone another --name")
    if not request.replace:
        checks.name_is_free(host, name)
    return name


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
    """The guest in whose place the copy comes; None without one."""
    if not request.replace or host.guests.find(name) is None:
        return None
    return Guest.parse(host.guests.xml(name, inactive=True, secure=True))


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


def _nvram(request: CloneRequest, host: Host, guest: Guest, name: str, replaced: Guest | None) -> _Nvram | None:
    """Return where the clone's UEFI variables are stored; None if it has none."""
    place = "./os/nvram/source/@file" if guest.has("./os/nvram/source/@file") else "./os/nvram"
    source = guest.get(place)
    said = bool(source)
    if not said and guest.get("./os/@firmware") == "efi":
        source = os.path.join(variables_folder(host), f"{guest.name}_VARS.fd")
    if not source:
        return None
    fmt = guest.get("./os/nvram/@format") or guest.get("./os/loader/@format") or "raw"
    if request.nvram:
        return _Nvram(source, request.nvram, place, fmt)
    target = identity.nvram_path(source, name)
    if replaced is not None and target in variable_files(host, replaced):
        return _Nvram(
            source, _find_free_path(host, target), place, fmt
        )  # the old ones stay until the replaced guest goes
    return _Nvram(source, target, place if said else "", fmt)


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


def _rename_logs(guest: Guest, source: str, clone: str) -> None:
    """Give the clone its own log files for consoles that write to files."""
    for tag in ("serial", "console"):
        for device in guest.devices(tag):
            where = path.get(device, "./source/@path")
            if device.get("type") == "file" and where:
                made = identity.clone_path(where, source, clone, os.path.lexists)
                path.put(device, "./source/@path", made)
