"""virtprov-xml --undo: what the last run did to definitions is put back."""

from __future__ import annotations

import sys

from virtprov.cli.edit import fleet_report
from virtprov.cli.output import Output, confirm
from virtprov.support.errors import ProvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from virtprov.actions.edit.fleet import Failed, Planned
    from virtprov.actions.edit.journal import History, Past
    from virtprov.host.connection import Host


def run(args: Namespace, output: Output) -> int:
    """Undo the last run on the host that is named, or the last one of all; returns the exit status."""
    from virtprov.actions.edit import undo
    from virtprov.host.connection import connect

    if args.connect:
        with connect(args.connect) as host:
            return _Undo(args, host, output, *undo.last(host.uri, args.guests)).run()
    history, meant = undo.last(None, args.guests)
    with connect(history.run.asked) as host:
        return _Undo(args, host, output, history, meant).run()


class _Undo:
    """One run that is taken back."""

    def __init__(self, args: Namespace, host: Host, output: Output, history: History, meant: list[Past]) -> None:
        from virtprov.actions.edit.undo import when

        self.args = args
        self.host = host
        self.output = output
        self.history = history
        self.meant = meant
        self.when = when(history.run)
        self.jobs = fleet_report.jobs(args.jobs, host)
        self.planned: list[Planned] = []
        self.failed: list[Failed] = []

    def run(self) -> int:
        """Look at all guests, then put all back."""
        try:
            self._plan()
            if self.args.print_diff:
                return self._report(done=False)
            todo = [each for each in self.planned if each.first]
            if todo and self.args.confirm:
                sys.stdout.flush()
                if not confirm(f"Put back {fleet_report.count(len(todo))}?"):
                    self.output.say("Nothing is changed.")
                    return self._report(done=False, silent=True)
            self._do(todo)
            return self._report(done=True)
        finally:
            self.history.close()

    def _plan(self) -> None:
        from virtprov.actions.edit import undo

        shown = self.args.print_diff or self.args.confirm
        for past, answer in undo.plan(self.host, self.history, self.meant, self.jobs):
            if isinstance(answer, ProvError):
                self.failed.append((past.name, answer))
                continue
            if shown and answer.described.diff:
                to_people = sys.stderr if self.output.json else sys.stdout
                (to_people.write if self.args.confirm else self.output.result)(answer.described.diff)
            self.planned.append(answer)
        self._warn()
        if self.failed and not self.args.keep_going:
            total = len(self.planned) + len(self.failed)
            raise fleet_report.together(self.failed, total, doing=not self.args.print_diff, undoing=True)

    def _do(self, todo: list[Planned]) -> None:
        from virtprov.actions.edit.fleet import Aborted, Work
        from virtprov.actions.edit.undo import Moved

        work = Work(self.output.world(self.host), keep_going=self.args.keep_going, jobs=self.jobs)
        try:
            late = work.all(todo)
        except Aborted as error:
            raise fleet_report.aborted(error) from error
        gone = {name for name, _ in late}
        self.failed += late
        self.planned = [each for each in self.planned if each.name not in gone]
        self._warn()
        again = {name for name, error in self.failed if not isinstance(error, Moved)}
        self.history.undone([past.place for past in self.meant if past.name not in again])

    def _warn(self) -> None:
        """What is to be said of guests, each thing once."""
        for sentence in fleet_report.grouped((each.name, text) for each in self.planned for text in each.warnings):
            self.output.warn(sentence)
        for each in self.planned:
            each.warnings = []

    def _report(self, *, done: bool, silent: bool = False) -> int:
        for sentence in fleet_report.grouped((name, error.message) for name, error in self.failed):
            fleet_report.fail(sentence)
        back = [each for each in self.planned if each.described.changed]
        count, same = fleet_report.count(len(back)), len(self.planned) - len(back)
        if not back:
            line = f"Nothing is to be put back: the guests are as they were before the run of {self.when}"
        elif done:
            line = f"{count} put back to before the run of {self.when}"
        else:
            line = f"{count} would be put back to before the run of {self.when}"
        line += f", {same} {'was' if same == 1 else 'were'} so already" if back and same else ""
        line += f", {len(self.failed)} failed." if self.failed else "."
        if not silent:
            (self.output.say if self.args.print_diff else self.output.summary)(line)
        guests: list[dict[str, object]] = [
            {"name": each.name, "uuid": each.uuid, "changed": each.described.changed, "diff": each.described.diff}
            | {"error": None}
            for each in self.planned
        ]
        guests += [{"name": name, "error": error.message} for name, error in self.failed]
        self.output.object(
            {
                "undone": done,
                "uri": self.host.uri,
                "time": self.when,
                "guests": guests,
                "changed": len(back),
                "unchanged": same,
                "failed": len(self.failed),
            }
        )
        return 1 if self.failed else 0
