"""virtprov-clone: a request and a host -> a plan for a copy of a guest that is a machine of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from virtprov.actions import steps
from virtprov.actions.plan import Plan, Step
from virtprov.actions.request import Checks
from virtprov.guest import checks, identity, names
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError, UsageError
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.entries import VolumeInfo


class CloneRequest(NamedTuple):
    """A copy to be made.

    `original` names a guest of the host, or `xml` is its document. `files` are paths for the copied disks in
    order, `macs` addresses for its interfaces, `force` and `skip` targets of disks (`vda`).
    """

    original: str = ""
    xml: str = ""
    name: str = ""
    uuid: str = ""
    auto: bool = False
    files: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()
    force: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    preserve: bool = False
    nvram: str = ""
    replace: bool = False
    reflink: bool = False
    sparse: bool = True
    checks: Checks = Checks()


class _Copy(NamedTuple):
    """One disk of the copy: the path it gets, and the volume it is copied from (None: nothing is copied)."""

    disk: Element
    target: str
    source: VolumeInfo | None


def plan(request: CloneRequest, host: Host) -> Plan:
    """Everything that must be done for the copy.

    Raises UsageError for requests that make no sense, HostError for what the host has not or cannot copy.
    """
    source = _source(request, host)
    guest = source.copy()
    name = _name(request, host, source.name)
    _check_macs(request, host, source)
    copies = _copies(request, host, guest, name)
    nvram = _nvram(request, host, guest, name)
    for copy in copies:
        _point(copy.disk, copy.target)
    _rename_logs(guest, source.name, name)
    told = identity.renew(guest, name, request.uuid or names.new_uuid(), request.macs, qemu=host.driver == "qemu")
    listed: list[Step] = []
    if request.replace and host.guest(name) is not None:
        listed.append(steps.Replace(name))
    listed += [_copy_step(request, host, copy) for copy in copies if copy.source is not None]
    listed += nvram
    listed.append(steps.Define(name, guest.text()))
    notes = (f"'{name}' gets " + ", ".join(told),) if told else ()
    return Plan((guest.text(),), tuple(listed), name, notes)


def _source(request: CloneRequest, host: Host) -> Guest:
    if request.xml:
        return Guest.parse(request.xml, "the original's XML")
    if not request.original:
        raise UsageError("the guest to copy is not named", hint="give --original NAME, or --original-xml FILE")
    info = host.guest(request.original)
    if info is None:
        raise HostError(f"the host has no guest '{request.original}'", hint="`virsh list --all` lists its guests")
    if info.active:
        raise HostError(
            f"the guest '{info.name}' is {info.state}: its disks cannot be copied while it writes to them",
            hint=f"shut it down first: `virsh shutdown {info.name}`",
        )
    text = host.guest_xml(info.name, inactive=True, secure=True)
    return Guest.parse(text or "", f"the document of '{info.name}'")


def _name(request: CloneRequest, host: Host, source: str) -> str:
    if not request.name and not request.auto:
        raise UsageError("the copy has no name", hint="give --name NAME, or --auto-clone to have one made up")
    name = request.name or identity.clone_name(source, lambda word: host.guest(word) is not None)
    names.check_name(name)
    if not request.replace:
        checks.name_is_free(host, name)
    return name


def _check_macs(request: CloneRequest, host: Host, source: Guest) -> None:
    count = len(source.devices("interface"))
    given = [mac for mac in request.macs if mac.upper() != "RANDOM"]
    if len(request.macs) > count:
        raise UsageError(
            f"{len(request.macs)} MAC addresses are given for {count} network interfaces", hint="leave out the rest"
        )
    for mac in given:
        checks.check_mac(mac)
    if request.checks.mac_in_use:
        checks.given_macs_are_free(host, [mac.lower() for mac in given])


# -- disks ---------------------------------------------------------------------------------------


def _copies(request: CloneRequest, host: Host, guest: Guest, name: str) -> list[_Copy]:
    """Which disks are copied, and where to."""
    _check_targets(request, guest)
    files = list(request.files)
    taken: set[str] = set()
    copies, missing = [], []
    for disk in guest.disks():
        if not _is_copied(request, disk):
            continue
        where = _path(disk)
        if where is None:
            raise _unclonable(disk)
        if files:
            target = files.pop(0)
        elif request.auto or request.preserve:
            target = identity.clone_path(
                where, guest.name, name, lambda made: made in taken or _is_there(host, made)
            )
        else:
            missing.append(path.get(disk, "./target/@dev") or where)
            continue
        if target == "":
            _empty(disk)
            continue
        target = target if host.is_remote else os.path.abspath(os.path.expanduser(target))
        taken.add(target)
        copies.append(_copy(request, host, disk, where, target, name))
    if missing:
        raise UsageError(
            f"no file is given for the copy of {', '.join(missing)}",
            hint="give --file PATH once for each, or --auto-clone to have the paths made up",
        )
    if files:
        raise UsageError(
            f"--file {files[0]}: the guest has only {len(request.files) - len(files)} disks to copy",
            hint="leave it out, or use --force-copy TARGET for a disk that is shared otherwise",
        )
    return copies


def _check_targets(request: CloneRequest, guest: Guest) -> None:
    known = [path.get(disk, "./target/@dev") or "" for disk in guest.disks()]
    for option, words in (("--force-copy", request.force), ("--skip-copy", request.skip)):
        for word in sorted(words):
            if word not in known:
                raise UsageError(
                    f"{option} {word}: the guest has no such disk",
                    hint="its disks are: " + ", ".join(known) if known else "it has no disks",
                )


def _is_copied(request: CloneRequest, disk: Element) -> bool:
    """Empty, read-only and shared disks are used together; the user may say otherwise."""
    target = path.get(disk, "./target/@dev")
    if tree.child(disk, "source") is None or target in request.skip:
        return False
    if target in request.force:
        return True
    return not any(tree.child(disk, mark) is not None for mark in ("readonly", "shareable", "transient"))


def _path(disk: Element) -> str | None:
    for name in ("file", "dev", "dir"):
        found = path.get(disk, f"./source/@{name}")
        if found:
            return found
    return None


def _unclonable(disk: Element) -> HostError:
    target = path.get(disk, "./target/@dev") or "a disk"
    kind = path.get(disk, "./source/@protocol") or disk.get("type", "")
    return HostError(
        f"{target} is a disk of type '{kind}', which cannot be copied",
        hint=f"use it together with --skip-copy {target}, or copy it yourself and use --preserve-data",
    )


def _is_there(host: Host, where: str) -> bool:
    if host.volume_at(where) is not None:
        return True
    return not host.is_remote and os.path.lexists(where)


def _copy(request: CloneRequest, host: Host, disk: Element, where: str, target: str, name: str) -> _Copy:
    existing = host.volume_at(target)
    if request.preserve:
        return _Copy(disk, target, None)
    source = host.volume_at(where)
    if source is None and (host.is_remote or not os.path.exists(where)):
        raise HostError(
            f"the disk {where} of the original does not exist", hint="use --skip-copy or --preserve-data for it"
        )
    if existing is not None and existing.type != "block":
        raise HostError(
            f"{target} exists already, and a copy would overwrite it",
            hint="give another --file, or --preserve-data to use it as it is",
        )
    if existing is None and not host.is_remote and os.path.isfile(target) and os.path.getsize(target):
        raise HostError(
            f"{target} exists already, and a copy would overwrite it",
            hint="give another --file, or --preserve-data to use it as it is",
        )
    if os.path.abspath(target) == os.path.abspath(where):
        raise UsageError(f"--file {target}: this is the original's own disk", hint="give another path")
    return _Copy(disk, target, source or _outside(where))


def _outside(where: str) -> VolumeInfo:
    """A file that no pool knows, seen as a volume."""
    from virtprov.host.entries import VolumeInfo
    from virtprov.support.image import probe

    seen = probe(where)
    size = os.path.getsize(where)
    return VolumeInfo(
        "", os.path.basename(where), where, where, "file", seen.format if seen else "raw",
        (seen.size if seen and seen.size else size), size, seen.backing if seen else "", "", "",
    )  # fmt: skip


def _copy_step(request: CloneRequest, host: Host, copy: _Copy) -> Step:
    assert copy.source is not None
    return steps.CopyDisk(copy.source, copy.target, reflink=request.reflink, sparse=request.sparse)


def _point(disk: Element, target: str) -> None:
    for name in ("file", "dev", "dir"):
        if path.get(disk, f"./source/@{name}") is not None:
            path.put(disk, f"./source/@{name}", target)
            return


def _empty(disk: Element) -> None:
    source = tree.child(disk, "source")
    if source is not None:
        tree.remove(source)


# -- other files ---------------------------------------------------------------------------------


def _nvram(request: CloneRequest, host: Host, guest: Guest, name: str) -> list[Step]:
    """The copy's firmware variables: a copy of the original's where the host can make one, else libvirt's template."""
    where = guest.get("./os/nvram")
    if not where:
        return []
    target = request.nvram or identity.nvram_path(where, name)
    guest.put("./os/nvram", target)
    source = host.volume_at(where)
    if source is None or request.preserve:
        return []
    existing = host.volume_at(target)
    if existing is not None:
        if request.nvram:
            return []
        raise HostError(f"{target} exists already", hint="give --nvram PATH for the copy's firmware variables")
    return [steps.CopyDisk(source, target)]


def _rename_logs(guest: Guest, source: str, clone: str) -> None:
    """Files that consoles write to are not shared: the copy gets its own."""
    for tag in ("serial", "console"):
        for device in guest.devices(tag):
            where = path.get(device, "./source/@path")
            if device.get("type") == "file" and where:
                path.put(device, "./source/@path", _log_path(where, source, clone))


def _log_path(where: str, source: str, clone: str) -> str:
    directory, base = os.path.split(where)
    if source in base:
        return os.path.join(directory, base.replace(source, clone))
    return identity.clone_path(where, source, clone, os.path.lexists)
