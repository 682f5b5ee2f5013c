"""What an edit means for one guest, and its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.edit.changing.outcome import ApplyOptions, EditResult
from virtprov.actions.edit.store_steps import StoreDefinition
from virtprov.support.frozen import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from virtprov.actions.live.compare import LiveChange
    from virtprov.actions.live.effects import Effect
    from virtprov.actions.run.artifacts.file_mode import ModeChange
    from virtprov.actions.run.plan import Step
    from virtprov.actions.seed.replace import NewSeed
    from virtprov.actions.steps.seed_volumes import OldSeed
    from virtprov.host.facts.info import GuestInfo
    from virtprov.support.errors import ProvError

    Failed = tuple[str, ProvError]
    """A guest's name, and why it cannot be changed."""


class SeedReport(Record):
    """Changes of a guest's cloud-init seed: the new seed, root's new password, and the seeds no longer in use."""

    seed: NewSeed | None
    password: str
    old: tuple[OldSeed, ...]


class GuestReport:
    """One guest in an edit. It contains no XML, which is stored in the journal at `place`, so that it stays small.

    name, uuid      of the guest after the edit
    info            what the host knows about it; None for XML that came from elsewhere
    wanted          what the user wants to happen with the edit
    changed         whether anything changes
    diff, live_diff the diffs of the stored and of the running definition, "" if they do not change
    autostart       (before, after), None if it does not change
    modes           the changes of permissions of disks
    course          the changes of the running guest; None if it is off
    text            the changed XML if it is to be printed
    stores          whether another definition is stored
    unmade          new volumes that the XML names but nobody creates
    first, last     the steps for this guest, and the steps after all guests have their definitions
    edited          the edit itself, while the user may still omit a part of it
    again           reads the guest again and makes a new plan; None if that is not possible
    done            whether the steps are done
    """

    def __init__(
        self, name: str, uuid: str, info: GuestInfo | None = None, options: ApplyOptions | None = None
    ) -> None:
        self.name = name
        self.uuid = uuid
        self.info = info
        self.wanted = options or ApplyOptions()
        self.changed = self.done = self.stores = False
        self.diff = self.live_diff = self.text = ""
        self.autostart: tuple[bool, bool] | None = None
        self.modes: tuple[ModeChange, ...] = ()
        self.course: LiveChange | None = None
        self.seeds: tuple[SeedReport, ...] = ()
        self.unmade: tuple[str, ...] = ()
        self.place = -1
        self.first: tuple[Step, ...] = ()
        self.last: tuple[Step, ...] = ()
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.edited: EditResult | None = None
        self.again: Callable[[], None] | None = None

    def take(self, other: GuestReport) -> None:
        """Copy everything from another report of the same guest."""
        again = self.again
        vars(self).update(vars(other))
        self.again = again

    def drop(self, options: ApplyOptions) -> None:
        """Do nothing to this guest; `options` is what remains to be done."""
        self.wanted, self.stores, self.first, self.last = options, False, (), ()

    @property
    def kept(self) -> bool:
        """False if the host stored the same definition as before."""
        return all(step.kept for step in self.first if isinstance(step, StoreDefinition))

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
        """Whether the running guest changes."""
        return self.wanted.update and self.acts

    @property
    def turns(self) -> bool:
        """Whether autostart changes."""
        return self.wanted.define and self.autostart is not None

    @property
    def sets_modes(self) -> bool:
        """Whether permissions of disks change."""
        return self.wanted.define and bool(self.modes)

    @property
    def idle(self) -> bool:
        """Whether the guest does not change, because the change is for running guests and this one is off."""
        return self.changed and not (self.stores or self.turns or self.sets_modes or self.updates or self.wanted.start)

    @property
    def waits(self) -> bool:
        """Whether the running guest must be powered off and started again for the stored change."""
        if not self.stores or self.info is None or not self.info.active:
            return False
        return not self.updates or self.course is None or self.course.waits

    @property
    def effects(self) -> tuple[Effect, ...]:
        """When the parts of the change take effect in the running guest."""
        return () if self.course is None else tuple(self.course.rows)

    @property
    def passwords(self) -> list[str]:
        """The passwords that new seeds set for root."""
        result = self.wanted.define or self.wanted.start
        return [seed.password for seed in self.seeds if seed.password and result]


def report(result: EditResult, options: ApplyOptions, *, text: bool) -> GuestReport:
    """Return the report of an edit without its plan; with `text` the changed XML is kept for printing."""
    guest_report = GuestReport(result.guest.name, result.guest.uuid, result.source.info, options)
    guest_report.changed, guest_report.diff, guest_report.live_diff = result.has_changes, result.diff, result.live_diff
    guest_report.autostart, guest_report.course, guest_report.modes = result.autostart, result.course, result.modes
    guest_report.text = result.text if text else ""
    seeds = (part.seeded for part in (*result.parts, *result.lives) if part.seeded is not None)
    guest_report.seeds = tuple(SeedReport(seed.seed, seed.password, seed.old) for seed in seeds)
    return guest_report
