"""Undo the changes of a past run, if the definitions have not been changed since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from virtprov.actions.edit.guest_report import GuestReport
from virtprov.actions.edit.journal import Entry, History, Past, Run, runs
from virtprov.actions.edit.store_steps import RestoreDefinition
from virtprov.actions.run import definition, templates
from virtprov.actions.run.workers import in_order
from virtprov.actions.steps.guest import SetAutostart
from virtprov.actions.steps.template import SetModes, plan_reversal
from virtprov.guest.disks.source import DiskSource
from virtprov.guest.document import Guest
from virtprov.guest.marks import template_mark
from virtprov.support.errors import ProvError, UsageError
from virtprov.support.notation.pattern import means
from virtprov.xml import diff, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.run.plan import Step
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


def last(
    uri: str | None, words: Sequence[str], warn: Callable[[str], None] = lambda sentence: None
) -> tuple[History, list[Past]]:
    """Return the last run on the host at `uri` (None: on any host) that is not undone yet, and the selected guests.

    `words` are names, UUIDs and patterns; if given, the last run that changed the first of them is returned. `warn` is
    called for runs that are ignored because a newer release recorded them. Raises ProvError if there is no such run,
    UsageError for a word that matches none of its guests, state.Busy while the run is active.
    """
    for run in runs(warn):
        if uri is not None and uri not in (run.uri, run.asked):
            continue
        history = History(run)
        meant = _select_runs(history, words)
        if meant:
            return history, meant
        history.close()
    where = f" on {uri}" if uri else ""
    what = f"no run that changed '{words[0]}'" if words else "no run"
    raise ProvError(f"there is {what}{where} to undo", hint="only the last 20 runs are kept")


def _select_runs(history: History, words: Sequence[str]) -> list[Past]:
    if not words:
        return history.guests
    results: dict[int, Past] = {}
    for at, word in enumerate(words):
        mine = [past for past in history.guests if _is(past, word)]
        if not mine and at == 0:
            return []
        if not mine:
            raise UsageError(
                f"the run of {when(history.run)} changed '{words[0]}' but not '{word}'", hint="undo them one at a time"
            )
        results.update((past.place, past) for past in mine)
    return list(results.values())


def _is(past: Past, word: str) -> bool:
    return word == past.name or word.lower() == past.uuid.lower() or means(word, past.name)


def when(run: Run) -> str:
    """Return the time of a run in readable form."""
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(run.time))


def plan(
    host: Host, history: History, runs: list[Past], jobs: int = 1
) -> Iterator[tuple[Past, GuestReport | ProvError]]:
    """Return the plan for each guest in order; an error for a guest that has been changed since the run."""

    def one(past: Past) -> GuestReport:
        return _plan(host, history, past)

    return in_order(one, runs, jobs)


def _plan(host: Host, history: History, past: Past) -> GuestReport:
    entry = history.journal.entry(past.place)
    info = host.guests.find(past.uuid or past.name)
    uuid = past.uuid if info is None else info.uuid
    now = host.guests.stored_definition(uuid) if info is not None else None
    steps: list[Step] = []
    old, new = f"{past.name} (now)", f"{past.name} (before that run)"
    difference = ""
    if entry.after is not None and (now or None) != entry.before:
        now, left = _read_expected(past, entry, now)
        steps.append(RestoreDefinition(past.name, uuid, past.place, history.journal, left))
        difference = diff.unified_diff(now, entry.before or "", old=old, new=new)
    if now:
        others, differences = _plan_settings(host, entry, past.name, uuid)
        steps += others
        difference = (difference or f"--- {old}\n+++ {new}\n" if differences else difference) + differences
    report = GuestReport(past.name, past.uuid)
    report.diff, report.changed, report.first = difference, bool(steps), tuple(steps)
    if now and entry.before and steps:
        before = Guest.parse(entry.before)
        _refuse_dependent(host, Guest.parse(now), before)
        report.warnings += _missing(host, past.name, before.root, tree.parse(now)) if difference else []
    return report


def _plan_settings(host: Host, entry: Entry, name: str, uuid: str) -> tuple[list[Step], str]:
    """Return the steps that restore autostart and the permissions of disks, and what they change as lines of a diff."""
    steps: list[Step] = []
    difference = ""
    if entry.autostart is not None and host.guests.autostart(name) != entry.autostart[0]:
        was = entry.autostart[0]
        steps.append(SetAutostart(name, was))
        difference = f"@@ autostart @@\n-{'no' if was else 'yes'}\n+{'yes' if was else 'no'}\n"
    modes = plan_reversal(host, entry.modes)
    if modes:
        steps.append(SetModes(name, uuid, modes))
    return steps, difference + "".join(change.diff() for change in modes)


def _refuse_dependent(host: Host, now: Guest, before: Guest) -> None:
    """Raise HostError if a guest would no longer be a template, and clones depend on its disks."""
    if template_mark.is_marked(now) and not template_mark.is_marked(before):
        templates.refuse_dependent(host, now, "restored to the state before it became a template")


def _read_expected(past: Past, entry: Entry, now: str | None) -> tuple[str, str]:
    """The definition that a guest has, and its mark. Raises DefinitionChanged unless it is what the run left.

    A run that was cut off may not have noted the mark: then it must be what the host makes of `after`.
    """
    if not now:
        raise definition.DefinitionChanged(f"'{past.name}' is no longer defined")
    mark = definition.digest(now)
    is_open = past.open and entry.after is not None
    if mark != past.left and not (is_open and definition.is_made_of(now, entry.after or "", entry.before or "")):
        raise definition.DefinitionChanged(f"the definition of '{past.name}' has been changed since that run")
    return now, mark


def _missing(host: Host, name: str, before: Element, now: Element) -> list[str]:
    """Warn of volumes in the restored definition that no longer exist, such as a deleted seed."""
    gone = []
    for source in dict.fromkeys(_sources(before)):
        if not source.location or source in _sources(now) or source.volume_on(host) is not None:
            continue
        pool = host.storage.pool(source.pool) if source.pool else host.storage.pool_at(source.path.rpartition("/")[0])
        if pool.active if pool is not None else source.pool:
            gone.append(source.location)
    return [f"'{name}' uses {each} again, but this volume no longer exists" for each in gone]


def _sources(document: Element) -> list[DiskSource]:
    """Return the sources of the guest's disks."""
    return [DiskSource.of(disk) for disk in Guest(document).disks()]
