"""No secrets of other tests."""

from __future__ import annotations

import pytest

from virtprov.support import log


@pytest.fixture(autouse=True)
def no_old_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test mask the words of another."""
    monkeypatch.setattr(log, "_secrets", set())
