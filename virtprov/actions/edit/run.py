"""One edit, of one guest or of many: read, change, check, journal, store, verify. One guest is a fleet of one.

`Editor` plans: it reads each guest, changes its document, holds it against the schema and notes in the journal what it
had and is to get. Nothing on the host changes until all plans stand. `apply.Work` then does what is planned. Documents
are not kept meanwhile: they wait in the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from virtprov.actions import schema_check
from virtprov.actions.edit import guest_report, outcome, plan, verify
from virtprov.actions.edit.changes import EJECT, EditRequest
from virtprov.actions.edit.choice import Choice
from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.edit.journal import Entry, Journal
from virtprov.actions.edit.outcome import Edited, Wanted
from virtprov.actions.edit.source import Source, from_definition, no_guest
from virtprov.actions.edit.store import Store
from virtprov.actions.run import definition
from virtprov.actions.run.workers import in_order
from virtprov.support.errors import UsageError
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from virtprov.actions.edit.keep_old import KeptFiles
    from virtprov.host.connection import Host
    from virtprov.host.info import GuestInfo
    from virtprov.support.errors import ProvError


class Edit(Record):
    """What guests are to be like, and what is to become of the change.

    `autostart` is what is wanted of it, None for nothing. `schema` says whether documents are held against libvirt's
    schema. `alone`: one guest is named, which may become a further one under another name and UUID. `shows` says
    whether changed documents are to be printed. `asks` says whether the user agrees to the difference first.
    """

    changes: tuple[EditRequest, ...]
    wanted: Wanted
    autostart: bool | None = None
    schema: bool = True
    alone: bool = False
    shows: bool = False
    asks: bool = False


class Editor:
    """Plans the guests of one edit. The schema is read once. Threads may share it.

    `open_journal` is called when the first change has to be noted. `kept` is where old definitions are written, None
    for nowhere.
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
        wanted = edit.wanted
        checks = host is not None and edit.schema and wanted.anything and not wanted.verify
        self._checker = schema_check.Checker(self.host) if checks else None

    @property
    def host(self) -> Host:
        """The host, for what cannot be done without one."""
        assert self._host is not None
        return self._host

    # -- planning ----------------------------------------------------------------------------------------

    def all(
        self, names: list[str], choice: Choice, jobs: int = 1
    ) -> Iterator[tuple[str, GuestReport | ProvError | None]]:
        """Plan each guest, `jobs` at a time; the answers come in order.

        None for a guest that is not meant, an error for one that cannot be changed.
        """
        return in_order(lambda name: self.guest(name, choice), names, jobs)

    def guest(self, key: str, choice: Choice = Choice(), wanted: Wanted | None = None) -> GuestReport | None:  # noqa: B008
        """Plan one guest by name, id or UUID; None when its state or its document says that it is not meant.

        `wanted` is what is to become of the edit, if it is another thing than for all. Raises ProvError when the
        guest cannot be changed.
        """
        from virtprov.host.failures import NotThere

        try:
            return self._guest(key, choice, wanted or self.edit.wanted)
        except NotThere:
            raise no_guest(self.host, key, self.host.guests.names()) from None

    def _guest(self, key: str, choice: Choice, wanted: Wanted) -> GuestReport | None:
        source = self._read(key, choice)
        if source is None:
            return None
        assert source.info is not None
        report, uuid = self._plan(source, wanted), source.info.uuid
        report.again = lambda: self._again(report, uuid, choice)
        return report

    def document(self, source: Source) -> GuestReport:
        """Plan a document that came from elsewhere. Raises ProvError when it cannot be changed."""
        report = self._plan(source, self.edit.wanted)
        report.again = lambda: self._take(report, self._plan(source, report.wanted))
        return report

    def narrow(self, report: GuestReport, wanted: Wanted) -> None:
        """Plan a guest anew when only a part of the edit is wanted after all."""
        self.strike([report])
        report.drop(wanted)
        if wanted.anything and report.edited is not None:
            self._plan_steps(report, report.edited, wanted)

    def _read(self, key: str, choice: Choice) -> Source | None:
        # The running guest's document is read only where it matters: it is another call, and another tree.
        both = self.edit.wanted.update or any(change.action == EJECT for change in self.edit.changes)
        found = self.host.guests.definition(key, states=choice.states, running=both)
        if found is None:
            return None
        start = self.host.guests.autostart(key) if self.edit.autostart is not None else None
        source = from_definition(found, start)
        return source if choice.holds is None or choice.holds(source.stored.guest.root) else None

    def _plan(self, source: Source, wanted: Wanted) -> GuestReport:
        info, edit = source.info, self.edit
        wanted = wanted._replace(update=wanted.update and info is not None and info.active)
        make = verify.make if wanted.verify else outcome.make
        made = make(edit.changes, source, wanted, self._host, edit.autostart)
        if not edit.alone and info is not None:
            _refuse_renamed(made, info)
        report = guest_report.report(made, wanted, text=edit.shows)
        if not wanted.verify:
            self._complete(report, made, wanted)
        return report

    def _complete(self, report: GuestReport, made: Edited, wanted: Wanted) -> None:
        """Add what there is to say and to do."""
        source, edit = made.source, self.edit
        report.notes += [note for part in made.parts for note in part.notes]
        report.warnings += [warning for part in made.parts for warning in part.warnings]
        if wanted.anything:
            self._plan_steps(report, made, wanted)
            if self._checker is not None and report.plans and made.diff:
                report.warnings += self._checker.check(made.guest.root, source.stored.guest.root)
            report.edited = made if edit.asks and edit.alone else None
        elif source.info is None:
            report.unmade = tuple(outcome.unmade(made))

    def _plan_steps(self, report: GuestReport, made: Edited, wanted: Wanted) -> None:
        store = None
        report.stores = plan.stores(made, wanted)
        if report.stores:
            goal = plan.target(made, self.host)
            journal = self._note(report, Entry(goal.name, goal.uuid, goal.before or None, made.text, made.autostart))
            store = Store(goal, report.place, journal)
        elif report.turns:
            before = made.source.stored.text if report.info is not None and report.info.persistent else None
            self._note(report, Entry(report.name, report.uuid, before, None, made.autostart))
        first, last = plan.steps(made, wanted, store)
        report.first, report.last = tuple(first), tuple(last)

    def _note(self, report: GuestReport, entry: Entry) -> Journal:
        with self._lock:
            if self.journal is None:
                self.journal = self._open_journal()
        report.place = self.journal.note(entry)
        return self.journal

    # -- when a guest is another than it was read --------------------------------------------------------

    def _again(self, report: GuestReport, uuid: str, choice: Choice) -> None:
        """Make the change in the document that the guest has now. Raises Moved for one that the change is not for."""
        from virtprov.host.failures import NotThere

        name, before = report.name, report.info
        assert before is not None
        try:
            new = self._guest(uuid, choice, report.wanted)
        except NotThere:
            raise definition.Moved(f"'{name}' is not defined any more", hint="it stays undefined") from None
        if new is None:
            raise definition.Moved(f"'{name}' was changed meanwhile, and is no longer one of the guests that are meant")
        info = new.info
        assert info is not None
        if before.persistent and not info.persistent:
            raise definition.Moved(f"'{name}' is not defined any more", hint="it stays undefined")
        if info.name != before.name:
            raise definition.Moved(f"'{before.name}' was renamed to '{info.name}' meanwhile", hint="use its new name")
        self._take(report, new)

    def _take(self, report: GuestReport, new: GuestReport) -> None:
        if self.edit.asks and outcome.lines(new.diff) != outcome.lines(report.diff):
            raise definition.Moved(
                f"the definition of '{report.name}' was changed meanwhile, and another change would be made in it than"
                " the one that was agreed to",
                hint="run the command again",
            )
        new.notes, new.warnings = [], []  # they were said of the first plan
        if new.info is not None:
            new.notes.append(
                f"'{report.name}' was changed meanwhile: the change is made in the definition that it has now"
            )
        self.strike([report])
        report.take(new)
        if self.journal is not None:
            self.journal.sync()
        if self.kept is not None and report.plans:
            self.kept.rewrite(report.name, self.old_text(report))

    def strike(self, reports: list[GuestReport]) -> None:
        """What was noted of guests is not done, or is undone already."""
        for report in reports:
            if self.journal is not None and report.place >= 0:
                self.journal.strike(report.place)
                report.place = -1

    # -- what was there ----------------------------------------------------------------------------------

    def keep_old(self, reports: list[GuestReport]) -> None:
        """Write the definitions that guests have to the files for them, before anything changes."""
        if self.kept is None:
            return
        self.kept.make_ready([report.name for report in reports])
        for report in reports:
            self.kept.write(report.name, self.old_text(report))

    def old_text(self, report: GuestReport) -> str:
        """The definition that a guest had when it was read."""
        if self.journal is not None and report.place >= 0:
            before = self.journal.entry(report.place).before
            if before is not None:
                return before
        key = report.info.uuid if report.info is not None else report.uuid
        return self.host.guests.xml(key, inactive=True, secure=True)


def _refuse_renamed(made: Edited, info: GuestInfo) -> None:
    """Raise UsageError when one of several guests would get another name or UUID."""
    if (made.guest.name, made.guest.uuid) != (info.name, info.uuid):
        raise UsageError(
            f"the guest '{info.name}' cannot get another name or UUID along with others",
            hint="name one guest alone, with both of them new, to make a further guest of it",
        )
