"""virtprov-xml: one edit, of one guest, of many or of a document, from the flags to what is said of it."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod

from virtprov.cli.edit import many_report, report
from virtprov.cli.output import Output, confirm
from virtprov.library.editing import UNKEPT, Editing, to_choice
from virtprov.support.errors import HostError, ProvError
from virtprov.support.pattern import is_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.edit.changes import EditRequest
    from virtprov.actions.edit.guest_report import Failed, GuestReport
    from virtprov.actions.edit.outcome import Wanted
    from virtprov.cli.edit.flags import Flags
    from virtprov.host.connection import Host

ENOUGH = 10
"""After so many guests that cannot be changed no more are looked at, unless they are left out anyway."""


def run(flags: Flags, changes: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    """Edit what is meant; returns the exit status. Raises ProvError."""
    if host is not None and _many(flags, host):
        return _Many(flags, changes, host, output).run()
    return _One(flags, changes, host, output).run()


def _many(flags: Flags, host: Host) -> bool:
    """Whether several guests may be meant: the answer has another form then, however many they are."""
    return flags.chooses or (is_pattern(flags.guest or "") and host.guests.find(flags.guest or "") is None)


def wanted(flags: Flags, *, document: bool) -> Wanted:
    """What the flags want to become of an edit; a `document` of no guest is stored only when that is asked for."""
    from virtprov.actions.edit.outcome import Wanted

    update, lenient = bool(flags.plane), flags.plane == "both"
    if flags.verify:
        return Wanted(define=flags.plane != "live", update=update, lenient=lenient, verify=True)
    define = flags.define or not (document or flags.prints or flags.no_define or flags.plane == "live")
    return Wanted(define, update, flags.start, lenient)


class _Run(ABC):
    """The way that every edit goes: plan, show, ask, do, report."""

    many = False

    @abstractmethod
    def plan(self) -> None:
        """Plan the guests that are meant, and show what would change."""

    @abstractmethod
    def agreed(self) -> bool:
        """Whether the user agrees to what is planned, in whole or in part."""

    @abstractmethod
    def report(self) -> int:
        """Say what was done; returns the exit status."""

    def __init__(self, flags: Flags, changes: tuple[EditRequest, ...], host: Host | None, output: Output) -> None:
        from virtprov.actions.edit.run import Edit

        self.flags = flags
        self.host = host
        self.output = output
        self.document = not self.many and flags.guest is None
        self.wanted = wanted(flags, document=self.document)
        self.edit = Edit(
            changes,
            self.wanted,
            flags.autostart,
            flags.schema,
            alone=not self.many,
            shows=flags.print_xml or self.document,
            asks=flags.asks,
        )
        self.work = Editing(
            host,
            self.edit,
            output,
            uri=flags.connect,
            keep_old=flags.keep_old,
            keep_going=flags.keep_going,
            jobs=flags.jobs,
        )
        self.reports: list[GuestReport] = []
        self.failed: list[Failed] = []
        self.done = False

    def run(self) -> int:
        """Plan all, then do all; the journal goes when nothing is left of it."""
        try:
            self.plan()
            if not self.wanted.verify:
                report.tell_effects({each.name: each.effects for each in self.reports}, self.output)
            if self.wanted.anything and not self.wanted.verify and self.agreed():
                self._do()
        finally:
            self.work.close()
        return self.report()

    def todo(self) -> list[GuestReport]:
        """The guests that something is done to."""
        return [each for each in self.reports if each.plans]

    def _do(self) -> None:
        from virtprov.actions.edit.apply import Aborted

        try:
            late = self.work.do(self.todo())
        except Aborted as error:
            many_report.tell(self.reports, self.output, alone=not self.many)
            raise (many_report.aborted(error) if self.many else error.cause) from error
        self.done = True
        gone = {name for name, _ in late}
        self.failed += late
        self.reports = [each for each in self.reports if each.name not in gone]
        many_report.tell(self.reports, self.output, alone=not self.many)


class _One(_Run):
    """A guest that is named, or a document that came from elsewhere."""

    def plan(self) -> None:
        guest = self.flags.guest
        if guest is not None:
            planned = self.work.editor.guest(guest)
            assert planned is not None  # every state and every document is meant
        else:
            planned = self.work.editor.document(report.document(self.flags.file))
        self.reports = [planned]
        if self.wanted.verify:
            if planned.changed:
                self.output.result(report.difference(planned))
            return
        self.output.warn_each(report.off(planned, self.flags, self.wanted))
        if not planned.changed:
            self.output.warn("nothing changes: the guest says so already")
        if self.flags.print_diff:
            if planned.changed:
                self.output.result(report.difference(planned))
        elif self.flags.print_xml or planned.info is None:
            self.output.document(planned.text)
        for path in planned.unmade:
            self.output.warn(f"the XML names the new disk {path}, but nothing makes it: give --connect URI --define")
        many_report.tell(self.reports, self.output, alone=not self.many)

    def agreed(self) -> bool:
        (planned,) = self.reports
        if self.flags.asks:
            if not self.flags.prints:
                report.show(report.difference(planned), self.output)
            agreed = _agreed(planned)
            if agreed != planned.wanted:
                self.work.editor.narrow(planned, agreed)
        return planned.wanted.anything

    def report(self) -> int:
        (planned,) = self.reports
        if self.wanted.verify:
            self.output.object(report.facts(planned, self.edit, done=False))
            return report.DIFFERS if planned.changed else 0
        if self.done:
            for password in planned.passwords:
                self.output.password(f"Password for root's first login: {password}")
        if not planned.kept:
            self.output.warn(UNKEPT)
        sentences = report.sentences(planned) if self.done else []
        printed = self.flags.prints or planned.info is None
        if sentences:
            (self.output.say if printed else self.output.summary)(" ".join(sentences))
        elif self.flags.asks and planned.changed:
            self.output.say("Nothing is changed.")
        elif not printed and not planned.wanted.anything:
            self.output.say(_NOWHERE)
        self.output.object(report.facts(planned, self.edit, done=self.done))
        return 0


_NOWHERE = "Nothing is changed: the change is neither stored, nor made in the running guest, nor printed."


def _agreed(planned: GuestReport) -> Wanted:
    """Ask before each thing that would be done; returns what is left of it."""
    wanted, name = planned.wanted, planned.name
    if planned.updates and not confirm(f"Change the running guest '{name}'?"):
        wanted = wanted._replace(update=False)
    if wanted.define and not confirm(f"Store the change of '{name}'?"):
        return wanted._replace(define=False, start=False)
    if wanted.start and not wanted.define and not confirm(f"Start '{name}' with the change, for this one run?"):
        wanted = wanted._replace(start=False)
    return wanted


class _Many(_Run):
    """Guests that a pattern, several names, or flags choose."""

    many = True

    def plan(self) -> None:
        from virtprov.actions.edit import choice

        chosen = to_choice(self.flags.guests, self.flags.where, self.flags.state)
        assert self.host is not None
        names = choice.names(chosen, self.host)
        with self.output.world(self.host).progress.task(f"Looking at {len(names)} guests"):
            for name, answer in self.work.editor.all(names, chosen, self.work.jobs):
                if isinstance(answer, ProvError):
                    self.failed.append((name, answer))
                    if len(self.failed) == ENOUGH and not self.flags.keep_going:
                        break
                elif answer is not None:
                    self._show(answer)
                    self.reports.append(answer)
        if not self.reports and not self.failed:
            raise HostError(f"no guest of {self.host.uri} fits {many_report.words(self.flags)}", hint=_HINT)
        if self.failed and not self.flags.keep_going:
            doing = self.wanted.anything and not self.wanted.verify
            looked = len(self.reports) + len(self.failed)
            rest = len(names) - names.index(self.failed[-1][0]) - 1 if len(self.failed) == ENOUGH else 0
            raise many_report.together(self.failed, looked, doing=doing, unseen=rest)
        many_report.tell(self.reports, self.output, alone=not self.many)

    def _show(self, planned: GuestReport) -> None:
        """What is printed of a guest as soon as it is known."""
        planned.warnings += report.off(planned, self.flags, self.wanted)
        difference = report.difference(planned, named=True)
        if self.flags.print_diff or self.flags.verify:
            if difference:
                self.output.result(difference)
        elif self.flags.print_xml:
            self.output.document(planned.text)
        elif self.flags.asks and difference:
            report.show(difference, self.output)
        if not self.output.json:
            planned.text = ""

    def agreed(self) -> bool:
        todo = self.todo()
        if not self.flags.asks or not todo:
            return True
        sys.stdout.flush()
        return confirm(f"Change {many_report.count(len(todo))}?")

    def report(self) -> int:
        output, reports = self.output, self.reports
        unkept = ((each.name, UNKEPT) for each in reports if not each.kept)
        output.warn_each(many_report.grouped(unkept))
        for sentence in many_report.grouped((name, error.message) for name, error in self.failed):
            many_report.fail(sentence)
        for name, word in [(each.name, word) for each in reports if self.done for word in each.passwords]:
            output.password(f"{name}: password for root's first login: {word}")
        line = many_report.summary(reports, self.failed, verify=self.wanted.verify, done=self.done)
        (output.say if self.flags.prints else output.summary)(line)
        output.object(many_report.facts(reports, self.failed, self.edit, done=self.done))
        if self.failed:
            return 1
        return report.DIFFERS if self.wanted.verify and any(each.changed for each in reports) else 0


_HINT = "`virsh list --all` lists the guests and their states"
