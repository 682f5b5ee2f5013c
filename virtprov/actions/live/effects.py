"""The effects of a change on a running guest: the lines of the table, and the libvirt calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec

from virtprov.support.frozen import Record
from virtprov.xml import tree
from virtprov.xml.tree import Element

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Concatenate

    from virtprov.guest.document import Guest
    from virtprov.host.running.running_guests import Running

NOW, BOOT, NEVER = "now", "next boot", "new guest"
"""When a change takes effect: at once, after power-off and start, or only in a new guest."""

AT_START = "it only takes effect when the guest starts"
NO_DEFINITION = "the guest has no definition to store it in"
NO_CALL = "libvirt has no call to remove it"


class Effect(Record):
    """One line of the table: `what` changes, `when` (NOW, BOOT, NEVER), and `why` not now."""

    what: str
    when: str
    why: str = ""


Values = ParamSpec("Values")


class Call(Record):
    """A call for a running guest: one of `Running`'s methods, and what it is given after the guest's name."""

    method: Callable[..., object]
    values: tuple[Any, ...]
    named: tuple[tuple[str, Any], ...]

    def make(self, running: Running, name: str) -> None:
        """Make the call for the guest of that name. Raises HostError."""
        self.method(running, name, *self.values, **dict(self.named))


def call(
    method: Callable[Concatenate[Running, str, Values], object], *values: Values.args, **named: Values.kwargs
) -> Call:
    """Return the call of `method` with these arguments, which mypy holds against it."""
    return Call(method, values, tuple(named.items()))


class Op(Record):
    """One call that changes the running guest. `what` is its line in the table, `noun` the device or part it changes.

    `back` undoes it; None if libvirt has no call for that.
    """

    what: str
    noun: str
    call: Call
    back: Call | None = None


class Live(Record):
    """The effects of a change on a running guest: each line with NOW has an operation, in the same order."""

    rows: tuple[Effect, ...] = ()
    ops: tuple[Op, ...] = ()


class LiveDiff:
    """Collects lines and operations while two XML documents of a guest are compared."""

    __slots__ = ("driver", "guest", "ops", "persistent", "rows")

    def __init__(self, guest: Guest, *, persistent: bool, driver: str) -> None:
        self.guest = guest
        self.persistent = persistent
        self.driver = driver
        self.rows: list[Effect] = []
        self.ops: list[Op] = []

    def now(self, what: str, noun: str, call: Call, back: Call | None) -> None:
        """Record a change that takes effect at once."""
        self.rows.append(Effect(what, NOW))
        self.ops.append(Op(what, noun, call, back))

    def later(self, what: str, why: str = AT_START) -> None:
        """Record a change that waits for the next boot, if the guest has a stored definition."""
        row = Effect(what, BOOT, why) if self.persistent else Effect(what, NEVER, f"{why}, and {NO_DEFINITION}")
        if row not in self.rows:
            self.rows.append(row)

    def never(self, what: str, why: str) -> None:
        """Record a change that is only possible in a new guest."""
        self.rows.append(Effect(what, NEVER, why))


def flat(node: Element | None) -> dict[str, list[str]]:
    """Return the values of an element by names such as `driver.cache`; its own text has the name ""."""
    results: dict[str, list[str]] = {}
    if node is not None:
        _flatten(node, "", results)
    return results


def _flatten(node: Element, name: str, values: dict[str, list[str]]) -> None:
    text, kids = (node.text or "").strip(), tree.children(node)
    if text or not (node.attrib or kids):
        values.setdefault(name, []).append(text)
    start = f"{name}." if name else ""
    for key, value in node.attrib.items():
        values.setdefault(start + str(key).rpartition("}")[2], []).append(str(value))
    for child in kids:
        _flatten(child, start + tree.local_name(child), values)


def leaves(before: Element | None, after: Element | None) -> list[str]:
    """Return the names of the values in which two elements differ, in order."""
    old, new = flat(before), flat(after)
    return [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]


def same_all(before: Iterable[Element], after: Iterable[Element]) -> bool:
    """Return whether two lists of elements have the same values."""
    old, new = list(before), list(after)
    return len(old) == len(new) and all(tree.same(a, b) for a, b in zip(old, new, strict=True))
