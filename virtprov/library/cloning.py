"""Copying a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import events, texts
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.clone.draft import ClonePlan
    from virtprov.actions.request import CloneRequest
    from virtprov.host.connection import Host
    from virtprov.library.events import Hears, Listener
    from virtprov.library.texts import Value


class Copy(Record):
    """A copy to be made of a guest that is off.

    original        the name, id or UUID of the guest to copy
    original_xml    or its XML, for a guest that is not defined
    name            the copy's name; made up when empty
    auto            whether the name and the paths of disks are made up where they are not given
    uuid            the copy's UUID; made up when empty
    files           where its disks are copied to, in order
    macs            the addresses of its network interfaces, in order; "RANDOM" makes one up
    force_copy, skip_copy
                    disks to be copied although they would be shared, and the other way round: "vda"
    preserve_data   whether no disk is copied: `files` names disks that are there
    nvram           where the UEFI variables are copied to
    replace         whether the copy takes the place of a guest of its name
    reflink         whether raw disks share their blocks, where the file system can
    sparse          whether copies take only the space that is in use
    checks          the uses of --check, such as "path_in_use=off"
    """

    original: str = ""
    original_xml: str | bytes = b""
    name: str = ""
    auto: bool = True
    uuid: str = ""
    files: Sequence[str] = ()
    macs: Sequence[str] = ()
    force_copy: Sequence[str] = ()
    skip_copy: Sequence[str] = ()
    preserve_data: bool = False
    nvram: str = ""
    replace: bool = False
    reflink: bool = False
    sparse: bool = True
    checks: Value = ()


class Cloned(Record):
    """A guest that was copied.

    name, uuid     the copy's identity
    original       the name of the guest that was copied
    macs           the addresses of the copy's network interfaces, in order
    volumes        the paths of the disks that were copied for it
    nvram          the path of its UEFI variables; None for a guest without
    xml            its definition, as it was given to libvirt
    notes, warnings  what was said on the way
    """

    name: str
    uuid: str
    original: str
    macs: tuple[str, ...]
    volumes: tuple[str, ...]
    nvram: str | None
    xml: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def clone(host: Host | str, copy: Copy, *, listener: Listener | None = None) -> Cloned:
    """Copy a guest that is off: its disks and its definition, under a new identity. What is inside stays as it is.

    `host` is what `connect` returned, or a URI. When a step fails, what the earlier ones made is removed again.

    Raises UsageError for a request that makes no sense, HostError when the host refuses or the guest runs, MediaError
    for disks that cannot be copied.
    """
    from virtprov.library.connecting import opened

    hears = events.Collector(listener)
    request = to_request(copy)
    with opened(host) as found:
        work = Cloning(found, request, hears)
        work.create()
    made = work.made
    copied = tuple(disk.path for disk in made.disks if disk.fate == "copied")
    return Cloned(
        made.plan.name,
        made.uuid,
        made.original,
        made.macs,
        copied,
        made.nvram,
        made.plan.documents[0],
        tuple(hears.notes),
        tuple(hears.warnings),
    )


def to_request(copy: Copy) -> CloneRequest:
    """Read all that is asked for; raises UsageError for what cannot be read, or contradicts itself."""
    from virtprov.actions.request import CloneRequest

    if copy.original and copy.original_xml:
        raise UsageError("--original and --original-xml name two guests", hint="give one of them")
    if not copy.original and not copy.original_xml:
        raise UsageError("the guest to copy is not named", hint="give --original NAME, or --original-xml FILE")
    files = tuple(texts.listed(copy.files))
    if "" in files:
        raise UsageError("--file is given without a path", hint="leave it out, or use --skip-copy DISK")
    document = copy.original_xml
    return CloneRequest(
        original=copy.original,
        document=document.encode() if isinstance(document, str) else document,
        name=copy.name,
        uuid=copy.uuid,
        auto=copy.auto,
        files=files,
        macs=tuple(texts.listed(copy.macs)),
        force=frozenset(texts.listed(copy.force_copy)),
        skip=frozenset(texts.listed(copy.skip_copy)),
        preserve=copy.preserve_data,
        nvram=copy.nvram,
        replace=copy.replace,
        reflink=copy.reflink,
        sparse=copy.sparse,
        checks=texts.parse_checks(texts.listed(copy.checks)),
    )


class Cloning:
    """One copy on its way: planned when this is made, then created. `made` is the plan. Raises as `clone` does."""

    def __init__(self, host: Host, request: CloneRequest, hears: Hears) -> None:
        from virtprov.actions.clone import draft

        self.host = host
        self.request = request
        self.hears = hears
        self.made = draft.plan(request, host)
        events.tell_plan(self.made.plan, hears)

    def create(self) -> None:
        """Do all steps, or none: when one fails, those before it are undone.

        Where a name that was made up is taken meanwhile, `made` is another plan afterwards.
        """
        from virtprov.actions.clone import draft
        from virtprov.actions.run.again import apply_with_free_names
        from virtprov.actions.run.plan import apply

        worlds = [self.hears.world(self.host)]
        if worlds[0].trail.writes:
            events.warn_of_leftovers(self.hears)

        def do(made: ClonePlan) -> None:
            self.made = made
            apply(made.plan, worlds.pop() if worlds else self.hears.world(self.host))

        replan = (lambda: draft.plan(self.request, self.host)) if self.request.auto else None
        apply_with_free_names(self.made, replan, do, self.hears.on_note)
