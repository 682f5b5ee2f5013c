"""Remove guests, one after the other, after all of them are off and still what they were when they were planned."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from virtprov.actions.remove import draft, stop
from virtprov.actions.remove.things import CREDENTIAL, DISK, FILE, LOG, NVRAM, SAVE, SECRET, SEED, TPM_SECRET
from virtprov.actions.run import definition, leftovers
from virtprov.actions.run.artifacts.removed import Removed, RemovedGuest, RemovedSecret, RemovedVolume
from virtprov.actions.run.artifacts.reservations import Reservation, release
from virtprov.actions.run.artifacts.stored_guests import AsideGuest
from virtprov.actions.run.plan import FunctionStep, Plan, apply
from virtprov.actions.run.trail_reader import DISCARD, read_ended_runs
from virtprov.actions.seed import login
from virtprov.guest.disks.chains import Chains
from virtprov.support.errors import HostError, ProvError
from virtprov.support.frozen import Record
from virtprov.support.text import join_words

if TYPE_CHECKING:
    from virtprov.actions.remove.draft import Removal
    from virtprov.actions.request import RemoveRequest
    from virtprov.actions.run.plan import RunContext, Step
    from virtprov.actions.run.trail import Entry
    from virtprov.actions.run.trail_reader import Run
    from virtprov.guest.marks.reservations import Reserved
    from virtprov.host.connection import Host


class Outcome(Record):
    """What has come of the removal of a guest: `error` is None if all that should go is gone."""

    removal: Removal
    error: ProvError | None = None


def remove(
    request: RemoveRequest, removals: tuple[Removal, ...], host: Host, new_context: Callable[[], RunContext]
) -> list[Outcome]:
    """Stop and remove the guests. If one cannot be removed, the others are removed nevertheless.

    Each removal has a context of its own, and with it a recovery log. Raises HostError, and nothing has been removed,
    if a guest has been changed since it was planned; WaitTimeout if one does not shut down; KeyboardInterrupt if the
    user stops.
    """
    context = new_context()
    done: list[Outcome] = []
    with ExitStack() as locks:
        for each in sorted(removals, key=lambda removal: removal.info.uuid):
            locks.enter_context(definition.lock_guest(host, each.name, each.info.uuid, context.gate.check, context.say))
        try:
            _check_unchanged(request, removals, host)
            stop.stop(request, list(removals), context)
            if any(removal.info.active for removal in removals):
                _check_unchanged(request, removals, host)
            for removal in removals:
                context = new_context()
                error = _find_obstacle(removal, done, Chains(host))
                done.append(Outcome(removal, error) if error is not None else _remove(removal, context))
                context.gate.check()
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(_say_done(removals, done)) from interrupt
    _forget_earlier_runs(host, removals)
    return done


def _find_obstacle(removal: Removal, done: list[Outcome], chains: Chains) -> HostError | None:
    """Return the error for a guest on whose disks one is based that could not be removed."""
    own = {chains.real(thing.path) for thing in removal.going if thing.kind == DISK}
    for outcome in done:
        if outcome.error is not None and own & {chains.real(image) for _, image in outcome.removal.chains}:
            return HostError(
                f"guest '{outcome.removal.name}', which is based on it, could not be removed",
                hint="run the command again when the cause is removed",
            )
    return None


def _check_unchanged(request: RemoveRequest, removals: tuple[Removal, ...], host: Host) -> None:
    """Raise HostError unless the same things would go now, and the same would stay.

    A guest that lives only while it runs is gone when it is off; so is what any guest has only while it runs.
    """
    lasting = [removal for removal in removals if removal.info.persistent or host.guests.find(removal.info.uuid)]
    paths = {thing.path for removal in lasting for thing in removal.things}
    again = request._replace(
        guests=tuple(removal.info.uuid for removal in lasting),
        with_disks=tuple(path for path in request.with_disks if path in paths),
    )
    current = {removal.info.uuid: removal for removal in draft.plan(again, host)}
    for removal in lasting:
        now = current[removal.info.uuid]
        if [thing for thing in removal.going if now.info.active or not thing.until_off] != list(now.going):
            raise HostError(
                f"guest '{removal.name}', or what uses its disks, has been changed in the meantime; nothing has been "
                "removed",
                hint="run the command again",
            )


class _Work:
    """The removal of one guest: its artifacts in the recovery log, and the first failure."""

    def __init__(self, artifacts: list[Removed]) -> None:
        self.artifacts = artifacts
        self.entries: list[Entry] = []
        self.error: ProvError | None = None

    def note(self, context: RunContext) -> None:
        """Record everything that goes before the first of it does."""
        self.entries = [context.trail.begin(artifact) for artifact in self.artifacts]

    def discard(self, number: int, context: RunContext) -> None:
        """Remove one artifact, unless the removal of an earlier one has failed: the guest itself comes last."""
        if self.error is not None:
            return
        entry = self.entries[-1 - number]
        assert isinstance(entry.artifact, Removed)
        try:
            entry.artifact.discard(context.host)
        except ProvError as problem:
            self.error = problem
            context.trail.keep()
            return
        entry.note_removed()


def _artifacts(removal: Removal) -> list[Removed]:
    """Return what is removed, in the opposite order: `--clean-up` begins with the last."""
    owner = removal.info.uuid
    artifacts: list[Removed] = [RemovedGuest(removal.name, owner, removal.takes_variables)]
    for thing in removal.going:
        if thing.kind in (SECRET, TPM_SECRET):
            artifacts.append(RemovedSecret(thing.path, thing.uuid))
    for thing in removal.going:
        lasts = thing.kind in (DISK, SEED, CREDENTIAL, LOG, FILE) or (thing.kind == SAVE and thing.path)
        if lasts or (thing.kind == NVRAM and not removal.info.persistent and thing.path):
            artifacts.append(RemovedVolume(thing.name, thing.pool, thing.path, thing.key, thing.mark, owner))
    return artifacts


def _release(reserved: Reserved) -> Callable[[RunContext], None]:
    def do(context: RunContext) -> None:
        release(context.host, (reserved,))

    return do


def _remove(removal: Removal, context: RunContext) -> Outcome:
    """Remove a guest that is off: its disks first, so that an interrupted removal can be repeated by its name."""
    work = _Work(_artifacts(removal))
    steps: list[Step] = [FunctionStep(f"Removing guest '{removal.name}'", work.note)]
    for each in removal.reserved:
        steps.append(FunctionStep(f"Removing {Reservation(*each).describe()}", _release(each), final=True))
    for number, artifact in enumerate(reversed(work.artifacts)):
        if number == len(work.artifacts) - 1:  # before the guest, by whose name an interrupted removal is repeated
            steps.append(FunctionStep("Removing its ssh host key and login", _forget_login(removal, work), final=True))
        steps.append(FunctionStep(f"Removing {artifact.describe()}", _discard(work, number), final=True))
    try:
        apply(Plan((), tuple(steps), removal.name), context)
    except ProvError as problem:
        return Outcome(removal, problem)
    if work.error is not None:
        context.trail.let_go()
    return Outcome(removal, work.error)


def _discard(work: _Work, number: int) -> Callable[[RunContext], None]:
    return lambda context: work.discard(number, context)


def _forget_login(removal: Removal, work: _Work) -> Callable[[RunContext], None]:
    """Return what forgets how to log in to a guest, unless something of it could not be removed."""

    def do(context: RunContext) -> None:
        if work.error is None:
            login.forget_or_warn(removal.info.uuid, context.host, context.say, context.warn)

    return do


def forget_logins(run: Run, host: Host, say: Callable[[str], None], warn: Callable[[str], None]) -> None:
    """Forget how to log in to the guests that an interrupted run, now finished, should have removed or replaced."""
    if run.phase != DISCARD:
        return
    for left in run.left:
        guest = left.artifact
        if isinstance(guest, (RemovedGuest, AsideGuest)) and host.guests.find(guest.uuid) is None:
            login.forget_or_warn(guest.uuid, host, say, warn)


def _say_done(removals: tuple[Removal, ...], done: list[Outcome]) -> str:
    """Return what has been removed, for a user who stops."""
    gone = {outcome.removal.name for outcome in done if outcome.error is None}
    left = [removal.name for removal in removals if removal.name not in gone]
    if not gone:
        return "nothing has been removed"
    sentence = "removed " + join_words(f"'{name}'" for name in sorted(gone))
    return sentence + ", but not " + join_words(f"'{name}'" for name in left) if left else sentence


def _forget_earlier_runs(host: Host, removals: tuple[Removal, ...]) -> None:
    """Delete the recovery logs of interrupted runs that made or removed these guests, if nothing is left of them."""
    names, uuids = ({getattr(removal.info, field) for removal in removals} for field in ("name", "uuid"))
    for run, log in read_ended_runs([]):
        removed = run.guest in names and any(isinstance(left.artifact, Removed) for left in run.left)
        concerns = run.uri == host.uri and (removed or bool(run.guests & uuids))
        if concerns and not leftovers.look(run, host):
            log.remove()
        else:
            log.close()
