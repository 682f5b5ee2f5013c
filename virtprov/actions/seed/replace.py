"""Plan a new cloud-init seed for an existing guest, or its removal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.seed import attach, fw_cfg
from virtprov.actions.steps.seed_volumes import OldSeed, WriteSeed
from virtprov.cloudinit.documents import new_instance_id
from virtprov.cloudinit.seed_request import FLAG, SeedRequest
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import OS_ID, Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Step
    from virtprov.guest.host_view import HostView

EJECT = "eject"
ANOTHER = ("seed.iso", "cidata.iso", "cloud-init.iso", "cloudinit.iso")
"""Common file name endings of seeds created by others."""


class NewSeed(Record):
    """The volume of a new seed, its drive in the guest, and its instance-id: cloud-init runs once for each.

    `instance_id` is "" if the seed was only planned.
    """

    pool: str
    volume: str
    path: str
    target: str
    instance_id: str


class SeedChange(Record):
    """What came of it: the changed guest, the drives concerned, before and after, and what is done on the host.

    A drive that went has no place in `elements`. `steps` come before the definition is stored; for the volumes that
    are no longer needed `DeleteSeeds` comes after it. `password` is root's new one, to be shown once.
    """

    guest: Guest
    elements: tuple[Element, ...] = ()
    before: tuple[Element, ...] = ()
    steps: tuple[Step, ...] = ()
    seed: NewSeed | None = None
    old: tuple[OldSeed, ...] = ()
    password: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


# -- a new seed ----------------------------------------------------------------------------------


def plan_seed(guest: Guest, host: HostView, request: SeedRequest, *, build: bool = True) -> SeedChange:
    """Give a guest a seed with a new instance-id for its next boot.

    The seed is put into the drive of the current seed, otherwise into an empty CD-ROM drive that the guest is sure to
    detect, otherwise into a new drive like that of virtprov-install. Without `build` only files of this machine are
    checked: nothing is downloaded and no password is generated. Raises UsageError and InputError for invalid values and
    documents, HostError if no pool can hold the seed.
    """
    if guest.is_container:
        raise UsageError(f"{FLAG}: '{guest.name}' is a container, which has no drive for a seed")
    altered = guest.copy()
    setting = find_setting(altered, host)
    system = attach.system_family(setting.profile)
    seed_request = request._replace(guest_name=guest.name, instance_id=new_instance_id(), system=system)
    pool, directory, makings = attach.pool_for(setting)
    volume = attach.free_name(host, "" if makings else pool, guest.name)
    where = f"{directory}/{volume}"
    if build:
        data, built = attach.build_image(seed_request)
        password, warnings = built.root_password or "", list(built.warnings)
        warnings += _warn_of_stale(built.instance_id, seed_request)
        instance_id = built.instance_id
    else:
        data, password, warnings, instance_id = b"", "", list(attach.check_documents(seed_request)), ""
    drive, gone, old = _attach(setting, where, host)
    target = path.text(drive, "./target/@dev")
    return SeedChange(
        altered,
        (drive,),
        gone,
        (*makings, WriteSeed(pool, volume, data)),
        NewSeed(pool, volume, where, target, instance_id),
        old,
        password,
        (_when(guest, target, volume),),
        (*warnings, *_warn_of_other_seeds(altered, drive)),
    )


def find_setting(guest: Guest, host: HostView) -> RuleContext:
    """Return the context for a guest, with the profile of the system in its metadata."""
    from virtprov.osinfo.find_profile import find_recorded

    return RuleContext(guest, host, find_recorded(guest.get(OS_ID)))


def _attach(
    setting: RuleContext, where: str, host: HostView
) -> tuple[Element, tuple[Element, ...], tuple[OldSeed, ...]]:
    """Put the seed into a drive; returns the drive, the previous drives, and the volumes no longer in use."""
    ours = drives(setting.guest)
    result = _empty_drive(setting.guest) if not ours else None
    before = tuple(tree.copy(drive) for drive in ours) or (() if result is None else (tree.copy(result),))
    old = _find_volumes(ours, host)
    return put_in_drive(setting, where, ours), before, old


def put_in_drive(setting: RuleContext, where: str, ours: list[Element]) -> Element:
    """Put the seed at `where` into the first of the drives of older seeds, and clear the others; returns the drive.

    Without one, an empty drive that the guest is sure to detect is used, or a new one added.
    """
    for drive in ours[1:]:
        clear(drive)
    result = ours[0] if ours else _empty_drive(setting.guest)
    if result is None:
        return attach.add_drive(setting, setting.guest, where, cdrom=False)
    attach.fill_drive(setting, result, where)
    return result


def _empty_drive(guest: Guest) -> Element | None:
    """Return an empty CD-ROM drive on the same bus as a disk of the guest, whose driver the kernel loads early.

    Kernels of cloud images may only have virtio, or load other drivers too late for cloud-init.
    """
    buses = {path.get(disk, "./target/@bus") for disk in guest.disks("disk") if tree.child(disk, "source") is not None}
    for drive in guest.disks("cdrom"):
        if tree.child(drive, "source") is None and path.get(drive, "./target/@bus") in buses:
            return drive
    return None


def _warn_of_stale(instance_id: str, request: SeedRequest) -> list[str]:
    if instance_id == request.instance_id:
        return []
    return [
        (
            f"the meta-data has 'instance-id: {instance_id}': cloud-init only processes the seed if the guest has "
            "not had one with this id before"
        )
    ]


def _when(guest: Guest, target: str, volume: str) -> str:
    return (
        f"cloud-init seed {volume} is attached as drive {target} of '{guest.name}': it takes effect at the next "
        "boot after power-off, if cloud-init is installed and enabled in the guest"
    )


def _warn_of_other_seeds(guest: Guest, drive: Element) -> list[str]:
    """Warn of what looks like another seed: cloud-init uses the first one that it finds."""
    return [
        (
            f"drive {path.get(disk, './target/@dev')} contains {medium}, which looks like another seed: cloud-init "
            "may use that one"
        )
        for disk in guest.disks()
        if disk is not drive and (medium := DiskSource.of(disk).medium).lower().endswith(ANOTHER)
    ]


# -- taking it out -------------------------------------------------------------------------------


def plan_eject(guest: Guest, host: HostView) -> SeedChange:
    """Remove every seed of virtprov from a guest's XML; without one the XML does not change."""
    altered = guest.copy()
    fw_cfg.drop_enabling(altered)
    ours = drives(altered)
    before = tuple(tree.copy(drive) for drive in ours)
    old = _find_volumes(ours, host)
    left = []
    for drive in ours:
        if not clear(drive):
            left.append(drive)
    return SeedChange(altered, tuple(left), before, old=old)


def check_eject(stored: Guest, running: Guest | None, *, live: bool) -> None:
    """Raise UsageError if there is no seed to remove; `live` tells whether the running guest is changed."""
    name = stored.name
    if drives(stored) or (live and running is not None and drives(running)):
        return
    if running is not None and drives(running):
        raise UsageError(
            f"{FLAG} {EJECT}: only the running guest '{name}' still has its seed",
            hint="use --update to remove it there",
        )
    raise UsageError(
        f"{FLAG} {EJECT}: no drive of '{name}' contains a seed created by virtprov",
        hint=f"a seed created by virtprov is named {name}-seed.iso",
    )


def drives(guest: Guest, name: str = "") -> list[Element]:
    """Return the drives with a seed that virtprov created for this guest: NAME-seed.iso, NAME-seed-1.iso ...

    `name` is the name under which the seed was created, unless that is the guest's name.
    """
    return [disk for disk in guest.disks() if _is_seed(DiskSource.of(disk).medium, name or guest.name)]


def find_any_seeds(guest: Guest, name: str) -> list[Element]:
    """Return the read-only drives with a seed that virtprov created under this name, or with what looks like one."""
    seeds = [disk for disk in guest.disks() if DiskSource.of(disk).medium.lower().endswith(ANOTHER)]
    read_only = [disk for disk in seeds if tree.child(disk, "readonly") is not None]
    return list(dict.fromkeys([*drives(guest, name), *read_only]))


def _is_seed(medium: str, name: str) -> bool:
    start, _, rest = os.path.basename(medium).partition(f"{name}-seed")
    number = rest.removesuffix(".iso").removeprefix("-")
    return bool(rest) and not start and (rest == ".iso" or rest == f"-{number}.iso" and number.isdecimal())


def clear(drive: Element) -> bool:
    """Empty a CD-ROM drive; remove any other drive from the guest and return True."""
    if drive.get("device") == "cdrom":
        attach.empty(drive)
        return False
    tree.remove(drive)
    return True


def _find_volumes(ours: list[Element], host: HostView) -> tuple[OldSeed, ...]:
    """Return the seeds' volumes; those unknown to the host are omitted."""
    results = []
    for drive in ours:
        info = DiskSource.of(drive).volume_on(host)
        if info is not None:
            results.append(OldSeed(info.pool, info.name, info.path))
    return tuple(dict.fromkeys(results))
