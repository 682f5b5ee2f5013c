"""virtprov-xml: one edit of many guests, and what is said of it."""

from __future__ import annotations

import sys

from virtprov.cli.edit import fleet_report, keep_old, report
from virtprov.cli.edit.fleet_report import Told
from virtprov.cli.output import Output, confirm
from virtprov.support.errors import HostError, ProvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.edit.changes import EditRequest
    from virtprov.actions.edit.fleet import Asked, Choice, Failed, Planned
    from virtprov.actions.edit.journal import Journal
    from virtprov.actions.edit.outcome import Edited, Wanted
    from virtprov.host.connection import Host

ENOUGH = 10
"""After so many guests that cannot be changed no more are looked at, unless they are left out anyway."""


def run(args: Namespace, requests: tuple[EditRequest, ...], host: Host, output: Output) -> int:
    """Edit the guests that are meant; returns the exit status."""
    from virtprov.actions.edit import fleet

    choice = _choice(args)
    found = fleet.names(choice, host)
    wanted = report.wanted(args)
    book = None
    if wanted.define and not wanted.verify:
        book = report.journal_for(host, args.connect, output, spill=True)
    start = None if args.autostart is None else args.autostart == "yes"
    flag = report.plane(args)

    def describe(made: Edited, wanted: Wanted) -> Told:
        return fleet_report.told(made, wanted, output, xml=args.print_xml)

    asked = fleet.Asked(requests, wanted, describe, start, not args.no_schema_check, flag)
    return _Fleet(args, asked, host, output, book).run(choice, found)


def _choice(args: Namespace) -> Choice:
    from virtprov.actions.edit.fleet import Choice

    holds = None
    if args.where is not None:
        from virtprov.xml import xpath

        holds = xpath.condition(args.where)
    return Choice(tuple(args.guests), fleet_report.states(args.state), holds)


class _Fleet:
    """One run over many guests."""

    def __init__(self, args: Namespace, asked: Asked, host: Host, output: Output, book: Journal | None) -> None:
        self.args = args
        self.asked = asked
        self.host = host
        self.output = output
        self.book = book
        self.jobs = fleet_report.jobs(args.jobs, host)
        self.planned: list[Planned] = []
        self.failed: list[Failed] = []
        self.done = False

    def run(self, choice: Choice, found: list[str]) -> int:
        """Plan all, then do all; the journal goes when nothing is left of it."""
        clean = True
        try:
            self._plan(choice, found)
            if self.asked.wanted.anything and not self.asked.wanted.verify and self._agreed():
                clean = False
                clean = self._do()
        finally:
            if self.book is not None:
                self.book.settle(clean)
        return self._report()

    def _plan(self, choice: Choice, found: list[str]) -> None:
        from virtprov.actions.edit.fleet import Planner

        planner = Planner(self.host, self.asked, choice, self.book)
        with self.output.world(self.host).progress.task(f"Looking at {len(found)} guests"):
            for name, answer in planner.all(found, self.jobs):
                if isinstance(answer, ProvError):
                    self.failed.append((name, answer))
                    if len(self.failed) == ENOUGH and not self.args.keep_going:
                        break
                elif answer is not None:
                    self._show(answer)
                    self.planned.append(answer)
        if not self.planned and not self.failed:
            raise HostError(f"no guest of {self.host.uri} fits {_words(self.args)}", hint=_HINT)
        if self.failed and not self.args.keep_going:
            doing = self.asked.wanted.anything and not self.asked.wanted.verify
            looked = len(self.planned) + len(self.failed)
            rest = len(found) - found.index(self.failed[-1][0]) - 1 if len(self.failed) == ENOUGH else 0
            raise fleet_report.together(self.failed, looked, doing=doing, unseen=rest)
        self._tell()
        if not self.asked.wanted.verify:
            rows = {each.name: told.rows for each in self.planned if (told := _told(each)).rows}
            report.tell_effects(rows, self.output)

    def _show(self, planned: Planned) -> None:
        """What is printed of a guest as soon as it is known."""
        told = _told(planned)
        if self.args.print_diff or self.args.verify:
            if told.diff:
                self.output.result(told.diff)
        elif self.args.print_xml:
            self.output.document(told.text)
            told.text = ""
        elif self.args.confirm and told.diff:
            (sys.stderr if self.output.json else sys.stdout).write(told.diff)

    def _tell(self) -> None:
        """What the plans, or the steps, had to say, each thing once."""
        for sentence in fleet_report.grouped((each.name, note) for each in self.planned for note in each.notes):
            self.output.say(sentence)
        for sentence in fleet_report.grouped((each.name, text) for each in self.planned for text in each.warnings):
            self.output.warn(sentence)
        for each in self.planned:
            each.notes, each.warnings = [], []

    def _todo(self) -> list[Planned]:
        return [each for each in self.planned if each.first or each.last]

    def _agreed(self) -> bool:
        todo = self._todo()
        if not self.args.confirm or not todo:
            return True
        sys.stdout.flush()
        return confirm(f"Change {fleet_report.count(len(todo))}?")

    def _do(self) -> bool:
        """Change them; returns whether there is nothing that --undo could put back."""
        from virtprov.actions.edit.fleet import Aborted, Work

        todo = self._todo()
        if self.args.keep_old is not None:
            self._keep_old(todo)
        if self.book is not None:
            self.book.sync()
        world = self.output.world(self.host)
        report.tell_left([step for each in todo for step in each.first], world, self.output)
        work = Work(world, keep_going=self.args.keep_going, jobs=self.jobs)
        try:
            late = work.all(todo)
        except Aborted as error:
            self._tell()
            if error.clean and self.book is not None:
                self.book.blank()
            raise fleet_report.aborted(error) from error
        except BaseException:
            if work.clean and self.book is not None:
                self.book.blank()
            raise
        self.done = True
        gone = {name for name, _ in late}
        self.failed += late
        self.planned = [each for each in self.planned if each.name not in gone]
        self._tell()
        return not any(each.place >= 0 or each.noted for each in self.planned)

    def _keep_old(self, todo: list[Planned]) -> None:
        path = self.args.keep_old
        keep_old.folder(path, [each.name for each in todo])
        for each in todo:
            before = self.book.entry(each.place).before if self.book is not None and each.place >= 0 else None
            if before is None:
                before = self.host.guest_xml(each.name, inactive=True, secure=True)
            keep_old.write(keep_old.place(path, each.name), before)

    def _report(self) -> int:
        """The closing line, or the object; returns the exit status."""
        output, wanted = self.output, self.asked.wanted
        unkept = ((each.name, fleet_report.UNKEPT) for each in self.planned if self.done and not each.kept)
        for sentence in fleet_report.grouped(unkept):
            output.warn(sentence)
        for sentence in fleet_report.grouped(((name, error.message) for name, error in self.failed)):
            fleet_report.fail(sentence)
        passwords = [(each.name, word) for each in self.planned for word in _told(each).passwords if self.done]
        for name, word in passwords:
            output.password(f"{name}: password for root's first login: {word}")
        printed = self.args.print_diff or self.args.print_xml
        line = fleet_report.summary(self.planned, self.failed, wanted, done=self.done)
        (output.say if printed else output.summary)(line)
        output.object(fleet_report.facts(self.planned, self.failed, done=self.done))
        if self.failed:
            return 1
        differs = wanted.verify and any(_told(each).changed for each in self.planned)
        return report.DIFFERS if differs else 0


_HINT = "`virsh list --all` lists the guests and their states"


def _told(planned: Planned) -> Told:
    told: Told = planned.described
    return told


def _words(args: Namespace) -> str:
    """The part of the command line that chooses guests."""
    said = ["--all"] if args.all else list(args.guests)
    said += [f"--{name} {value}" for name in ("where", "state") if (value := getattr(args, name)) is not None]
    return " ".join(said)
