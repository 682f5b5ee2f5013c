"""Taking down what a command made: one routine for undoing a step, for --replace and for --clean-up.

`standing` says whether a thing is still there and still the one that was made; `take_down` removes it, or brings
back what it stands for. What was there before the command is never touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtprov.actions.run import artifact, definition, directory_access
from virtprov.actions.run.artifact import Thing, mark_of
from virtprov.actions.run.trail import Note, nothing_noted
from virtprov.support.errors import HostError, ProvError
from virtprov.support.frozen import Record
from virtprov.xml import path as places
from virtprov.xml import tree

if TYPE_CHECKING:
    from virtprov.host.connection import Host
    from virtprov.host.info import PoolInfo, VolumeInfo

GONE, OURS, OTHERS, UNSURE = "gone", "ours", "others", "unsure"
EARLY, LATE = 2.0, 5.0
"""Seconds by which the birth of a file may miss the time in which a run is known to have been at work."""


class Standing(Record):
    """Whether a thing is there, and whose it is: one of the words above, and for the last two why."""

    state: str
    why: str = ""


class Witness(Record):
    """What is known besides the thing: who uses a path, and until when the run was seen at work (0: it is)."""

    user_of: Callable[[str], str]
    last_seen: float = 0.0


NOBODY = Witness(lambda path: "")


def standing(host: Host, thing: Thing, witness: Witness = NOBODY) -> Standing:
    """See whether the thing is there and the one that was made. Raises HostError when the host does not say."""
    return {
        artifact.POOL: _pool_standing,
        artifact.VOLUME: _volume_standing,
        artifact.FILE: _file_standing,
        artifact.ASIDE: _aside_standing,
        artifact.SECRET: _secret_standing,
        artifact.GUEST: _guest_standing,
        artifact.START: _start_standing,
        artifact.DEFINITION: _definition_standing,
        artifact.REPLACED: _replaced_standing,
        artifact.RIGHTS: _rights_standing,
    }[thing.kind](host, thing, witness)


def take_down(host: Host, thing: Thing) -> None:
    """Remove a thing that stands, or put back what was there before it. Raises ProvError."""
    if thing.kind == artifact.GUEST:
        guest(host, thing.uuid, nvram=thing.nvram)
    elif thing.kind == artifact.START:
        host.destroy_guest(thing.uuid)
    elif thing.kind == artifact.DEFINITION:
        definition.put(host, thing.name, thing.uuid, thing.before, thing.mark or None)
    elif thing.kind == artifact.REPLACED:
        bring_back(host, thing)
    elif thing.kind == artifact.POOL:
        host.remove_pool(thing.name)
    elif thing.kind == artifact.SECRET:
        host.remove_secret(thing.uuid)
    elif thing.kind == artifact.VOLUME:
        with ExitStack() as pools:
            host.delete_volume(thing.pool or pool_over(host, os.path.dirname(thing.path), pools), thing.name)
    elif thing.kind == artifact.FILE:
        _unlink(host, thing.path)
    elif thing.kind == artifact.RIGHTS:
        directory_access.put_back(thing)
    elif os.path.lexists(thing.path):
        raise ProvError(f"there is another {thing.path} by now")
    else:
        rename_file(thing.aside, thing.path)


def waits(host: Host, thing: Thing) -> Standing:
    """See whether what was put aside is still there, to be discarded."""
    if thing.kind == artifact.ASIDE:
        return _aside_standing(host, thing, NOBODY)
    known = host.guest(thing.uuid)
    return Standing(OURS if known is not None and known.name == thing.aside else GONE)


def discard(host: Host, thing: Thing) -> None:
    """Remove for good what was put aside. Raises ProvError."""
    if thing.kind == artifact.REPLACED:
        guest(host, thing.uuid, nvram=thing.nvram)
        for where in variable_files(host, thing.before) if thing.nvram else ():
            _drop_variables(host, where)
    else:
        _unlink(host, thing.aside)


# -- guests --------------------------------------------------------------------------------------


def guest(host: Host, uuid: str, *, nvram: bool) -> None:
    """Take down a guest with all that libvirt keeps of it; its disks stay. No harm when it is gone.

    That is: the run itself, a saved state, snapshots and checkpoints (what is known of them), the TPM's state, and
    with `nvram` its UEFI variables.
    """
    known = host.guest(uuid)
    if known is None:
        return
    host.destroy_guest(uuid)
    if known.persistent:
        host.undefine_guest(uuid, nvram=nvram, tpm=True)


def _drop_variables(host: Host, where: str) -> None:
    """Remove variables that libvirt knew by the guest's name alone: it has forgotten them with the renaming."""
    variables = Thing(artifact.VOLUME, os.path.basename(where), path=where)
    if not host.is_remote and not os.path.lexists(where) and os.access(os.path.dirname(where), os.X_OK):
        return
    if find_volume(host, variables) is not None:
        take_down(host, variables)


def variables_folder(host: Host) -> str:
    """Where libvirt keeps the UEFI variables of guests whose document does not say (libvirt's qemu driver)."""
    if host.is_session:
        base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        return f"{base}/libvirt/qemu/nvram"
    return "/var/lib/libvirt/qemu/nvram"


def variable_files(host: Host, xml: str) -> list[str]:
    """Where the guest of this document has its UEFI variables; both places when only libvirt knows the format."""
    root = tree.parse(xml)
    given = tree.find_text(root, "os/nvram/source/@file") or tree.find_text(root, "os/nvram").strip()
    if given:
        return [given]
    if tree.find_text(root, "os/@firmware") != "efi" and tree.find_text(root, "os/loader/@type") != "pflash":
        return []
    if host.driver != "qemu":
        return []
    name = tree.find_text(root, "name")
    return [f"{variables_folder(host)}/{name}_VARS.{ending}" for ending in ("fd", "qcow2")]


def bring_back(host: Host, thing: Thing) -> None:
    """Let a replaced guest be there again under its name, and run if it did."""
    known = host.guest(thing.uuid)
    if known is None:  # it was not renamed: its driver cannot, or it lived only while it ran
        if thing.number == 0:
            host.create_guest(thing.before)
            return
        host.define_guest(thing.before)
    elif known.name != thing.name:
        host.rename_guest(thing.uuid, thing.name)
    if thing.active and not (known is not None and known.active):
        host.start_guest(thing.uuid)


def _guest_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    return Standing(GONE if host.guest(thing.uuid) is None else OURS)


def _start_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    known = host.guest(thing.uuid)
    if known is None or not known.active:
        return Standing(GONE)
    if not thing.made:
        return Standing(UNSURE, f"somebody else may have started '{thing.name}'")
    return Standing(OURS) if known.id == thing.number else Standing(OTHERS, f"'{thing.name}' was started again since")


def _definition_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    if host.guest(thing.uuid) is None:
        return Standing(GONE)
    now = host.guest_xml(thing.uuid, inactive=True, secure=True)
    if now == thing.before:
        return Standing(GONE)
    if not thing.made:
        return Standing(UNSURE, f"somebody else may have changed '{thing.name}'")
    ours = definition.is_known_by(now, thing.mark)
    return Standing(OURS) if ours else Standing(OTHERS, f"'{thing.name}' was changed since")


def _replaced_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    known = host.guest(thing.uuid)
    if known is not None and known.name == thing.name and known.active == thing.active:
        return Standing(GONE)
    return Standing(OURS)


# -- pools and volumes ---------------------------------------------------------------------------


def _pool_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    known = host.pool(thing.name)
    if known is None:
        return Standing(GONE)
    if known.uuid != thing.uuid:
        return Standing(OTHERS, "another pool has its name by now")
    return Standing(OURS)


def in_use(host: Host, thing: Thing) -> bool:
    """Whether a pool that a run made holds more than it found there; of one that passes only the name is ours."""
    if thing.passing:
        return False
    known = host.pool(thing.name)
    if known is None or not known.active:
        return False
    try:
        host.refresh_pool(thing.name)
    except HostError:  # something is being made in it
        return True
    return len(host.volume_names(thing.name)) > max(thing.number, 0)


def _volume_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    known = find_volume(host, thing)
    if known is None:
        return Standing(GONE)
    user = witness.user_of(known.path)
    if user:
        return Standing(OTHERS, f"the guest '{user}' uses it")
    if thing.made and thing.key and known.key != thing.key:
        return Standing(OTHERS, "another volume has its name by now")
    mark = "" if host.is_remote else mark_of(known.path)
    return _by_mark(thing, mark, witness)


def find_volume(host: Host, thing: Thing) -> VolumeInfo | None:
    """The volume as the host has it now; None when it is gone. Raises HostError for a pool that is off."""
    directory, name = os.path.split(thing.path)
    if not thing.pool and not host.is_remote and os.path.isdir(directory) and not os.path.lexists(thing.path):
        return None
    with ExitStack() as pools:
        known = host.pool(thing.pool) if thing.pool else None
        if known is not None and not known.active:
            raise inactive(known)
        if known is None and not directory:
            return None
        pool = known.name if known is not None else pool_over(host, directory, pools)
        found = host.volume(pool, thing.name or name)
        if found is None:
            host.refresh_pool(pool)
            found = host.volume(pool, thing.name or name)
    return found


def _by_mark(thing: Thing, mark: str, witness: Witness) -> Standing:
    """Judge a file by what it is known by; one that was never noted as made, by when it was born."""
    if thing.made:
        same = not mark or not thing.mark or mark == thing.mark
        return Standing(OURS) if same else Standing(OTHERS, "another one has its name by now")
    born = float(mark.partition(":")[2] or 0)
    if born and born < thing.born - EARLY:
        return Standing(OTHERS, "it was there before")
    if born and (not witness.last_seen or born <= witness.last_seen + LATE):
        return Standing(OURS)
    return Standing(UNSURE, "nothing tells whether the run made it, or somebody else")


@contextmanager
def passing_pool(host: Host, directory: str, note: Note | None = None) -> Iterator[str]:
    """A pool over a directory, for as long as the block runs; only libvirt can make volumes the host may read.

    `note` is told of it before it is made, and again once it is gone.
    """
    from virtprov.guest.names import new_uuid

    uuid = new_uuid()
    thing = Thing(artifact.POOL, f"virtprov-{uuid[:8]}", uuid, path=directory, passing=True)
    with (note or nothing_noted)(thing) as entry:
        host.create_pool(pool_xml(thing.name, directory, uuid), build=False, autostart=False)
        try:
            yield thing.name
        finally:
            entry.stays = True
            host.remove_pool(thing.name)
            entry.stays = False
        entry.gone()


def pool_over(host: Host, directory: str, passing: ExitStack, note: Note | None = None) -> str:
    """The pool whose directory this is, else one that goes when `passing` ends."""
    found = host.pool_at(directory)
    if found is None:
        return passing.enter_context(passing_pool(host, directory, note))
    if not found.active:
        raise inactive(found)
    return found.name


def pool_xml(name: str, target: str, uuid: str = "") -> str:
    """The document of a directory pool."""
    root = tree.element("pool", None, {"type": "dir"})
    tree.add(root, tree.element("name", name))
    if uuid:
        tree.add(root, tree.element("uuid", uuid))
    places.put(root, "./target/path", target)
    return tree.to_text(root)


def inactive(pool: PoolInfo) -> HostError:
    """What to say of a pool that should be used and is off."""
    return HostError(
        f"the storage pool '{pool.name}' over {pool.path} is not active",
        hint=f"start it with `virsh pool-start {pool.name}`",
    )


def _secret_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    return Standing(OURS if host.has_secret(thing.uuid) else GONE)


# -- files of this machine -----------------------------------------------------------------------


def _file_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    if not os.path.lexists(thing.path):
        return Standing(GONE)
    user = witness.user_of(thing.path)
    if user:
        return Standing(OTHERS, f"the guest '{user}' uses it")
    return _by_mark(thing, mark_of(thing.path), witness)


def _rights_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    if directory_access.is_as_before(thing):
        return Standing(GONE)
    if directory_access.is_as_made(thing):
        return Standing(OURS)
    return Standing(OTHERS, "somebody has changed the rights of the directory since")


def _aside_standing(host: Host, thing: Thing, witness: Witness) -> Standing:
    if not os.path.lexists(thing.aside):
        return Standing(GONE)
    if thing.mark and mark_of(thing.aside) != thing.mark:
        return Standing(OTHERS, "another file has its name by now")
    return Standing(OURS)


def _unlink(host: Host, path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as problem:
        raise ProvError(f"{path} cannot be removed: {problem.strerror}") from None
    tell_pool(host, path)


def tell_pool(host: Host, path: str) -> None:
    """Where a pool covers the directory, it shall know what came or went there."""
    pool = host.pool_at(os.path.dirname(path))
    if pool is not None and pool.active:
        host.refresh_pool(pool.name)


def rename_file(source: str, target: str) -> None:
    """Give a file another name; raises ProvError."""
    try:
        os.rename(source, target)
    except OSError as problem:
        raise ProvError(f"{source} cannot be renamed to {target}: {problem.strerror}") from None
