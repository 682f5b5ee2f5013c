"""Plan the removal of guests: what of each goes, what stays, and why. Nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.remove import forgotten, things
from virtprov.actions.remove.disks import Disks, has_children
from virtprov.actions.remove.things import BASE, DISK, DISK_KEPT, MEDIUM, NVRAM, SAVE, SECRET, Thing
from virtprov.actions.run.artifacts.path_users import PathUsers
from virtprov.actions.run.children import find_children
from virtprov.actions.run.trail_reader import find_active
from virtprov.guest.disks import snapshot_files
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.guest.marks.reservations import Reserved, of_guest
from virtprov.host.inventory.lookup import similar_names
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.support.text import join_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.request import RemoveRequest
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import GuestInfo

_STUCK = ("paused", "suspended", "crashed")
"""States of running guests that do not react to a request to shut down."""


class Removal(Record):
    """A guest to remove: what the host knows about it, and all that belongs to it.

    `chains` has a pair for each image below one of its disks: the path of the disk, and that of the image. `reserved`
    are the addresses that networks keep for it.
    """

    info: GuestInfo
    things: tuple[Thing, ...]
    chains: tuple[tuple[str, str], ...] = ()
    reserved: tuple[Reserved, ...] = ()

    @property
    def name(self) -> str:
        """The guest's name."""
        return self.info.name

    @property
    def going(self) -> tuple[Thing, ...]:
        """What is removed."""
        return tuple(thing for thing in self.things if thing.goes)

    @property
    def takes_variables(self) -> bool:
        """Whether libvirt may delete the guest's UEFI variables."""
        return any(thing.kind == NVRAM for thing in self.going)


def plan(request: RemoveRequest, host: Host) -> tuple[Removal, ...]:
    """Return the guests to remove, in the order of their removal: clones come before the guest that they are based on.

    Raises HostError for a guest that does not exist, does not react, is being created, or that others are based on, and
    UsageError for `with_disks` that no guest has or that have to stay.
    """
    infos = _find(request, host)
    guests = {info.uuid: Guest.parse(host.guests.xml(info.uuid, inactive=info.persistent)) for info in infos}
    files = {
        info.uuid: snapshot_files.read(host, host.guests.snapshots(info.uuid) if info.persistent else ())
        for info in infos
    }
    images = frozenset(path for guest in guests.values() for path in _list_images(host, guest))
    images |= {path for each in files.values() for path in each.images}
    users = PathUsers(host, frozenset(guests), images, all_pools=True)
    removals = []
    for info in infos:
        guest = guests[info.uuid]
        disks = Disks(host, guest, request, users, files[info.uuid])
        found = [*disks.list(), *things.list_files(guest), *things.list_logs(host, guest, users)]
        found += [*things.list_kept(host, info, guest, users), *forgotten.list_files(host, info)]
        if info.active and info.persistent:
            running = Guest.parse(host.guests.xml(info.uuid))
            found += [*disks.list_running_seeds(running), *things.list_plugged(guest, running)]
        removals.append(Removal(info, tuple(dict.fromkeys(found)), tuple(disks.chains), of_guest(guest)))
        if request.with_disks:
            _refuse_unlisted(host, guest, images)
    _check_named(request, removals)
    family = _Family(removals, users.chains.real)
    family.check_kept()
    return family.sort()


def _find(request: RemoveRequest, host: Host) -> list[GuestInfo]:
    """Return the guests, each once."""
    infos: dict[str, GuestInfo] = {}
    for key in request.guests:
        info = host.guests.find(key)
        if info is None:
            raise HostError(f"guest '{key}' not found on {host.uri}", hint=similar_names(key, host.guests.names))
        if not request.force_off:
            _check_reacts(info)
        process = find_active(host.uri, info.name)
        if process:
            raise HostError(
                f"another run of virtprov is working on guest '{info.name}' (process {process})",
                hint="run the command again when the other one has finished",
            )
        infos[info.uuid] = info
    return list(infos.values())


def _check_reacts(info: GuestInfo) -> None:
    """Raise HostError for a guest that would not react to a request to shut down."""
    if not info.active or info.state not in _STUCK:
        return
    resume = f", or let it continue first: `virsh resume {info.name}`" if info.state == "paused" else ""
    raise HostError(
        f"guest '{info.name}' is {info.state}, so it cannot shut down", hint=f"power it off with --force-off{resume}"
    )


def _list_images(host: Host, guest: Guest) -> list[str]:
    """Return the paths of a guest's disks."""
    sources = [DiskSource.of(disk) for disk in guest.disks()]
    return [path for source in sources for path in (source.path, source.path_on(host)) if path]


def _refuse_unlisted(host: Host, guest: Guest, images: frozenset[str]) -> None:
    """Raise HostError if an image that is in no pool is based on a disk of the guest."""
    for child in find_children(host, guest):
        if child.image and child.image not in images:
            raise has_children(guest, child.disk, child.label)


def _check_named(request: RemoveRequest, removals: list[Removal]) -> None:
    """Raise UsageError if a disk that the user has named is not a guest's, or cannot go."""
    disks = {
        thing.path: thing for removal in removals for thing in removal.things if thing.kind in (DISK, MEDIUM, SAVE)
    }
    for path in request.with_disks:
        if path not in disks:
            names = join_words(f"'{removal.name}'" for removal in removals)
            raise UsageError(
                f"--with-disk {path}: no such disk of {names}",
                hint="give the path as in `virsh domblklist GUEST`; a disk that does not exist needs no option",
            )
        if not disks[path].goes:
            raise UsageError(
                f"--with-disk {path}: the disk cannot be removed: {disks[path].why}", hint="omit it, and it is kept"
            )


def _share_secrets(removals: list[Removal]) -> tuple[Removal, ...]:
    """Let a password that several of the guests need go with the last of them, or stay if one of their disks does."""
    listed = [
        (thing, number) for number, removal in enumerate(removals) for thing in removal.things if thing.kind == SECRET
    ]
    last = {thing.uuid: number for thing, number in listed}
    going = {thing.uuid: thing for thing, _ in listed if thing.goes}
    for thing, _ in listed:
        if thing.why == DISK_KEPT and thing.uuid in going:
            going[thing.uuid] = going[thing.uuid]._replace(why=DISK_KEPT)

    def choose(removal: Removal, number: int) -> Removal:
        shared = [thing for thing in removal.things if thing.kind == SECRET and thing.uuid in going]
        things = [thing for thing in removal.things if thing not in shared or number == last[thing.uuid]]
        return removal._replace(things=tuple(going[each.uuid] if each in shared else each for each in things))

    return tuple(choose(removal, number) for number, removal in enumerate(removals))


class _Family:
    """Guests that are removed together, some of which may be based on others; `real` resolves symbolic links."""

    def __init__(self, removals: list[Removal], real: Callable[[str], str]) -> None:
        self.removals, self.real = removals, real
        self.going = {path for removal in removals for path in self._disks(removal)}

    def _disks(self, removal: Removal) -> set[str]:
        """Return the disks of a guest that go."""
        return {self.real(thing.path) for thing in removal.going if thing.kind == DISK}

    def check_kept(self) -> None:
        """Raise HostError if a disk that stays is based on one that goes."""
        for other in self.removals:
            kept = {self.real(thing.path): thing for thing in other.things if thing.kind == DISK and not thing.goes}
            for disk, image in other.chains:
                thing = kept.get(self.real(disk))
                owner = next((one.name for one in self.removals if self.real(image) in self._disks(one)), "")
                if thing is not None and owner:
                    raise HostError(
                        f"guest '{owner}' cannot be removed: {disk} is based on its disk {image}, and is kept: "
                        f"{thing.why}",
                        hint="use --keep-disks to remove the guests without their disks",
                    )

    def sort(self) -> tuple[Removal, ...]:
        """Return each guest before those whose disks are below its own, and without these among its base images."""
        left, done = [self._drop_bases(removal) for removal in self.removals], list[Removal]()
        while left:
            free = [removal for removal in left if not any(self._is_below(removal, other) for other in left)]
            done += free or left  # never a circle: the chains of images would be one
            left = [removal for removal in left if removal not in done]
        return _share_secrets(done)

    def _is_below(self, removal: Removal, other: Removal) -> bool:
        images = {self.real(image) for _, image in other.chains}
        return other != removal and bool(self._disks(removal) & images)

    def _drop_bases(self, removal: Removal) -> Removal:
        things = (thing for thing in removal.things if thing.kind != BASE or self.real(thing.path) not in self.going)
        return removal._replace(things=tuple(things))
