"""Clone a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import listening, texts
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.clone.draft import ClonePlan
    from virtprov.actions.request import CloneRequest
    from virtprov.host.connection import Host
    from virtprov.library.listening import Hears, Listener
    from virtprov.library.texts import Value


class Copy(Record):
    """A clone to create of a guest that is shut off.

    original        the name, id or UUID of the guest to copy
    original_xml    or its XML, for a guest that is not defined
    name            the name of the clone; generated if empty
    auto            whether to generate the name and the paths of disks that are not given
    uuid            the UUID of the clone; generated if empty
    files           the paths of the copied disks, in order
    macs            the addresses of its network interfaces, in order; "RANDOM" generates one
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
    """The clone of a guest.

    name, uuid     the copy's identity
    original       the name of the guest that was copied
    macs           the addresses of the copy's network interfaces, in order
    volumes        the paths of the disks that were copied for it
    nvram          the path of its UEFI variables; None for a guest without
    xml            its definition, as it was given to libvirt
    notes, warnings  the notes and warnings
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
    """Clone a guest that is shut off: its disks and its definition, with a new identity.

    The contents of the disks are not changed. `host` is the result of `connect`, or a URI. If a step fails, the steps
    before it are undone.

    Raises UsageError for an invalid request, HostError if the host refuses or the guest is running, MediaError
    for disks that cannot be copied.
    """
    from virtprov.library.connecting import open_host

    hears = listening.Collector(listener)
    request = to_request(copy)
    with open_host(host) as found:
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
    """Return the request for a clone; raises UsageError for invalid or contradictory values."""
    from virtprov.actions.request import CloneRequest

    if copy.original and copy.original_xml:
        raise UsageError("--original and --original-xml cannot be used together", hint="omit one of them")
    if not copy.original and not copy.original_xml:
        raise UsageError("no guest to clone given", hint="give --original NAME, or --original-xml FILE")
    files = tuple(texts.as_list(copy.files))
    if "" in files:
        raise UsageError("--file requires a path", hint="omit --file, or use --skip-copy DISK")
    document = copy.original_xml
    return CloneRequest(
        original=copy.original,
        document=document.encode() if isinstance(document, str) else document,
        name=copy.name,
        uuid=copy.uuid,
        auto=copy.auto,
        files=files,
        macs=tuple(texts.as_list(copy.macs)),
        force=frozenset(texts.as_list(copy.force_copy)),
        skip=frozenset(texts.as_list(copy.skip_copy)),
        preserve=copy.preserve_data,
        nvram=copy.nvram,
        replace=copy.replace,
        reflink=copy.reflink,
        sparse=copy.sparse,
        checks=texts.parse_checks(texts.as_list(copy.checks)),
    )


class Cloning:
    """A clone: planned by the constructor, then created. `made` is the plan. Raises the errors of `clone`."""

    def __init__(self, host: Host, request: CloneRequest, hears: Hears) -> None:
        from virtprov.actions.clone import draft

        self.host = host
        self.request = request
        self.hears = hears
        self.made = draft.plan(request, host)
        listening.tell_plan(self.made.plan, hears)

    def create(self) -> None:
        """Carry out all steps; if one fails, undo those before it.

        If a generated name has been taken in the meantime, `made` is another plan afterwards.
        """
        from virtprov.actions.clone import draft
        from virtprov.actions.run.again import apply_with_free_names
        from virtprov.actions.run.plan import apply

        worlds = [self.hears.context(self.host)]
        if worlds[0].trail.writes:
            listening.warn_of_leftovers(self.hears)

        def do(plan: ClonePlan) -> None:
            self.made = plan
            apply(plan.plan, worlds.pop() if worlds else self.hears.context(self.host))

        replan = (lambda: draft.plan(self.request, self.host)) if self.request.auto else None
        apply_with_free_names(self.made, replan, do, self.hears.on_note)
