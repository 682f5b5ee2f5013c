"""Change existing guests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.library import edit_request, listening, texts
from virtprov.library.edit_request import Change
from virtprov.support.errors import HostError, ProvError, UsageError, nearest
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from virtprov.actions.edit.changing.changes import EditRequest
    from virtprov.actions.edit.changing.outcome import ApplyOptions
    from virtprov.actions.edit.choice import Choice
    from virtprov.actions.edit.editor import Edit
    from virtprov.actions.edit.guest_report import Failed, GuestReport
    from virtprov.actions.edit.journal import Journal
    from virtprov.actions.run.plan import RunContext, Step
    from virtprov.host.connection import Host
    from virtprov.library.listening import Hears, Listener
    from virtprov.library.texts import Value

    Target = Literal["config", "update", "both", "live"]

REMOTE_JOBS = 8
"""How many guests of a remote host are changed at a time.

With a round trip of 10 ms, 200 guests take 15 s one by one, 5 s with four at a time, and 3 s with this number; more
gain little, and the daemon has other clients.
"""
MOST_JOBS = 64
"""The maximum at a time: a libvirt daemon has 20 workers by default."""
UNKEPT = "the host did not keep the change: the definition of the guest is the same as before"


class EditedGuest(Record):
    """The result of an edit for one guest.

    name, uuid     its identity after the edit
    changed        whether anything has changed (with `dry_run`: would change)
    stored         whether its definition was stored
    kept           False if the host accepted the definition, but kept the old one
    updated        whether the running guest was changed
    started        whether it was started
    diff           the unified diff of its definition; empty if it does not change
    live_diff      the diff of the running guest, if only that is changed
    xml            its changed definition; may contain passwords
    root_password  the generated password of a new seed; empty if there is none
    warnings       warnings about this guest
    error          why it could not be changed (with `keep_going`), or None; `uuid` is empty then
    """

    name: str
    uuid: str = ""
    changed: bool = False
    stored: bool = False
    kept: bool = True
    updated: bool = False
    started: bool = False
    diff: str = ""
    live_diff: str = ""
    xml: str = ""
    root_password: str = ""
    warnings: tuple[str, ...] = ()
    error: ProvError | None = None


class Edited(Record):
    """The result of an edit: each selected guest in order, and the notes and warnings."""

    guests: tuple[EditedGuest, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def failed(self) -> tuple[EditedGuest, ...]:
        """The guests that could not be changed."""
        return tuple(guest for guest in self.guests if guest.error is not None)


def edit(
    host: Host | str, guests: str | Sequence[str], changes: Change | Sequence[Change], *,
    where: str = "", states: str | Sequence[str] = (), target: Target = "config", start: bool = False,
    autostart: bool | None = None, dry_run: bool = False, keep_going: bool = False, keep_old: str | None = None,
    jobs: int | None = None, check_schema: bool = True, checks: Value = (), listener: Listener | None = None,
) -> Edited:  # fmt: skip
    """Change guests: either all of them, or none if one cannot be changed.

    `host` is the result of `connect`, or a URI. `guests` are names, ids, UUIDs or patterns ("web*"; "*" for every
    guest). `where` is an XPath: only guests whose stored XML matches it are changed; `states` limits them to some
    states ("running", "shutoff" ...). `changes` are made in order.

    `target` selects what is changed: "config" the stored definition; "update" the running guest as well, or neither;
    "both" the definition and, as far as possible, the running guest; "live" only the running guest. `start` starts the
    guests afterwards; `autostart` enables or disables it. With `dry_run` nothing is changed. `keep_going` skips guests
    that cannot be changed, and the result has their errors. `keep_old` is a file for the old definition, or a folder
    for those of several guests. `checks` are the values of --check, such as "path_exists=off". `jobs` is how many
    guests are changed at a time. `virtprov-xml --undo` undoes the last edit.

    Raises UsageError for an invalid request, HostError if no guest is selected or the host refuses, and the error of a
    guest that cannot be changed; no guest is changed then.
    """
    from virtprov.actions.edit.editor import Edit
    from virtprov.library.connecting import open_host

    _check(guests, changes, autostart, target)
    requests = _requests(changes, check_schema, texts.as_list(checks))
    asked = Edit(requests, to_apply_options(target, start=start, dry_run=dry_run), autostart, check_schema, shows=True)
    chosen = to_choice(texts.as_list(guests), where or None, ",".join(texts.as_list(states)) or None)
    hears = listening.Collector(listener)
    with open_host(host) as found:
        warn_of_doubts(requests, found, hears)
        asked = asked._replace(alone=_is_alone(chosen, found))
        work = Editing(found, asked, hears, keep_old=keep_old, keep_going=keep_going, jobs=jobs)
        results = _Results(work, keep_going).all(chosen)
    return Edited(results, tuple(hears.notes), tuple(hears.warnings))


def _requests(changes: Change | Sequence[Change], schema: bool, checks: list[str]) -> tuple[EditRequest, ...]:
    listed = (changes,) if isinstance(changes, Change) else changes
    for change in listed:
        edit_request.check_change(change)
    return tuple(edit_request.to_request(change, schema=schema, checks=checks) for change in listed)


def _check(
    guests: str | Sequence[str], changes: Change | Sequence[Change], autostart: bool | None, target: str
) -> None:
    names = texts.as_list(guests)
    if not names or "" in names:
        raise UsageError("the name of the guest is empty", hint="give a name, id or UUID, or '*' for every guest")
    if not changes and autostart is None:
        raise UsageError("no change given", hint="give a Change, or autostart")
    if target == "live" and autostart is not None:
        raise UsageError(
            "--autostart cannot be used with --live: it is not part of the running guest",
            hint="omit it, or use the target 'both'",
        )


def to_apply_options(target: str, *, start: bool, dry_run: bool) -> ApplyOptions:
    """Return what to do with an edit; raises UsageError for an unknown `target`."""
    from virtprov.actions.edit.changing.outcome import ApplyOptions

    targets = ("config", "update", "both", "live")
    if target not in targets:
        raise UsageError(f"unknown target '{target}'", hint="known targets: " + ", ".join(targets))
    if dry_run:
        return ApplyOptions()
    return ApplyOptions(target != "live", target != "config", start, target == "both")


def to_choice(names: Sequence[str], where: str | None, states: str | None) -> Choice:
    """Return the selection of guests. Raises UsageError for an invalid expression or state."""
    from virtprov.actions.edit.choice import Choice

    holds = None
    if where is not None:
        from virtprov.xml import xpath

        holds = xpath.condition(where)
    return Choice(tuple(names), parse_states(states), holds)


def parse_states(text: str | None) -> frozenset[str]:
    """Return the states given with `--state`. Raises UsageError for an unknown one."""
    if text is None:
        return frozenset()
    from virtprov.host.facts.info import STATES

    known = {"".join(state.split()): state for state in STATES.values()}
    results = set()
    for word in text.split(","):
        plain = word.strip().lower().replace("-", "").replace("_", "").replace(" ", "")
        if plain not in known:
            hint = nearest(plain, known) or "known states: " + ", ".join(known)
            raise UsageError(f"--state {text}: unknown state '{word.strip()}'", hint=hint)
        results.add(known[plain])
    return frozenset(results)


def jobs_for(asked: int | None, host: Host) -> int:
    """Return how many guests are changed at a time. Raises UsageError for less than one."""
    if asked is not None and asked < 1:
        raise UsageError(f"--jobs must be 1 or more, not {asked}", hint="for example --jobs 8")
    return min(asked or (REMOTE_JOBS if host.is_remote else 1), MOST_JOBS)


def warn_of_doubts(requests: Sequence[EditRequest], host: Host | None, hears: Hears) -> None:
    """Warn of values that libvirt's schema does not know; raises UsageError like schema_check.check_values."""
    from virtprov.actions import schema_check

    for sentence in schema_check.check_values([use for request in requests for use in request.uses], host):
        hears.on_warning(sentence)


def without_doubts(requests: tuple[EditRequest, ...]) -> tuple[EditRequest, ...]:
    """Return the requests without values that libvirt's schema does not know, for XML that no host here reads.

    Raises UsageError like schema_check.without_unknown_values.
    """
    from virtprov.actions import schema_check
    from virtprov.actions.edit.changing.changes import EDIT

    def clean(request: EditRequest) -> EditRequest:
        is_new = request.action != EDIT
        uses = tuple(schema_check.without_unknown_values(use, is_new=is_new) for use in request.uses)
        return request._replace(uses=uses)

    return tuple(clean(request) for request in requests)


def _is_alone(choice: Choice, host: Host) -> bool:
    """Return whether a single guest is named, which can get another name or UUID."""
    from virtprov.support.notation.pattern import is_pattern

    if len(choice.words) != 1 or choice.states or choice.holds is not None:
        return False
    return not is_pattern(choice.words[0]) or host.guests.find(choice.words[0]) is not None


class Editing:
    """An edit of guests of a host, or of XML that does not come from it: planned by `editor`, carried out by `do`.

    `uri` is the host as the user named it, which the journal keeps for --undo.
    """

    def __init__(
        self,
        host: Host | None,
        edit: Edit,
        hears: Hears,
        *,
        uri: str | None = None,
        keep_old: str | None = None,
        keep_going: bool = False,
        jobs: int | None = None,
    ) -> None:
        from virtprov.actions.edit.editor import Editor
        from virtprov.actions.edit.keep_old import KeptFiles

        self.hears = hears
        self.keep_going = keep_going
        self.jobs = jobs_for(jobs, host) if host is not None else 1
        self._host = host
        self._uri = uri
        kept = None if keep_old is None else KeptFiles(keep_old, not edit.alone)
        self.editor = Editor(host, edit, self._open_journal, kept)
        self.changes_nothing = True

    @property
    def host(self) -> Host:
        """The host. Must not be called without one."""
        return self.editor.host

    def do(self, todo: list[GuestReport]) -> list[Failed]:
        """Carry out the plans; with `keep_going`, return the guests that could not be changed.

        Raises Aborted if one could not be changed, after the others have been undone.
        """
        from virtprov.actions.edit.apply import Work

        if not todo:
            return []
        editor = self.editor
        self.changes_nothing = False
        editor.keep_old(todo)
        if editor.journal is not None:
            editor.journal.sync()
        context = self.hears.context(self.host)
        warn_of_leftovers([step for report in todo for step in report.first], context, self.hears)
        work = Work(context, keep_going=self.keep_going, jobs=self.jobs)
        try:
            failed = work.all(todo)
        except BaseException:
            if editor.journal is not None and work.clean:
                editor.journal.lasting = False
            raise
        gone = {name for name, _ in failed}
        if work.clean:
            editor.strike([report for report in todo if report.name in gone])
        self.changes_nothing = not any(report.place >= 0 for report in todo if report.name not in gone)
        return failed

    def close(self) -> None:
        """Close the journal; it is deleted if there is nothing that --undo could restore."""
        journal = self.editor.journal
        if journal is not None:
            journal.discard() if self.changes_nothing else journal.finish()

    def _open_journal(self) -> Journal:
        """Return the journal of this run; if it cannot be written, warn and continue."""
        from virtprov.actions.edit import journal

        try:
            return journal.begin(self.host, self._uri)
        except ProvError as problem:
            self.hears.on_warning(f"this run cannot be undone: {problem.message}")
            return journal.passing()


def warn_of_leftovers(steps: Iterable[Step], context: RunContext, hears: Hears) -> None:
    """If the steps create storage, warn of what interrupted runs may have left."""
    from virtprov.actions.steps import storage
    from virtprov.actions.steps.seed_volumes import WriteSeed

    making = (storage.MakePool, storage.MakeVolume, WriteSeed)
    if context.trail.writes and any(isinstance(step, making) for step in steps):
        listening.warn_of_leftovers(hears)


class _Results:
    """An edit without confirmation: plan all, carry out all, report."""

    def __init__(self, work: Editing, keep_going: bool) -> None:
        self.work = work
        self.keep_going = keep_going
        self.reports: list[GuestReport] = []
        self.errors: dict[str, ProvError] = {}
        self.said: dict[str, list[str]] = {}
        self.order: list[str] = []

    def all(self, choice: Choice) -> tuple[EditedGuest, ...]:
        """Edit the selected guests and return the result for each. Raises ProvError."""
        try:
            self._plan(choice)
            self._do()
        finally:
            self.work.close()
        by_name = {report.name: report for report in self.reports}
        told = [by_name.get(name, name) for name in self.order]
        return tuple(self._result(each) for each in told)

    def _plan(self, choice: Choice) -> None:
        from virtprov.actions.edit import choice as choices

        editor = self.work.editor
        if editor.edit.alone:
            planned = editor.guest(choice.words[0])
            assert planned is not None  # whatever its state
            return self._note(planned)
        names = choices.names(choice, self.work.host)
        for name, answer in editor.all(names, choice, self.work.jobs):
            if isinstance(answer, ProvError):
                self._fail(name, answer)
            elif answer is not None:
                self._note(answer)
        if not self.order:
            raise HostError(
                f"no guest of {self.work.host.uri} is selected",
                hint="`virsh list --all` lists the guests and their states",
            )
        return None

    def _note(self, planned: GuestReport) -> None:
        self.order.append(planned.name)
        self.reports.append(planned)
        self._tell(planned)

    def _fail(self, name: str, error: ProvError) -> None:
        if not self.keep_going:
            raise error.reword(f"{name}: {error.message}; no guest has been changed", error.hint)
        self.order.append(name)
        self.errors[name] = error

    def _do(self) -> None:
        from virtprov.actions.edit.apply import Aborted

        todo = [report for report in self.reports if report.plans]
        try:
            failed = self.work.do(todo)
        except Aborted as error:
            if self.work.editor.edit.alone:
                raise error.cause from error
            state = "the other guests have been restored" if error.clean else "not all other guests could be restored"
            message = f"{error.failed}: {error.cause.message}; {state}"
            raise error.cause.reword(message, error.cause.hint) from error
        finally:
            for report in self.reports:
                self._tell(report)
        self.errors.update(failed)
        self.reports = [report for report in self.reports if report.name not in self.errors]
        self._warn_of_unkept()

    def _warn_of_unkept(self) -> None:
        for report in self.reports:
            if not report.kept:
                report.warnings.append(UNKEPT)
                self._tell(report)

    def _tell(self, report: GuestReport) -> None:
        """Pass on the notes and warnings about a guest, each once."""
        for sentence in report.notes:
            self.work.hears.on_note(f"{report.name}: {sentence}")
        for sentence in report.warnings:
            self.work.hears.on_warning(f"{report.name}: {sentence}")
            self.said.setdefault(report.name, []).append(sentence)
        report.notes.clear()
        report.warnings.clear()

    def _result(self, report: GuestReport | str) -> EditedGuest:
        if isinstance(report, str):
            return EditedGuest(report, error=self.errors[report], warnings=tuple(self.said.get(report, ())))
        return EditedGuest(
            report.name,
            report.uuid,
            report.changed,
            report.stores,
            report.kept,
            report.updates,
            report.wanted.start,
            report.diff,
            report.live_diff,
            report.text,
            next(iter(report.passwords), ""),
            tuple(self.said.get(report.name, ())),
        )
