"""virtprov-xml: the result of a list of changes: the changed XML, stored and running, and the diffs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changing.changes import (
    ADD,
    EJECT,
    SEED,
    TEMPLATE,
    ChangeResult,
    EditRequest,
    change,
    storage_of,
    template_of,
    warn_of_none,
)
from virtprov.actions.edit.changing.original import Source
from virtprov.guest.checks import display_passwords
from virtprov.guest.document import DomainDocument, Guest
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import diff, keep, tree

if TYPE_CHECKING:
    from virtprov.actions.live.compare import LiveChange
    from virtprov.actions.live.effects import Live
    from virtprov.actions.run.artifacts.file_mode import ModeChange
    from virtprov.guest.disks.existing import DetectedImage
    from virtprov.host.connection import Host
    from virtprov.xml.keep import Letters


class ApplyOptions(Record):
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


class EditResult(Record):
    """The result of an edit: the changed XML as text, the diff, and each change in order.

    `parts` are the changes in the XML that is shown and stored. `lives` are those of the running guest, one for each
    request; () if it is not changed. `live_diff` is the diff of the running guest, only computed if asked for.
    `autostart` is (before, after), None if it does not change. `images` are those whose format was detected. `course`
    is what happens to the running guest, None if it is off or nothing is to be done.
    """

    requests: tuple[EditRequest, ...]
    source: Source
    text: str
    diff: str
    parts: tuple[ChangeResult, ...]
    lives: tuple[ChangeResult, ...] = ()
    live_diff: str = ""
    autostart: tuple[bool, bool] | None = None
    images: tuple[DetectedImage, ...] = ()
    course: LiveChange | None = None

    @property
    def guest(self) -> Guest:
        """The guest after all changes."""
        return self.parts[-1].guest if self.parts else self.source.stored.guest

    @property
    def has_changes(self) -> bool:
        """Whether anything changes."""
        return bool(self.diff or self.live_diff or self.autostart or self.acts or self.modes)

    @property
    def modes(self) -> tuple[ModeChange, ...]:
        """The changes of permissions of disks."""
        return tuple(mode for part in self.parts for mode in part.modes)

    @property
    def acts(self) -> bool:
        """Whether anything can be done to the running guest."""
        return self.course is not None and self.course.acts

    @property
    def effective(self) -> tuple[ChangeResult, ...]:
        """The changes that decide what is created on the host: those of the running guest take precedence."""
        return self.lives or self.parts


def apply_to_file(file: Letters, result: EditResult) -> bytes:
    """Return the file with the change applied; everything that is not changed stays byte by byte the same."""
    return keep.respell(file, result.source.stored.guest.text(), result.guest.text())


def make(
    requests: tuple[EditRequest, ...],
    source: Source,
    options: ApplyOptions,
    host: Host | None,
    autostart: bool | None = None,
) -> EditResult:
    """Apply the changes in order to the wanted definitions.

    `autostart` is the wanted setting, None for no change. Raises the errors of `check` and `changes.change`.
    """
    for request in requests:
        check(request, source, options)
    result = _apply_in_order(requests, source, options, host)
    return result._replace(autostart=compare_autostart(requests, source, autostart))


class _Side:
    """A document that is changed: the guest as the changes so far have left it, and each of them."""

    __slots__ = ("changes", "guest", "storage")

    def __init__(self, document: DomainDocument, host: Host | None, requests: tuple[EditRequest, ...]) -> None:
        self.guest = document.guest
        self.storage = storage_of(document.guest, host, requests)  # of its own: both sides come to the same names
        self.changes: list[ChangeResult] = []

    def take(self, change: ChangeResult) -> None:
        """Go on from this change."""
        self.changes.append(change)
        self.guest = change.guest


class _Work:
    """A series of changes: of the document that is shown and stored, and of the running guest (`live`) if wanted."""

    __slots__ = ("document", "effects", "host", "live", "options", "shown", "source")

    def __init__(
        self, requests: tuple[EditRequest, ...], source: Source, options: ApplyOptions, host: Host | None
    ) -> None:
        running = source.running if options.update else None
        self.document = source.stored if running is None or options.define else running
        self.shown = _Side(self.document, host, requests)
        self.live = None if running is None else _Side(running, host, requests)
        self.source, self.options, self.host = source, options, host
        self.effects: list[Live] = []

    def apply(self, request: EditRequest) -> None:
        """Apply the next change to both documents."""
        sides = [self.shown] if self.live is None else [self.shown, self.live]
        nothing = warn_of_none(request, [side.guest for side in sides])
        if nothing:
            self.shown.take(ChangeResult(self.shown.guest, (), warnings=(nothing,)))
            if self.live is not None:
                self.live.take(ChangeResult(self.live.guest, ()))
            return
        now = None if self.live is None else self._on_running(request, self.live)
        part = self._on_shown(request, now)
        if self.source.info is not None and self.source.info.active and self.options.anything:
            was = self.live.guest if self.live is not None else None
            stored = (self.shown.guest, part)
            effect = _judge_effect(request, self.source, self.options, (was, now), stored, self.host)
            self.effects.append(effect)
        self.shown.take(part)
        if self.live is not None:
            self.live.take(now or ChangeResult(self.live.guest, (), makings=part.makings))

    def _on_running(self, request: EditRequest, live: _Side) -> ChangeResult | None:
        """Return the change of the running guest; None if only its definition can have it."""
        if request.action == SEED:
            return None
        twin = None if self.document is self.source.running else self.shown.guest
        try:
            return change(request, live.guest, self.host, live.storage, twin=twin)
        except UsageError:
            if not self.options.lenient:
                raise
            return None

    def _on_shown(self, request: EditRequest, now: ChangeResult | None) -> ChangeResult:
        """Return the change of the document that is shown; `now` is that of the running guest."""
        if now is not None and self.live is not None:
            if self.document is self.source.running:
                return now
            if request.action == ADD:
                return graft(self.shown.guest, self.live.guest, now)
        dry = not (self.options.define or self.options.start)
        return change(request, self.shown.guest, self.host, self.shown.storage, dry=dry)


def _apply_in_order(
    requests: tuple[EditRequest, ...], source: Source, options: ApplyOptions, host: Host | None
) -> EditResult:
    work = _Work(requests, source, options, host)
    for request in requests:
        work.apply(request)
    if any(request.group == "graphics" for request in requests):
        display_passwords(work.shown.guest)
    text, difference = render_with_diff(work.document, work.shown.guest)
    lives = tuple(work.live.changes) if work.live is not None else ()
    sides = (work.shown, work.live)
    images = tuple(image for side in sides if side is not None for image in side.storage.detected_images)
    course = _combine_effects(work.effects)
    parts = tuple(work.shown.changes)
    return EditResult(requests, source, text, difference, parts, lives, images=images, course=course)


def _combine_effects(meant: list[Live]) -> LiveChange | None:
    if not meant:
        return None
    from virtprov.actions.live.compare import LiveChange

    return LiveChange(meant)


def _judge_effect(
    request: EditRequest,
    source: Source,
    options: ApplyOptions,
    running: tuple[Guest | None, ChangeResult | None],
    stored: tuple[Guest, ChangeResult],
    host: Host | None,
) -> Live:
    """Return what a change means for the running guest. Raises UsageError if it should take effect now but cannot."""
    from virtprov.actions.live import compare

    info, driver = source.info, host.driver if host is not None else "qemu"
    assert info is not None
    lasting = info.persistent or options.define
    before, after = running
    if before is not None and after is not None:
        found = compare.effects(before, after.guest, after.pairs(), persistent=lasting, driver=driver)
        if not options.lenient:
            compare.refuse_later(found, info.name)
        return found
    why = "not present in the running guest" if options.update and request.action != SEED else ""
    guest, changed = stored
    later = compare.effects(guest, changed.guest, changed.pairs(), persistent=lasting, driver=driver)
    return compare.put_off(later, why, persistent=lasting)


def compare_autostart(
    requests: tuple[EditRequest, ...], source: Source, autostart: bool | None
) -> tuple[bool, bool] | None:
    """Return autostart before and after; None if it does not change."""
    if value := template_of(requests):
        from virtprov.actions.edit import template

        autostart = template.choose_autostart(value, source.stored.guest, autostart)
    now = source.autostart
    return None if autostart is None or now is None or now == autostart else (now, autostart)


def graft(guest: Guest, running: Guest, change: ChangeResult) -> ChangeResult:
    """Add the devices that the running guest gets to its stored definition."""
    from virtprov.actions.live.devices import pair_devices

    altered = guest.copy()
    there = {(node.get("type"), node.get("index")) for node in guest.devices("controller")}
    added = []
    for node in pair_devices(running.devices(), change.guest.devices(), [])[2]:
        if node.tag == "controller" and (node.get("type"), node.get("index")) in there:
            continue
        twin = altered.add_device(tree.copy(node))
        if any(node is each for each in change.elements):
            added.append(twin)
    return change._replace(guest=altered, elements=tuple(added))


def render_with_diff(document: DomainDocument, guest: Guest) -> tuple[str, str]:
    """Return the changed XML, formatted like the original, and the diff."""
    text = keep.restore(document.text, document.guest.text(), guest.text())
    original = document.text.lstrip("\ufeff\n")
    return text, diff.unified_diff(original if original.endswith("\n") else original + "\n", text)


def lines(difference: str) -> list[str]:
    """Return the removed and added lines of a diff, without their positions."""
    return [line for line in difference.splitlines()[2:] if line.startswith(("+", "-"))]


def render_elements(result: EditResult) -> str:
    """Return the elements of the last change as separate XML texts."""
    return "".join(_dedent(tree.to_text(node)) for node in result.parts[-1].elements)


def _dedent(text: str) -> str:
    """Return the lines without the indentation that the first line has already lost."""
    lines = text.splitlines(keepends=True)
    extra = len(lines[-1]) - len(lines[-1].lstrip(" "))
    return lines[0] + "".join(line[extra:] if line[:extra].isspace() else line for line in lines[1:])


def list_missing_volumes(result: EditResult) -> list[str]:
    """Return volumes that printed XML names but nobody creates, because the XML came from elsewhere."""
    if result.source.info is not None:
        return []
    return [volume.path for part in result.parts for making in part.makings for volume in making.volumes]


# -- what is refused -----------------------------------------------------------------------------


def check(request: EditRequest, source: Source, options: ApplyOptions) -> None:
    """Raise UsageError or HostError, before anything is changed, for changes that cannot be applied."""
    info, name = source.info, source.stored.guest.name
    if request.action == EJECT:
        from virtprov.actions.seed import replace

        running = source.running.guest if source.running is not None else None
        replace.check_eject(source.stored.guest, running, live=options.update)
    elif request.action == SEED:
        if _strictly_now(source, options):
            raise UsageError(
                f"a new cloud-init seed only takes effect at the next boot of '{name}', not in the running guest",
                hint="omit --update or --live",
            )
    elif request.action == TEMPLATE:
        from virtprov.actions.edit import template

        template.check(request.value, info, name)
    elif _strictly_now(source, options):
        _check_group(request.group)
    if options.start and info is not None and info.active:
        raise HostError(f"guest '{info.name}' is {info.state}, so it cannot be started", hint="omit --start")


def _check_group(group: str) -> None:
    from virtprov.actions.live import compare

    if not compare.has_plane(group):
        raise UsageError(
            f"--{group} cannot be changed in a running guest",
            hint="omit --update: the change takes effect after the guest has been powered off and started again",
        )


def _strictly_now(source: Source, options: ApplyOptions) -> bool:
    return options.update and not options.lenient and source.info is not None and source.info.active
