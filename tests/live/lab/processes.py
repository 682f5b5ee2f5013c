"""Which process runs which tests, where pytest runs several."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

from lab.live_files import WITHOUT_BOOT

LIVE = "tests/live/"


class ByGuests(LoadScopeScheduling):  # type: ignore[misc]
    """One process for the live tests that boot guests, one for those that do not, any for each file of the others."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if not file.startswith(LIVE):
            return file
        return "without boot" if file.removeprefix(LIVE) in WITHOUT_BOOT else "with boot"
