"""What tests of waiting share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.waited import Guest, Said, SshProbe
from virtprov.actions.waiting import wait_for_goals
from virtprov.actions.waiting.wait import Deadline
from virtprov.actions.waiting.wait_goals import WaitGoals
from virtprov.cloudinit.checks.power_state import PowerState


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[bool, Said]]:
    """Wait for a guest; returns whether it runs, and what was said."""

    def waiting(
        guest: Guest, wanted: WaitGoals, minutes: float = 1, power: PowerState | None = None, said: Said | None = None
    ) -> tuple[bool, Said]:
        guest.opened_ssh = getattr(guest, "opened_ssh", False)  # type: ignore[attr-defined]
        monkeypatch.setattr(wait_for_goals, "SshProbe", lambda found, service_at: SshProbe(guest))
        said = said or Said(guest)
        deadline = Deadline(minutes, lambda: guest.now)
        return wait_for_goals.wait_for_goals(said.context, "g", deadline, wanted, power), said

    return waiting
