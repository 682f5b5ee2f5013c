"""Surroundings that several rooms' tests want."""

from __future__ import annotations

import pytest


@pytest.fixture
def only_bundled_profiles(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the profiles of the checkout, with one index for the whole run."""
    base = tmp_path_factory.getbasetemp()
    for layer in ("SYSTEM", "LOCAL", "USER"):
        monkeypatch.setenv(f"OSINFO_{layer}_DIR", str(base / "no-profiles"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "cache"))
