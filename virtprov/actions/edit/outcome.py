"""virtprov-xml: the result of a list of changes: the changed XML, stored and running, and the diffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changes import ADD, EJECT, SEED, Changed, EditRequest, change, storage_of
from virtprov.actions.edit.original import Source
from virtprov.guest import checks
from virtprov.guest.document import DomainDocument, Guest
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import diff, keep, tree

if TYPE_CHECKING:
    from virtprov.actions.live.compare import Course
    from virtprov.actions.live.effects import Live
    from virtprov.guest.disks.locate import DiskResolver
    from virtprov.host.connection import Host
    from virtprov.xml.keep import Letters


class Wanted(Record):
    """What to do with the edit: store it, apply it to the running guest, start the guest.

    With `lenient`, changes that the running guest cannot take now are left to its next boot instead of refused. With
    `verify`, nothing is done; only whether the guest already matches is checked.
    """

    define: bool = False
    update: bool = False
    start: bool = False
    lenient: bool = False
    verify: bool = False

    @property
    def anything(self) -> bool:
        """Whether anything is to be done."""
        return self.define or self.update or self.start


class Edited(Record):
    """The result of an edit: the changed XML as text, the diff, and each change in order.

    `parts` are the changes in the XML that is shown and stored. `lives` are those of the running guest, one for each
    request; () if it is not changed. `live_diff` is the diff of the running guest, only computed if asked for.
    `autostart` is (before, after), None if it does not change. `course` is what happens to the running guest, None if
    it is off or nothing is to be done.
    """

    requests: tuple[EditRequest, ...]
    source: Source
    text: str
    diff: str
    parts: tuple[Changed, ...]
    lives: tuple[Changed, ...] = ()
    live_diff: str = ""
    autostart: tuple[bool, bool] | None = None
    course: Course | None = None

    @property
    def guest(self) -> Guest:
        """The guest after all changes."""
        return self.parts[-1].guest if self.parts else self.source.stored.guest

    @property
    def changed(self) -> bool:
        """Whether anything changes."""
        return bool(self.diff or self.live_diff or self.autostart or self.acts)

    @property
    def acts(self) -> bool:
        """Whether anything can be done to the running guest."""
        return self.course is not None and self.course.acts

    @property
    def made(self) -> tuple[Changed, ...]:
        """The changes that decide what is created on the host: those of the running guest take precedence."""
        return self.lives or self.parts


def respelled(file: Letters, made: Edited) -> bytes:
    """Return the file with the change applied; everything that is not changed stays byte by byte the same."""
    return keep.respell(file, made.source.stored.guest.text(), made.guest.text())


def make(
    requests: tuple[EditRequest, ...],
    source: Source,
    wanted: Wanted,
    host: Host | None,
    autostart: bool | None = None,
) -> Edited:
    """Apply the changes in order to the wanted definitions.

    `autostart` is the wanted setting, None for no change. Raises the errors of `check` and `changes.change`.
    """
    for request in requests:
        check(request, source, wanted)
    made = _each_on_the_last(requests, source, wanted, host)
    return made._replace(autostart=turned(source, autostart))


class _Side:
    """A document that is changed: the guest as the changes so far have left it, and each of them."""

    __slots__ = ("changes", "guest", "storage")

    def __init__(self, document: DomainDocument, host: Host | None) -> None:
        self.guest = document.guest
        self.storage = storage_of(document.guest, host)  # of its own: both sides come to the same names
        self.changes: list[Changed] = []

    def take(self, changed: Changed) -> None:
        """Go on from this change."""
        self.changes.append(changed)
        self.guest = changed.guest


def _each_on_the_last(requests: tuple[EditRequest, ...], source: Source, wanted: Wanted, host: Host | None) -> Edited:
    running = source.running if wanted.update else None
    document = source.stored if running is None or wanted.define else running
    shown = _Side(document, host)
    live = None if running is None else _Side(running, host)
    dry = not (wanted.define or wanted.start)
    meant: list[Live] = []
    for request in requests:
        twin = None if document is running else shown.guest
        now = None if live is None else _on_running(request, live.guest, wanted, host, live.storage, twin)
        if now is not None and document is running:
            part = now
        elif now is not None and live is not None and request.action == ADD:
            part = graft(shown.guest, live.guest, now)
        else:
            part = change(request, shown.guest, host, shown.storage, dry=dry)
        if source.info is not None and source.info.active and wanted.anything:
            was = live.guest if live is not None else None
            meant.append(_meaning(request, source, wanted, (was, now), (shown.guest, part), host))
        shown.take(part)
        if live is not None:
            live.take(now or Changed(live.guest, (), makings=part.makings))
    if any(request.group == "graphics" for request in requests):
        checks.display_passwords(shown.guest)
    text, difference = spelled(document, shown.guest)
    lives = tuple(live.changes) if live is not None else ()
    return Edited(requests, source, text, difference, tuple(shown.changes), lives, course=_course(meant))


def _course(meant: list[Live]) -> Course | None:
    if not meant:
        return None
    from virtprov.actions.live.compare import Course

    return Course(meant)


def _on_running(
    request: EditRequest, beside: Guest, wanted: Wanted, host: Host | None, storage: DiskResolver, twin: Guest | None
) -> Changed | None:
    """Return the change of the running guest; None if only its definition `twin` can have it."""
    if request.action == SEED:
        return None
    try:
        return change(request, beside, host, storage, twin=twin)
    except UsageError:
        if not wanted.lenient:
            raise
        return None


def _meaning(
    request: EditRequest,
    source: Source,
    wanted: Wanted,
    running: tuple[Guest | None, Changed | None],
    stored: tuple[Guest, Changed],
    host: Host | None,
) -> Live:
    """Return what a change means for the running guest. Raises UsageError if it should take effect now but cannot."""
    from virtprov.actions.live import compare

    info, driver = source.info, host.driver if host is not None else "qemu"
    assert info is not None
    lasting = info.persistent or wanted.define
    before, after = running
    if before is not None and after is not None:
        found = compare.effects(before, after.guest, after.pairs(), persistent=lasting, driver=driver)
        if not wanted.lenient:
            compare.refuse_later(found, info.name)
        return found
    why = "not present in the running guest" if wanted.update and request.action != SEED else ""
    guest, changed = stored
    later = compare.effects(guest, changed.guest, changed.pairs(), persistent=lasting, driver=driver)
    return compare.put_off(later, why, persistent=lasting)


def turned(source: Source, autostart: bool | None) -> tuple[bool, bool] | None:
    """Return autostart before and after; None if it does not change."""
    now = source.autostart
    return None if autostart is None or now is None or now == autostart else (now, autostart)


def graft(guest: Guest, beside: Guest, mine: Changed) -> Changed:
    """Add the devices that the running guest gets to its stored definition."""
    from virtprov.actions.live.devices import paired

    altered = guest.copy()
    there = {(node.get("type"), node.get("index")) for node in guest.devices("controller")}
    added = []
    for node in paired(beside.devices(), mine.guest.devices(), [])[2]:
        if node.tag == "controller" and (node.get("type"), node.get("index")) in there:
            continue
        twin = altered.add_device(tree.copy(node))
        if any(node is each for each in mine.elements):
            added.append(twin)
    return mine._replace(guest=altered, elements=tuple(added))


def spelled(document: DomainDocument, guest: Guest) -> tuple[str, str]:
    """Return the changed XML, formatted like the original, and the diff."""
    text = keep.restore(document.text, document.guest.text(), guest.text())
    original = document.text.lstrip("\ufeff\n")
    return text, diff.unified(original if original.endswith("\n") else original + "\n", text)


def lines(difference: str) -> list[str]:
    """Return the removed and added lines of a diff, without their positions."""
    return [line for line in difference.splitlines()[2:] if line.startswith(("+", "-"))]


def alone(made: Edited) -> str:
    """Return the elements of the last change as separate XML texts."""
    return "".join(_dedented(tree.to_text(node)) for node in made.parts[-1].elements)


def _dedented(text: str) -> str:
    """Return the lines without the indentation that the first line has already lost."""
    lines = text.splitlines(keepends=True)
    extra = len(lines[-1]) - len(lines[-1].lstrip(" "))
    return lines[0] + "".join(line[extra:] if line[:extra].isspace() else line for line in lines[1:])


def unmade(made: Edited) -> list[str]:
    """Return volumes that printed XML names but nobody creates, because the XML came from elsewhere."""
    if made.source.info is not None:
        return []
    return [volume.path for part in made.parts for making in part.makings for volume in making.volumes]


# -- what is refused -----------------------------------------------------------------------------


def check(request: EditRequest, source: Source, wanted: Wanted) -> None:
    """Raise UsageError or HostError, before anything is changed, for changes that cannot be applied."""
    info, name = source.info, source.stored.guest.name
    if request.action == EJECT:
        from virtprov.actions.seed import replace

        running = source.running.guest if source.running is not None else None
        replace.check_eject(source.stored.guest, running, live=wanted.update)
    elif request.action == SEED:
        if _strictly_now(source, wanted):
            raise UsageError(
                f"a new cloud-init seed only takes effect at the next boot of '{name}', not in the running guest",
                hint="omit --update or --live",
            )
    elif _strictly_now(source, wanted):
        _check_group(request.group)
    if wanted.start and info is not None and info.active:
        raise HostError(f"guest '{info.name}' is {info.state}, so it cannot be started", hint="omit --start")


def _check_group(group: str) -> None:
    from virtprov.actions.live import compare

    if not compare.has_plane(group):
        raise UsageError(
            f"--{group} cannot be changed in a running guest",
            hint="omit --update: the change takes effect after the guest has been powered off and started again",
        )


def _strictly_now(source: Source, wanted: Wanted) -> bool:
    return wanted.update and not wanted.lenient and source.info is not None and source.info.active
