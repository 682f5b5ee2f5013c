"""One edit of one or more guests: read, change, check, record in the journal, store, verify.

`Editor` makes the plans: it reads each guest, changes its XML, checks it against the schema, and records the old and
the new definition in the journal. Nothing on the host changes until all plans are complete. `apply.Work` then carries
them out. XML texts are not kept in memory in between: they are stored in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from virtprov.actions import schema_check
from virtprov.actions.edit import edit_plan, guest_report
from virtprov.actions.edit.changing import outcome, verify
from virtprov.actions.edit.changing.changes import EJECT, EditRequest, template_of
from virtprov.actions.edit.changing.original import Source, from_definition
from virtprov.actions.edit.changing.outcome import ApplyOptions, EditResult
from virtprov.actions.edit.choice import Choice
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.edit.journal import Entry, Journal
from virtprov.actions.edit.store_steps import StoreDefinition
from virtprov.actions.run import definition
from virtprov.actions.run.workers import in_order
from virtprov.guest.checks import Others
from virtprov.guest.marks import template_mark
from virtprov.support.errors import UsageError, no_guest
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.edit.keep_old import KeptFiles
    from virtprov.host.connection import Host
    from virtprov.host.facts.info import GuestInfo
    from virtprov.support.errors import ProvError


class Edit(Record):
    """The changes to make, and what to do with them.

    `autostart` is the wanted setting, None for no change. `schema` tells whether the XML is checked against libvirt's
    schema. With `alone` a single guest is named, which can become another guest with a new name and UUID. `shows` tells
    whether the changed XML is to be printed, `asks` whether the user has to confirm the diff.
    """

    changes: tuple[EditRequest, ...]
    wanted: ApplyOptions
    autostart: bool | None = None
    schema: bool = True
    alone: bool = False
    shows: bool = False
    asks: bool = False


class Editor:
    """Makes the plans for the guests of one edit. The schema is loaded once. Thread-safe.

    `open_journal` is called before the first change is recorded. `kept` are the files for the old definitions, None for
    none.
    """

    def __init__(
        self, host: Host | None, edit: Edit, open_journal: Callable[[], Journal], kept: KeptFiles | None = None
    ) -> None:
        from threading import Lock

        self.edit = edit
        self.journal: Journal | None = None
        self.kept = kept
        self._host = host
        self._open_journal = open_journal
        self._lock = Lock()
        self._others = Others(host) if host is not None else None
        options = edit.wanted
        checks = host is not None and edit.schema and options.anything and not options.verify
        self._checker = schema_check.Checker(self.host) if checks else None

    @property
    def host(self) -> Host:
        """The host. Must not be called without one."""
        assert self._host is not None
        return self._host

    # -- planning ----------------------------------------------------------------------------------------

    def all(
        self, names: list[str], choice: Choice, jobs: int = 1
    ) -> Iterator[tuple[str, GuestReport | ProvError | None]]:
        """Plan each guest, `jobs` at a time; the results are in order.

        A result is None for a guest that is not selected, and an error for one that cannot be changed.
        """
        return in_order(lambda name: self.guest(name, choice), names, jobs)

    def guest(self, key: str, choice: Choice = Choice(), options: ApplyOptions | None = None) -> GuestReport | None:  # noqa: B008
        """Plan one guest by name, id or UUID; None if its state or its XML excludes it from the selection.

        `options` replaces what is wanted of all guests. Raises ProvError if the guest cannot be changed.
        """
        from virtprov.host.failures import NotThere

        try:
            return self._guest(key, choice, options or self.edit.wanted)
        except NotThere:
            raise no_guest(self.host.uri, key, self.host.guests.names()) from None

    def _guest(self, key: str, choice: Choice, options: ApplyOptions) -> GuestReport | None:
        source = self._read(key, choice)
        if source is None:
            return None
        assert source.info is not None
        report, uuid = self._plan(source, options), source.info.uuid
        report.again = lambda: self._again(report, uuid, choice)
        return report

    def document(self, source: Source) -> GuestReport:
        """Plan the change of XML that does not come from the host. Raises ProvError if it cannot be changed."""
        report = self._plan(source, self.edit.wanted)
        report.again = lambda: self._take(report, self._plan(source, report.wanted))
        return report

    def narrow(self, report: GuestReport, options: ApplyOptions) -> None:
        """Plan a guest again after the user has dropped a part of the edit."""
        self.strike([report])
        report.drop(options)
        if options.anything and report.edited is not None:
            self._plan_steps(report, report.edited, options)

    def _read(self, key: str, choice: Choice) -> Source | None:
        # The running guest's document is read only where it matters: it is another call, and another tree.
        both = self.edit.wanted.update or any(change.action == EJECT for change in self.edit.changes)
        definition = self.host.guests.definition(key, states=choice.states, running=both)
        if definition is None:
            return None
        asks = self.edit.autostart is not None or bool(template_of(self.edit.changes))
        start = self.host.guests.autostart(key) if asks else None
        source = from_definition(definition, start)
        return source if choice.holds is None or choice.holds(source.stored.guest.root) else None

    def _plan(self, source: Source, options: ApplyOptions) -> GuestReport:
        info, edit = source.info, self.edit
        options = options._replace(update=options.update and info is not None and info.active)
        make = verify.make if options.verify else outcome.make
        result = make(edit.changes, source, options, self._host, edit.autostart)
        if self._others is not None and result.images:
            from virtprov.guest.disks.claimed_format import refuse_made_up

            refuse_made_up(self.host, result.images, self._others)
        if not edit.alone and info is not None:
            _refuse_renamed(result, info)
        if template_mark.is_marked(source.stored.guest) and info is not None and not options.verify:
            from virtprov.actions.edit import template

            is_on = result.autostart is not None and result.autostart[1]
            effects = template.Effects(options.start, options.update and info.active, options.define, is_on)
            template.refuse(self.host, source.stored.guest, result.guest, effects)
        report = guest_report.report(result, options, text=edit.shows)
        if not options.verify:
            self._complete(report, result, options)
        return report

    def _complete(self, report: GuestReport, result: EditResult, options: ApplyOptions) -> None:
        """Add what there is to say and to do."""
        source, edit = result.source, self.edit
        report.notes += [note for part in result.parts for note in part.notes]
        report.warnings += [warning for part in result.parts for warning in part.warnings]
        if options.anything:
            self._plan_steps(report, result, options)
            if self._checker is not None and report.plans and result.diff:
                before, after = source.stored.guest.root, result.guest.root
                report.warnings += self._checker.check(after, before) or self._checker.check_clashes(after, before)
                report.warnings += schema_check.check_images(after, before)
            report.edited = result if edit.asks and edit.alone else None
        elif source.info is None:
            report.unmade = tuple(outcome.list_missing_volumes(result))
            if self._host is None and edit.schema and result.diff:
                report.warnings += schema_check.check_change(result.guest.root, source.stored.guest.root)

    def _plan_steps(self, report: GuestReport, result: EditResult, options: ApplyOptions) -> None:
        store = None
        report.stores = edit_plan.is_stored(result, options)
        if report.stores:
            goal = edit_plan.choose_target(result, self.host)
            journal = self._note(
                report, Entry(goal.name, goal.uuid, goal.before or None, result.text, result.autostart, result.modes)
            )
            store = StoreDefinition(goal, report.place, journal)
        elif report.turns or report.sets_modes:
            before = result.source.stored.text if report.info is not None and report.info.persistent else None
            self._note(report, Entry(report.name, report.uuid, before, None, result.autostart, result.modes))
        first, last = edit_plan.plan_steps(result, options, store)
        report.first, report.last = tuple(first), tuple(last)

    def _note(self, report: GuestReport, entry: Entry) -> Journal:
        with self._lock:
            if self.journal is None:
                self.journal = self._open_journal()
        report.place = self.journal.note(entry)
        return self.journal

    # -- when a guest is another than it was read --------------------------------------------------------

    def _again(self, report: GuestReport, uuid: str, choice: Choice) -> None:
        """Apply the change to the current XML of the guest. Raises Moved if the guest is no longer selected."""
        from virtprov.host.failures import NotThere

        name, before = report.name, report.info
        assert before is not None
        try:
            new = self._guest(uuid, choice, report.wanted)
        except NotThere:
            raise definition.DefinitionChanged(f"'{name}' is no longer defined", hint="it stays undefined") from None
        if new is None:
            raise definition.DefinitionChanged(f"'{name}' has been changed in the meantime and is no longer selected")
        info = new.info
        assert info is not None
        if before.persistent and not info.persistent:
            raise definition.DefinitionChanged(f"'{name}' is no longer defined", hint="it stays undefined")
        if info.name != before.name:
            raise definition.DefinitionChanged(
                f"'{before.name}' has been renamed to '{info.name}' in the meantime", hint="use its new name"
            )
        self._take(report, new)

    def _take(self, report: GuestReport, new: GuestReport) -> None:
        if self.edit.asks and outcome.lines(new.diff) != outcome.lines(report.diff):
            raise definition.DefinitionChanged(
                f"the definition of '{report.name}' has been changed in the meantime, so the change would differ "
                "from the confirmed one",
                hint="run the command again",
            )
        new.notes, new.warnings = [], []  # they were said of the first plan
        if new.info is not None:
            new.notes.append(
                f"'{report.name}' has been changed in the meantime; the change is applied to its current definition"
            )
        self.strike([report])
        report.take(new)
        if self.journal is not None:
            self.journal.sync()
        if self.kept is not None and report.plans:
            self.kept.rewrite(report.name, self.old_text(report))

    def strike(self, reports: list[GuestReport]) -> None:
        """Record that changes of guests are not made, or already undone."""
        for report in reports:
            if self.journal is not None and report.place >= 0:
                self.journal.strike(report.place)
                report.place = -1

    # -- what was there ----------------------------------------------------------------------------------

    def keep_old(self, reports: list[GuestReport]) -> None:
        """Save the old definitions of the guests to their files, before anything changes."""
        if self.kept is None:
            return
        self.kept.make_ready([report.name for report in reports])
        for report in reports:
            self.kept.write(report.name, self.old_text(report))

    def old_text(self, report: GuestReport) -> str:
        """Return the definition that a guest had when it was read."""
        if self.journal is not None and report.place >= 0:
            before = self.journal.entry(report.place).before
            if before is not None:
                return before
        key = report.info.uuid if report.info is not None else report.uuid
        return self.host.guests.xml(key, inactive=True, secure=True)


def _refuse_renamed(result: EditResult, info: GuestInfo) -> None:
    """Raise UsageError when one of several guests would get another name or UUID."""
    if (result.guest.name, result.guest.uuid) != (info.name, info.uuid):
        raise UsageError(
            f"guest '{info.name}' cannot get a new name or UUID together with other guests",
            hint="name only this guest, and give it both a new name and a new UUID to create another guest",
        )
