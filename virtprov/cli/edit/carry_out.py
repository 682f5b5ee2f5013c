"""virtprov-xml: carry out an edit of one guest, many guests or a file, and report it."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod

from virtprov.cli import compat
from virtprov.cli.edit import many_report, old_sentences, report
from virtprov.cli.printing.output import Output, confirm
from virtprov.library.editing import UNKEPT, Editing, to_choice
from virtprov.support.errors import HostError, ProvError
from virtprov.support.notation.pattern import is_pattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.edit.changing.changes import EditRequest
    from virtprov.actions.edit.changing.outcome import ApplyOptions
    from virtprov.actions.edit.guest_report import Failed, GuestReport
    from virtprov.cli.edit.flags import Flags
    from virtprov.host.connection import Host

ENOUGH = 10
"""After this many guests that cannot be changed, the remaining ones are not checked, unless failures are skipped."""


def run(flags: Flags, changes: tuple[EditRequest, ...], host: Host | None, output: Output) -> int:
    """Carry out an edit; returns the exit status. Raises ProvError."""
    if host is not None and _many(flags, host):
        return _Many(flags, changes, host, output).run()
    return _One(flags, changes, host, output).run()


def _many(flags: Flags, host: Host) -> bool:
    """Return whether several guests can be selected: the output then has another form, whatever their number."""
    return flags.chooses or (is_pattern(flags.guest or "") and host.guests.find(flags.guest or "") is None)


def apply_options(flags: Flags, *, document: bool) -> ApplyOptions:
    """Return what to do with an edit; a `document` that is not a guest of the host is only stored on request."""
    from virtprov.actions.edit.changing.outcome import ApplyOptions

    update, lenient = bool(flags.plane), flags.plane == "both"
    if flags.verify:
        return ApplyOptions(define=flags.plane != "live", update=update, lenient=lenient, verify=True)
    define = flags.define or not (document or flags.prints or flags.no_define or flags.plane == "live")
    return ApplyOptions(define, update, flags.start, lenient)


class _Run(ABC):
    """The steps of every edit: plan, show, confirm, carry out, report."""

    many = False

    @abstractmethod
    def plan(self) -> None:
        """Plan the selected guests, and show what would change."""

    @abstractmethod
    def ask_user(self) -> bool:
        """Return whether the user agrees to the plan, completely or in part."""

    @abstractmethod
    def report(self) -> int:
        """Report what was done; returns the exit status."""

    def __init__(self, flags: Flags, changes: tuple[EditRequest, ...], host: Host | None, output: Output) -> None:
        from virtprov.actions.edit.editor import Edit

        self.flags = flags
        self.host = host
        self.output = output
        self.document = not self.many and flags.guest is None
        self.wanted = apply_options(flags, document=self.document)
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
        """Make all plans, then carry them out; the journal is deleted if nothing is recorded."""
        try:
            self.plan()
            if not self.wanted.verify:
                report.tell_effects({each.name: each.effects for each in self.reports}, self.output)
            if self.wanted.anything and not self.wanted.verify and self.ask_user():
                self._do()
        finally:
            self.work.close()
        return self.report()

    def todo(self) -> list[GuestReport]:
        """Return the guests to which something is done."""
        return [each for each in self.reports if each.plans]

    def _do(self) -> None:
        from virtprov.actions.edit.apply import Aborted

        try:
            late = self.work.do(self.todo())
        except Aborted as error:
            many_report.tell(self.reports, self.output, alone=not self.many)
            raise (many_report.aborted_error(error) if self.many else error.cause) from error
        self.done = True
        gone = {name for name, _ in late}
        self.failed += late
        self.reports = [each for each in self.reports if each.name not in gone]
        many_report.tell(self.reports, self.output, alone=not self.many)


class _One(_Run):
    """A single guest, or XML that does not come from the host."""

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
                self.output.diff(report.difference(planned))
            return
        self.output.warn_each(report.off(planned, self.flags, self.wanted))
        if not planned.changed:
            self.output.warn("no change: the guest is already configured like this")
        if self.flags.print_diff:
            if planned.changed:
                self.output.diff(report.difference(planned))
        elif self.flags.print_xml or planned.info is None:
            self.output.document(planned.text)
        for path in planned.unmade:
            self.output.warn(
                f"the XML refers to the new disk {path}, which is not created: use --connect URI --define to create it"
            )
        many_report.tell(self.reports, self.output, alone=not self.many)

    def ask_user(self) -> bool:
        (planned,) = self.reports
        if self.flags.asks:
            if not self.flags.prints:
                report.show(report.difference(planned), self.output)
            agreed = _ask_each(planned)
            if agreed != planned.wanted:
                self.work.editor.narrow(planned, agreed)
        return planned.wanted.anything

    def report(self) -> int:
        (planned,) = self.reports
        if self.wanted.verify:
            self.output.object("edit", report.facts(planned, self.edit, done=False))
            return report.DIFFERS if planned.changed else 0
        if self.done:
            for password in planned.passwords:
                self.output.password(f"Password for root's first login: {password}")
        if not planned.kept:
            self.output.warn(UNKEPT)
        closing = self._closing(planned)
        printed = self.flags.prints or planned.info is None
        for line in closing:
            (self.output.say if printed else self.output.summary)(line)
        if not closing and self.flags.asks and planned.changed:
            self.output.say("Nothing has been changed.")
        elif not closing and not printed and not planned.wanted.anything:
            self.output.say(_NOWHERE)
        self.output.object("edit", report.facts(planned, self.edit, done=self.done))
        return 0

    def _closing(self, planned: GuestReport) -> list[str]:
        """Return the last lines."""
        if compat.held.old_sentences:
            actions = [change.action for change in self.edit.changes]
            return old_sentences.of(planned, actions, done=self.done)
        sentences = report.sentences(planned) if self.done else []
        return [" ".join(sentences)] if sentences else []


_NOWHERE = "Nothing has been changed: the change was not stored, printed or made in the running guest."


def _ask_each(planned: GuestReport) -> ApplyOptions:
    """Ask before each change; returns what remains of the edit."""
    wanted, name = planned.wanted, planned.name
    if planned.updates and not confirm(f"Change the running guest '{name}'?"):
        wanted = wanted._replace(update=False)
    if wanted.define and not confirm(f"Store the change to '{name}'?"):
        return wanted._replace(define=False, start=False)
    if wanted.start and not wanted.define and not confirm(f"Start '{name}' with the change, for this run only?"):
        wanted = wanted._replace(start=False)
    return wanted


class _Many(_Run):
    """Guests selected by a pattern, several names, or flags."""

    many = True

    def plan(self) -> None:
        from virtprov.actions.edit import choice

        chosen = to_choice(self.flags.guests, self.flags.where, self.flags.state)
        assert self.host is not None
        names = choice.names(chosen, self.host)
        with self.output.context(self.host).progress.task(f"Looking at {len(names)} guests"):
            for name, answer in self.work.editor.all(names, chosen, self.work.jobs):
                if isinstance(answer, ProvError):
                    self.failed.append((name, answer))
                    if len(self.failed) == ENOUGH and not self.flags.keep_going:
                        break
                elif answer is not None:
                    self._show(answer)
                    self.reports.append(answer)
        if not self.reports and not self.failed:
            raise HostError(f"no guest of {self.host.uri} matches {many_report.words(self.flags)}", hint=_HINT)
        if self.failed and not self.flags.keep_going:
            doing = self.wanted.anything and not self.wanted.verify
            looked = len(self.reports) + len(self.failed)
            rest = len(names) - names.index(self.failed[-1][0]) - 1 if len(self.failed) == ENOUGH else 0
            raise many_report.together(self.failed, looked, doing=doing, unseen=rest)
        many_report.tell(self.reports, self.output, alone=not self.many)

    def _show(self, planned: GuestReport) -> None:
        """Print the output for a guest as soon as it is planned."""
        planned.warnings += report.off(planned, self.flags, self.wanted)
        difference = report.difference(planned, named=True)
        if self.flags.print_diff or self.flags.verify:
            if difference:
                self.output.diff(difference)
        elif self.flags.print_xml:
            self.output.document(planned.text)
        elif self.flags.asks and difference:
            report.show(difference, self.output)
        if not self.output.json:
            planned.text = ""

    def ask_user(self) -> bool:
        todo = self.todo()
        if not self.flags.asks or not todo:
            return True
        sys.stdout.flush()
        return confirm(f"Change {many_report.count(len(todo))}?")

    def report(self) -> int:
        output, reports = self.output, self.reports
        unkept = ((each.name, UNKEPT) for each in reports if not each.kept)
        output.warn_each(many_report.group_equal(unkept))
        for sentence in many_report.group_equal((name, error.message) for name, error in self.failed):
            many_report.fail(sentence)
        for name, word in [(each.name, word) for each in reports if self.done for word in each.passwords]:
            output.password(f"{name}: password for root's first login: {word}")
        line = many_report.summary(reports, self.failed, verify=self.wanted.verify, done=self.done)
        (output.say if self.flags.prints else output.summary)(line)
        output.object("edit-many", many_report.facts(reports, self.failed, self.edit, done=self.done))
        if self.failed:
            return 1
        return report.DIFFERS if self.wanted.verify and any(each.changed for each in reports) else 0


_HINT = "`virsh list --all` lists the guests and their states"
