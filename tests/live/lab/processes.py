"""Which process runs which tests, where pytest runs several."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

LIVE = "tests/live/"


class ByGuests(LoadScopeScheduling):  # type: ignore[misc]
    """One process for the live tests that boot guests, one for those that do not, any for each file of the others."""

    def __init__(self, config: pytest.Config, log: Producer, without_boot: Collection[str]) -> None:
        """`without_boot` are the names of the live files that boot nothing."""
        super().__init__(config, log)
        self.without_boot = without_boot

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if not file.startswith(LIVE):
            return file
        return "without boot" if file.removeprefix(LIVE) in self.without_boot else "with boot"
