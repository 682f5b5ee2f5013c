"""What an edit means for one guest, and afterwards what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.outcome import Edited, Wanted
from virtprov.actions.edit.store import Store
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.live.compare import Course
    from virtprov.actions.live.effects import Effect
    from virtprov.actions.run.plan import Step
    from virtprov.actions.seed.replace import NewSeed
    from virtprov.actions.steps.seed import OldSeed
    from virtprov.host.info import GuestInfo
    from virtprov.support.errors import ProvError

    Failed = tuple[str, ProvError]
    """A guest's name, and why it cannot be changed."""


class SeedReport(Record):
    """What becomes of a guest's cloud-init seed: the new one, the password it gives root, those that come free."""

    seed: NewSeed | None
    password: str
    old: tuple[OldSeed, ...]


class GuestReport:
    """One guest in an edit. It holds no documents, so that thousands can wait: they stand in the journal, at `place`.

    name, uuid      of the guest, as the edit leaves it
    info            what the host knows of it; None for XML that came from elsewhere
    wanted          what is to become of the edit for this guest
    changed         whether anything is another than before
    diff, live_diff the differences in the stored document and in the running one, "" for none
    autostart       (before, after), None when it stays
    course          what becomes of the running guest; None when it is off
    text            the changed document, where it is to be printed
    stores          whether another definition is stored
    unmade          new volumes that the document names, and that nobody makes
    first, last     the steps for this guest, and those for when all guests have their definitions
    edited          the edit itself, while the user may still leave out a part of it
    again           reads the guest again and plans anew what is done to it; None where that makes no sense
    done            whether the steps were done
    """

    def __init__(self, name: str, uuid: str, info: GuestInfo | None = None, wanted: Wanted = Wanted()) -> None:  # noqa: B008  (frozen)
        self.name = name
        self.uuid = uuid
        self.info = info
        self.wanted = wanted
        self.changed = self.done = self.stores = False
        self.diff = self.live_diff = self.text = ""
        self.autostart: tuple[bool, bool] | None = None
        self.course: Course | None = None
        self.seeds: tuple[SeedReport, ...] = ()
        self.unmade: tuple[str, ...] = ()
        self.place = -1
        self.first: tuple[Step, ...] = ()
        self.last: tuple[Step, ...] = ()
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.edited: Edited | None = None
        self.again: Callable[[], None] | None = None

    def take(self, other: GuestReport) -> None:
        """Be what another report of the same guest is."""
        again = self.again
        vars(self).update(vars(other))
        self.again = again

    def drop(self, wanted: Wanted) -> None:
        """Nothing is done to this guest; `wanted` is what was left to be done."""
        self.wanted, self.stores, self.first, self.last = wanted, False, (), ()

    @property
    def kept(self) -> bool:
        """False once the host stored the definition as it was before."""
        return all(step.kept for step in self.first if isinstance(step, Store))

    @property
    def plans(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.first or self.last)

    @property
    def acts(self) -> bool:
        """Whether anything can be done to the running guest."""
        return self.course is not None and self.course.acts

    @property
    def updates(self) -> bool:
        """Whether the running guest is changed."""
        return self.wanted.update and self.acts

    @property
    def turns(self) -> bool:
        """Whether it changes if the guest starts with its host."""
        return self.wanted.define and self.autostart is not None

    @property
    def idle(self) -> bool:
        """Whether the guest stays as it is, for the change is for running guests and this one is off."""
        return self.changed and not (self.stores or self.turns or self.updates or self.wanted.start)

    @property
    def waits(self) -> bool:
        """Whether the running guest must be powered off and started again for what is stored."""
        if not self.stores or self.info is None or not self.info.active:
            return False
        return not self.updates or self.course is None or self.course.waits

    @property
    def effects(self) -> tuple[Effect, ...]:
        """When parts of the change take effect in the running guest."""
        return () if self.course is None else tuple(self.course.rows)

    @property
    def passwords(self) -> list[str]:
        """The passwords that new seeds give root, once they are made."""
        made = self.wanted.define or self.wanted.start
        return [seed.password for seed in self.seeds if seed.password and made]


def report(made: Edited, wanted: Wanted, *, text: bool) -> GuestReport:
    """The report of an edit without its plan; `text` says whether the changed document is to be printed."""
    found = GuestReport(made.guest.name, made.guest.uuid, made.source.info, wanted)
    found.changed, found.diff, found.live_diff = made.changed, made.diff, made.live_diff
    found.autostart, found.course = made.autostart, made.course
    found.text = made.text if text else ""
    seeds = (part.seeded for part in (*made.parts, *made.lives) if part.seeded is not None)
    found.seeds = tuple(SeedReport(each.seed, each.password, each.old) for each in seeds)
    return found
