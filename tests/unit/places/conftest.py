"""Servers of our own, and a cache for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sites import FtpSite, Site, running


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = Site()
    with running(server):
        yield server


@pytest.fixture
def ftp_site() -> Iterator[FtpSite]:
    server = FtpSite()
    with running(server):
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of this test; the index of profiles stays where it is."""
    from virtprov.places import cache as module

    folder = tmp_path / "cache"
    monkeypatch.setattr(module, "folder", lambda: str(folder))
    return folder
