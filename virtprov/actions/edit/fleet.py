"""One edit of many guests: chosen, planned one by one, then done for all of them or for none.

Documents are not kept: what a guest is to get waits in the journal. Each guest's plan is made and checked before
the first definition is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from virtprov.actions import schema_check
from virtprov.actions.edit import outcome, verify
from virtprov.actions.edit.changes import EditRequest
from virtprov.actions.edit.journal import Entry, Journal
from virtprov.actions.edit.outcome import Edited, Wanted
from virtprov.actions.edit.source import from_definition, no_guest
from virtprov.actions.run.plan import close_trail, undo_quietly
from virtprov.actions.run.workers import in_order
from virtprov.actions.steps.guest import Create, Redefine, SetAutostart, Start, redefine
from virtprov.support.errors import HostError, ProvError, UsageError
from virtprov.support.frozen import Record
from virtprov.support.pattern import is_pattern, means

if TYPE_CHECKING:
    from virtprov.actions.run.plan import Step, Undo, World
    from virtprov.host.connection import Host
    from virtprov.xml.tree import Element


class Choice(Record):
    """Which guests of a host: by `words` (names, ids, UUIDs, patterns), all of them without any.

    Of these, the ones in one of `states` (none: in any), whose stored document `holds`.
    """

    words: tuple[str, ...] = ()
    states: frozenset[str] = frozenset()
    holds: Callable[[Element], bool] | None = None


def names(choice: Choice, host: Host) -> list[str]:
    """The guests that the words mean, each once: as they are named, those of a pattern by name.

    Nothing is listed for plain names. Raises HostError for a word that means none.
    """
    if not choice.words:
        return list(host.guest_names())
    found: dict[str, None] = {}
    listed: tuple[str, ...] | None = None
    for word in choice.words:
        info = host.guest(word)
        if info is not None:
            found[info.name] = None
            continue
        if listed is None:
            listed = host.guest_names()
        matching = [name for name in listed if means(word, name)]
        if not matching:
            raise _nobody(word, listed, host)
        found.update(dict.fromkeys(matching))
    return list(found)


def _nobody(word: str, listed: tuple[str, ...], host: Host) -> HostError:
    if is_pattern(word):
        return HostError(
            f"no guest of {host.uri} has a name like '{word}'", hint="`virsh list --all --name` lists them"
        )
    return no_guest(host, word, listed)


# -- planning ------------------------------------------------------------------------------------


class Asked(Record):
    """What every guest is to be like. `schema` says whether documents are held against libvirt's schema.

    `flag` is what the user wrote for Wanted.update, `describe` turns an edit into what is kept of it.
    """

    requests: tuple[EditRequest, ...]
    wanted: Wanted
    describe: Callable[[Edited, Wanted], Any]
    autostart: bool | None = None
    schema: bool = True
    flag: str = "update"


class Planned:
    """What is to be done to one guest, without its documents: `place` is where they stand in the journal, -1: nowhere.

    `last` are steps for when all guests have their definitions. `kept` is False once the host stored a definition as
    it was before.
    """

    __slots__ = (
        "defines",
        "described",
        "first",
        "kept",
        "last",
        "name",
        "noted",
        "notes",
        "place",
        "uuid",
        "warnings",
    )

    def __init__(self, name: str, uuid: str, described: Any) -> None:
        self.name = name
        self.uuid = uuid
        self.described = described
        self.place = -1
        self.first: tuple[Step, ...] = ()
        self.last: tuple[Step, ...] = ()
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.defines = self.noted = False
        self.kept = True


Failed = tuple[str, ProvError]
"""A guest's name, and why it cannot be changed."""


class Planner:
    """Plans the guests of one edit. The schema is read once."""

    def __init__(self, host: Host, asked: Asked, choice: Choice, journal: Journal | None) -> None:
        self.host = host
        self.asked = asked
        self.choice = choice
        self.journal = journal
        self._checker = schema_check.Checker(host) if asked.schema and not asked.wanted.verify else None

    def all(self, found: list[str], jobs: int = 1) -> Iterator[tuple[str, Planned | ProvError | None]]:
        """The plan for each guest in order; None for one that is not meant, an error for one that cannot be changed."""
        return in_order(self.one, found, jobs)

    def one(self, name: str) -> Planned | None:
        """The plan for a guest; None when its state or its document says that it is not meant."""
        asked, choice = self.asked, self.choice
        found = self.host.definition(name, states=choice.states, running=asked.wanted.anything)
        if found is None:
            return None
        start = self.host.autostart(name) if asked.autostart is not None else None
        source = from_definition(found, start)
        if choice.holds is not None and not choice.holds(source.stored.guest.root):
            return None
        wanted = asked.wanted._replace(update=asked.wanted.update and found.info.active)
        make = verify.make if wanted.verify else outcome.make
        made = make(asked.requests, source, wanted, self.host, asked.autostart)
        planned = Planned(found.info.name, found.info.uuid, asked.describe(made, wanted))
        if asked.wanted.update and not wanted.update and not wanted.lenient and not wanted.verify:
            planned.warnings.append(f"'{name}' is not running, so --{asked.flag} has nothing to change")
        if (made.guest.name, made.guest.uuid) != (found.info.name, found.info.uuid):
            raise UsageError(
                f"the guest '{name}' cannot get another name or UUID along with others",
                hint="name one guest alone, with both of them new, to make a further guest of it",
            )
        if not wanted.verify:
            self._plan(planned, made, wanted)
        return planned

    def _plan(self, planned: Planned, made: Edited, wanted: Wanted) -> None:
        plan = outcome.plan(made, wanted)
        planned.notes += plan.notes
        planned.warnings += plan.warnings
        if self._checker is not None and plan.steps and made.diff:
            planned.warnings += self._checker.check(made.guest.root, made.source.stored.guest.root)
        listed = list(plan.steps)
        kinds = (Redefine, SetAutostart, Start, Create)
        main = [at for at, step in enumerate(listed) if isinstance(step, kinds)]
        planned.defines = outcome.stores(made, wanted)
        if self.journal is not None and (planned.defines or (made.autostart and wanted.define)):
            listed[main[0]] = self._noted(planned, made, listed[main[0]])
        cut = main[-1] + 1 if main else len(listed)
        planned.first, planned.last = tuple(listed[:cut]), tuple(listed[cut:])

    def _noted(self, planned: Planned, made: Edited, step: Step) -> Step:
        """The step with what it needs in the journal: the definition before and after."""
        assert self.journal is not None
        info = made.source.info
        assert info is not None
        before = made.source.stored.raw if info.persistent else None
        after = made.text if planned.defines else None
        entry = Entry(made.guest.name, made.guest.uuid, before, after, made.autostart)
        planned.noted = True
        planned.place = self.journal.note(entry)
        return Store(planned, self.journal) if isinstance(step, Redefine) else step


class Store:
    """Another definition for a guest, read from the journal; undone by the one it had."""

    __slots__ = ("journal", "planned")

    def __init__(self, planned: Planned, journal: Journal) -> None:
        self.planned = planned
        self.journal = journal

    @property
    def label(self) -> str:
        return f"Changing the definition of '{self.planned.name}'"

    def do(self, world: World) -> Undo | None:
        planned = self.planned
        entry = self.journal.entry(planned.place)
        assert entry.after is not None
        now, undo = redefine(world, planned.name, planned.uuid, entry.after, entry.before or "", in_trail=False)
        planned.kept = now != entry.before
        self.journal.left(planned.place, planned.uuid, now if planned.kept else None)
        return undo


# -- doing ---------------------------------------------------------------------------------------


class Aborted(ProvError):
    """A guest could not be changed, so what was done to the others is undone. `failed` is the guest's name.

    `clean` says whether all of it could be undone.
    """

    def __init__(self, failed: str, cause: ProvError) -> None:
        super().__init__(cause.message, hint=cause.hint)
        self.exit_code = cause.exit_code
        self.failed = failed
        self.cause = cause
        self.clean = True


class Work:
    """Does what is planned, guest by guest, and undoes it: the last first."""

    def __init__(self, world: World, *, keep_going: bool = False, jobs: int = 1) -> None:
        self.world = world
        self.keep_going = keep_going
        self.jobs = jobs
        self.clean = True
        self._undos: list[tuple[str, Undo]] = []

    def all(self, planned: list[Planned]) -> list[Failed]:
        """Do it for all, or with `keep_going` for those that can be changed; returns the others.

        Raises Aborted, and KeyboardInterrupt when the user wants to stop: all is undone then. `clean` says whether
        it could be.
        """
        with self.world.gate.closed(), self.world.progress.task(f"Changing {len(planned)} guests"):
            try:
                failed = self._first(planned)
                gone = {name for name, _ in failed}
                self._last([each for each in planned if each.name not in gone])
                self.world.gate.check()
            except BaseException as error:
                self._back(self._undos)
                close_trail(self.world)
                if isinstance(error, Aborted):
                    error.clean = self.clean
                raise
            self.world.trail.finish()
        return failed

    def _first(self, planned: list[Planned]) -> list[Failed]:
        from contextlib import closing

        failed: list[Failed] = []
        with closing(in_order(self._one, planned, self.jobs, self.world.gate.check)) as answers:
            for each, answer in answers:
                if isinstance(answer, ProvError):
                    if not self.keep_going:
                        raise Aborted(each.name, answer)
                    failed.append((each.name, answer))
        return failed

    def _one(self, planned: Planned) -> None:
        """All steps of one guest; when one fails, those before it are undone at once."""
        world = self._world_of(planned)
        mine: list[tuple[str, Undo]] = []
        try:
            for step in planned.first:
                undo = step.do(world)
                if undo is not None:
                    mine.append((step.label, undo))
        except BaseException:
            self._back(mine)
            raise
        self._undos += mine

    def _last(self, planned: list[Planned]) -> None:
        """What may only be done when no guest is put back any more; the same thing is done once."""
        done: list[Step] = []
        for each in planned:
            for step in each.last:
                if step not in done:
                    done.append(step)
                    try:
                        undo = step.do(self._world_of(each))
                    except ProvError as error:
                        raise Aborted(each.name, error) from error
                    self._undos += [] if undo is None else [(step.label, undo)]

    def _world_of(self, planned: Planned) -> World:
        from virtprov.actions.run.plan import World
        from virtprov.support.progress import Progress

        world = World(self.world.host, Progress(), planned.notes.append, planned.warnings.append)
        world.gate, world.trail = self.world.gate, self.world.trail
        return world

    def _back(self, undos: list[tuple[str, Undo]]) -> None:
        while undos:
            self.clean = undo_quietly(*undos.pop(), self.world) and self.clean
