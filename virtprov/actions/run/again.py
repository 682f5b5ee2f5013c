"""Made-up names that are taken by the time they are used: several commands at once come to the same ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from virtprov.host.failures import Taken
from virtprov.support.copy import Exists

Planned = TypeVar("Planned")

TRIES = 20
"""So many commands at once find a name each."""


def apply_with_free_names(
    planned: Planned,
    replan: Callable[[], Planned] | None,
    do: Callable[[Planned], None],
    say: Callable[[str], None],
) -> Planned:
    """Do what is planned, and return the plan that was done.

    Where a name or a path was taken meanwhile, what was begun has been undone; then `replan` makes another plan, with
    other names. None: no name was made up. Raises what `do` raises.
    """
    for _ in range(TRIES if replan is not None else 0):
        try:
            do(planned)
            return planned
        except (Taken, Exists) as taken:
            say(f"Another command was faster ({taken.message}): trying the next name")
        assert replan is not None
        planned = replan()
    do(planned)
    return planned
