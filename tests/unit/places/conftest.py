"""A cache for each test."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of this test; the index of profiles stays where it is."""
    from virtprov.places import cache as module

    folder = tmp_path / "cache"
    monkeypatch.setattr(module, "folder", lambda: str(folder))
    return folder
