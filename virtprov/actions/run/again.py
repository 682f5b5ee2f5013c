"""Retry with another generated name if another command has taken the name in the meantime."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from virtprov.host.failures import Taken
from virtprov.support.file_access.copy import Exists

Planned = TypeVar("Planned")

TRIES = 20
"""The maximum number of attempts."""


def apply_with_free_names(
    planned: Planned,
    replan: Callable[[], Planned] | None,
    do: Callable[[Planned], None],
    say: Callable[[str], None],
) -> Planned:
    """Carry out a plan and return the plan that was carried out.

    If a name or path is taken in the meantime, the work so far is undone and `replan` returns a plan with other names;
    with None (no name was generated) the error is raised. Raises what `do` raises.
    """
    for _ in range(TRIES if replan is not None else 0):
        try:
            do(planned)
            return planned
        except (Taken, Exists) as taken:
            say(f"Another command was faster ({taken.message}); trying the next name")
        assert replan is not None
        planned = replan()
    do(planned)
    return planned
