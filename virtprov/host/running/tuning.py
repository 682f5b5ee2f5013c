"""The values of a running guest's limits: what libvirt's binding takes, and lists of processors."""

from __future__ import annotations

from contextlib import contextmanager

from virtprov.host.failures import NotSupported
from virtprov.support.errors import HostError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

UNLIMITED = 9007199254740991
"""The value in KiB that means no limit (VIR_DOMAIN_MEMORY_PARAM_UNLIMITED)."""

MOST_CPUS = 16384
"""The number of processors that libvirt can tell apart (VIR_DOMAIN_CPUMASK_LEN)."""


def cpu_numbers(text: str) -> set[int]:
    """Return the numbers in a list of processors such as "0-3,^2,8"; raises HostError for an invalid list."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.removeprefix("^").partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise HostError(f"'{text}' is not a list of processors", hint="write numbers and ranges, such as 0-3,^2,8")
        if len(first) > 6 or int(last or first) >= MOST_CPUS:
            raise HostError(f"'{text}' names a processor above {MOST_CPUS - 1}", hint="libvirt knows no higher numbers")
        numbers = range(int(first), int(last or first) + 1)
        found = found.difference(numbers) if part.startswith("^") else found.union(numbers)
    return found


@contextmanager
def check_values(what: str) -> Iterator[None]:
    """Report values and names that the binding itself refuses, before libvirt sees them."""
    try:
        yield
    except LookupError as problem:
        raise NotSupported(
            f"cannot {what}: {problem.args[0] if problem.args else 'unknown name'}",
            hint="this host's driver does not support this limit; other hosts may",
        ) from None
    except (OverflowError, TypeError, ValueError) as problem:
        raise HostError(f"cannot {what}: {problem}", hint="check which values the limit accepts") from None
