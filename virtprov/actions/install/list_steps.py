"""The steps that create a new guest, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.install.os_source import phases

if TYPE_CHECKING:
    from virtprov.actions.install.guest_draft import GuestDraft
    from virtprov.actions.install.os_source.first_boot import Files
    from virtprov.actions.request import InstallRequest
    from virtprov.actions.run.plan import Step
    from virtprov.actions.seed.attach import Seed
    from virtprov.guest.disks.checks.reachable import Barrier
    from virtprov.guest.document import DomainDocument


def list_steps(
    request: InstallRequest,
    drafted: GuestDraft,
    blocked: list[Barrier],
    files: Files,
    documents: tuple[DomainDocument, ...],
    seed: Seed | None,
) -> tuple[Step, ...]:
    """Return the steps that make the guest.

    If it is only printed, there are none, or under an old name those for storage and for files that stay in the cache.
    """
    if not request.printing:
        return (*_grant_access(blocked), *files.steps, *_steps(request, drafted, documents, seed))
    if not request.stores:
        return ()
    is_passing = bool(files.until_started or files.until_off)
    return (*(() if is_passing else files.steps), *_storage_steps(request, drafted))


def _grant_access(blocked: list[Barrier]) -> list[Step]:
    """Return the steps that give QEMU access to the disks; they come first."""
    if not blocked:
        return []
    from virtprov.actions.steps.access import grant_search

    return [grant_search(barrier.directory, barrier.person) for barrier in blocked]


def _storage_steps(request: InstallRequest, drafted: GuestDraft) -> list[Step]:
    """Return the steps that create pools and volumes."""
    from virtprov.actions.steps import storage

    pools = {pool.name: pool for making in drafted.makings for pool in making.pools}
    volumes = [volume for making in drafted.makings for volume in making.volumes]
    steps: list[Step] = [*map(storage.MakePool, pools.values()), *map(storage.MakeVolume, volumes)]
    if drafted.image is None:
        return steps
    from virtprov.actions.install.os_source.image_disk import replace_steps

    return replace_steps(drafted.image, request, drafted.host, steps)


def _steps(
    request: InstallRequest, drafted: GuestDraft, documents: tuple[DomainDocument, ...], seed: Seed | None
) -> tuple[Step, ...]:
    """Return every step in order: storage, the guest's definition, its first boot."""
    from virtprov.actions.steps.guest import Create, Define, SetAutostart, Start
    from virtprov.actions.steps.seed_volumes import WriteSeed, WriteSeedFile

    steps = _storage_steps(request, drafted)
    name, first, stays = drafted.setting.guest.name, documents[0], documents[-1]
    if seed is not None:
        from virtprov.cloudinit.seed_request import KEEP

        kinds, passing = (WriteSeed, WriteSeedFile), seed.keep != KEEP
        own = [step._replace(passing=passing) if isinstance(step, kinds) else step for step in seed.steps]
        steps += [step for step in own if step not in steps]
        first, stays = seed.first_boot, seed.stays
    steps += drafted.reserving
    if request.transient:
        steps.append(Create(name, first))
        return tuple(steps)
    steps.append(Define(name, stays))
    if phases.starts(request):
        steps.append(Start(name) if first.text == stays.text else Create(name, first))
    if request.autostart:
        steps.append(SetAutostart(name, True))
    return tuple(steps)
