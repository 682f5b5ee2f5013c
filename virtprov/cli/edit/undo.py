"""virtprov-xml --undo: undo the changes that the last run made to definitions."""

from __future__ import annotations

import sys

from virtprov.cli.edit import many_report, report
from virtprov.cli.printing.output import Output, confirm
from virtprov.support.errors import ProvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from virtprov.actions.edit.guest_report import Failed, GuestReport
    from virtprov.actions.edit.journal import History, Past
    from virtprov.cli.edit.flags import Flags
    from virtprov.host.connection import Host


def run(flags: Flags, output: Output) -> int:
    """Undo the last run on the given host, or on any host; returns the exit status."""
    from virtprov.actions.edit import undo
    from virtprov.cli.connecting import connect

    if flags.connect:
        with connect(flags.connect) as host:
            return _Undo(flags, host, output, *undo.last(host.uri, flags.guests, output.warn)).run()
    history, meant = undo.last(None, flags.guests, output.warn)
    with connect(history.run.asked) as host:
        return _Undo(flags, host, output, history, meant).run()


class _Undo:
    """One run that is undone."""

    def __init__(self, flags: Flags, host: Host, output: Output, history: History, meant: list[Past]) -> None:
        from virtprov.actions.edit.undo import when
        from virtprov.library.editing import jobs_for

        self.flags = flags
        self.host = host
        self.output = output
        self.history = history
        self.meant = meant
        self.when = when(history.run)
        self.jobs = jobs_for(flags.jobs, host)
        self.planned: list[GuestReport] = []
        self.failed: list[Failed] = []

    def run(self) -> int:
        """Plan all guests, then restore all."""
        try:
            self._plan()
            if self.flags.print_diff:
                return self._report(done=False)
            todo = [each for each in self.planned if each.first]
            if todo and self.flags.asks:
                sys.stdout.flush()
                if not confirm(f"Restore {many_report.count(len(todo))}?"):
                    self.output.say("Nothing has been changed.")
                    return self._report(done=False, silent=True)
            self._do(todo)
            return self._report(done=True)
        finally:
            self.history.close()

    def _plan(self) -> None:
        from virtprov.actions.edit import undo

        shown = self.flags.print_diff or self.flags.asks
        for past, answer in undo.plan(self.host, self.history, self.meant, self.jobs):
            if isinstance(answer, ProvError):
                self.failed.append((past.name, answer))
                continue
            if shown and answer.diff:
                if self.flags.asks:
                    report.show(answer.diff, self.output)
                else:
                    self.output.diff(answer.diff)
            self.planned.append(answer)
        many_report.tell(self.planned, self.output)
        if self.failed and not self.flags.keep_going:
            total = len(self.planned) + len(self.failed)
            raise many_report.together(self.failed, total, doing=not self.flags.print_diff, undoing=True)

    def _do(self, todo: list[GuestReport]) -> None:
        from virtprov.actions.edit.apply import Aborted, Work
        from virtprov.actions.run.definition import DefinitionChanged

        work = Work(self.output.context(self.host), keep_going=self.flags.keep_going, jobs=self.jobs)
        try:
            late = work.all(todo)
        except Aborted as error:
            raise many_report.aborted_error(error) from error
        gone = {name for name, _ in late}
        self.failed += late
        self.planned = [each for each in self.planned if each.name not in gone]
        many_report.tell(self.planned, self.output)
        again = {name for name, error in self.failed if not isinstance(error, DefinitionChanged)}
        self.history.undone([past.place for past in self.meant if past.name not in again])

    def _report(self, *, done: bool, silent: bool = False) -> int:
        for sentence in many_report.group_equal((name, error.message) for name, error in self.failed):
            many_report.fail(sentence)
        back = [each for each in self.planned if each.changed]
        count, same = many_report.count(len(back)), len(self.planned) - len(back)
        if not back:
            line = f"Nothing to restore: the guests are the same as before the run of {self.when}"
        elif done:
            line = f"{count} restored to the state before the run of {self.when}"
        else:
            line = f"{count} would be restored to the state before the run of {self.when}"
        line += f", {same} already {'matches' if same == 1 else 'match'}" if back and same else ""
        line += f", {len(self.failed)} failed." if self.failed else "."
        if not silent:
            (self.output.say if self.flags.print_diff else self.output.summary)(line)
        guests: list[dict[str, object]] = [
            {"name": each.name, "uuid": each.uuid, "changed": each.changed, "diff": each.diff} | {"error": None}
            for each in self.planned
        ]
        guests += [{"name": name, "error": error.message} for name, error in self.failed]
        self.output.object(
            "undo",
            {
                "undone": done,
                "uri": self.host.uri,
                "time": self.when,
                "guests": guests,
                "changed": len(back),
                "unchanged": same,
                "failed": len(self.failed),
            },
        )
        return 1 if self.failed else 0
