"""The cloud-init seed of a new guest: where it is stored, and how the first boot reads it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from virtprov.actions.steps import storage
from virtprov.actions.steps.seed_volumes import WriteSeed, WriteSeedFile
from virtprov.cloudinit.checks import power_state
from virtprov.cloudinit.seed_request import KEEP, SeedRequest
from virtprov.guest.defaults import devices
from virtprov.guest.defaults.disk import fill_bus, fill_targets
from virtprov.guest.disks.new.volumes import DEFAULT_POOL, FILE_POOLS, NewPool, images_directory
from virtprov.guest.disks.source import FILE, DiskSource
from virtprov.guest.document import DomainDocument, Guest
from virtprov.guest.rules.rule_context import RuleContext
from virtprov.images.image_facts import COMBUSTION, IGNITION
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.support.text import first_free
from virtprov.support.user_files import dirs
from virtprov.xml import path, tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Step
    from virtprov.cloudinit.checks.power_state import PowerState
    from virtprov.cloudinit.seed import Seed as Documents
    from virtprov.guest.host_view import HostView
    from virtprov.osinfo.profile import Profile

SERIAL = "ds=nocloud"
"""What cloud-init looks for in the machine's serial number (its NoCloud documentation)."""
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:-]+")
SEED, ANSWERS = "seed", "unattended"
"""Ends of the names of their volumes."""
FIRST_BOOT = "first-boot"
"""How long the answers for an installer are kept: see `SeedRequest.keep`."""
_WITHOUT_UPLOADS = ("test", "vbox")
"""Drivers of this machine that cannot upload to a volume; their guests read a file."""


class Seed(Record):
    """A seed: its volume, its device at the first boot, how long it is kept, and the generated password.

    Without `pool`, it is a file of this machine, and `volume` is its path. `power` is the reboot or power-off that its
    user-data asks for. `request` is what it is built from.
    """

    pool: str
    volume: str
    device: str
    keep: str
    steps: tuple[Step, ...]
    first_boot: DomainDocument
    stays: DomainDocument
    password: str
    warnings: tuple[str, ...] = ()
    power: PowerState | None = None
    request: SeedRequest = SeedRequest()


def plan(
    request: SeedRequest, setting: RuleContext, final: Guest, install: Guest | None = None, *, build: bool = True
) -> Seed:
    """Choose the place of the seed and build it; without `build` only files of this machine are checked.

    `first_boot` is the guest with the seed, `stays` the definition that is kept. With an installer, whose guest is
    `install`, the seed is a CD-ROM of that phase, and its empty drive is kept. Raises UsageError for an image that does
    not read a seed.
    """
    _check_reader(request, setting)
    seed_request = request._replace(guest_name=final.name, system=system_family(setting.profile))
    pool, volume, where, makings = choose_place(setting, final.name)
    first = final.copy() if install is None else install
    drive = add_drive(setting, first, where, cdrom=install is not None)
    device = tree.to_text(tree.copy(drive))
    kept = first if install is None else final
    if install is not None:
        add_drive(setting, final, where if seed_request.keep == KEEP else "", cdrom=True)
    stays = DomainDocument.of(kept.copy() if seed_request.keep == KEEP else final)
    if build:
        data, built = build_image(seed_request)
        write_serial(first, built)
        password, warnings = built.root_password or "", built.warnings
        power = power_state.read(built.documents["user-data"])
    else:
        write_serial(first)
        power = None
        data, password, warnings = b"", "", check_documents(seed_request)
    write = WriteSeed(pool, volume, data) if pool else WriteSeedFile(where, data)
    steps: tuple[Step, ...] = (*makings, write)
    first_boot = DomainDocument.of(first)
    return Seed(
        pool, volume, device, seed_request.keep, steps, first_boot, stays, password, warnings, power, seed_request
    )


def plan_image(setting: RuleContext, final: Guest, install: Guest, image: bytes, *, password: str = "") -> Seed:
    """Return a small disk with other settings than a cloud-init seed, `image`, for an installer.

    It is a CD-ROM, whose empty drive is kept, because installers do not install to those.
    """
    pool, volume, where, makings = choose_place(setting, final.name, ANSWERS)
    device = tree.to_text(tree.copy(add_drive(setting, install, where, cdrom=True)))
    add_drive(setting, final, "", cdrom=True)
    what = "answers for the installer"
    write = WriteSeed(pool, volume, image, what=what) if pool else WriteSeedFile(where, image, what=what)
    first, stays = DomainDocument.of(install), DomainDocument.of(final)
    return Seed(pool, volume, device, FIRST_BOOT, (*makings, write), first, stays, password)


def finish_image(seed: Seed, final: Guest, install: Guest) -> Seed:
    """Return the seed of an installer after both of its guests have changed."""
    return seed._replace(first_boot=DomainDocument.of(install), stays=DomainDocument.of(final))


def _check_reader(request: SeedRequest, setting: RuleContext) -> None:
    """Raise UsageError if the image is configured by something else than cloud-init, unless that is not checked."""
    reader = setting.image.configured_by
    if request.strict and reader in (IGNITION, COMBUSTION):
        raise UsageError(
            f"--cloud-init: the image {setting.image.os} does not read a cloud-init seed: it is configured by {reader}",
            hint="omit --cloud-init, choose another variant with --image NAME,variant=, or use --check cloud_init=off",
        )


def system_family(profile: Profile) -> str:
    """Return the family of an operating system, which tells what reads a seed; "" if the profile does not know it."""
    return "" if profile.os_id.startswith("http://libosinfo.org/") else profile.family


def choose_place(setting: RuleContext, name: str, kind: str = SEED) -> tuple[str, str, str, tuple[Step, ...]]:
    """Return pool, volume and path of the seed, and the steps that make the pool; the pool is "" for a local file."""
    host = setting.host
    if host.driver in _WITHOUT_UPLOADS and not host.is_remote:
        folder = f"{dirs.cache()}/virtprov/seeds"
        where = first_free(lambda path: os.path.lexists(path), lambda mark: f"{folder}/{name}-{kind}{mark}.iso")
        return "", where, where, ()
    pool, directory, makings = pool_for(setting)
    volume = free_name(host, pool if not makings else "", name, kind)
    return pool, volume, f"{directory}/{volume}", makings


def build_image(request: SeedRequest) -> tuple[bytes, Documents]:
    """Build the seed; returns its ISO image and its contents."""
    from virtprov.cloudinit.seed import build, iso_bytes

    built = build(request)
    return iso_bytes(built), built


def check_documents(request: SeedRequest) -> tuple[str, ...]:
    """Return messages about the seed's documents; nothing is downloaded, and no password is generated."""
    from virtprov.cloudinit.seed import build

    given = request._replace(proxy="")._asdict().values()
    texts = [text for value in given for text in (value if isinstance(value, tuple) else (value,))]
    if any(isinstance(text, str) and text.startswith(("http://", "https://")) for text in texts):
        return ()
    return build(request._replace(root_password_generate=False)).warnings


def pool_for(setting: RuleContext) -> tuple[str, str, tuple[Step, ...]]:
    """Return the pool for the seed: that of the first disk, otherwise `default`, which is created if missing.

    Raises HostError if that pool cannot hold it.
    """
    host = setting.host
    for disk in setting.guest.disks("disk"):
        source = DiskSource.of(disk)
        in_folder = host.storage.pool_at(source.path.rpartition("/")[0]) if source.kind == FILE else None
        pool = host.storage.pool(source.pool) if source.pool else in_folder
        if pool is not None and pool.type in FILE_POOLS and pool.active:
            return pool.name, pool.path, ()
    pool = host.storage.pool(DEFAULT_POOL)
    if pool is not None and pool.active and pool.type in FILE_POOLS:
        return pool.name, pool.path, ()
    if pool is not None:
        raise HostError(
            f"storage pool '{DEFAULT_POOL}' cannot hold the cloud-init seed: it is not active, or does not hold files",
            hint=f"start it with `virsh pool-start {DEFAULT_POOL}`",
        )
    directory = images_directory(host)
    at = host.storage.pool_at(directory)
    if at is not None:
        return at.name, at.path, ()
    return DEFAULT_POOL, directory, (storage.MakePool(NewPool(DEFAULT_POOL, directory)),)


def free_name(host: HostView, pool: str, guest: str, kind: str = SEED) -> str:
    """Return an unused volume name for the guest's seed; the pool "" is a new one."""
    return first_free(
        lambda name: bool(pool) and host.storage.volume(pool, name) is not None,
        lambda mark: f"{guest}-{kind}{mark}.iso",
    )


def add_drive(setting: RuleContext, guest: Guest, where: str, *, cdrom: bool) -> Element:
    """Add the seed's drive: a read-only virtio disk, which kernels detect as early as the other disks.

    Installers, which only look at CD-ROMs, and guests without virtio get a CD-ROM; without `where` it is empty.
    """
    virtio = setting.is_qemu and (
        setting.profile.virtio_disk or any(path.get(disk, "./target/@bus") == "virtio" for disk in guest.disks())
    )
    plain = virtio and not cdrom
    drive = guest.add_device("disk", type="file", device="disk" if plain else "cdrom")
    if plain:
        path.put(drive, "./target/@bus", "virtio")
    if where:
        fill_drive(setting, drive, where)
    tree.add(drive, tree.element("readonly"))
    here = RuleContext(guest, setting.host, setting.profile, fresh=[drive])
    fill_bus(here)
    fill_targets(here)
    if devices.wants_scsi(here):
        devices.add_scsi(here)
    return drive


def fill_drive(setting: RuleContext, drive: Element, where: str) -> None:
    """Put the seed at `where` into a drive, in place of its current medium."""
    drive.set("type", "file")
    for tag in ("source", "backingStore"):
        empty(drive, tag)
    if setting.is_qemu:
        path.put(drive, "./driver/@name", "qemu")
        path.put(drive, "./driver/@type", "raw")
    tree.add(drive, tree.element("source", None, {"file": where}))


def empty(drive: Element, tag: str = "source") -> None:
    """Remove the medium from a drive."""
    tree.drop(drive, tag)


def write_serial(first: Guest, built: Documents | None = None) -> None:
    """Write the data source to the machine's serial number, unless the user sets it; for x86 and ARM's virt.

    Of a seed that is `built`, instance-id and host name follow: the serial number stays when the guest itself reboots,
    the seed may not, and another instance-id would renew the ssh host keys and the network settings.
    """
    if not (first.is_x86 or first.is_arm_virt) or first.domain_type not in ("qemu", "kvm", "hvf"):
        return
    if first.has("./sysinfo") or first.has("./os/smbios"):
        return
    first.put("./sysinfo/@type", "smbios")
    entry: Element = path.ensure(first.root, "./sysinfo/system/entry[@name='serial']")
    entry.text = SERIAL if built is None else SERIAL + _fields(built)
    first.put("./os/smbios/@mode", "sysinfo")


def _fields(built: Documents) -> str:
    """Return what follows the data source; nothing if a value could end it early."""
    values = {"i": built.instance_id, "h": built.hostname}
    if not all(_PLAIN_VALUE.fullmatch(value) for value in values.values() if value):
        return ""
    return "".join(f";{key}={value}" for key, value in values.items() if value)
