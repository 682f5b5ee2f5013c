"""Find the effects of a change on a running guest: what is done now, with which libvirt calls, and what is not.

Only the XML of the running guest before and after the change is compared; the names of the options do not matter. A
`Course` returns the steps for a plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtprov.actions.live import devices, parts
from virtprov.actions.live.effects import BOOT, NEVER, NO_DEFINITION, NOW, Call, Effect, Live, LiveDiff, Op
from virtprov.host.running.running_guests import Running
from virtprov.options.catalogue import table
from virtprov.support.errors import HostError, UsageError
from virtprov.support.frozen import Record
from virtprov.xml import path, tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from virtprov.actions.run.plan import RunContext, Undo
    from virtprov.guest.document import Guest
    from virtprov.xml.tree import Element

DONE, PENDING = "done", "pending"
"""The result of a call; PENDING if the guest has been asked to release a device and has not done so yet."""

REMOVAL_SECONDS = 20.0
"""How long to wait for the guest to release a device before its removal is reported as pending, in seconds."""


def effects(
    before: Guest,
    after: Guest,
    pairs: list[tuple[Element, Element]],
    *,
    persistent: bool = True,
    driver: str = "qemu",
) -> Live:
    """Compare the running guest's XML `before` and `after` a change.

    `pairs` are elements that are known to be the same device before and after. A guest that is not `persistent` has no
    definition for changes that have to wait. `driver` is the driver of the host.
    """
    board = LiveDiff(before, persistent=persistent, driver=driver)
    parts.compare(board, after)
    devices.compare(board, after, pairs)
    return Live(tuple(board.rows), tuple(board.ops))


class LiveChange:
    """The changes of a running guest: their effects, and the results of the calls.

    `outcomes` contains DONE or PENDING for each call, in order.
    """

    __slots__ = ("lives", "outcomes")

    def __init__(self, lives: Iterable[Live] = ()) -> None:
        self.lives = list(lives)
        self.outcomes: list[str] = []

    @property
    def rows(self) -> tuple[Effect, ...]:
        """The lines of the table of effects."""
        return together(self.lives).rows

    @property
    def acts(self) -> bool:
        """Whether anything is done to the running guest."""
        return any(live.ops for live in self.lives)

    @property
    def waits(self) -> bool:
        """Whether any change waits for the next boot."""
        return any(row.when != NOW for row in self.rows)

    @property
    def pending(self) -> bool:
        """Whether the guest has not released a device yet."""
        return PENDING in self.outcomes

    def steps(self, name: str, seconds: float | None = None) -> list[LiveStep]:
        """Return the steps for a plan; the guest has `seconds` to release a device, REMOVAL_SECONDS by default."""
        wait = REMOVAL_SECONDS if seconds is None else seconds
        return [LiveStep(name, op, self.outcomes, wait) for live in self.lives for op in live.ops]

    def put_off(self, *, persistent: bool = True) -> LiveChange:
        """Return the effects if the running guest is not changed."""
        return LiveChange(put_off(live, persistent=persistent) for live in self.lives)

    def facts(self) -> list[dict[str, str]]:
        """Return the table of effects for JSON. `outcome` is DONE or PENDING, "" for what was not done."""
        outcomes = iter(self.outcomes)
        return [{**row._asdict(), "outcome": next(outcomes, "") if row.when == NOW else ""} for row in self.rows]


def has_plane(group: str) -> bool:
    """Return whether an option group can change anything in a running guest."""
    return group in _GROUPS or table(group).is_device


_GROUPS = ("memory", "vcpus", "metadata", "cputune", "memtune", "blkiotune", "xml")


def together(lives: Iterable[Live]) -> Live:
    """Combine several changes of one guest; equal lines are shown once, unless each has its own call."""
    rows: list[Effect] = []
    ops: list[Op] = []
    for live in lives:
        rows += [row for row in live.rows if row.when == NOW or row not in rows]
        ops += live.ops
    return Live(tuple(rows), tuple(ops))


def put_off(live: Live, why: str = "", *, persistent: bool = True) -> Live:
    """Return the change if the running guest is not changed; `why` is the reason."""
    when, why = (BOOT, why) if persistent else (NEVER, NO_DEFINITION)
    return Live(tuple(Effect(row.what, when, why) if row.when == NOW else row for row in live.rows))


def refuse_later(live: Live, name: str) -> None:
    """Raise UsageError if a part of the change cannot be made while the guest runs."""
    for row in live.rows:
        if row.when != NOW:
            raise UsageError(
                f"{row.what} of '{name}' cannot be changed while the guest runs: {row.why}",
                hint="use --both to apply this part at the next boot, or --config to change only the definition",
            )


# -- doing it ------------------------------------------------------------------------------------


class LiveStep(Record):
    """One libvirt call that changes a running guest; undone by the opposite call."""

    name: str
    op: Op
    outcomes: list[str]
    seconds: float = REMOVAL_SECONDS

    @property
    def label(self) -> str:
        return f"Changing the running guest '{self.name}': {self.op.what}"

    def do(self, context: RunContext) -> Undo | None:
        outcome = self._call(context, self.op.call)
        self.outcomes.append(outcome)
        if outcome == PENDING:
            context.warn(
                f"guest '{self.name}' has not released its {self.op.noun} yet; it will be detached when the "
                "guest releases it, or at power-off"
            )
        return lambda: self._undo(context, outcome)

    def _call(self, context: RunContext, call: Call) -> str:
        if call.method == Running.detach_device:
            return self._detach(context, call.values[0])
        try:
            call.make(context.host.running, self.name)
        except HostError as problem:
            if not problem.hint and self.op.noun.startswith(("cdrom ", "floppy ")):
                problem.hint = (
                    "if the guest has locked the tray, it opens after the medium has been unmounted in the guest"
                )
            raise
        return DONE

    def _undo(self, context: RunContext, outcome: str) -> None:
        if outcome == PENDING:
            raise HostError(f"guest '{self.name}' may still release its {self.op.noun}")
        if self.op.back is None:
            raise HostError(f"libvirt has no call to undo {self.op.what}")
        self._call(context, self.op.back)

    def _detach(self, context: RunContext, xml: str) -> str:
        """Ask the guest to release a device and wait until it does, refuses, or the time is up."""
        host = context.host
        alias = self._alias(context, xml)
        with host.running.watch(self.name) as watch:
            host.running.detach_device(self.name, xml)
            if not alias:
                return DONE
            info = host.guests.find(self.name)
            answers = info is not None and info.state != "paused"
            if watch.wait_device_gone(alias, self.seconds if answers else 0, f"its {self.op.noun}"):
                return DONE
        return PENDING if alias in _aliases(context, self.name) else DONE

    def _alias(self, context: RunContext, xml: str) -> str:
        """Return libvirt's alias of a device in the running guest; our XML of a new device has none."""
        node = tree.parse(xml)
        if result := path.text(node, "./alias/@name"):
            return result
        telling = next((place for place in ("./target/@dev", "./mac/@address") if path.get(node, place)), "")
        for alias, device in _aliases(context, self.name).items():
            if telling and device.tag == node.tag and path.get(device, telling) == path.get(node, telling):
                return alias
        return ""


def _aliases(context: RunContext, name: str) -> dict[str, tree.Element]:
    box = tree.child(tree.parse(context.host.guests.xml(name)), "devices")
    devices = [] if box is None else tree.children(box)
    return {alias: node for node in devices if (alias := path.text(node, "./alias/@name"))}
