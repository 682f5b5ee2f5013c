"""Remove guests, with their disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import listening, texts
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.goals import Goals
    from virtprov.actions.remove.carry_out import Outcome
    from virtprov.actions.request import RemoveRequest
    from virtprov.host.connection import Host
    from virtprov.library.listening import Hears, Listener

WAIT = 2.0
"""How many minutes a guest has to shut down."""


class RemovedGuest(Record):
    """A guest that was removed.

    name, uuid  its identity
    removed     descriptions of what was removed with it, such as "disk /srv/images/web.qcow2"
    kept        descriptions of what was kept, with the reason
    """

    name: str
    uuid: str
    removed: tuple[str, ...]
    kept: tuple[str, ...]


class Removed(Record):
    """The result of a removal: each guest in the order of removal, and the notes and warnings."""

    guests: tuple[RemovedGuest, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def remove(
    host: Host | str, guests: str | Sequence[str], *, keep_disks: bool = False, with_disks: str | Sequence[str] = (),
    force_off: bool = False, wait: float = WAIT, dry_run: bool = False, listener: Listener | None = None,
) -> Removed:  # fmt: skip
    """Remove guests, and everything that only they need. This cannot be undone, and nothing is asked.

    `host` is the result of `connect`, or a URI. `guests` are names, ids or UUIDs. A running guest is asked to shut
    down, and has `wait` minutes for that (negative: no limit); with `force_off` it is powered off. `keep_disks` keeps
    the disks; `with_disks` are paths of disks outside of the host's storage pools, which are otherwise kept. With
    `dry_run` nothing is changed. Base images, disks that others use, and media of other origin are always kept.

    All guests are checked, and off, before the first is removed. Raises UsageError for an invalid request, HostError if
    the host refuses, if a guest does not exist, or if an image of someone else is based on its disk, and WaitTimeout if
    a guest is not off in time; nothing has been removed then. If one guest cannot be removed, the others are removed
    nevertheless, and its error is raised at the end.
    """
    from virtprov.library.connecting import open_host

    hears = listening.Collector(listener)
    request = to_request(guests, keep_disks, with_disks, force_off, wait)
    with open_host(host) as found:
        work = Removing(found, request, hears)
        outcomes = [] if dry_run else work.carry_out()
    failed = next((outcome.error for outcome in outcomes if outcome.error is not None), None)
    if failed is not None:
        raise failed
    removed = tuple(
        RemovedGuest(
            each.name,
            each.info.uuid,
            tuple(thing.describe() for thing in each.going),
            tuple(f"{thing.describe()}: {thing.why}" for thing in each.things if not thing.goes),
        )
        for each in work.planned
    )
    return Removed(removed, tuple(hears.notes), tuple(hears.warnings))


def to_request(
    guests: str | Sequence[str],
    keep_disks: bool,
    with_disks: str | Sequence[str],
    force_off: bool,
    wait: float | str | Goals,
) -> RemoveRequest:
    """Return the request for a removal; raises UsageError for invalid or contradictory values."""
    import os

    from virtprov.actions.request import RemoveRequest

    names, paths = texts.as_list(guests), texts.as_list(with_disks)
    if not names or "" in names:
        raise UsageError("no guest to remove given", hint="give its name; `virsh list --all` lists the guests")
    if "" in paths:
        raise UsageError("--with-disk requires a path", hint="omit --with-disk, or give the path of a disk")
    if keep_disks and paths:
        raise UsageError("--keep-disks and --with-disk cannot be used together", hint="omit one of them")
    minutes, goals = texts.split_wait(wait)
    if goals is not None:
        raise UsageError("--wait with --remove only takes a time", hint="for example --wait 90s")
    if not minutes:
        raise UsageError("--wait 0 leaves a guest no time to shut down", hint="use --force-off to power it off")
    return RemoveRequest(tuple(names), keep_disks, tuple(map(os.path.abspath, paths)), force_off, minutes)


class Removing:
    """A removal: planned by the constructor, then carried out. Raises the errors of `remove`."""

    def __init__(self, host: Host, request: RemoveRequest, hears: Hears) -> None:
        from virtprov.actions.remove import draft

        self.host = host
        self.request = request
        self.hears = hears
        self.planned = draft.plan(request, host)

    def carry_out(self) -> list[Outcome]:
        """Stop and remove the guests."""
        from virtprov.actions.remove import carry_out
        from virtprov.actions.run import trail

        if trail.for_host("", self.host, self.hears.on_warning).writes:
            listening.warn_of_leftovers(self.hears)
        return carry_out.remove(self.request, self.planned, self.host, lambda: self.hears.context(self.host))
