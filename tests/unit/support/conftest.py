"""Servers of our own, and no secrets of other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sites import FtpSite, Site, running
from virtprov.support import log


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
def no_old_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test mask the words of another."""
    monkeypatch.setattr(log, "_secrets", set())
