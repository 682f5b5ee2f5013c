"""Clone a guest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import disk_choices, guest_words, listening, texts
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from virtprov.actions.clone.draft import ClonePlan
    from virtprov.actions.goals import Goals
    from virtprov.actions.request import CloneRequest, DiskChoice
    from virtprov.actions.run.plan import RunContext
    from virtprov.actions.waiting.wait_goals import WaitGoals
    from virtprov.cloudinit.seed_request import SeedRequest
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
    copies          the uses of --copy, one for each disk: "vdb,pool=fast,format=raw"
    pool            the pool for the copies of all other disks
    preserve_data   whether no disk is copied: `files` names existing disks
    nvram           where the UEFI variables are copied to
    replace         whether an existing guest of this name is replaced
    reflink         whether raw and qcow2 disks share their blocks, if the file system can
    linked          whether the clone gets thin images on top of the disks of a template instead of copies
    make_template   whether the original is made a template for that
    sparse          whether copies take only the space that is in use
    checks          the uses of --check, such as "path_in_use=off"
    identity        "new" renews host name, machine-id, ssh host keys and network settings inside the guest at its first
                    boot, "keep" keeps them; "": new if the guest is known to have cloud-init
    cloud_init      the value of --cloud-init, such as "user-data=/srv/user-data"; None for nothing more
    hostname        the host name inside the guest; made from the name of the clone if empty
    ssh_key         public ssh keys, or files with keys, for root and the image's own user
    user, password_file, timezone, package, write, run, ca_certs, proxy
                    more for the inside of the guest, as for a new one; package, write, run and ca_certs may be lists
    start           whether the clone is started
    wait            minutes to wait for cloud-init; None: do not wait, negative: no limit; or what to wait for, as a
                    text: "ready", "ip,run=COMMAND,timeout=5m"
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
    copies: Sequence[str] = ()
    pool: str = ""
    preserve_data: bool = False
    nvram: str = ""
    replace: bool = False
    reflink: bool = False
    linked: bool = False
    make_template: bool = False
    sparse: bool = True
    checks: Value = ()
    identity: str = ""
    cloud_init: str | Sequence[str] | None = None
    hostname: str = ""
    ssh_key: Value = ()
    user: str = ""
    password_file: str = ""
    timezone: str = ""
    package: Value = ()
    write: Value = ()
    run: Value = ()
    ca_certs: Value = ()
    proxy: str = ""
    start: bool = False
    wait: float | str | Goals | None = None


class Cloned(Record):
    """The clone of a guest.

    name, uuid     the copy's identity
    original       the name of the guest that was copied
    macs           the addresses of the copy's network interfaces, in order
    volumes        the paths of the disks that were copied or made for it
    nvram          the path of its UEFI variables; None for a guest without
    xml            its definition, as it was given to libvirt
    identity       "new" or "keep"
    seed           the path of its cloud-init seed, which stays attached unless the clone was started; empty without one
    state          "off", "created" (running), or "ready" (cloud-init is done)
    root_password  the generated password of root; empty if there is none
    notes, warnings  the notes and warnings
    """

    name: str
    uuid: str
    original: str
    macs: tuple[str, ...]
    volumes: tuple[str, ...]
    nvram: str | None
    xml: str
    identity: str
    seed: str
    state: str
    root_password: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def clone(host: Host | str, copy: Copy, *, listener: Listener | None = None) -> Cloned:
    """Clone a guest that is shut off: its disks and its definition, with a new identity.

    The contents of the disks are not changed; a guest with cloud-init renews its identity at its first boot. `host` is
    the result of `connect`, or a URI. If a step fails, the steps before it are undone.

    Raises UsageError for an invalid request, HostError if the host refuses or the guest is running, MediaError
    for disks that cannot be copied, WaitTimeout if cloud-init is not done in time, and GuestBroken if it fails; after
    the last two the clone is left as it is.
    """
    from virtprov.library.connecting import open_host

    hears = listening.Collector(listener)
    guest_words.refuse_standard_input(copy._asdict())
    request = to_request(copy)
    with open_host(host) as found:
        work = Cloning(found, request, hears)
        work.create()
        if work.password:
            hears.on_password(work.made.plan.name, work.password)
        state = work.follow()
    installed = work.made
    copied = tuple(disk.path for disk in installed.disks if disk.fate in ("copied", "linked"))
    return Cloned(
        installed.plan.name,
        installed.uuid,
        installed.original,
        installed.macs,
        copied,
        installed.nvram,
        installed.plan.documents[0],
        installed.inside.identity,
        installed.inside.seed.path if installed.inside.seed is not None else "",
        state,
        work.password,
        tuple(hears.notes),
        tuple(hears.warnings),
    )


def to_request(copy: Copy) -> CloneRequest:
    """Return the request for a clone; raises UsageError for invalid or contradictory values."""
    from virtprov.actions.request import CloneRequest

    _check_original(copy)
    files = tuple(texts.as_list(copy.files))
    if "" in files:
        raise UsageError("--file requires a path", hint="omit --file, or use --skip-copy DISK")
    _check_linked(copy)
    _check_identity(copy, seed := _to_seed_request(copy))
    document = copy.original_xml
    wait, goals = texts.split_wait(copy.wait)
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
        choices=_to_choices(copy),
        pool=copy.pool,
        preserve=copy.preserve_data,
        nvram=copy.nvram,
        replace=copy.replace,
        reflink=copy.reflink,
        linked=copy.linked or copy.make_template,
        make_template=copy.make_template,
        sparse=copy.sparse,
        checks=texts.parse_checks(texts.as_list(copy.checks)),
        identity=copy.identity,
        seed=seed,
        cloud_init=copy.cloud_init is not None,
        start=copy.start,
        wait=wait,
        goals=goals,
    )


def _check_original(copy: Copy) -> None:
    """Raise UsageError unless exactly one guest is given."""
    if copy.original and copy.original_xml:
        raise UsageError("--original and --original-xml cannot be used together", hint="omit one of them")
    if not copy.original and not copy.original_xml:
        raise UsageError("no guest to clone given", hint="give its name, or --original-xml FILE")


def _to_choices(copy: Copy) -> tuple[DiskChoice, ...]:
    """Return every use of --copy; raises UsageError for contradictions, also with the other options for disks."""
    choices = disk_choices.parse(texts.as_list(copy.copies))
    for choice in choices:
        disk_choices.compare(
            choice, texts.as_list(copy.skip_copy), texts.as_list(copy.force_copy), preserves=copy.preserve_data
        )
    if copy.pool and copy.preserve_data:
        raise UsageError("--pool cannot be used with --preserve-data", hint="omit one of them")
    return choices


def _to_seed_request(copy: Copy) -> SeedRequest | None:
    """Return the request for what goes into the guest and for all uses of --cloud-init; None without any."""
    given = guest_words.read(copy._asdict())
    uses = texts.as_list(copy.cloud_init)
    if "none" in uses:
        raise UsageError("--cloud-init none cannot be used with a clone", hint="use --identity keep")
    if not given and copy.cloud_init is None:
        return None
    strict = texts.parse_checks(texts.as_list(copy.checks)).cloud_init
    return guest_words.merge(given, uses, bare={})._replace(strict=strict)


def _check_identity(copy: Copy, seed: SeedRequest | None) -> None:
    """Raise UsageError for a contradiction between the options for the identity inside, and for starting."""
    if copy.identity not in ("", "new", "keep"):
        raise UsageError(f"unknown identity '{copy.identity}'", hint="use new or keep")
    if copy.identity == "keep" and seed is not None:
        raise UsageError(
            "--identity keep cannot be used with --cloud-init, --hostname and other options for the inside of a guest",
            hint="omit one of them",
        )
    if copy.wait is not None and not copy.start:
        raise UsageError("--wait can only be used with --start", hint="add --start, or omit --wait")


def _check_linked(copy: Copy) -> None:
    """Raise UsageError for options that have no meaning for images on top of other images."""
    if not (copy.linked or copy.make_template):
        return
    flag = "--linked" if copy.linked else "--make-template"
    others = {"--preserve-data": copy.preserve_data, "--reflink": copy.reflink, "--nonsparse": not copy.sparse}
    for name, is_given in others.items():
        if is_given:
            raise UsageError(f"{flag} and {name} cannot be used together", hint="omit one of them")


class Cloning:
    """A clone: planned by the constructor, then created. `made` is the plan. Raises the errors of `clone`."""

    def __init__(self, host: Host, request: CloneRequest, hears: Hears) -> None:
        from virtprov.actions.clone import draft

        self.host = host
        self.request = request
        self.hears = hears
        self.made = draft.plan(request, host)
        self.wanted = self._resolve_goals()
        self._context: RunContext | None = None
        listening.tell_plan(self.made.plan, hears)

    def _resolve_goals(self) -> WaitGoals | None:
        """Return what the clone is waited for, if that is named. Raises UsageError for what cannot be found out."""
        if self.request.goals is None or self.request.planning:
            return None
        from virtprov.actions.waiting import wait_goals
        from virtprov.guest.document import OS_ID
        from virtprov.osinfo.find_profile import find_recorded

        guest = self.made.plan.domains[-1].guest
        windows = find_recorded(guest.get(OS_ID)).is_windows
        seeded = self.made.inside.seed is not None
        return wait_goals.resolve(self.request.goals, guest, self.host, seeded=seeded, windows=windows)

    @property
    def context(self) -> RunContext:
        """Return the context for the steps."""
        if self._context is None:
            self._context = self.hears.context(self.host)
        return self._context

    @property
    def password(self) -> str:
        """Return the generated password of root; "" without one."""
        return self.made.inside.seed.seed.password if self.made.inside.seed is not None else ""

    def create(self) -> None:
        """Carry out all steps; if one fails, undo those before it.

        If a generated name has been taken in the meantime, `made` is another plan afterwards.
        """
        from contextlib import ExitStack

        from virtprov.actions.clone import draft
        from virtprov.actions.clone.source_watch import SourceWatch
        from virtprov.actions.run.again import apply_with_free_names
        from virtprov.actions.run.plan import apply
        from virtprov.actions.run.stages import CREATED

        if self.context.trail.writes:
            listening.warn_of_leftovers(self.hears)

        def do(plan: ClonePlan) -> None:
            if plan is not self.made:
                self.made, self._context = plan, None
            with ExitStack() as watches:
                if not self.request.document and any(disk.fate == "copied" for disk in plan.disks):
                    self.context.guard = watches.enter_context(SourceWatch(self.host, plan.original)).check
                apply(plan.plan, self.context)

        generates = self.request.auto or self.request.linked
        replan = (lambda: draft.plan(self.request, self.host)) if generates else None
        apply_with_free_names(self.made, replan, do, self.hears.on_note)
        self.context.stages.note(CREATED)

    def follow(self) -> str:
        """Wait for a clone that was started, and return its state: "off", "created" or "ready".

        A user who interrupts this is told what happens to the guest. Raises WaitTimeout and GuestBroken.
        """
        if not self.request.start:
            return "off"
        from virtprov.actions.install import finish
        from virtprov.actions.install.install_plan import InstallPlan
        from virtprov.actions.request import InstallRequest
        from virtprov.guest.boot import IMPORT, Method

        inside = self.made.inside
        seed = inside.seed.seed if inside.seed is not None else None
        plan = InstallPlan(self.made.plan, seed, Method(IMPORT), wanted=self.wanted)
        try:
            state = finish.finish(InstallRequest(wait=self.request.wait), plan, self.context)
        except KeyboardInterrupt as stop:
            sentence = finish.leave(plan, self.context)
            self.context.trail.finish_waiting(self.host)
            raise KeyboardInterrupt(sentence) from stop
        self.context.trail.finish_waiting(self.host)
        return state
