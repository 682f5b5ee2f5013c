"""Which disks of a guest go when it is removed, and with them its seeds, credentials and passwords."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from virtprov.actions.remove.things import (
    BASE,
    CREDENTIAL,
    DISK,
    DISK_KEPT,
    MEDIUM,
    SAVE,
    SECRET,
    SEED,
    Thing,
    describe_user,
    find_plugged,
)
from virtprov.actions.remove.things import FILE as OTHER_FILE
from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.seed import fw_cfg, replace
from virtprov.guest.disks.new.volumes import GIVEN_ONLY
from virtprov.guest.disks.snapshot_files import SnapshotFiles
from virtprov.guest.disks.source import DIR, FILE, NETWORK, VOLUME, DiskSource
from virtprov.guest.marks import template_mark
from virtprov.support.errors import HostError
from virtprov.support.file_access import iso
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from virtprov.actions.request import RemoveRequest
    from virtprov.actions.run.artifacts.path_users import PathUsers, User
    from virtprov.guest.document import Guest
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import VolumeInfo
    from virtprov.xml.tree import Element

_HEAD = 17 * 2048
"""How many bytes of an ISO tell who has written it."""
_GONE = "-"
"""The reason for a disk that does not exist any more."""


class Disks:
    """The disks of one guest; `users` knows who else uses them.

    When they have been listed, `chains` has a pair for each image below one of them: the disk's path, and the image's.
    """

    def __init__(
        self, host: Host, guest: Guest, request: RemoveRequest, users: PathUsers, files: SnapshotFiles | None = None
    ) -> None:
        self.host, self.guest, self.request, self.users = host, guest, request, users
        self.chains: list[tuple[str, str]] = []
        self._files = files or SnapshotFiles()
        self._fates: dict[str, str] = {}
        """Why a disk stays, and with it the images below it; "" for those that go."""
        self._seeds = replace.drives(guest)

    def list(self) -> Iterator[Thing]:
        """Yield every disk and medium, the images below disks that go, seeds, credentials, and passwords.

        Raises HostError if an image of someone else is based on a disk that would go.
        """
        if template_mark.is_marked(self.guest):  # without its definition nobody would know what its disks are for
            for disk in template_mark.list_base_disks(self.guest):
                source = DiskSource.of(disk)
                self._find_user(source.path_on(self.host) or source.location)
        for disk in self.guest.disks():
            source = DiskSource.of(disk)
            if source.kind:
                yield from self._sort(disk, source)
        yield from self._list_snapshot_files()
        yield from self._credentials()

    def list_running_seeds(self, running: Guest) -> Iterator[Thing]:
        """Yield the seeds that only the running guest has, as after a first boot that nobody has waited for."""
        seeds = replace.drives(running)
        for disk in find_plugged(self.guest, running):
            if disk in seeds:
                source = DiskSource.of(disk)
                volume = source.volume_on(self.host)
                for thing in self._sort_seed(self._name(source, volume), source, volume):
                    yield thing._replace(until_off=True)

    def _sort(self, disk: Element, source: DiskSource) -> Iterator[Thing]:
        volume = source.volume_on(self.host)
        thing = self._name(source, volume)
        if disk in self._seeds:
            yield from self._sort_seed(thing, source, volume)
            return
        if disk.get("device") in ("cdrom", "floppy"):
            yield thing._replace(kind=MEDIUM, why="other guests may use the medium as well")
            return
        why = self._why_disk_stays(disk, source, volume)
        if why != _GONE:
            yield thing._replace(why=why)
        yield from self._list_below(thing, places.get(disk, "./driver/@type") or "", why)
        yield from self._passwords(disk, thing, kept=why not in ("", _GONE))

    def _list_below(self, thing: Thing, fmt: str, why: str) -> Iterator[Thing]:
        """Yield the images below a disk that goes: those that are this guest's alone go with it."""
        chains = self.users.chains
        below, own = list(chains.under(thing.path, fmt)), {*self._files.images, *chains.data_of(thing.path, fmt)}
        self.chains += [(thing.path, image) for image in below]
        self._fates |= dict.fromkeys((thing.path, *below), "" if why in ("", _GONE) else f"{thing.path} is kept")
        for base in () if why else below:
            if base in own:
                yield from self._sort_image(DISK, base)
            else:
                yield Thing(BASE, os.path.basename(base), base, why=f"{thing.path} is based on it")

    # -- snapshots --------------------------------------------------------------------------------

    def _list_snapshot_files(self) -> Iterator[Thing]:
        """Yield the images of snapshots that no disk is based on, and what snapshots have saved of the memory.

        An image of a disk that was detached after the snapshot has nothing in common with the guest's disks.
        """
        listed = set(self._fates)
        self._spread_fates()
        for image in self._files.images:
            why = self._fates.get(image, "the guest no longer has this disk")
            for thing in self._sort_image(DISK, image) if image not in listed else ():
                yield thing._replace(why=thing.why or why)
        for file in self._files.memory:
            yield from self._sort_image(SAVE, file)

    def _spread_fates(self) -> None:
        """Give the images before and after the snapshots of a disk the fate of the disk."""
        count = -1
        while count != len(self._fates):
            count = len(self._fates)
            for new, old in self._files.steps:
                for one, other in ((new, old), (old, new)):
                    if other and one in self._fates:
                        self._fates.setdefault(other, self._fates[one])

    def _sort_image(self, kind: str, path: str) -> Iterator[Thing]:
        source = DiskSource(FILE, path)
        volume = source.volume_on(self.host)
        why = self._why_image_stays(source, volume)
        if why != _GONE:
            yield self._name(source, volume)._replace(kind=kind, why=why)

    def _why_image_stays(self, source: DiskSource, volume: VolumeInfo | None) -> str:
        """Return why an image stays that no disk names; another image on top of it does not keep the guest."""
        why = self._why_out_of_reach(source) if volume is None else self._why_volume_stays(volume)
        if not why and self.request.keep_disks:
            return "--keep-disks is given"
        return why or describe_user(self.users.find(source.path))

    def _name(self, source: DiskSource, volume: VolumeInfo | None) -> Thing:
        """Return the disk as something that goes."""
        if volume is None:
            path = source.location or source.name
            return Thing(DISK, os.path.basename(path), path, mark=self._mark(source.path))
        return Thing(DISK, volume.name, volume.path, volume.pool, key=volume.key, mark=self._mark(volume.path))

    def _mark(self, path: str) -> str:
        return "" if self.host.is_remote else mark_of(path)

    # -- disks ------------------------------------------------------------------------------------

    def _why_disk_stays(self, disk: Element, source: DiskSource, volume: VolumeInfo | None) -> str:
        """Return why a disk stays; "" if it goes, _GONE if it does not exist."""
        if disk.get("device") == "lun":
            return "it is a device of the host"
        for tag, word in (("readonly", "read-only"), ("shareable", "shareable")):
            if tree.child(disk, tag) is not None:
                return f"it is {word}, so other guests may use it"
        why = self._why_out_of_reach(source) if volume is None else self._why_volume_stays(volume)
        if why:
            return why
        if self.request.keep_disks:
            return "--keep-disks is given"
        path = volume.path if volume is not None else source.path
        return describe_user(self._find_user(path))

    def _find_user(self, path: str) -> User | None:
        """Return who else uses a disk; raises HostError if an image of someone else is based on it."""
        user = self.users.find(path)
        if user is not None and user.is_based:
            raise has_children(self.guest, path, f"{'guest' if user.is_guest else 'volume'} '{user.name}'")
        return user

    def _why_volume_stays(self, volume: VolumeInfo) -> str:
        pool = self.host.storage.pool(volume.pool)
        if pool is not None and pool.type in GIVEN_ONLY:
            return f"libvirt cannot delete volumes of pool '{volume.pool}'"
        if not self.host.is_remote and os.path.islink(volume.path) and volume.type == "file":
            return f"it is a symbolic link to {os.path.realpath(volume.path)}"
        return ""

    def _why_out_of_reach(self, source: DiskSource) -> str:
        """Return why a disk stays that is no volume of an active pool; "" if it goes, _GONE if it does not exist."""
        if source.kind == NETWORK:
            return "it is on the network, and in none of the host's storage pools"
        if source.kind == DIR:
            return "it is a directory of the host"
        storage = self.host.storage
        pool = storage.pool(source.pool) if source.kind == VOLUME else storage.pool_at(os.path.dirname(source.path))
        if pool is None and source.kind == VOLUME:
            return f"its storage pool '{source.pool}' is not defined"
        if pool is not None and not pool.active:
            return f"its storage pool '{pool.name}' is not active"
        exists = self.host.is_remote or os.path.lexists(source.path)
        if not source.path or not exists or (pool is not None and self.host.is_remote):
            return _GONE
        if pool is not None:
            return f"it is not a volume of pool '{pool.name}'"
        if source.path not in self.request.with_disks:
            return "it is outside the host's storage pools; --with-disk removes it"
        if source.path.startswith("/dev/") or not (self.host.is_remote or os.path.isfile(source.path)):
            return "it is a device of the host"
        return ""

    # -- what goes with them ----------------------------------------------------------------------

    def _sort_seed(self, thing: Thing, source: DiskSource, volume: VolumeInfo | None) -> Iterator[Thing]:
        why = self._why_seed_stays(thing.path, source, volume)
        if why != _GONE:
            yield thing._replace(kind=SEED if not why else MEDIUM, why=why)

    def _why_seed_stays(self, path: str, source: DiskSource, volume: VolumeInfo | None) -> str:
        if volume is None and (why := self._why_out_of_reach(source)) and (why == _GONE or source.kind == VOLUME):
            return why
        if not iso.is_ours(self._read_head(path, volume)):
            return "virtprov has not created it"
        return describe_user(self.users.find(path))

    def _read_head(self, path: str, volume: VolumeInfo | None) -> bytes:
        """Return the first bytes of a seed; none if it cannot be read."""
        head = self.host.storage.volume_head(volume.pool, volume.name, _HEAD) if volume is not None else None
        if head is None and not self.host.is_remote:
            from virtprov.support.file_access.regular import reading

            try:
                with reading(path) as file:
                    return bytes(file.read(_HEAD))
            except OSError:
                return b""
        return head or b""

    def _credentials(self) -> Iterator[Thing]:
        """Yield the files with settings for systemd in the guest."""
        for box in tree.children(self.guest.root, "sysinfo"):
            for entry in tree.children(box, "entry"):
                path = entry.get("file", "")
                if not path or not (entry.get("name") or "").startswith(fw_cfg.PREFIX):
                    continue
                source = DiskSource("file", path)
                volume = source.volume_on(self.host)
                thing = self._name(source, volume)
                if volume is None and (self.host.is_remote or not os.path.lexists(path)):
                    continue
                ours = volume is not None and volume.name.startswith(f"{self.guest.name}-")
                if ours and volume is not None and volume.name.endswith(fw_cfg.ENDING):
                    yield thing._replace(kind=CREDENTIAL, why=describe_user(self.users.find(path)))
                else:
                    yield thing._replace(kind=OTHER_FILE, why="virtprov has not created it")

    def _passwords(self, disk: Element, thing: Thing, *, kept: bool) -> Iterator[Thing]:
        """Yield the secrets of an encrypted disk. One that was made for this disk goes together with it.

        The same for one whose own disk is gone, such as that of the original of a clone.
        """
        boxes = [box for node in (disk, *tree.children(disk, "source")) for box in tree.children(node, "encryption")]
        for secret in (secret for box in boxes for secret in tree.children(box, "secret")):
            uuid = secret.get("uuid", "")
            path = self.host.secrets.volume(uuid) if uuid else None
            if path is None:
                continue
            is_its_own = path in (thing.path, DiskSource.of(disk).path)
            is_orphan = path.startswith("/") and not (self.host.is_remote or self.users.chains.exists(path))
            why = "" if is_its_own or is_orphan else "it was not created for this disk alone"
            why = DISK_KEPT if kept else why or describe_user(self.users.find_secret(uuid))
            yield Thing(SECRET, os.path.basename(path), path or thing.path, uuid=uuid, why=why)


def has_children(guest: Guest, path: str, child: str) -> HostError:
    """Return the error for a guest on whose disk `path` something else is based: `child`, in words."""
    hint = "remove what is based on it first, or name such guests in the same command"
    if template_mark.is_marked(guest):
        return HostError(f"template '{guest.name}' cannot be removed: {child} is based on its disk {path}", hint=hint)
    return HostError(
        f"guest '{guest.name}' cannot be removed: {child} is based on its disk {path}",
        hint=f"{hint}; --keep-disks removes the guest without its disks",
    )
