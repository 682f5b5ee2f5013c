"""Steps that write the volumes of cloud-init seeds, and delete those that have come free."""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING

from virtprov.actions.run.artifacts.artifact import mark_of
from virtprov.actions.run.artifacts.local_files import File
from virtprov.actions.run.artifacts.pools_and_volumes import DeletedSeed, Volume
from virtprov.actions.steps.storage import write_private_volume
from virtprov.guest.disks.new.volumes import NewVolume
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.support.errors import HostError, ProvError
from virtprov.support.frozen import Record
from virtprov.support.text import join_words, shell_word
from virtprov.support.user_files.private import check_folder, make_folder, write_new

if TYPE_CHECKING:
    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.host.connection import Host


class OldSeed(Record):
    """The volume of a seed that no drive of the changed guest uses any more."""

    pool: str
    volume: str
    path: str


class WriteSeed(Record):
    """Write a cloud-init seed to a new volume. `data` is the ISO image; a `passing` seed is deleted after use.

    `what` is the name of other settings for a guest, which are written in the same way.
    """

    pool: str
    name: str
    data: bytes
    passing: bool = False
    what: str = "cloud-init seed"

    @property
    def label(self) -> str:
        return f"Writing {self.what} {self.name}"

    def do(self, context: RunContext) -> Undo | None:
        wanted = NewVolume(self.pool, self.name, "", "raw", len(self.data), len(self.data))
        volume = Volume(self.name, self.pool, passing=self.passing)
        return write_private_volume(context, volume, wanted, BytesIO(self.data))


class WriteSeedFile(Record):
    """Write a cloud-init seed to a new file of this machine, which only its owner can read."""

    path: str
    data: bytes
    passing: bool = False
    what: str = "cloud-init seed"

    @property
    def label(self) -> str:
        return f"Writing {self.what} {os.path.basename(self.path)}"

    def do(self, context: RunContext) -> Undo | None:
        file = File(self.path, passing=self.passing)
        with context.making(file) as entry:
            _write_private(self.path, self.data)
            entry.note_created(file._replace(mark=mark_of(self.path)))
        return context.undo(entry)


def _write_private(path: str, data: bytes) -> None:
    """Write a new file in a folder that nobody else can access. Raises ProvError."""
    try:
        make_folder(os.path.dirname(path))
        check_folder(os.path.dirname(path))
    except OSError as problem:
        raise ProvError(f"cannot write {path}: {problem.strerror}") from None
    write_new(path, data)


class DeleteSeeds(Record):
    """Delete seeds that are no longer used by any guest. One step can serve several guests.

    Runs after the new definitions are stored; undo writes the volumes again.
    """

    volumes: tuple[OldSeed, ...]

    @property
    def label(self) -> str:
        names = join_words(old.volume for old in self.volumes)
        return f"Deleting the cloud-init {'seed' if len(self.volumes) == 1 else 'seeds'} {names}"

    def do(self, context: RunContext) -> Undo | None:
        held = _find_seed_users(context.host)
        undos: list[Undo] = []
        for old in self.volumes:
            names = held.get(old.path, []) + held.get(f"{old.pool}/{old.volume}", [])
            if names:
                context.warn(_still(old, names))
                continue
            undo = _delete(context, old)
            if undo is not None:
                undos.append(undo)
        return (lambda: [undo() for undo in undos]) if undos else None


def _still(old: OldSeed, names: list[str]) -> str:
    who = join_words(f"'{name}'" for name in sorted(set(names)))
    return (
        f"{who} still {'uses' if len(set(names)) == 1 else 'use'} seed {old.volume}, so it is kept: when it is "
        f"no longer in use, delete it with `virsh vol-delete {shell_word(old.volume)} --pool {shell_word(old.pool)}`"
    )


def _find_seed_users(host: Host) -> dict[str, list[str]]:
    """Return which guests, running or stored, use which seed: by path, or by pool and volume."""
    held: dict[str, list[str]] = {}
    for inactive in (False, True):
        for text in host.guests.documents(inactive=inactive):
            if "-seed" not in text:
                continue
            guest = Guest.parse(text)
            for disk in guest.disks():
                held.setdefault(DiskSource.of(disk).location, []).append(guest.name)
    return held


def _delete(context: RunContext, old: OldSeed) -> Undo | None:
    """Delete one volume, and keep its data for undo. A volume of someone else is kept; failures are reported."""
    from virtprov.support.file_access import iso

    copied = BytesIO()
    try:
        context.host.storage.download_volume(old.pool, old.volume, copied)
        if not iso.is_ours(copied.getvalue()):
            context.warn(f"{old.volume} in pool '{old.pool}' was not created by virtprov, so it is kept")
            return None
        with context.making(DeletedSeed.of(old.pool, old.volume, copied.getvalue())) as entry:
            context.host.storage.delete_volume(old.pool, old.volume)
    except HostError as problem:
        context.warn(f"could not delete seed {old.volume} from pool '{old.pool}': {problem.message}")
        return None
    return context.undo(entry)
