"""What a change means for the guest that runs: what is done now, by which of libvirt's calls, and what is not.

Only documents are compared, the running guest's before and after the change; what the options were called does not
matter. A `Course` makes the steps of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.live import devices, parts
from virtprov.actions.live.effects import BOOT, NEVER, NO_DEFINITION, NOW, Board, Call, Effect, Live, Op
from virtprov.host.running_guests import Running
from virtprov.options.catalogue import table
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.actions.run.plan import Undo, World
    from virtprov.guest.document import Guest
    from virtprov.xml.tree import Element

DONE, PENDING = "done", "pending"
"""How a call went: a device that is asked for leaves when the guest lets go of it."""

REMOVAL_SECONDS = 20.0
"""How long a guest has to let go of a device before its removal is called pending."""


def effects(
    before: Guest,
    after: Guest,
    pairs: list[tuple[Element, Element]],
    *,
    persistent: bool = True,
    driver: str = "qemu",
) -> Live:
    """Compare the running guest's document `before` a change with the one `after` it.

    `pairs` are elements of which is known that the second was the first. A guest that is not `persistent` has no
    definition for what must wait. `driver` is the host's.
    """
    board = Board(before, persistent=persistent, driver=driver)
    parts.compare(board, after)
    devices.compare(board, after, pairs)
    return Live(tuple(board.rows), tuple(board.ops))


class Course:
    """What an edit does to a running guest: what each of its changes means, and how the calls went.

    `outcomes` has DONE or PENDING for each call that was made, in order.
    """

    __slots__ = ("lives", "outcomes")

    def __init__(self, lives: Iterable[Live] = ()) -> None:
        self.lives = list(lives)
        self.outcomes: list[str] = []

    @property
    def rows(self) -> tuple[Effect, ...]:
        """The lines of the table."""
        return together(self.lives).rows

    @property
    def acts(self) -> bool:
        """Whether anything is done to the running guest."""
        return any(live.ops for live in self.lives)

    @property
    def waits(self) -> bool:
        """Whether anything is left to the next boot."""
        return any(row.when != NOW for row in self.rows)

    @property
    def pending(self) -> bool:
        """Whether the guest has not let go of something yet."""
        return PENDING in self.outcomes

    def steps(self, name: str, seconds: float | None = None) -> list[LiveStep]:
        """The steps of a plan; a device gets `seconds` to leave, REMOVAL_SECONDS unless they are given."""
        wait = REMOVAL_SECONDS if seconds is None else seconds
        return [LiveStep(name, op, self.outcomes, wait) for live in self.lives for op in live.ops]

    def put_off(self, *, persistent: bool = True) -> Course:
        """The same when the running guest is left alone."""
        return Course(put_off(live, persistent=persistent) for live in self.lives)

    def facts(self) -> list[dict[str, str]]:
        """The table for JSON. `outcome` is DONE or PENDING, "" for what was not done."""
        outcomes = iter(self.outcomes)
        return [{**row._asdict(), "outcome": next(outcomes, "") if row.when == NOW else ""} for row in self.rows]


def has_plane(group: str) -> bool:
    """Whether anything of an option group can be changed in a running guest."""
    return group in _GROUPS or table(group).is_device


_GROUPS = ("memory", "vcpus", "metadata", "cputune", "memtune", "blkiotune", "xml")


def together(lives: Iterable[Live]) -> Live:
    """Several changes of one guest, one after the other; equal lines are one, unless each has its call."""
    rows: list[Effect] = []
    ops: list[Op] = []
    for live in lives:
        rows += [row for row in live.rows if row.when == NOW or row not in rows]
        ops += live.ops
    return Live(tuple(rows), tuple(ops))


def put_off(live: Live, why: str = "", *, persistent: bool = True) -> Live:
    """The same change when the running guest is left alone: nothing of it is now, and `why`."""
    when, why = (BOOT, why) if persistent else (NEVER, NO_DEFINITION)
    return Live(tuple(Effect(row.what, when, why) if row.when == NOW else row for row in live.rows))


def refuse_later(live: Live, name: str) -> None:
    """Raise UsageError when something of the change cannot be done while the guest runs."""
    for row in live.rows:
        if row.when != NOW:
            raise UsageError(
                f"{row.what} of '{name}' cannot be changed while the guest runs: {row.why}",
                hint="--both leaves to the definition what cannot be done now, --config changes the definition alone",
            )


# -- doing it ------------------------------------------------------------------------------------


class LiveStep(Record):
    """One call that changes a running guest; undone by the call that takes it back."""

    name: str
    op: Op
    outcomes: list[str]
    seconds: float = REMOVAL_SECONDS

    @property
    def label(self) -> str:
        return f"Changing the running guest '{self.name}': {self.op.what}"

    def do(self, world: World) -> Undo | None:
        outcome = self._one(world, self.op.call)
        self.outcomes.append(outcome)
        if outcome == PENDING:
            world.warn(
                f"'{self.name}' has not let go of its {self.op.noun} yet;"
                " it leaves when the guest lets go of it, at the latest at power-off"
            )
        return lambda: self._back(world, outcome)

    def _one(self, world: World, call: Call) -> str:
        if call.method == Running.detach_device:
            return self._detach(world, call.values[0])
        try:
            call.make(world.host.running, self.name)
        except HostError as problem:
            if not problem.hint and self.op.noun.startswith(("cdrom ", "floppy ")):
                problem.hint = "a tray that the guest has locked opens once the medium is unmounted in the guest"
            raise
        return DONE

    def _back(self, world: World, outcome: str) -> None:
        if outcome == PENDING:
            raise HostError(f"the guest '{self.name}' may still let go of its {self.op.noun}")
        if self.op.back is None:
            raise HostError(f"libvirt has no call that takes back {self.op.what}")
        self._one(world, self.op.back)

    def _detach(self, world: World, xml: str) -> str:
        """Ask the guest for a device and wait until it is gone, or the time is over, or the guest refuses."""
        host = world.host
        alias = self._alias(world, xml)
        with host.running.watch(self.name) as watch:
            host.running.detach_device(self.name, xml)
            if not alias:
                return DONE
            info = host.guests.find(self.name)
            answers = info is not None and info.state != "paused"
            if watch.wait_device_gone(alias, self.seconds if answers else 0, f"its {self.op.noun}"):
                return DONE
        return PENDING if alias in _aliases(world, self.name) else DONE

    def _alias(self, world: World, xml: str) -> str:
        """What libvirt calls the device in the running guest; it had no name yet when it was plugged in."""
        node = tree.parse(xml)
        if found := path.text(node, "./alias/@name"):
            return found
        telling = next((place for place in ("./target/@dev", "./mac/@address") if path.get(node, place)), "")
        for alias, device in _aliases(world, self.name).items():
            if telling and device.tag == node.tag and path.get(device, telling) == path.get(node, telling):
                return alias
        return ""


def _aliases(world: World, name: str) -> dict[str, tree.Element]:
    box = tree.child(tree.parse(world.host.guests.xml(name)), "devices")
    devices = [] if box is None else tree.children(box)
    return {alias: node for node in devices if (alias := path.text(node, "./alias/@name"))}
